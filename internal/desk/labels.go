package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// teach writes what a person taught by ending a case: resolving says that it was a
// complaint, dismissing with a reason that it was none. Claiming teaches nothing,
// and what was handled already was a complaint or not. A later word replaces an
// earlier one; reopening takes it back.
func (s *session) teach(c record.Case, a record.Action, now time.Time) error {
	l := record.Label{
		Brand: c.Brand, Mention: c.Root, Text: c.Text, URL: c.URL, Case: c.ID,
		Actor: a.Actor, Via: a.Via, Source: record.LabelFromCase, At: now,
	}
	switch a.Verb {
	case record.VerbResolve, record.VerbLost:
		l.Venting, l.Reason = true, record.ReasonResolved
	case record.VerbDismiss, record.VerbReason:
		l.Reason = a.Reason
	case record.VerbReopen:
	case record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbAssign,
		record.VerbPromise, record.VerbKept, record.VerbBroken:
		return nil
	}
	if _, err := s.tx.ReplaceLabels(c.Brand, c.Root, now); err != nil {
		return err
	}
	if l.Reason == "" || l.Reason == record.ReasonAlreadyHandled || l.Text == "" {
		return nil
	}
	d, decided, err := s.tx.LatestDecision(c.Brand, c.Root)
	if err != nil {
		return err
	}
	if decided {
		Scored(&l, d)
	}
	_, err = s.tx.PutLabel(l)
	return err
}

// Scored notes on a label what was decided about its post.
func Scored(l *record.Label, d record.Decision) {
	l.Lang = d.Score.Lang
	l.Base, l.Model = vent.LogOdds(d.Score.Venting)-d.Score.Learned, d.Score.Model
	l.Alerted = d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeJoined
}
