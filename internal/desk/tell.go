package desk

import (
	"context"
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// Tell owes the thread of a case a word of ours, once for each what.
func (d *Desk) Tell(ctx context.Context, caseID, what string, body record.NoticeBody) error {
	c, err := d.opt.Store.Case(ctx, caseID)
	if err != nil {
		return fmt.Errorf("telling case %s: %w", caseID, err)
	}
	now := d.now()
	n := notice(c, record.NoticeReply, what, now, now)
	n.Mention = c.Root
	n.Body = body
	n.Body.Items = []record.NoticeItem{{Mention: c.Root, URL: c.URL}}
	err = d.opt.Store.Update(ctx, []string{c.Brand}, func(tx *store.Tx) error {
		_, err := newSession(d, tx, d.opt.Rules()).enqueue(n)
		return err
	})
	if err != nil {
		return fmt.Errorf("telling case %s: %w", caseID, err)
	}
	return nil
}
