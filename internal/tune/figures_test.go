package tune_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
)

// TestBacktestFigures measures how long a backtest takes and what it holds in memory,
// for `make backtest-figures`. LEAKYTAP_FIGURES names how many posts; LEAKYTAP_FIGURES_DIR
// keeps the invented store for another run.
func TestBacktestFigures(t *testing.T) {
	posts, err := strconv.Atoi(os.Getenv("LEAKYTAP_FIGURES"))
	if err != nil {
		t.Skip("LEAKYTAP_FIGURES does not say how many posts")
	}
	running := rulesOf(t, "one", acme(), globex())
	dir := figuresStore(t, running, posts)
	edited := acme()
	edited.Alert.Threshold = 0.7
	for _, c := range []struct {
		name      string
		candidate *desk.Rules
	}{
		{"one brand edited", rulesOf(t, "two", edited, globex())},
		{"unchanged", running},
	} {
		r, err := store.OpenReader(t.Context(), dir)
		require.NoError(t, err)
		var most uint64
		heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		before, cpu := time.Now(), spent()
		rep, err := tune.Backtest(t.Context(), tune.Options{
			Store: r, Running: tune.Side{Rules: running}, Candidate: tune.Side{Rules: c.candidate}, Since: morning().Add(-time.Hour),
			Until: morning().AddDate(1, 0, 0), MaxAge: dayAge,
			Progress: func(int, int) {
				metrics.Read(heap)
				most = max(most, heap[0].Value.Uint64())
			},
		})
		took := time.Since(before)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		fmt.Fprintf(os.Stdout, "%s: %d decisions in %.1f s, %.0f a second, %.1f s of processor time, at most %d MiB of objects, %d of %d reproduced, %d differences\n",
			c.name, rep.Mentions, took.Seconds(), float64(rep.Mentions)/took.Seconds(), (spent() - cpu).Seconds(), most>>20,
			rep.Reproduced.Hits, rep.Reproduced.Of, rep.Differences)
		for _, p := range rep.Otherwise {
			fmt.Fprintf(os.Stdout, "  otherwise: %s of %s at %s: was %s, comes out as %s: %s\n", p.ID, p.Brand, p.At, p.Was, p.Now, p.Why)
		}
	}
}

// figuresStore is a store of 30 days in which so many posts came.
func figuresStore(t *testing.T, rules *desk.Rules, posts int) string {
	t.Helper()
	dir := t.TempDir()
	if kept := os.Getenv("LEAKYTAP_FIGURES_DIR"); kept != "" {
		dir = filepath.Join(kept, strconv.Itoa(posts))
		if _, err := os.Stat(filepath.Join(dir, store.FileName)); err == nil {
			s, err := store.Open(t.Context(), store.Config{}, dir, nil)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			return dir
		}
		require.NoError(t, os.MkdirAll(dir, 0o700))
	}
	w := newWorldIn(t, rules, dir)
	w.batch = 400
	batches := posts * 2 / (w.batch + 1)
	w.calm, w.authors, w.pace = true, max(posts/10, 300), 30*24*time.Hour/time.Duration(batches)
	w.live(batches)
	require.NoError(t, w.store.Close())
	return dir
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
