// Package pagerduty is the receiver that pages people: a case becomes an
// incident through the Events API v2, is acknowledged once somebody has claimed
// the case, and resolved with it.
//
// It promises that an event sent twice is the same incident: its dedup_key is
// the case and its episode, so that a case that reopens pages anew. Replies to a
// live case stand in its incident's log, what is no page (digests, replies to a
// case that has ended) goes to the timeline as change events, which page nobody.
// What strangers wrote stands in JSON strings, cleaned.
//
//	pagerduty.go Receiver: which events a message is
//	event.go     the events themselves
package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/record"
)

// Config is what the operator writes.
type Config = alert.PagerDutyConfig

// Receiver sends to one integration. It is safe for any goroutines.
type Receiver struct {
	name string
	cfg  Config
	call *call.Client
}

// New makes a Receiver called name. The client makes every call; it must not
// retry by itself.
func New(name string, cfg Config, client *http.Client) (*Receiver, error) {
	cfg = cfg.WithDefaults()
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the pagerduty receiver %s: %w", name, ps[0])
	}
	if cfg.RoutingKey == "" {
		return nil, fmt.Errorf("making the pagerduty receiver %s: the routing key is empty", name)
	}
	c, err := call.New(call.Options{HTTP: client, Timeout: cfg.Timeout.D(), Judge: judge})
	if err != nil {
		return nil, fmt.Errorf("making the pagerduty receiver %s: %w", name, err)
	}
	return &Receiver{name: name, cfg: cfg, call: c}, nil
}

// judge reads what PagerDuty itself says against an event, which it says with
// status 400; the same status from anything in between will pass.
func judge(a call.Answer, e *alert.SendError) {
	if a.Status != http.StatusBadRequest || !bytes.Contains(a.Body, []byte(`"invalid event"`)) {
		return
	}
	if bytes.Contains(bytes.ToLower(a.Body), []byte("routing")) {
		e.Reason, e.Kind = alert.ReasonAuth, alert.FailPermanent
		e.Hint = "PagerDuty does not know the routing key: copy the integration key of an Events API v2 integration."
		return
	}
	e.Reason, e.Kind = alert.ReasonTooBig, alert.FailTooBig
}

// Post sends what a root message is: the page of a case, or a note.
func (r *Receiver) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	if m.Dossier == nil || m.Notice.Kind == record.NoticeReply {
		return r.Reply(ctx, record.Receipt{}, m)
	}
	if err := r.bring(ctx, m, true); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{Channel: channel, TS: dedup(m.Dossier.Case), Key: m.Notice.Key}, nil
}

// channel is what receipts call the place.
const channel = "pagerduty"

// Update brings the incident to where the case is.
func (r *Receiver) Update(ctx context.Context, _ record.Receipt, m alert.Message) error {
	if m.Dossier == nil || m.Rewritten {
		// What is in a log or a timeline cannot be drawn anew.
		return &alert.SendError{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage, Err: errNoRewrite}
	}
	return r.bring(ctx, m, false)
}

var errNoRewrite = errors.New("pagerduty cannot change what it was sent")

// Reply adds to the incident's log. What it answers with names nothing that
// could be drawn anew.
func (r *Receiver) Reply(ctx context.Context, _ record.Receipt, m alert.Message) (record.Receipt, error) {
	if err := r.note(ctx, m); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{Channel: channel, Key: m.Notice.Key}, nil
}

// Find needs not know: an event that is sent again is the same incident.
func (*Receiver) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, nil
}

// maxEpisodes is how many earlier episodes of a case are ended with each message.
const maxEpisodes = 3

// bring sends the events that bring the case's incident to the case's state.
// fresh says that no event of this episode may have been sent.
func (r *Receiver) bring(ctx context.Context, m alert.Message, fresh bool) error {
	c := m.Dossier.Case
	var events []event
	for e := max(c.Episode-maxEpisodes, 1); e < c.Episode; e++ {
		// Where the end of an earlier episode was never told, it ends now.
		before := c
		before.Episode = e
		events = append(events, event{Action: actionResolve, Dedup: dedup(before)})
	}
	switch c.State {
	case record.StateOpen, record.StateSnoozed:
		events = append(events, page(m))
	case record.StateClaimed, record.StateAnswered:
		if fresh || c.Episode > 1 {
			events = append(events, page(m))
		}
		events = append(events, event{Action: actionAcknowledge, Dedup: dedup(c)})
	case record.StateResolved, record.StateDismissed:
		events = append(events, event{Action: actionResolve, Dedup: dedup(c)})
	}
	for _, e := range events {
		if err := r.enqueue(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// note sends a message that is not the state of a case.
func (r *Receiver) note(ctx context.Context, m alert.Message) error {
	switch m.Notice.Kind {
	case record.NoticeOps:
		return r.enqueue(ctx, noteEvent(m, "warning"))
	case record.NoticeTest:
		return r.enqueue(ctx, noteEvent(m, "info"))
	case record.NoticeReply:
		if m.Dossier != nil && live(m.Dossier.Case.State) {
			e := noteEvent(m, severityOf(m.Dossier.Case.Severity))
			e.Dedup = dedup(m.Dossier.Case)
			return r.enqueue(ctx, e)
		}
	case record.NoticeCard, record.NoticeUpdate, record.NoticeRewrite, record.NoticeDigest, record.NoticeCanary:
	}
	return r.send(ctx, "change/enqueue", change(m))
}

func live(s record.State) bool { return s != record.StateResolved && s != record.StateDismissed }

func (r *Receiver) enqueue(ctx context.Context, e event) error { return r.send(ctx, "enqueue", e) }

func (r *Receiver) send(ctx context.Context, path string, e event) error {
	e.RoutingKey = r.cfg.RoutingKey.Reveal()
	body, err := encode(e)
	if err != nil {
		return &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: errors.New("the event cannot be written as JSON")}
	}
	_, err = r.call.Post(ctx, strings.TrimSuffix(r.cfg.APIURL, "/")+"/"+path, http.Header{"Content-Type": {"application/json"}}, body)
	return err
}

// Check opens an incident of severity info and resolves it at once.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	e := noteEvent(alert.TestMessage(r.name, now), "info")
	return alert.RunChecks(ctx, r.name, []alert.Try{
		{Name: "trigger", Do: func(ctx context.Context) (string, error) {
			return "PagerDuty took an incident of severity info", r.enqueue(ctx, e)
		}},
		{Name: "ack", Do: func(ctx context.Context) (string, error) {
			return "and that it is acknowledged", r.enqueue(ctx, event{Action: actionAcknowledge, Dedup: e.Dedup})
		}},
		{Name: "resolve", Do: func(ctx context.Context) (string, error) {
			return "and that it is resolved", r.enqueue(ctx, event{Action: actionResolve, Dedup: e.Dedup})
		}},
	})
}
