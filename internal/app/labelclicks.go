package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
)

// labelClicks are what people say about posts by a button in Slack.
type labelClicks struct{ d *Daemon }

var _ slack.Labels = labelClicks{}

// Label writes what somebody says about a drawn post, in the place of their earlier word. The
// brand learns of it within seconds, as of any label.
func (x labelClicks) Label(ctx context.Context, l slack.LabelClick) (string, error) {
	says, reason := "no complaint", record.ReasonNotComplaint
	if l.Complaint {
		says, reason = "a complaint", record.ReasonComplaint
	}
	said := "Noted: it is " + says + ". Another click changes it; the page Labels of the inbox says what it taught."
	seen := false
	err := x.d.store.Update(ctx, []string{l.Brand}, func(tx *store.Tx) (err error) {
		_, seen, err = tx.ActionDone(l.Key)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("looking up a click: %w", err)
	}
	if seen { // the same click once more, not a change of mind
		return said, nil
	}
	err = x.d.Backend().LabelSampled(ctx, record.Label{
		Brand: l.Brand, Mention: l.Mention, Venting: l.Complaint, Reason: reason, Actor: l.By, Via: "slack",
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, web.ErrNotFound) {
		return "", &humanError{"That post is no longer kept, or its brand is gone."}
	}
	if err != nil {
		return "", fmt.Errorf("writing a label: %w", err)
	}
	err = x.d.store.Update(ctx, []string{l.Brand}, func(tx *store.Tx) error { return tx.MarkAction(l.Key, "", time.Now().UTC()) })
	if err != nil {
		return "", fmt.Errorf("remembering a click: %w", err)
	}
	return said, nil
}

// UndoLabel takes a label back and refits.
func (x labelClicks) UndoLabel(ctx context.Context, id int64, by string) (string, error) {
	a, err := x.d.teacher.Undo(ctx, id, by)
	if errors.Is(err, store.ErrNotFound) {
		return "", &humanError{"That label is no longer kept."}
	}
	if err != nil {
		return "", err
	}
	return "The label is taken back. " + a.Words, nil
}
