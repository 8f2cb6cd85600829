package alert

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// MaxWaiting is how many cards may wait for a receiver that takes one a second: what
// is beyond goes out as digests.
const MaxWaiting = 30

// Backlog turns cards that wait into digests.
type Backlog interface {
	// DeferCards puts the posts of all cards but the first keep that wait for a receiver
	// into digests of each posts, and drops those cards: in one transaction, so that
	// each post is told once. Cards of critical cases, and those that may have arrived,
	// stay. It answers how many there were.
	DeferCards(ctx context.Context, receiver string, keep, each int, now time.Time, title func(brand string, posts int) string) (int, error)
}

// Memory keeps what has to outlive the process.
type Memory interface {
	Meta(ctx context.Context, key string) (string, bool, error)
	SetMeta(ctx context.Context, key, value string) error
}

// relieveEvery is how often a slow receiver's backlog is looked at.
const relieveEvery = time.Second

// relieve turns what is too much for a slow receiver into digests. Once the receiver
// keeps up again nothing is turned any more.
func (d *Drain) relieve(ctx context.Context) {
	now := time.Now()
	if d.opt.Backlog == nil || now.Sub(d.relieved) < relieveEvery || !d.pace.isSlow(now) {
		return
	}
	d.relieved = now
	n, err := d.opt.Backlog.DeferCards(ctx, d.opt.Name, MaxWaiting, MaxItems, now, func(brand string, posts int) string {
		return fmt.Sprintf("%s: %s; more waited than can be posted one by one, and each has a case in the inbox", brand, Count(int64(posts), "complaint", "complaints"))
	})
	if err != nil {
		if ctx.Err() == nil {
			d.say("turning waiting cards into digests failed", ReasonStore, err)
		}
		return
	}
	if n > 0 {
		d.opt.Metrics.deferredCards(d.opt.Name, n)
		d.log.Warn("more cards wait than the receiver takes; the rest go out as digests", zap.Int("cards", n))
	}
}

func (d *Drain) closedKey() string { return "receiver/" + d.opt.Name + "/closed_until" }

// limited closes the gate, and notes until when, so that no restart calls earlier.
func (d *Drain) limited(ctx context.Context, now time.Time, after time.Duration) time.Time {
	until := d.pace.limited(now, after)
	if d.opt.Memory != nil {
		if err := d.opt.Memory.SetMeta(ctx, d.closedKey(), until.UTC().Format(time.RFC3339Nano)); err != nil {
			d.say("noting until when the receiver wants no calls failed", ReasonStore, err)
		}
	}
	return until
}

// recall closes the gate where the last process was asked to keep away.
func (d *Drain) recall(ctx context.Context) {
	if d.opt.Memory == nil {
		return
	}
	v, ok, err := d.opt.Memory.Meta(ctx, d.closedKey())
	if err != nil || !ok {
		return
	}
	if until, err := time.Parse(time.RFC3339Nano, v); err == nil {
		d.pace.recall(time.Now(), until)
	}
}
