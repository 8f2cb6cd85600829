package ingest_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	bussqlite "github.com/leakytap/leakytap/internal/bus/sqlite"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// matching is the product's own matcher as rules.
type matching struct{ set *match.Set }

func (m matching) Match(post mention.Mention) []ingest.Hit {
	var out []ingest.Hit
	for _, h := range m.set.Match(post) {
		out = append(out, ingest.Hit{Brand: h.Brand, Terms: h.Terms, ExcludedBy: h.ExcludedBy})
	}
	return out
}

func (matching) Hash(string) (string, bool) { return "hash", true }

// house is ingest over the real log, store, dead letters and matcher.
type house struct {
	bus   *bussqlite.Bus
	store *store.Store
	in    *ingest.Ingest
}

func open(tb testing.TB, dir string) *house {
	tb.Helper()
	ctx, reg := context.Background(), prometheus.NewRegistry()
	b, err := bussqlite.Open(ctx, bussqlite.Options{Path: filepath.Join(dir, "bus.db"), Log: zap.NewNop(), Reg: reg})
	require.NoError(tb, err)
	st, err := store.Open(ctx, store.Config{}, dir, zap.NewNop())
	require.NoError(tb, err)
	acme := brand.Default()
	acme.Name, acme.Query = "acme", `"acme air" OR @acmeair NOT "acme air force"`
	set, err := match.Compile([]brand.Brand{acme})
	require.NoError(tb, err)
	in, err := ingest.New(ingest.Options{
		Store: st, Bus: b, Dead: bus.NewDeadLetters(b, reg), Rules: func() ingest.Rules { return matching{set} },
		Sampler: st, Leases: st, Holder: "test", Log: zap.NewNop(), Reg: reg,
	})
	require.NoError(tb, err)
	return &house{bus: b, store: st, in: in}
}

func (h *house) close(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, h.bus.Close())
	require.NoError(tb, h.store.Close())
}

// run runs src until the function that it gives is called.
func (h *house) run(src ingest.Source) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.in.Apply([]ingest.Spec{{Name: "forum", Type: ingest.TypeRSS, Poll: time.Second, Source: src}})
	go func() { defer close(done); _ = h.in.Run(ctx) }()
	return func() { cancel(); <-done }
}

func TestOverTheRealParts(t *testing.T) {
	dir := t.TempDir()
	h, src := open(t, dir), newPushed()
	stop := h.run(src)
	b := ingest.Batch{
		Cursor: json.RawMessage(`{"at":1}`),
		Bad:    []ingest.Bad{{Reason: ingest.ReasonBadLine, Detail: "line 1", Key: "forum:1", Value: []byte("{")}},
	}
	for i := range 300 {
		m := post(strconv.Itoa(i), "nothing to see")
		if i%3 == 0 {
			m.Text = "3 hours on hold with @acmeair"
		}
		b.Posts = append(b.Posts, m)
	}
	src.push(t, b)
	stop()
	h.close(t)

	h = open(t, dir) // what was durable is there after a restart
	defer h.close(t)
	var mu sync.Mutex
	ids, dead := map[string]int{}, 0
	ctx, cancel := context.WithCancel(t.Context())
	var consumers sync.WaitGroup
	consumers.Go(func() {
		_ = h.bus.Consume(ctx, bus.TopicMentions, bus.GroupScore, func(_ context.Context, batch []bus.Message) error {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range batch {
				var e record.Matched
				if err := json.Unmarshal(m.Value, &e); err != nil {
					return err
				}
				ids[e.Mention.ID]++
			}
			return nil
		})
	})
	consumers.Go(func() {
		_ = h.bus.Consume(ctx, bus.TopicDead, bus.GroupAlert, func(_ context.Context, batch []bus.Message) error {
			mu.Lock()
			defer mu.Unlock()
			dead += len(batch)
			return nil
		})
	})
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(ids) == 100 && dead == 1 }, 30*time.Second, 10*time.Millisecond)
	cancel()
	consumers.Wait()
	cursor, err := h.store.LoadCursor(t.Context(), "forum")
	require.NoError(t, err)
	require.JSONEq(t, `{"at":1}`, string(cursor))
	seen, err := h.store.SeenByID(t.Context(), []string{"test:0", "test:1"})
	require.NoError(t, err)
	require.Len(t, seen, 1)
}

// BenchmarkPublish is the way of posts from a source to the durable log and the
// saved cursor, in batches of 500 of which a fifth matches.
func BenchmarkPublish(b *testing.B) {
	h, src := open(b, b.TempDir()), newPushed()
	stop := h.run(src)
	n := 0
	for b.Loop() {
		batch := ingest.Batch{Cursor: json.RawMessage(strconv.Itoa(n))}
		for range 500 {
			n++
			m := post(strconv.Itoa(n), "a post about the weather and what else there is on a day like this")
			if n%5 == 0 {
				m.Text = "3 hours on hold with @acmeair. still waiting."
			}
			batch.Posts = append(batch.Posts, m)
		}
		src.in <- batch
		if err := <-src.done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
	stop()
	h.close(b)
}
