// Package benchscorer measures the scorer beside govader on the same texts, in one
// run, each on one core. It is a module of its own, so that govader is no part of
// what LeakyTap is built from.
package benchscorer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jonreiter/govader"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent"
)

type post struct {
	Text  string `json:"text"`
	Brand string `json:"brand"`
	Lang  string `json:"lang"`
}

// posts are the invented English posts of the scorer's tests.
func posts(t *testing.T) []post {
	t.Helper()
	files, err := filepath.Glob("../../pkg/vent/testdata/challenge_*.jsonl")
	require.NoError(t, err)
	var out []post
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(t, err)
		sc := bufio.NewScanner(f)
		for sc.Scan() {
			var p post
			require.NoError(t, json.Unmarshal(sc.Bytes(), &p))
			out = append(out, p)
		}
		require.NoError(t, sc.Err())
		require.NoError(t, f.Close())
	}
	require.NotEmpty(t, out)
	return out
}

const (
	turns = 7
	turn  = 700 * time.Millisecond
)

// spent is the processor time that this process has used: unlike the clock it does
// not run while others have the core.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rate is how many texts a second of a core get through.
func rate(t *testing.T, ps []post, score func(p *post)) float64 {
	t.Helper()
	n, start := 0, spent(t)
	for spent(t)-start < turn {
		for i := range ps {
			score(&ps[i])
		}
		n += len(ps)
	}
	return float64(n) / (spent(t) - start).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// TestBesideGovader takes turns, so that whatever else the machine does slows both.
func TestBesideGovader(t *testing.T) {
	ps := posts(t)
	s, err := vent.Default()
	require.NoError(t, err)
	vader := govader.NewSentimentIntensityAnalyzer()
	previous := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(previous)
	ours := func(p *post) { s.Score(vent.Input{Text: p.Text, Brand: p.Brand}, vent.Options{Fast: true}) }
	theirs := func(p *post) { vader.PolarityScores(p.Text) }
	rate(t, ps, ours)
	rate(t, ps, theirs)
	var a, b, ratio []float64
	for range turns {
		x, y := rate(t, ps, ours), rate(t, ps, theirs)
		a, b, ratio = append(a, x), append(b, y), append(ratio, x/y)
	}
	words := 0
	for _, p := range ps {
		words += len(p.Text)
	}
	t.Logf("%d texts of %d bytes on average, one core", len(ps), words/len(ps))
	t.Logf("first opinion: %.0f texts a second; govader: %.0f; %.2f times", median(a), median(b), median(ratio))
	require.Positive(t, median(ratio))
}

// TestTwoCores compares one core with two, in turns, by the clock: it needs a machine
// with nothing else to do.
func TestTwoCores(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("this machine has one core")
	}
	ps := posts(t)
	s, err := vent.Default()
	require.NoError(t, err)
	previous := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(previous)
	on := func(cores int) float64 {
		runtime.GOMAXPROCS(cores)
		start := time.Now()
		done := make([]int, cores)
		var wg sync.WaitGroup
		for c := range cores {
			wg.Go(func() {
				for time.Since(start) < turn {
					for _, p := range ps {
						s.Score(vent.Input{Text: p.Text, Brand: p.Brand}, vent.Options{Fast: true})
					}
					done[c] += len(ps)
				}
			})
		}
		wg.Wait()
		sum := 0
		for _, n := range done {
			sum += n
		}
		return float64(sum) / time.Since(start).Seconds()
	}
	on(2)
	var ratio []float64
	var one, two []float64
	for range turns {
		x, y := on(1), on(2)
		one, two, ratio = append(one, x), append(two, y), append(ratio, y/x)
	}
	t.Logf("one core: %.0f texts a second; two: %.0f; %.2f times", median(one), median(two), median(ratio))
}
