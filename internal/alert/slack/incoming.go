package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	faults "github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/record"
)

// Incoming sends through an incoming webhook: plain cards into the one channel that
// its address stands for. Such a webhook names no message that it took, so that
// nothing can be updated, answered in a thread, looked up or clicked: a card shows
// the case as it was, later news are messages of their own, and a message whose
// answer was lost is sent again, marked as a possible repeat.
type Incoming struct {
	name string
	url  string
	call *faults.Client
}

// NewIncoming makes an Incoming called name. The client makes every call; it must not
// retry by itself.
func NewIncoming(name string, cfg Config, client *http.Client) (*Incoming, error) {
	cfg = cfg.WithDefaults()
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the slack receiver %s: %w", name, ps[0])
	}
	if cfg.WebhookURL == "" {
		return nil, fmt.Errorf("making the slack receiver %s: the webhook_url is empty", name)
	}
	c, err := faults.New(faults.Options{HTTP: client, Timeout: cfg.Timeout.D(), Judge: judgeHook})
	if err != nil {
		return nil, fmt.Errorf("making the slack receiver %s: %w", name, err)
	}
	return &Incoming{name: name, url: cfg.WebhookURL.Reveal(), call: c}, nil
}

// judgeHook reads the words with which Slack refuses what comes through a webhook.
func judgeHook(a faults.Answer, e *alert.SendError) {
	if a.Status >= http.StatusInternalServerError || a.Status == http.StatusTooManyRequests {
		return
	}
	stop := func(reason, hint string) { e.Reason, e.Kind, e.Hint = reason, alert.FailPermanent, hint }
	switch string(bytes.TrimSpace(a.Body)) {
	case "no_service", "no_service_id", "no_active_hooks", "invalid_token", "no_team", "team_disabled":
		stop(alert.ReasonAuth, "Slack does not know the webhook any more: make a new one under Incoming Webhooks and put its address in place.")
	case "channel_not_found":
		stop(alert.ReasonChannelNotFound, "The webhook's channel does not exist any more: make a new webhook.")
	case "channel_is_archived":
		stop(alert.ReasonArchived, "The webhook's channel is archived: unarchive it or make a new webhook.")
	case "action_prohibited", "posting_to_general_channel_denied":
		stop(alert.ReasonRestricted, "The workspace does not let the webhook post there: ask one of its admins.")
	case "invalid_payload", "invalid_blocks", "invalid_blocks_format", "no_text", "too_many_attachments":
		e.Reason, e.Kind = alert.ReasonTooBig, alert.FailTooBig
	}
}

// Name is the receiver's name in the config.
func (r *Incoming) Name() string { return r.name }

// Post sends a message to the channel.
func (r *Incoming) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	p := render(m, false, m.Notice.Key)
	body := map[string]any{"text": p.text, "unfurl_links": false, "unfurl_media": false}
	if len(p.blocks) > 0 {
		body["blocks"] = p.blocks
	}
	if p.metadata.EventType != "" {
		body["metadata"] = p.metadata
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return record.Receipt{}, &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: errors.New("the message cannot be written as JSON")}
	}
	if _, err := r.call.Post(ctx, r.url, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, raw); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{Channel: "webhook", TS: m.Notice.Key, Key: m.Notice.Key}, nil
}

// Update sends nothing: what a webhook has posted cannot be changed. That a post
// was taken away, which what was sent should not keep, is told as a failure.
func (*Incoming) Update(_ context.Context, _ record.Receipt, m alert.Message) error {
	if m.Rewritten {
		return &alert.SendError{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage, Err: errNoRewrite}
	}
	return nil
}

var errNoRewrite = errors.New("an incoming webhook cannot change what it posted")

// Reply is a message of its own: it names its case's post by url.
func (r *Incoming) Reply(ctx context.Context, _ record.Receipt, m alert.Message) (record.Receipt, error) {
	return r.Post(ctx, m)
}

// Find cannot tell: a webhook says nothing about earlier messages.
func (*Incoming) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, alert.ErrNoLookUp
}

// Check posts one marked message.
func (r *Incoming) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	return alert.RunChecks(ctx, r.name, []alert.Try{{Name: "post", Do: func(ctx context.Context) (string, error) {
		_, err := r.Post(ctx, alert.TestMessage(r.name, now))
		return "posted through the incoming webhook; it can neither be updated nor found again, and has no buttons", err
	}}})
}
