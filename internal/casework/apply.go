package casework

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/record"
)

// The limits of what a person may write into a case.
const (
	maxActor = 128
	maxNote  = 2000
	// maxSnooze is the furthest end of a snooze.
	maxSnooze = 366 * 24 * time.Hour
)

// Apply does what a person wants to a case. It answers with the case and the
// events of its history; both are unchanged and empty where nothing was left to
// do (claiming what one owns already). A refusal is an *IllegalError.
func Apply(c record.Case, a record.Action, now time.Time) (record.Case, []record.Event, error) {
	if err := checkAction(c, a, now); err != nil {
		return c, nil, err
	}
	if nothingToDo(c, a) {
		return c, nil, nil
	}
	if !slices.Contains(Legal(c.State), a.Verb) {
		return c, nil, refuse(c, a.Verb)
	}
	if a.Verb == record.VerbClaim && c.State == record.StateClaimed {
		e := refuse(c, a.Verb)
		e.Owner = c.Owner
		return c, nil, e
	}
	e := record.Event{Case: c.ID, At: now, Actor: a.Actor, Via: a.Via, From: c.State}
	next := c
	act(&next, a, &e, now)
	touch(&next, now)
	e.To = next.State
	if a.Note != "" && a.Verb != record.VerbPromise {
		e.Detail = strings.TrimPrefix(e.Detail+"; "+a.Note, "; ")
	}
	return next, []record.Event{e}, nil
}

// act carries out a legal action and says in the event what it was.
func act(c *record.Case, a record.Action, e *record.Event, now time.Time) {
	switch a.Verb {
	case record.VerbClaim:
		e.What = "claimed"
		if c.Owner != "" && c.Owner != a.Actor {
			e.Detail = "taken over from " + c.Owner
		}
		c.Owner = a.Actor
		move(c, record.StateClaimed, now)
	case record.VerbAnswer:
		e.What = "answered"
		own(c, a.Actor)
		move(c, record.StateAnswered, now)
	case record.VerbSnooze:
		e.What = "snoozed"
		e.Detail = "until " + a.Until.UTC().Format(time.RFC3339)
		move(c, record.StateSnoozed, now)
		c.SnoozedUntil = a.Until
	case record.VerbResolve:
		e.What = "resolved"
		own(c, a.Actor)
		endPromise(c, now)
		move(c, record.StateResolved, now)
	case record.VerbLost:
		lose(c, a.Actor, e, now)
	case record.VerbPromise:
		promise(c, a, e, now)
	case record.VerbKept, record.VerbBroken:
		keep(c, a.Verb == record.VerbKept, e, now)
	case record.VerbDismiss:
		e.What = "dismissed"
		e.Detail = a.Reason
		own(c, a.Actor)
		move(c, record.StateDismissed, now)
	case record.VerbReason:
		e.What = "reason"
		e.Detail = a.Reason
	case record.VerbReopen:
		e.What = "reopened"
		if c.Owner != "" {
			e.Detail = "was " + c.Owner + "'s"
		}
		reopen(c, now)
	case record.VerbAssign:
		e.What = "assigned"
		e.Detail = "to " + a.To
		c.Owner = a.To
		if c.State != record.StateAnswered {
			move(c, record.StateClaimed, now)
		}
	}
}

// lose ends the case of a customer who has left.
func lose(c *record.Case, actor string, e *record.Event, now time.Time) {
	e.What = "lost"
	own(c, actor)
	if c.State != record.StateResolved {
		endPromise(c, now)
		move(c, record.StateResolved, now)
	}
	c.Fate = record.FateLost
}

// own makes the actor the owner of a case that had none: who finishes a case owns it.
func own(c *record.Case, actor string) {
	if c.Owner == "" {
		c.Owner = actor
	}
}

// nothingToDo reports whether the case already stands as the action wants it: a
// double click is no mistake.
func nothingToDo(c record.Case, a record.Action) bool {
	switch a.Verb {
	case record.VerbClaim:
		return c.State == record.StateClaimed && c.Owner == a.Actor
	case record.VerbAnswer:
		return c.State == record.StateAnswered
	case record.VerbSnooze:
		return c.State == record.StateSnoozed && c.SnoozedUntil.Equal(a.Until)
	case record.VerbResolve:
		return c.State == record.StateResolved
	case record.VerbDismiss:
		return c.State == record.StateDismissed && a.Reason == ""
	case record.VerbReopen:
		return c.State == record.StateOpen
	case record.VerbAssign:
		return c.State == record.StateClaimed && c.Owner == a.To
	case record.VerbLost:
		return c.State == record.StateResolved && c.Fate == record.FateLost
	case record.VerbKept, record.VerbBroken:
		p := c.Service.Promise
		return p != nil && !p.Open() && p.Kept == (a.Verb == record.VerbKept)
	case record.VerbPromise:
		p := c.Service.Promise
		return p.Open() && p.Actor == a.Actor && p.By.Equal(a.Until) && p.What == strings.TrimSpace(a.Note)
	case record.VerbReason:
		return false
	}
	return false
}

// checkAction refuses an action that is wrong whatever state the case is in.
func checkAction(c record.Case, a record.Action, now time.Time) error {
	switch {
	case strings.TrimSpace(a.Actor) == "":
		return wrong(c, a.Verb, "nobody is named who does it")
	case len(a.Actor) > maxActor || len(a.To) > maxActor:
		return wrong(c, a.Verb, "a name may have %d bytes", maxActor)
	case len(a.Note) > maxNote:
		return wrong(c, a.Verb, "a note may have %d bytes", maxNote)
	}
	switch a.Verb {
	case record.VerbSnooze:
		if !a.Until.After(now) || a.Until.Sub(now) > maxSnooze {
			return wrong(c, a.Verb, "it needs an end that lies ahead, at most a year from now")
		}
	case record.VerbAssign:
		if strings.TrimSpace(a.To) == "" {
			return wrong(c, a.Verb, "nobody is named who takes it")
		}
	case record.VerbDismiss, record.VerbReason:
		known := slices.Contains(record.DismissReasons(), a.Reason)
		if !known && (a.Reason != "" || a.Verb == record.VerbReason) {
			return wrong(c, a.Verb, "%q is no reason; write one of %s", a.Reason, strings.Join(record.DismissReasons(), ", "))
		}
	case record.VerbPromise:
		switch what := strings.TrimSpace(a.Note); {
		case what == "":
			return wrong(c, a.Verb, "it says nothing that is promised")
		case utf8.RuneCountInString(what) > maxPromise:
			return wrong(c, a.Verb, "a promise may have %d characters", maxPromise)
		case !a.Until.After(now) || a.Until.Sub(now) > maxSnooze:
			return wrong(c, a.Verb, "it needs a time that lies ahead, at most a year from now")
		}
	case record.VerbKept, record.VerbBroken:
		if p := c.Service.Promise; p == nil || (!p.Open() && p.Kept != (a.Verb == record.VerbKept)) {
			return wrong(c, a.Verb, "nothing is promised that waits to be kept")
		}
	case record.VerbClaim, record.VerbAnswer, record.VerbResolve, record.VerbReopen, record.VerbLost:
	default:
		return wrong(c, a.Verb, "no such action; legal now: %v", Legal(c.State))
	}
	return nil
}

// Wake ends a snooze whose time has come: the case goes back to its owner, or is
// open where it has none. It answers false for a case that does not wait for this.
func Wake(c record.Case, now time.Time) (record.Case, record.Event, bool) {
	if c.State != record.StateSnoozed || c.SnoozedUntil.After(now) {
		return c, record.Event{}, false
	}
	to := record.StateOpen
	if c.Owner != "" {
		to = record.StateClaimed
	}
	e := record.Event{Case: c.ID, At: now, Actor: "clock", Via: "clock", What: "woken", From: c.State, To: to}
	move(&c, to, now)
	touch(&c, now)
	return c, e, true
}
