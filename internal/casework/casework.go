// Package casework knows a case's life: what a person's action, a post or the
// time does to it, and which case a post belongs to. It is pure: rows and the
// time go in, rows come out, and nothing here reads a clock or a store.
//
// It promises that a case never stands in a state that Check refuses, that its
// version grows with each change, that a claimed case has exactly one owner, and
// that an illegal move changes nothing and says what is legal. It refuses to
// merge cases: a second hit links them.
//
//	casework.go  what each state allows, and Check
//	apply.go     what a person does to a case
//	service.go   by when it is due, what was promised, when its customer is silent
//	hear.go      what a post does to a case: joined, reopened, recovered, edited, retracted
//	open.go      a new case
//	find.go      which case a post belongs to
//	many.go      what many people who tell of one fault do to its case
//	print.go     fingerprints of texts, for near-copies
//	errors.go    refusals that name what is legal
package casework

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// WatchFor is how long after the last word a case's customer is listened to: a
// post of a watched author reopens an ended case.
const WatchFor = 7 * 24 * time.Hour

// Legal lists what a person may do to a case that stands in this state.
func Legal(s record.State) []record.Verb {
	switch s {
	case record.StateOpen, record.StateClaimed:
		return []record.Verb{
			record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbResolve, record.VerbDismiss, record.VerbAssign,
			record.VerbPromise, record.VerbKept, record.VerbBroken, record.VerbLost,
		}
	case record.StateSnoozed, record.StateAnswered:
		return []record.Verb{
			record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbResolve, record.VerbDismiss, record.VerbReopen, record.VerbAssign,
			record.VerbPromise, record.VerbKept, record.VerbBroken, record.VerbLost,
		}
	case record.StateResolved:
		return []record.Verb{record.VerbReopen, record.VerbLost}
	case record.StateDismissed:
		return []record.Verb{record.VerbReopen, record.VerbReason}
	}
	return nil
}

// Check says what is wrong with a case's row: nil for every case that this
// package made.
func Check(c record.Case) error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(!slices.Contains(record.States(), c.State), "state %q is none", c.State)
	wrong(c.State == record.StateClaimed && c.Owner == "", "a claimed case without an owner")
	wrong(c.State == record.StateOpen && c.Owner != "", "an open case with an owner")
	wrong((c.State == record.StateSnoozed) == c.SnoozedUntil.IsZero(), "state %s and snoozed until %s", c.State, c.SnoozedUntil)
	wrong((c.State == record.StateResolved) == c.ResolvedAt.IsZero(), "state %s and resolved at %s", c.State, c.ResolvedAt)
	wrong(c.State == record.StateClaimed && c.ClaimedAt.IsZero(), "a claimed case that was claimed at no time")
	wrong(c.State == record.StateAnswered && c.AnsweredAt.IsZero(), "an answered case that was answered at no time")
	wrong(c.Fate == record.FateRecovered && c.State != record.StateResolved, "recovered, but %s", c.State)
	wrong(c.Fate == record.FateSilent && c.State != record.StateResolved, "silent, but %s", c.State)
	wrong(c.Service.Promise != nil && strings.TrimSpace(c.Service.Promise.What) == "", "a promise of nothing")
	wrong(c.Episode < 1, "episode %d", c.Episode)
	wrong(c.Version < 1, "version %d", c.Version)
	wrong(c.ID == "" || c.Root == "", "no id or no first post")
	return errors.Join(errs...)
}

// move brings the case into a state and keeps its times and owner in step with it.
func move(c *record.Case, to record.State, now time.Time) {
	c.State = to
	c.SnoozedUntil = time.Time{}
	c.ResolvedAt = time.Time{}
	if c.Fate == record.FateRecovered || c.Fate == record.FateSilent {
		c.Fate = record.FateUnknown
	}
	switch to {
	case record.StateOpen:
		c.Owner = ""
	case record.StateClaimed:
		if c.ClaimedAt.IsZero() {
			c.ClaimedAt = now
		}
	case record.StateAnswered:
		if c.AnsweredAt.IsZero() {
			c.AnsweredAt = now
		}
	case record.StateResolved:
		c.ResolvedAt = now
	case record.StateSnoozed, record.StateDismissed:
	}
}

// reopen starts the case's next episode: nobody owns it and its clocks start anew.
func reopen(c *record.Case, now time.Time) {
	move(c, record.StateOpen, now)
	c.ClaimedAt, c.AnsweredAt = time.Time{}, time.Time{}
	c.Episode++
	c.Service.Since, c.Service.NudgedAt = now, time.Time{}
	if c.Fate == record.FateLost {
		c.Fate = record.FateUnknown
	}
}

// touch marks the row as changed.
func touch(c *record.Case, now time.Time) {
	c.Version++
	c.UpdatedAt = now
}
