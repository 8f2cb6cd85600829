// Package webhook is the receiver that is called over HTTP: each message is one
// POST of JSON, signed as Standard Webhooks has it.
//
// It promises at least once: a call whose answer was lost is made again under
// the same webhook-id, and its body then says possible_repeat, so that who
// receives it can leave a second one out by its id. What strangers wrote stands
// in the body as JSON strings, cleaned of what controls a terminal or turns text
// around.
//
//	webhook.go   Receiver; sign.go the signature
//	body.go      what is sent
package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/record"
)

// Config is what the operator writes.
type Config = alert.WebhookConfig

// Receiver calls one address. It is safe for any goroutines.
type Receiver struct {
	name string
	cfg  Config
	key  []byte
	call *call.Client
}

// New makes a Receiver called name. The client makes every call; it must not
// retry by itself.
func New(name string, cfg Config, client *http.Client) (*Receiver, error) {
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the webhook receiver %s: %w", name, ps[0])
	}
	if cfg.URL == "" {
		return nil, fmt.Errorf("making the webhook receiver %s: the url is empty", name)
	}
	key, err := cfg.SigningKey()
	if err != nil {
		return nil, fmt.Errorf("making the webhook receiver %s: %w", name, err)
	}
	timeout := cfg.Timeout.D()
	if timeout == 0 {
		timeout = alert.DefaultTimeout
	}
	c, err := call.New(call.Options{HTTP: client, Timeout: timeout})
	if err != nil {
		return nil, fmt.Errorf("making the webhook receiver %s: %w", name, err)
	}
	return &Receiver{name: name, cfg: cfg, key: key, call: c}, nil
}

// Post sends a root message.
func (r *Receiver) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	return r.send(ctx, m, "")
}

// Update sends the case as it is now, or a message as it reads now.
func (r *Receiver) Update(ctx context.Context, root record.Receipt, m alert.Message) error {
	_, err := r.send(ctx, m, root.Key)
	return err
}

// Reply sends news of the case whose root message is root.
func (r *Receiver) Reply(ctx context.Context, root record.Receipt, m alert.Message) (record.Receipt, error) {
	return r.send(ctx, m, root.Key)
}

// Repeats is true: each call is a call, an update too.
func (*Receiver) Repeats() bool { return true }

// Find cannot tell: what was called says nothing about earlier calls.
func (*Receiver) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, alert.ErrNoLookUp
}

func (r *Receiver) send(ctx context.Context, m alert.Message, root string) (record.Receipt, error) {
	now := time.Now()
	key := keyOf(m)
	body, err := encode(newEvent(m, key, root, now))
	if err != nil {
		return record.Receipt{}, &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: errors.New("the message cannot be written as JSON")}
	}
	h := http.Header{"Content-Type": {"application/json"}}
	sign(h, r.key, idOf(key), now, body)
	if _, err := r.call.Post(ctx, r.cfg.URL.Reveal(), h, body); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{Channel: "webhook", TS: key, Key: m.Notice.Key}, nil
}

// keyOf is the key of the row that is sent: the notice's, or that of the rewrite of it.
func keyOf(m alert.Message) string {
	if m.Rewrite != "" {
		return m.Rewrite
	}
	return m.Notice.Key
}

// Check sends one marked message and brings it up to date.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	m := alert.TestMessage(r.name, now)
	var rc record.Receipt
	return alert.RunChecks(ctx, r.name, []alert.Try{
		{Name: "post", Do: func(ctx context.Context) (_ string, err error) {
			rc, err = r.Post(ctx, m)
			return "the address took a signed message under webhook-id " + idOf(m.Notice.Key), err
		}},
		{Name: "update", Do: func(ctx context.Context) (string, error) {
			m.Notice.Body.Lines = []string{"posted, and updated"}
			m.Rewritten, m.Rewrite = true, m.Notice.Key+"/update"
			return "the address took its update", r.Update(ctx, rc, m)
		}},
	})
}
