package casework

import (
	"fmt"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
)

// The kinds of a case's clocks. Each is a row that strikes once.
const (
	// ClockSnooze ends a snooze.
	ClockSnooze = "snooze"
	// ClockAck, ClockAnswer and ClockResolve strike when nobody has claimed, answered or
	// resolved the case in time.
	ClockAck     = "ack"
	ClockAnswer  = "answer"
	ClockResolve = "resolve"
	// ClockRemind strikes before a promise is due, ClockPromise when it is.
	ClockRemind  = "remind"
	ClockPromise = "promise"
	// ClockSilence strikes when a customer who was answered has said nothing for long.
	ClockSilence = "silence"
	// ClockRepeat, with a receiver behind it, strikes while an open case is to be told again.
	ClockRepeat = "repeat"
)

// maxPromise is how many characters a promise may have.
const maxPromise = 300

// Timed gives a case the times by which it is due: at the beginning of an episode,
// again when a snooze ends, and sooner where it became worse.
func Timed(before, after record.Case, clock brand.Clock, now time.Time) record.Case {
	sv := &after.Service
	if sv.Since.IsZero() {
		return after
	}
	fresh := before.ID == "" || before.Episode != after.Episode
	woken := before.State == record.StateSnoozed && after.State != record.StateSnoozed && after.State.Live()
	worse := after.Severity.Rank() > before.Severity.Rank()
	switch {
	case fresh:
		sv.AckDue, sv.AnswerDue, sv.ResolveDue = clock.Due(sv.Since, after.Severity)
		sv.NudgedAt = time.Time{}
	case woken:
		sv.AckDue, sv.AnswerDue, sv.ResolveDue = clock.Due(now, after.Severity)
		sv.NudgedAt = time.Time{}
	case worse:
		ack, answer, resolve := clock.Due(sv.Since, after.Severity)
		sv.AckDue, sv.AnswerDue, sv.ResolveDue = sooner(sv.AckDue, ack), sooner(sv.AnswerDue, answer), sooner(sv.ResolveDue, resolve)
	}
	return after
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// Clocks are the times at which the case changes, or has to be spoken of, by itself.
func Clocks(c record.Case, clock brand.Clock) map[string]time.Time {
	out := map[string]time.Time{}
	set := func(kind string, at time.Time) {
		if !at.IsZero() {
			out[kind] = at
		}
	}
	sv := c.Service
	switch c.State {
	case record.StateOpen:
		if sv.NudgedAt.IsZero() {
			set(ClockAck, sv.AckDue)
		}
	case record.StateSnoozed:
		set(ClockSnooze, c.SnoozedUntil)
	case record.StateClaimed:
		set(ClockAnswer, sv.AnswerDue)
	case record.StateAnswered:
		set(ClockResolve, sv.ResolveDue)
	case record.StateResolved, record.StateDismissed:
	}
	if at := quietSince(c); !at.IsZero() {
		set(ClockSilence, clock.Silent(at))
	}
	if c.State.Live() && sv.Promise.Open() {
		set(ClockRemind, remindAt(*sv.Promise))
		set(ClockPromise, sv.Promise.By)
	}
	return out
}

// quietSince is since when we wait for the customer's word, zero where we do not.
func quietSince(c record.Case) time.Time {
	var at time.Time
	switch {
	case c.Service.Since.IsZero() || c.Fate != record.FateUnknown:
	case c.State == record.StateAnswered:
		at = c.AnsweredAt
	case c.State == record.StateResolved && !c.AnsweredAt.IsZero():
		at = c.ResolvedAt
	}
	if !at.IsZero() && c.Service.HeardAt.After(at) {
		return c.Service.HeardAt
	}
	return at
}

// remindAt is an hour before a promise is due, and a quarter of its time before where
// it is for sooner.
func remindAt(p record.Promise) time.Time { return p.By.Add(-min(time.Hour, p.By.Sub(p.At)/4)) }

// Nudged notes that somebody was told that nobody has claimed the case. It answers
// false where that is not so any more.
func Nudged(c record.Case, to string, now time.Time) (record.Case, record.Event, bool) {
	if c.State != record.StateOpen || c.Service.AckDue.IsZero() || c.Service.AckDue.After(now) || !c.Service.NudgedAt.IsZero() {
		return c, record.Event{}, false
	}
	e := clockEvent(c, "nudged", now)
	e.Detail = "nobody has claimed it in time"
	if to != "" {
		e.Detail += ", told " + to
	}
	c.Service.NudgedAt = now
	touch(&c, now)
	return c, e, true
}

// PromiseDue notes that the time of a promise has come. It answers false where
// nothing is promised for then any more.
func PromiseDue(c record.Case, now time.Time) (record.Case, record.Event, bool) {
	if !c.State.Live() || !c.Service.Promise.Overdue(now) {
		return c, record.Event{}, false
	}
	e := clockEvent(c, "promise_due", now)
	e.Detail = c.Service.Promise.What
	touch(&c, now)
	return c, e, true
}

// Silent puts a case down as silent: its customer was answered and has said nothing
// for as long as the brand waits. One that was answered ends; a later word of the
// customer reopens it. It answers false where the customer spoke meanwhile.
func Silent(c record.Case, clock brand.Clock, now time.Time) (record.Case, record.Event, bool) {
	at := quietSince(c)
	if at.IsZero() || clock.Silent(at).IsZero() || clock.Silent(at).After(now) {
		return c, record.Event{}, false
	}
	return silent(c, at, now)
}

// SilentNow is Silent for a history that says that it was so.
func SilentNow(c record.Case, now time.Time) (record.Case, record.Event, bool) {
	at := quietSince(c)
	if at.IsZero() {
		return c, record.Event{}, false
	}
	return silent(c, at, now)
}

func silent(c record.Case, since, now time.Time) (record.Case, record.Event, bool) {
	e := clockEvent(c, "silent", now)
	e.Detail = "no word from the customer since " + since.UTC().Format(time.RFC3339)
	if c.State == record.StateAnswered {
		endPromise(&c, now)
		move(&c, record.StateResolved, now)
	}
	c.Fate = record.FateSilent
	touch(&c, now)
	e.To = c.State
	return c, e, true
}

func clockEvent(c record.Case, what string, now time.Time) record.Event {
	return record.Event{Case: c.ID, At: now, Actor: "clock", Via: "clock", What: what, From: c.State, To: c.State}
}

// promise notes what was promised; whoever promises has the case.
func promise(c *record.Case, a record.Action, e *record.Event, now time.Time) {
	e.What = "promised"
	e.Detail = fmt.Sprintf("%s by %s", strings.TrimSpace(a.Note), a.Until.UTC().Format(time.RFC3339))
	if p := c.Service.Promise; p.Open() {
		e.Detail += fmt.Sprintf(", instead of %s by %s", p.What, p.By.UTC().Format(time.RFC3339))
	}
	c.Service.Promise = &record.Promise{What: strings.TrimSpace(a.Note), By: a.Until, Actor: a.Actor, Via: a.Via, At: now}
	if c.State == record.StateOpen {
		own(c, a.Actor)
		move(c, record.StateClaimed, now)
	}
}

// keep marks the promise as kept or broken.
func keep(c *record.Case, kept bool, e *record.Event, now time.Time) {
	e.What = "promise_broken"
	if kept {
		e.What = "promise_kept"
	}
	p := *c.Service.Promise
	p.Ended, p.Kept = now, kept
	e.Detail = p.What
	c.Service.Promise = &p
}

// endPromise settles what is still promised when the case is put right: in time it
// was kept, late it was broken.
func endPromise(c *record.Case, now time.Time) {
	if !c.Service.Promise.Open() {
		return
	}
	p := *c.Service.Promise
	p.Ended, p.Kept = now, !now.After(p.By)
	c.Service.Promise = &p
}
