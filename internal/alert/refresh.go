package alert

import (
	"context"
	"errors"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Refresher is a receiver that forgets: the messages of live cases are sent to it
// again and again, as the cases then are.
type Refresher interface {
	// RefreshEvery is how often, 0 never.
	RefreshEvery() time.Duration
}

// Live tells which live cases have a root message at a receiver.
type Live interface {
	// LiveCases are those with ids above after, in order, at most limit.
	LiveCases(ctx context.Context, receiver, after string, limit int) ([]string, error)
}

// refreshPage is how many cases are refreshed before the outbox is asked again.
const refreshPage = 20

// refresher is how far a drain is with sending live cases again.
type refresher struct {
	every time.Duration
	next  time.Time
	after string
	under bool
}

func newRefresher(opt Options) refresher {
	r, ok := opt.Receiver.(Refresher)
	if !ok || opt.Live == nil {
		return refresher{}
	}
	return refresher{every: r.RefreshEvery()}
}

// due reports whether some cases are to be sent again now.
func (r *refresher) due(now time.Time) bool {
	return r.every > 0 && (r.under || !now.Before(r.next))
}

// refresh sends a page of live cases again where it is time. Nothing else is under
// way meanwhile, so that what is sent is never older than what was sent before.
func (d *Drain) refresh(ctx context.Context, open int) {
	now := time.Now()
	if open > 0 || !d.again.due(now) {
		return
	}
	if !d.again.under {
		d.again.under, d.again.after, d.again.next = true, "", now.Add(d.again.every)
	}
	ids, err := d.opt.Live.LiveCases(ctx, d.opt.Name, d.again.after, refreshPage)
	if err != nil {
		if ctx.Err() == nil {
			d.say("reading the live cases failed", ReasonStore, err)
		}
		d.again.under = false
		return
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return
		}
		if !d.pace.take(time.Now()) {
			return // the rest follows once the receiver wants to hear more
		}
		if err := d.refreshOne(context.WithoutCancel(ctx), id); err != nil {
			d.notRefreshed(ctx, err)
			return
		}
		d.again.after = id
	}
	d.again.under = len(ids) == refreshPage
}

func (d *Drain) refreshOne(ctx context.Context, id string) error {
	dossier, err := d.opt.Cases.Dossier(ctx, id)
	if err != nil {
		return d.unread(err)
	}
	root, ok, err := d.opt.Cases.RootReceipt(ctx, id, d.opt.Name)
	if err != nil || !ok {
		return d.unread(err)
	}
	now := time.Now()
	err = d.opt.Receiver.Update(ctx, root, Message{Dossier: &dossier, Now: now, Notice: record.Notice{
		Key: root.Key, Receiver: d.opt.Name, Kind: record.NoticeUpdate, Brand: dossier.Case.Brand, Case: id, CreatedAt: now,
	}})
	if err == nil {
		d.pace.worked()
		d.resumed(ctx, now)
	}
	return err
}

// unread is why a case cannot be refreshed, nil where it is gone.
func (d *Drain) unread(err error) error {
	if err == nil || errors.Is(err, d.opt.NoCase) {
		return nil
	}
	return &SendError{Reason: ReasonStore, Kind: FailRetry, Err: err}
}

// notRefreshed ends a round early; the next begins where it was.
func (d *Drain) notRefreshed(ctx context.Context, err error) {
	e, now := asSendError(err), time.Now()
	d.opt.Metrics.attemptFailed(d.opt.Name, e.Reason)
	switch {
	case e.Limited:
		d.limited(context.WithoutCancel(ctx), now, e.After)
	case e.Kind == FailPermanent:
		d.pace.stopped(now)
		d.stopped(ctx, e, now)
	default:
		d.say("sending a live case again failed", e.Reason, e)
		d.pace.failed(now)
	}
	d.again.under = false
	d.again.next = now.Add(min(d.again.every, probeLeast))
}
