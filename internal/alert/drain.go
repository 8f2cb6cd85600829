package alert

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/record"
)

// Outbox hands out and marks the rows that are owed. A claim is a
// compare-and-swap: of several claimers one gets a row, and a mark with another
// attempt than the row's own changes nothing and gives an error.
type Outbox interface {
	// ClaimNotices moves due rows of the receiver to sending, oldest first, and
	// only rows with no earlier unsent row of their case and receiver. It also
	// hands out rows that were left in sending and whose SettleUntil has passed,
	// with Unsure set. SettleUntil becomes now + settle.
	ClaimNotices(ctx context.Context, receiver string, now time.Time, settle time.Duration, limit int) ([]record.Notice, error)
	MarkSent(ctx context.Context, id int64, attempt int, r record.Receipt, at time.Time) error
	// MarkRetry puts the row back to pending: it certainly did not arrive.
	MarkRetry(ctx context.Context, id int64, attempt int, due time.Time, reason string) error
	// MarkAmbiguous leaves the row in sending, to be handed out as unsure after settleUntil.
	MarkAmbiguous(ctx context.Context, id int64, attempt int, settleUntil time.Time, reason string) error
	MarkDropped(ctx context.Context, id int64, attempt int, reason string, at time.Time) error
}

// Cases tells what a message is rendered from.
type Cases interface {
	// Dossier is the case as it is now; its error wraps Options.NoCase where there is none.
	Dossier(ctx context.Context, caseID string) (record.Dossier, error)
	// RootReceipt is where the case's root message stands at the receiver.
	RootReceipt(ctx context.Context, caseID, receiver string) (record.Receipt, bool, error)
	// Notice is a row of the outbox, for a rewrite of what was sent; its error
	// wraps Options.NoCase where there is none.
	Notice(ctx context.Context, id int64) (record.Notice, error)
}

// Leases says who may drain a receiver.
type Leases interface {
	// Lease takes or renews the lease and reports whether holder has it.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
}

// Status is a receiver that stopped, or one that takes messages again.
type Status struct {
	Receiver string
	Stopped  bool
	// Reason is from Reasons; Hint tells a person the way out.
	Reason string
	Hint   string
	// Since is when it stopped.
	Since time.Time
	At    time.Time
}

// Options is what a Drain is made of.
type Options struct {
	// Name is the receiver's name, Receiver the place itself.
	Name     string
	Receiver Receiver
	Outbox   Outbox
	Cases    Cases
	// NoCase is the error of Cases for a case that does not exist: its messages are
	// dropped. Every other error is tried again.
	NoCase error
	// Leases is nil where no other process can drain the receiver. Holder names this one.
	Leases Leases
	// Backlog takes what is too much for a slow receiver; nil lets it wait.
	Backlog Backlog
	// Memory keeps until when the receiver wants no calls; nil forgets it with the process.
	Memory Memory
	// Live is asked for what a Refresher is sent again; nil sends it nothing.
	Live   Live
	Holder string
	// Timeout is the longest that one call to the receiver takes, Settle how long a
	// lost answer rests before it is looked up.
	Timeout time.Duration
	Settle  time.Duration
	// Poll is how often the outbox is asked while it is empty; Wake, where set,
	// asks at once.
	Poll time.Duration
	Wake <-chan struct{}
	// Inbox gives where a case stands in the inbox, or nothing; nil has no inbox.
	Inbox func(caseID string) string
	// OnState hears once when the receiver stops and once when it takes messages again.
	OnState func(ctx context.Context, s Status)
	// Metrics is shared by all drains; nil counts nothing.
	Metrics *Metrics
	Log     *zap.Logger
}

const (
	defaultPoll = 200 * time.Millisecond
	leaseTTL    = 15 * time.Second
	leaseRenew  = 5 * time.Second
	// lanes is how many calls may be open at once, patience how long one is given
	// to answer before the next begins beside it. While answers come quickly there
	// is one call at a time, so that none is under way when the receiver says that
	// it is too much.
	lanes    = 4
	patience = 500 * time.Millisecond
	// startBy is what a claim leaves for everything before the call itself.
	startBy = 2 * time.Second
	// blindFor is how long look-ups must have failed before a message is sent
	// again without one.
	blindFor = 10 * time.Minute
)

// Drain sends one receiver's rows of the outbox. Its queue is the outbox: it
// keeps no message that a restart would lose.
type Drain struct {
	opt  Options
	log  *zap.Logger
	pace pace

	mu sync.Mutex
	// stop is the standing reason why the receiver takes nothing, or empty.
	stop      string
	stopSince time.Time
	// blind is when look-ups began to fail, zero while they work.
	blind time.Time
	// said is the last failure that was logged.
	said string
	// again is how far live cases were sent again; it belongs to Run.
	again refresher
	// relieved is when the backlog was looked at last; it belongs to Run.
	relieved time.Time
}

// NewDrain checks the options and fills in the defaults. It starts nothing.
func NewDrain(opt Options) (*Drain, error) {
	if opt.Name == "" || opt.Receiver == nil || opt.Outbox == nil || opt.Cases == nil || opt.NoCase == nil {
		return nil, errors.New("making a drain: a name, a receiver, an outbox, the cases and their error are needed")
	}
	if opt.Timeout <= 0 {
		opt.Timeout = DefaultSlackTimeout
	}
	if opt.Settle <= 0 {
		opt.Settle = DefaultSlackSettle
	}
	if opt.Poll <= 0 {
		opt.Poll = defaultPoll
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	return &Drain{opt: opt, log: opt.Log.Named("alert").With(zap.String("receiver", opt.Name)), again: newRefresher(opt)}, nil
}

// Run sends until ctx ends, then finishes what is under way and returns nil.
func (d *Drain) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	done := make(chan struct{}, lanes)
	open := 0
	var renewed time.Time
	d.recall(ctx)
	for {
		if ctx.Err() != nil {
			return nil
		}
		// Collect what has finished.
		for open > 0 && received(done) {
			open--
		}
		if now := time.Now(); now.Sub(renewed) >= leaseRenew || renewed.IsZero() {
			if !d.lease(ctx) {
				renewed = time.Time{}
				sleep(ctx, leaseRenew, nil)
				continue
			}
			renewed = now
		}
		if open >= lanes {
			if wait(ctx, done) {
				open--
			}
			continue
		}
		d.relieve(ctx)
		if w := d.pace.wait(time.Now()); w > 0 {
			sleep(ctx, min(w, leaseRenew), nil)
			continue
		}
		d.refresh(ctx, open)
		n, ok := d.claim(ctx)
		if !ok {
			sleep(ctx, d.opt.Poll, d.opt.Wake)
			continue
		}
		open++
		wg.Go(func() {
			// A message under way is finished even while the daemon ends.
			d.send(context.WithoutCancel(ctx), n)
			done <- struct{}{}
		})
		if waitFor(ctx, done, patience) {
			open--
		}
	}
}

// lease takes or renews the right to drain the receiver.
func (d *Drain) lease(ctx context.Context) bool {
	if d.opt.Leases == nil {
		return true
	}
	ok, err := d.opt.Leases.Lease(ctx, "receiver/"+d.opt.Name, d.opt.Holder, leaseTTL)
	if err != nil {
		d.say("taking the lease failed", ReasonStore, err)
		return false
	}
	return ok
}

// claimFor is how long a claim holds: long enough that a call which began in
// time has ended and settled before anyone else may look.
func (d *Drain) claimFor() time.Duration { return startBy + 2*d.opt.Timeout + d.opt.Settle }

// job is a claimed row and the time before which its call must begin.
type job struct {
	record.Notice
	startBefore time.Time
}

func (d *Drain) claim(ctx context.Context) (job, bool) {
	now := time.Now()
	ns, err := d.opt.Outbox.ClaimNotices(ctx, d.opt.Name, now, d.claimFor(), 1)
	if err != nil {
		if ctx.Err() == nil {
			d.say("claiming a message failed", ReasonStore, err)
		}
		return job{}, false
	}
	if len(ns) == 0 {
		return job{}, false
	}
	return job{Notice: ns[0], startBefore: now.Add(startBy + d.opt.Timeout)}, true
}

// say logs a failure when it differs from the last one.
func (d *Drain) say(what, reason string, err error) {
	d.mu.Lock()
	again := d.said == reason
	d.said = reason
	d.mu.Unlock()
	if again {
		d.log.Debug(what, zap.String("reason", reason), zap.Error(err))
		return
	}
	d.log.Warn(what, zap.String("reason", reason), zap.Error(err))
}

func received(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func wait(ctx context.Context, c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	}
}

func waitFor(ctx context.Context, c <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
	}
}
