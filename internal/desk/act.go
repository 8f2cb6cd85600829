package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// Act does what a person wants to a case and answers with the case as it then is.
// A refusal is a *casework.IllegalError and stands in the case's history too; a case
// that is not there is ErrNotFound. An action whose Key was done before has no
// second effect.
func (d *Desk) Act(ctx context.Context, a record.Action) (record.Case, error) {
	r := d.opt.Rules()
	c, err := d.opt.Store.Case(ctx, a.Case)
	if err != nil {
		return record.Case{}, fmt.Errorf("acting on a case: %w", err)
	}
	var s *session
	var after record.Case
	var refused error
	err = d.opt.Store.Update(ctx, []string{c.Brand}, func(tx *store.Tx) error {
		s, refused = newSession(d, tx, r), nil
		var err error
		after, err = s.act(a)
		if illegal, ok := errors.AsType[*casework.IllegalError](err); ok {
			refused = illegal
			return nil
		}
		return err
	})
	if err != nil {
		return record.Case{}, fmt.Errorf("acting on case %s: %w", a.Case, err)
	}
	s.counted(d.met)
	return after, refused
}

// act is an action inside the transaction. With an *IllegalError the transaction is
// kept: the refusal is in the history.
func (s *session) act(a record.Action) (record.Case, error) {
	before, ok, err := s.tx.Case(a.Case)
	if err != nil {
		return before, err
	}
	if !ok {
		return before, ErrNotFound
	}
	if a.Key != "" {
		other, done, err := s.tx.ActionDone(a.Key)
		if err != nil {
			return before, err
		}
		if done && other != a.Case {
			return before, &casework.IllegalError{
				Case: a.Case, State: before.State, Verb: a.Verb, Legal: casework.Legal(before.State),
				Msg: fmt.Sprintf("its key %q was used for case %s; give each action a key of its own", a.Key, other),
			}
		}
		if done {
			return before, s.refusedBefore(before, a)
		}
	}
	now := s.desk.now()
	after, events, err := casework.Apply(before, a, now)
	if illegal, ok := errors.AsType[*casework.IllegalError](err); ok {
		e := record.Event{
			Case: before.ID, At: now, Actor: a.Actor, Via: a.Via, What: "refused", From: before.State, To: before.State,
			Detail: illegal.Error(),
		}
		return before, errors.Join(illegal, s.tx.AddEvent(e), s.keyed(a, now, a.Key, refusedKey(a.Key)))
	}
	if err != nil {
		return before, err
	}
	if err := s.keyed(a, now, a.Key); err != nil {
		return before, err
	}
	if len(events) == 0 {
		return before, nil
	}
	after = s.timed(before, after, now)
	if err := s.change(before, after, now, events...); err != nil {
		return before, err
	}
	if err := s.teach(after, a, now); err != nil {
		return before, err
	}
	if err := s.update(after, now, now); err != nil {
		return before, err
	}
	if a.Verb == record.VerbReopen {
		return after, s.say(after, now, "Reopened by "+a.Actor)
	}
	return after, nil
}

// refusedKey stands beside the key of an action that was refused.
func refusedKey(key string) string { return "refused/" + key }

// keyed notes that an action was done, or refused, so that the same one has no
// second effect.
func (s *session) keyed(a record.Action, now time.Time, keys ...string) error {
	if a.Key == "" {
		return nil
	}
	for _, k := range keys {
		if err := s.tx.MarkAction(k, a.Case, now); err != nil {
			return err
		}
	}
	return nil
}

// refusedBefore is the answer to an action whose key was used before: what was
// refused stays refused, whatever the case would allow by now.
func (s *session) refusedBefore(c record.Case, a record.Action) error {
	_, refused, err := s.tx.ActionDone(refusedKey(a.Key))
	if err != nil || !refused {
		return err
	}
	return &casework.IllegalError{
		Case: c.ID, State: c.State, Verb: a.Verb, Legal: casework.Legal(c.State),
		Msg: "it was refused when it was asked for first; ask anew if it is still wanted",
	}
}
