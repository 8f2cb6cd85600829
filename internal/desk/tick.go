package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// tickBatch is how many clocks are taken at a time.
const tickBatch = 100

// Tick does what is due: it wakes cases whose snooze is over, nudges where nobody has
// claimed a case in time, reminds of promises, and ends cases whose customers are
// silent. Clocks are rows that
// are taken in the transaction that acts on them, so that several processes may
// call it. One that fails stays and stops no other.
func (d *Desk) Tick(ctx context.Context) error {
	var errs []error
	for {
		due, err := d.opt.Store.DueClocks(ctx, d.now(), tickBatch)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		failed := 0
		for _, c := range due {
			if err := d.strike(ctx, c); err != nil {
				failed++
				errs = append(errs, fmt.Errorf("striking the %s clock of case %s: %w", c.Kind, c.Case, err))
			}
		}
		if len(due) < tickBatch || failed > 0 || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}

// strike takes one clock and does what it is for.
func (d *Desk) strike(ctx context.Context, clock record.Clock) error {
	r := d.opt.Rules()
	var brands []string
	c, err := d.opt.Store.Case(ctx, clock.Case)
	switch {
	case err == nil:
		brands = []string{c.Brand}
	case !errors.Is(err, ErrNotFound):
		return err
	}
	var s *session
	err = d.opt.Store.Update(ctx, brands, func(tx *store.Tx) error {
		s = newSession(d, tx, r)
		mine, err := tx.TakeClock(clock)
		if err != nil || !mine || len(brands) == 0 {
			return err
		}
		return s.due(clock, d.now())
	})
	if err != nil {
		return err
	}
	s.counted(d.met)
	return nil
}

// due does what one clock is for. The case may have moved on: then it does nothing.
func (s *session) due(clock record.Clock, now time.Time) error {
	switch clock.Kind {
	case casework.ClockSnooze:
		return s.wake(clock.Case, now)
	case casework.ClockAck:
		return s.nudge(clock.Case, now)
	case casework.ClockAnswer, casework.ClockResolve:
		return s.late(clock.Case, now)
	case casework.ClockRemind:
		return s.remind(clock.Case, now)
	case casework.ClockPromise:
		return s.promiseDue(clock.Case, now)
	case casework.ClockSilence:
		return s.silent(clock.Case, now)
	}
	if receiver, ok := repeatsAt(clock.Kind); ok {
		return s.repeat(clock.Case, receiver, now)
	}
	s.desk.opt.Log.Warn("a clock of an unknown kind was dropped", zap.String("kind", clock.Kind), zap.String("case", clock.Case))
	return nil
}

func (s *session) wake(id string, now time.Time) error {
	before, ok, err := s.tx.Case(id)
	if err != nil || !ok {
		return err
	}
	after, e, woke := casework.Wake(before, now)
	if !woke {
		return nil
	}
	after = s.timed(before, after, now)
	if err := s.change(before, after, now, e); err != nil {
		return err
	}
	if err := s.update(after, now, now); err != nil {
		return err
	}
	return s.say(after, now, "The snooze is over")
}

// say owes the thread a line of ours.
func (s *session) say(c record.Case, now time.Time, title string) error {
	n := notice(c, record.NoticeReply, fmt.Sprintf("v%d", c.Version), now, now)
	n.Mention = c.Root
	n.Body = record.NoticeBody{Title: title, Items: []record.NoticeItem{{Mention: c.Root, URL: c.URL}}}
	_, err := s.enqueue(n)
	return err
}
