package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// memory is a Store without a disk, for tests in the virtual time of synctest,
// where the real one's reads of files would not count as waiting.
type memory struct {
	mu      sync.Mutex
	cursor  map[string]json.RawMessage
	stats   map[string]record.SourceStat
	seen    map[string]record.Seen
	samples []float64
	holder  string
	until   time.Time
}

func newMemory() *memory {
	return &memory{cursor: map[string]json.RawMessage{}, stats: map[string]record.SourceStat{}, seen: map[string]record.Seen{}}
}

func (m *memory) LoadCursor(_ context.Context, source string) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursor[source], nil
}

func (m *memory) SaveProgress(_ context.Context, p store.Progress) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Cursor != nil {
		m.cursor[p.Source] = p.Cursor
	}
	if p.Stat.Source != "" {
		m.stats[p.Source] = p.Stat
	}
	for _, s := range p.Seen {
		m.seen[s.ID] = s
	}
	return nil
}

func (m *memory) SourceStats(context.Context) ([]record.SourceStat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []record.SourceStat
	for _, st := range m.stats {
		out = append(out, st)
	}
	return out, nil
}

func (m *memory) SeenByID(context.Context, []string) (map[string]record.Seen, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.seen), nil
}

func (*memory) SeenByAuthor(context.Context, string, string, int) ([]record.Seen, error) {
	return nil, nil
}

func (*memory) Watches(context.Context) ([]record.Watch, error) { return nil, nil }

func (*memory) WatchVersion(context.Context) (int64, error) { return 0, nil }

func (m *memory) SampleUnmatched(_ context.Context, rows []record.Stored, rate float64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, float64(len(rows)), rate)
	return nil
}

func (m *memory) Lease(_ context.Context, _, holder string, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder != holder && time.Now().Before(m.until) {
		return false, nil
	}
	m.holder, m.until = holder, time.Now().Add(ttl)
	return true, nil
}

func (m *memory) ReleaseLease(_ context.Context, _, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder == holder {
		m.until = time.Time{}
	}
	return nil
}

type sink struct {
	mu   sync.Mutex
	late []bool
}

func (s *sink) Publish(_ context.Context, _ string, msgs ...bus.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range msgs {
		var e record.Matched
		if err := json.Unmarshal(m.Value, &e); err != nil {
			return err
		}
		s.late = append(s.late, e.Late)
	}
	return nil
}

type everything struct{}

func (everything) Match(mention.Mention) []Hit { return []Hit{{Brand: "acme"}} }

func (everything) Hash(string) (string, bool) { return "h", true }

type nothing struct{ everything }

func (nothing) Match(mention.Mention) []Hit { return nil }

type run func(context.Context, *Session) error

func (f run) Run(ctx context.Context, s *Session) error { return f(ctx, s) }

// start runs one polled source in virtual time and gives what ends it.
func start(t *testing.T, opt Options, spec Spec) (stop func()) {
	t.Helper()
	opt.Reg = prometheus.NewRegistry()
	if opt.Bus == nil {
		opt.Bus = &sink{}
	}
	if opt.Rules == nil {
		opt.Rules = func() Rules { return everything{} }
	}
	in, err := New(opt)
	require.NoError(t, err)
	spec.Name, spec.Type = "forum", TypeRSS
	in.Apply([]Spec{spec})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- in.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func TestPollKeepsPace(t *testing.T) {
	gone := &Error{Reason: ReasonGone, Err: &GoneError{Again: 24 * time.Hour}}
	for _, tc := range []struct {
		name    string
		poll    time.Duration
		takes   time.Duration
		answers []error
		least   []time.Duration // pause before each further call
		most    []time.Duration
	}{
		{"on time", time.Minute, 10 * time.Second, []error{nil, nil}, []time.Duration{time.Minute, time.Minute}, []time.Duration{time.Minute, time.Minute}},
		{"slow fetches", time.Second, 3 * time.Second, []error{nil}, []time.Duration{3 * time.Second}, []time.Duration{3 * time.Second}},
		{
			"failures at a short interval", time.Second, 0,
			[]error{errors.New("x"), errors.New("x"), errors.New("x"), errors.New("x"), errors.New("x")},
			[]time.Duration{time.Second, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second},
			[]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 10 * time.Second},
		},
		{"failures at a long interval", time.Minute, 0, []error{errors.New("x"), errors.New("x")}, []time.Duration{time.Minute, time.Minute}, []time.Duration{time.Minute, time.Minute}},
		{"asked to wait", time.Second, 0, []error{&httpx.Error{Reason: httpx.ReasonHTTP429, RetryAfter: 90 * time.Second}, nil}, []time.Duration{90 * time.Second, time.Second}, []time.Duration{90 * time.Second, time.Second}},
		{"gone", time.Second, 0, []error{gone}, []time.Duration{24 * time.Hour}, []time.Duration{24 * time.Hour}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := make(chan time.Time)
				n := 0
				stop := start(t, Options{Store: newMemory()}, Spec{Poll: tc.poll, Source: run(func(ctx context.Context, s *Session) error {
					return s.Poll(ctx, func(ctx context.Context) error {
						select {
						case calls <- time.Now():
						case <-ctx.Done():
							return ctx.Err()
						}
						httpx.Wait(ctx, tc.takes)
						n++
						if n <= len(tc.answers) {
							return tc.answers[n-1]
						}
						return nil
					})
				})})
				last := <-calls
				for i := range tc.least {
					at := <-calls
					require.GreaterOrEqual(t, at.Sub(last), tc.least[i], "call %d", i)
					require.LessOrEqual(t, at.Sub(last), tc.most[i], "call %d", i)
					last = at
				}
				stop()
			})
		})
	}
}

// After a gap, and only then, posts older than max_age are late; a clock that
// jumps loses nothing.
func TestGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		var down atomic.Bool
		id := 0
		stop := start(t, Options{Store: newMemory(), Bus: out}, Spec{
			Poll: time.Minute, MaxAge: 24 * time.Hour, Source: run(func(ctx context.Context, s *Session) error {
				return s.Poll(ctx, func(ctx context.Context) error {
					if down.Load() {
						return errors.New("down")
					}
					id++
					return s.Publish(ctx, Batch{Posts: []mention.Mention{{
						Platform: "x", NativeID: string(rune('a' + id)), Text: "old", CreatedAt: time.Now().Add(-25 * time.Hour),
					}}})
				})
			}),
		})
		httpx.Wait(t.Context(), 150*time.Second) // polls at 0, 60 and 120 s
		down.Store(true)
		httpx.Wait(t.Context(), 5*time.Minute)
		down.Store(false)
		httpx.Wait(t.Context(), 2*time.Minute)
		stop()
		require.Equal(t, []bool{true, false, false, true, false}, out.late)
	})
}

func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory()
		var mu sync.Mutex
		running := map[string]int{}
		source := func(name string) Spec {
			return Spec{Source: run(func(ctx context.Context, _ *Session) error {
				mu.Lock()
				running[name]++
				if len(running) > 1 && running["a"] > 0 && running["b"] > 0 {
					t.Error("two processes run one source")
				}
				mu.Unlock()
				<-ctx.Done()
				mu.Lock()
				running[name]--
				mu.Unlock()
				return nil
			})}
		}
		now := func(name string) int {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return running[name]
		}
		stopA := start(t, Options{Store: newMemory(), Leases: mem, Holder: "a"}, source("a"))
		require.Equal(t, 1, now("a"))
		stopB := start(t, Options{Store: newMemory(), Leases: mem, Holder: "b"}, source("b"))
		httpx.Wait(t.Context(), time.Hour)
		require.Equal(t, 0, now("b"))
		stopA()
		httpx.Wait(t.Context(), leaseTTL)
		require.Equal(t, 1, now("b"))
		// Another process takes the lease, as after a long pause of this one.
		mem.mu.Lock()
		mem.holder, mem.until = "c", time.Now().Add(time.Minute)
		mem.mu.Unlock()
		httpx.Wait(t.Context(), leaseTTL)
		require.Equal(t, 0, now("b"))
		httpx.Wait(t.Context(), 2*time.Minute)
		require.Equal(t, 1, now("b"))
		stopB()
	})
}

func TestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := newMemory()
		n := 0
		stop := start(t, Options{Store: mem, Sampler: mem, Rules: func() Rules { return nothing{} }}, Spec{
			Poll: time.Hour, Source: run(func(ctx context.Context, s *Session) error {
				var posts []mention.Mention
				for range 10 * sampleWindow {
					n++
					posts = append(posts, mention.Mention{Platform: "x", NativeID: time.Duration(n).String(), Text: "t"})
				}
				if err := s.Publish(ctx, Batch{Posts: posts}); err != nil {
					return err
				}
				httpx.Wait(ctx, sampleEvery+time.Second)
				if err := s.Publish(ctx, Batch{Posts: posts[:3]}); err != nil {
					return err
				}
				gone := posts[0]
				gone.Retracted = true
				if err := s.Publish(ctx, Batch{Posts: []mention.Mention{gone}}); err != nil {
					return err
				}
				<-ctx.Done()
				return nil
			}),
		})
		httpx.Wait(t.Context(), 3*sampleEvery)
		stop()
		require.Equal(t, []float64{sampleWindow, 0.1, 2, 1}, mem.samples)
	})
}

func TestSampleIsFair(t *testing.T) {
	first := 0
	for range 2000 {
		var s sample
		for i := range 2 * sampleWindow {
			s.offer(mention.Mention{Rating: i})
		}
		rows, rate := s.take()
		require.Len(t, rows, sampleWindow)
		require.InDelta(t, 0.5, rate, 0)
		for _, r := range rows {
			if r.Mention.Rating == 0 {
				first++
			}
		}
	}
	require.InDelta(t, 1000, first, 150) // half of the time, within seven standard deviations
}

func TestLocks(t *testing.T) {
	l := newIDLocks()
	unlock, err := l.lock(t.Context(), []string{"a", "b", "a"})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = l.lock(ctx, []string{"c", "b"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	unlock()
	unlock, err = l.lock(t.Context(), []string{"c", "b", "a"})
	require.NoError(t, err, "what a failed lock took was given back")
	unlock()

	var all sync.WaitGroup
	count := 0
	for range 8 {
		all.Go(func() {
			for range 200 {
				unlock, err := l.lock(context.Background(), []string{"x", "y"})
				if err != nil {
					t.Error(err)
					return
				}
				count++
				unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, 1600, count)
}

func TestReasons(t *testing.T) {
	known := map[Reason]bool{}
	for _, r := range Reasons() {
		require.False(t, known[r], r)
		known[r] = true
	}
	for _, err := range []error{
		errors.New("x"), Fault(ReasonPanic, "x"), context.DeadlineExceeded, context.Canceled,
		&httpx.Error{Reason: httpx.ReasonTLS}, &httpx.Error{Reason: httpx.ReasonCanceled}, &Error{Reason: ReasonGone, Err: &GoneError{}},
	} {
		require.True(t, known[ReasonOf(err)], "%v", err)
	}
	for _, r := range httpx.Reasons() {
		require.True(t, known[Reason(r)] || r == httpx.ReasonCanceled, r)
	}
}
