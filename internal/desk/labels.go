package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// teach writes what a person taught by ending a case: resolving says that it was a
// complaint, dismissing with a reason that it was none. Claiming teaches nothing,
// and what was handled already was a complaint or not. A later word replaces an
// earlier one; reopening takes it back.
func (s *session) teach(c record.Case, a record.Action, now time.Time) error {
	l := record.Label{Brand: c.Brand, Mention: c.Root, Text: c.Text, Actor: a.Actor, At: now}
	switch a.Verb {
	case record.VerbResolve:
		l.Venting, l.Reason = true, "resolved"
	case record.VerbDismiss, record.VerbReason:
		l.Reason = a.Reason
	case record.VerbReopen:
	case record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbAssign:
		return nil
	}
	if _, err := s.tx.UndoLabels(c.Brand, c.Root); err != nil {
		return err
	}
	if l.Reason == "" || l.Reason == record.ReasonAlreadyHandled || l.Text == "" {
		return nil
	}
	_, err := s.tx.PutLabel(l)
	return err
}
