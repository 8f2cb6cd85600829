package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// tellOps puts a note for ops_receiver on the bus, so that it reaches the outbox
// from whichever process noticed. Where no ops_receiver is named it goes nowhere:
// the caller logs as well.
func (d *Daemon) tellOps(ctx context.Context, title string, lines []string) error {
	if d.gen.Load().cfg.OpsReceiver == "" {
		return nil
	}
	now := time.Now().UTC()
	note := record.Scored{Matched: record.Matched{
		V: record.Version, Brand: record.BrandOps, Match: record.MatchOps,
		Mention: mention.Mention{
			ID: "ops:" + d.holder + ":" + strconv.FormatInt(now.UnixNano(), 36), Platform: "ops", Title: title, Text: strings.Join(lines, "\n"),
			CreatedAt: now, ObservedAt: now,
		},
	}}
	value, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("encoding a note: %w", err)
	}
	if err := d.bus.Publish(ctx, bus.TopicScored, bus.Message{Key: record.BrandOps, Value: value}); err != nil {
		return fmt.Errorf("publishing a note for ops_receiver: %w", err)
	}
	return nil
}

// takeOps writes a note from the bus into the outbox, once however often it comes.
func (d *Daemon) takeOps(ctx context.Context, note record.Scored) error {
	receiver := d.gen.Load().cfg.OpsReceiver
	if receiver == "" {
		return nil
	}
	now := time.Now().UTC()
	n := record.Notice{
		Key: note.Mention.ID + "/" + receiver, Receiver: receiver, Kind: record.NoticeOps, State: record.NoticePending,
		Body: record.NoticeBody{Title: note.Mention.Title, Lines: strings.Split(note.Mention.Text, "\n")}, CreatedAt: now, DueAt: now,
	}
	if err := d.store.PutNotices(ctx, []record.Notice{n}); err != nil {
		return fmt.Errorf("writing a note for ops_receiver: %w", err)
	}
	return nil
}

// receiverState tells ops_receiver, once each, that a receiver stopped and that
// it takes messages again. A receiver cannot bring the news of its own end: such
// a note waits with its other messages.
func (d *Daemon) receiverState(ctx context.Context, s alert.Status) {
	d.state.receiver(s)
	title := "Receiver " + s.Receiver + " takes messages again"
	lines := []string{"It had stopped at " + s.Since.UTC().Format(time.RFC3339) + "; what was owed is on its way."}
	if s.Stopped {
		title = "Receiver " + s.Receiver + " takes nothing: " + s.Reason
		lines = []string{s.Hint, "Nothing is lost: messages wait, and it is tried again by itself."}
	}
	if err := d.tellOps(ctx, title, lines); err != nil && ctx.Err() == nil {
		d.log.Warn(err.Error())
	}
}
