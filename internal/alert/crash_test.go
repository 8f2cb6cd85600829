package alert_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

var errDead = errors.New("the process is dead")

// mortal stands between a drain and its store and receiver. At the nth passing
// of a named point the process dies: from then on nothing it does has any
// effect, and nothing tells it what happened.
type mortal struct {
	w      *world
	point  string
	nth    int
	cancel context.CancelFunc

	mu   sync.Mutex
	dead bool
}

// at passes a point and reports whether the process is dead.
func (m *mortal) at(point string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dead && point == m.point {
		if m.nth--; m.nth <= 0 {
			m.dead = true
			m.cancel()
		}
	}
	return m.dead
}

func (m *mortal) ClaimNotices(ctx context.Context, r string, now time.Time, settle time.Duration, limit int) ([]record.Notice, error) {
	if m.at("before claim") {
		return nil, errDead
	}
	ns, err := m.w.store.ClaimNotices(ctx, r, now, settle, limit)
	if len(ns) > 0 && m.at("after claim") {
		return nil, errDead
	}
	return ns, err
}

func (m *mortal) mark(fn func() error) error {
	if m.at("before mark") {
		return errDead
	}
	err := fn()
	if m.at("after mark") {
		return errDead
	}
	return err
}

func (m *mortal) MarkSent(ctx context.Context, id int64, attempt int, r record.Receipt, at time.Time) error {
	return m.mark(func() error { return m.w.store.MarkSent(ctx, id, attempt, r, at) })
}

func (m *mortal) MarkRetry(ctx context.Context, id int64, attempt int, due time.Time, reason string) error {
	return m.mark(func() error { return m.w.store.MarkRetry(ctx, id, attempt, due, reason) })
}

func (m *mortal) MarkAmbiguous(ctx context.Context, id int64, attempt int, until time.Time, reason string) error {
	return m.mark(func() error { return m.w.store.MarkAmbiguous(ctx, id, attempt, until, reason) })
}

func (m *mortal) MarkDropped(ctx context.Context, id int64, attempt int, reason string, at time.Time) error {
	return m.mark(func() error { return m.w.store.MarkDropped(ctx, id, attempt, reason, at) })
}

// call passes the points around a call to Slack. A process that dies during the
// call has sent its bytes: Slack takes them in a moment later.
func (m *mortal) call(ctx context.Context, method string, fn func(ctx context.Context) error) error {
	if m.at("before " + method) {
		return errDead
	}
	if m.at("during " + method) {
		m.w.slack.Fail("chat."+method, 1, standin.LateArrival(4*time.Second))
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_ = fn(ctx)
		return errDead
	}
	err := fn(ctx)
	if m.at("after " + method) {
		return errDead
	}
	return err
}

func (m *mortal) Post(ctx context.Context, msg alert.Message) (r record.Receipt, err error) {
	err = m.call(ctx, "postMessage", func(ctx context.Context) (err error) {
		r, err = m.w.recv.Post(ctx, msg)
		return err
	})
	return r, err
}

func (m *mortal) Reply(ctx context.Context, root record.Receipt, msg alert.Message) (r record.Receipt, err error) {
	err = m.call(ctx, "postMessage", func(ctx context.Context) (err error) {
		r, err = m.w.recv.Reply(ctx, root, msg)
		return err
	})
	return r, err
}

func (m *mortal) Update(ctx context.Context, root record.Receipt, msg alert.Message) error {
	return m.call(ctx, "update", func(ctx context.Context) error { return m.w.recv.Update(ctx, root, msg) })
}

func (m *mortal) Find(ctx context.Context, key string, since time.Time, root *record.Receipt) (r record.Receipt, ok bool, err error) {
	err = m.call(ctx, "find", func(ctx context.Context) (err error) {
		r, ok, err = m.w.recv.Find(ctx, key, since, root)
		return err
	})
	return r, ok, err
}

// live runs a drain until it dies at its point, or until nothing is owed, and
// reports whether it died.
func (w *world) live(point string, nth int, most time.Duration) bool {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := &mortal{w: w, point: point, nth: nth, cancel: cancel}
	opt := w.options()
	opt.Receiver, opt.Outbox = m, m
	d, err := alert.NewDrain(opt)
	require.NoError(w.t, err)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	until := time.Now().Add(most)
	for ctx.Err() == nil && w.owed() > 0 && time.Now().Before(until) {
		<-time.After(w.step)
	}
	cancel()
	require.NoError(w.t, <-done)
	return m.at("")
}

// judge checks that each owed message is there once and in its place.
func (w *world) judge(cases []string, perCase int) {
	w.t.Helper()
	got := w.copies()
	for k, n := range got {
		require.Equal(w.t, 1, n, "duplicate: %s", k)
	}
	require.Len(w.t, got, len(cases)*perCase, "lost or spurious")
	rootOf := map[string]string{}
	for _, m := range w.slack.Messages(channel) {
		id := m.Key()[:26]
		if m.ThreadTS == "" {
			rootOf[id] = m.TS
			require.Positive(w.t, m.Edits, "the update arrived")
			continue
		}
		require.Equal(w.t, rootOf[id], m.ThreadTS, "a reply stands in the thread of its own card, after it")
	}
}

func TestCrashAtEachPoint(t *testing.T) {
	faults := []*standin.Fault{nil}
	for _, f := range []standin.Fault{standin.RateLimited("3"), standin.ErrorBefore(), standin.ErrorAfter(), standin.HangAfter()} {
		faults = append(faults, &f)
	}
	for _, point := range []string{
		"before claim", "after claim", "before postMessage", "during postMessage", "after postMessage",
		"before find", "after find", "before update", "during update", "after update", "before mark", "after mark",
	} {
		t.Run(point, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.close()
				w.step = 2 * time.Second
				var cases []string
				died := 0
				for _, f := range faults {
					if f != nil {
						w.slack.Fail("chat.postMessage", 2, *f)
						w.slack.Fail("chat.update", 1, *f)
					}
					cases = append(cases, w.owe(record.NoticeCard, record.NoticeReply, record.NoticeUpdate))
					if w.live(point, 1, 5*time.Minute) {
						died++
					}
					stop := w.drain(w.options())
					w.settled(10 * time.Minute)
					stop()
				}
				require.Positive(t, died, "the point was passed")
				<-time.After(time.Minute)
				w.judge(cases, 2)
				require.Zero(t, w.slack.Early())
			})
		})
	}
}

func TestRandomCrashesAndFaults(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		w.step = 2 * time.Second
		rnd := rand.New(rand.NewPCG(seed, 7))
		var mu sync.Mutex
		faults := []standin.Fault{
			standin.RateLimited("2"), standin.ErrorBefore(), standin.ErrorAfter(), standin.HangAfter(),
			standin.LateArrival(3 * time.Second), standin.ResetAfter(), standin.TruncatedAfter(),
		}
		w.slack.FailBy(func(string) *standin.Fault {
			mu.Lock()
			defer mu.Unlock()
			if rnd.IntN(10) < 7 {
				return nil
			}
			return &faults[rnd.IntN(len(faults))]
		})
		points := []string{
			"before claim", "after claim", "before postMessage", "after postMessage", "before find", "after find",
			"before update", "after update", "before mark", "after mark",
		}
		var cases []string
		kills := 0
		for range 12 {
			for range 3 {
				cases = append(cases, w.owe(record.NoticeCard, record.NoticeReply, record.NoticeUpdate))
			}
			mu.Lock()
			point, nth := points[rnd.IntN(len(points))], 1+rnd.IntN(6)
			mu.Unlock()
			if w.live(point, nth, time.Minute) {
				kills++
			}
		}
		w.slack.Heal()
		stop := w.drain(w.options())
		defer stop()
		w.settled(20 * time.Minute)
		<-time.After(time.Minute)
		w.judge(cases, 2)
		require.Positive(t, kills)
		t.Logf("%d kills, faults %v", kills, w.slack.Fired())
	})
}
