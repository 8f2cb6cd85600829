package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alertmanager"
	"github.com/leakytap/leakytap/internal/alert/console"
	"github.com/leakytap/leakytap/internal/alert/email"
	"github.com/leakytap/leakytap/internal/alert/pagerduty"
	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/alert/webhook"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/store"
)

// ConsoleOut is where console receivers print.
type ConsoleOut struct {
	W     io.Writer
	Color bool
}

// NewReceiver makes the receiver of a config: the one switch on its kind.
func NewReceiver(cfg *alert.ReceiverConfig, out *httpx.Factory, con ConsoleOut) (alert.Receiver, error) {
	client := out.Client(httpx.Policy{AllowPrivate: true, NoRedirects: true, HidePath: true, Timeout: cfg.Timing().Timeout})
	switch {
	case cfg.Slack != nil && cfg.Slack.Incoming():
		return slack.NewIncoming(cfg.Name, *cfg.Slack, client.HTTP())
	case cfg.Slack != nil:
		return slack.New(cfg.Name, *cfg.Slack, client.HTTP())
	case cfg.Webhook != nil:
		return webhook.New(cfg.Name, *cfg.Webhook, client.HTTP())
	case cfg.PagerDuty != nil:
		return pagerduty.New(cfg.Name, *cfg.PagerDuty, client.HTTP())
	case cfg.Email != nil:
		return email.New(cfg.Name, *cfg.Email, client)
	case cfg.Alertmanager != nil:
		return alertmanager.New(cfg.Name, *cfg.Alertmanager, client.HTTP())
	case cfg.Console != nil:
		return console.New(con.W, con.Color), nil
	default:
		return nil, fmt.Errorf("receiver %s has no kind that this release knows", cfg.Name)
	}
}

// newSockets hear clicks where a receiver has an app token. No host but that of
// the receiver's own api_url may be private: Slack's answer names the socket's.
func newSockets(h *slack.Handler, out *httpx.Factory, opt slack.SocketOptions) (*slack.Sockets, error) {
	opt.Handler = h
	opt.Client = func(host string) *http.Client {
		return out.Client(httpx.Policy{AllowHost: host, NoRedirects: true, HidePath: true}).HTTP()
	}
	return slack.NewSockets(opt)
}

// drains are the running drains, one for each receiver.
type drains struct {
	opt drainOptions

	mu      sync.Mutex
	running map[string]*runningDrain
	wanted  map[string]wantedDrain
	changed chan struct{}
}

type drainOptions struct {
	store   *store.Store
	metrics *alert.Metrics
	holder  string
	onState func(ctx context.Context, s alert.Status)
	// inbox gives where a case stands in the inbox, or nothing.
	inbox func(caseID string) string
	log   *zap.Logger
}

type wantedDrain struct {
	cfg         alert.ReceiverConfig
	fingerprint string
	receiver    alert.Receiver
}

type runningDrain struct {
	fingerprint string
	cancel      context.CancelFunc
	done        chan struct{}
	wake        chan struct{}
}

func newDrains(opt drainOptions) *drains {
	return &drains{opt: opt, running: map[string]*runningDrain{}, wanted: map[string]wantedDrain{}, changed: make(chan struct{}, 1)}
}

// apply replaces the receivers: those whose config changed are drained by a new
// one, the others go on undisturbed.
func (d *drains) apply(want []wantedDrain) {
	d.mu.Lock()
	d.wanted = make(map[string]wantedDrain, len(want))
	for _, w := range want {
		d.wanted[w.cfg.Name] = w
	}
	d.mu.Unlock()
	signal(d.changed)
}

// signal wakes whoever waits on ch; a wake that is not taken yet is enough.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// wake has every drain ask the outbox at once.
func (d *drains) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.running {
		signal(r.wake)
	}
}

// slackReceivers are those that clicks may come from.
func (d *drains) slackReceivers() []*slack.Receiver {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*slack.Receiver
	for _, w := range d.wanted {
		if r, ok := w.receiver.(*slack.Receiver); ok {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *slack.Receiver) int {
		if a.Name() < b.Name() {
			return -1
		}
		return 1
	})
	return out
}

// run drains until ctx ends, then lets every message under way end.
func (d *drains) run(ctx context.Context) error {
	for {
		if err := d.reconcile(ctx); err != nil {
			return err
		}
		select {
		case <-d.changed:
			continue
		case <-ctx.Done():
		}
		d.stop(func(string, *runningDrain) bool { return true })
		return nil
	}
}

// stop ends the drains that are named, and waits for them.
func (d *drains) stop(which func(name string, r *runningDrain) bool) {
	d.mu.Lock()
	ending := map[string]*runningDrain{}
	for name, r := range d.running {
		if which(name, r) {
			ending[name] = r
		}
	}
	d.mu.Unlock()
	for _, r := range ending {
		r.cancel()
	}
	for name, r := range ending {
		<-r.done
		d.mu.Lock()
		delete(d.running, name)
		d.mu.Unlock()
	}
}

func (d *drains) reconcile(ctx context.Context) error {
	d.mu.Lock()
	wanted := d.wanted
	d.mu.Unlock()
	d.stop(func(name string, r *runningDrain) bool {
		w, ok := wanted[name]
		return !ok || w.fingerprint != r.fingerprint
	})
	var errs []error
	for name, w := range wanted {
		d.mu.Lock()
		_, ok := d.running[name]
		d.mu.Unlock()
		if !ok {
			errs = append(errs, d.start(ctx, w))
		}
	}
	return errors.Join(errs...)
}

func (d *drains) start(ctx context.Context, w wantedDrain) error {
	r := &runningDrain{fingerprint: w.fingerprint, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	opt := alert.Options{
		Name: w.cfg.Name, Receiver: w.receiver, Outbox: d.opt.store, Cases: d.opt.store, NoCase: store.ErrNotFound,
		Leases: d.opt.store, Live: d.opt.store, Memory: d.opt.store, Holder: d.opt.holder, Wake: r.wake, OnState: d.opt.onState, Inbox: d.opt.inbox, Metrics: d.opt.metrics, Log: d.opt.log,
	}
	if w.cfg.Slack != nil || w.cfg.Email != nil {
		// What people read one by one; a program takes its time.
		opt.Backlog = d.opt.store
	}
	t := w.cfg.Timing()
	opt.Timeout, opt.Settle = t.Timeout, t.Settle
	drain, err := alert.NewDrain(opt)
	if err != nil {
		return fmt.Errorf("receiver %s: %w", w.cfg.Name, err)
	}
	var rctx context.Context
	rctx, r.cancel = context.WithCancel(ctx)
	d.mu.Lock()
	d.running[w.cfg.Name] = r
	d.mu.Unlock()
	go func() {
		defer close(r.done)
		if err := drain.Run(rctx); err != nil {
			d.opt.log.Error("receiver ended", zap.String("receiver", w.cfg.Name), zap.Error(err))
		}
	}()
	return nil
}
