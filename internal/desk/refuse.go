package desk

import (
	"context"
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// Refuse notes in a case's history that somebody wanted to do what they may not. The
// case stays as it is. An action whose Key was noted before adds nothing; a case that
// is not there is ErrNotFound.
func (d *Desk) Refuse(ctx context.Context, a record.Action, why string) error {
	c, err := d.opt.Store.Case(ctx, a.Case)
	if err != nil {
		return fmt.Errorf("noting a refusal: %w", err)
	}
	r := d.opt.Rules()
	err = d.opt.Store.Update(ctx, []string{c.Brand}, func(tx *store.Tx) error {
		s := newSession(d, tx, r)
		c, ok, err := s.tx.Case(a.Case)
		if err != nil {
			return err
		}
		if !ok {
			return ErrNotFound
		}
		if a.Key != "" {
			if _, done, err := s.tx.ActionDone(refusedKey(a.Key)); err != nil || done {
				return err
			}
		}
		now := d.now()
		if err := s.keyed(a, now, a.Key, refusedKey(a.Key)); err != nil {
			return err
		}
		return s.tx.AddEvent(record.Event{Case: c.ID, At: now, Actor: a.Actor, Via: a.Via, What: "refused", From: c.State, To: c.State, Detail: why})
	})
	if err != nil {
		return fmt.Errorf("noting a refusal in case %s: %w", a.Case, err)
	}
	return nil
}
