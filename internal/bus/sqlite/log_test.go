package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// take consumes topic for group until n messages came, and gives their values.
func take(t *testing.T, b *Bus, topic, group string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var got []string
	require.NoError(t, b.Consume(ctx, topic, group, func(_ context.Context, batch []bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			got = append(got, string(m.Value))
		}
		if len(got) >= n {
			cancel()
		}
		return nil
	}))
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, got, n)
	return got
}

func one(value string) bus.Message { return bus.Message{Key: "k", Value: []byte(value)} }

func TestDamagedRowIsSkippedAndTold(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	reg := prometheus.NewRegistry()
	b, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "bus.db"), Partitions: 1, Log: zap.New(core), Reg: reg})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), bus.TopicMentions, one("a"), one("b"), one("c"), one("d"), one("e")))
	for i, damage := range []string{"value = x'00'", "key = x'00'", "at = at + 1"} {
		require.NoError(t, b.db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "UPDATE log_1_0 SET "+damage+" WHERE off = ?", i+2)
			return err
		}))
	}
	require.Equal(t, []string{"a", "e"}, take(t, b, bus.TopicMentions, "g", 2))
	require.Equal(t, 3, logs.FilterMessage("damaged record on the bus skipped").Len())
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP leakytap_bus_damaged_total Records of the bus that were found damaged and skipped.
# TYPE leakytap_bus_damaged_total counter
leakytap_bus_damaged_total{topic="dead"} 0
leakytap_bus_damaged_total{topic="mentions"} 3
leakytap_bus_damaged_total{topic="scored"} 0
`)))
	lag, err := b.Lag(t.Context(), bus.TopicMentions, "g")
	require.NoError(t, err)
	require.Zero(t, lag)
}

func TestOnlyDamagedRowsAreCommittedPast(t *testing.T) {
	b, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "bus.db"), Partitions: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), "x", one("a")))
	require.NoError(t, b.db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "UPDATE log_1_0 SET value = x'00'")
		return err
	}))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, "x", "g", func(context.Context, []bus.Message) error { return nil }) }()
	require.Eventually(t, func() bool {
		lag, err := b.Lag(t.Context(), "x", "g")
		return err == nil && lag == 0
	}, 10*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}

func TestDamagedPageLosesOnlyItsRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	b, err := Open(t.Context(), Options{Path: path, Partitions: 1})
	require.NoError(t, err)
	const n = 400
	pad := strings.Repeat("x", 1000)
	for i := range n {
		require.NoError(t, b.Publish(t.Context(), "x", one(fmt.Sprintf("%03d %s", i, pad))))
	}
	require.NoError(t, b.Close())
	// One page in the middle of the file: with rows of 1 KB, a leaf.
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	at := strings.Index(string(raw), "200 "+pad) / 4096 * 4096
	require.Positive(t, at)
	for i := range 4096 {
		raw[at+i] = 0xa5
	}
	require.NoError(t, os.WriteFile(path, raw, 0o600))

	core, logs := observer.New(zap.ErrorLevel)
	b, err = Open(t.Context(), Options{Path: path, Log: zap.New(core)})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	var mu sync.Mutex
	seen := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, b.Consume(ctx, "x", "g", func(_ context.Context, batch []bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			seen[string(m.Value[:3])] = true
			if string(m.Value[:3]) == "399" {
				cancel()
			}
		}
		return nil
	}))
	lost := n - len(seen)
	require.Positive(t, lost)
	require.Less(t, lost, 6, "a page holds three such rows")
	require.False(t, seen["200"])
	require.True(t, seen["000"] && seen["399"])
	require.Equal(t, lost, logs.FilterMessage("damaged record on the bus skipped").Len())
}

func TestConsumedTwice(t *testing.T) {
	b := openAt(t, filepath.Join(t.TempDir(), "bus.db"))
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), "x", one("a")))
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	var once sync.Once
	done := make(chan error, 1)
	go func() {
		done <- b.Consume(ctx, "x", "g", func(context.Context, []bus.Message) error {
			once.Do(func() { close(started) })
			return nil
		})
	}()
	<-started
	require.ErrorIs(t, b.Consume(ctx, "x", "g", nil), bus.ErrConsumed)
	require.ErrorContains(t, b.Consume(ctx, "x", "", nil), "a group needs a name")
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, b.Publish(t.Context(), "x", one("b")))
	require.Equal(t, []string{"b"}, take(t, b, "x", "g", 1))
}

func TestPartitionsStayAsTheTopicBegan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	parts := func(n int) int {
		b, err := Open(t.Context(), Options{Path: path, Partitions: n})
		require.NoError(t, err)
		defer func() { require.NoError(t, b.Close()) }()
		tp, err := b.topic(t.Context(), "x")
		require.NoError(t, err)
		return len(tp.parts)
	}
	require.Equal(t, 7, parts(7))
	require.Equal(t, 7, parts(3))
}

func TestPrune(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name string
		// done are the groups and how many of the 1000 messages each has done; -1 has joined only.
		done     map[string]int
		now      time.Time
		maxBytes int64
		wantLeft int
	}{
		{name: "young and done stays", done: map[string]int{"a": 1000}, now: now, wantLeft: 1000},
		{name: "old and done goes, but the newest", done: map[string]int{"a": 1000}, now: now.Add(25 * time.Hour), wantLeft: 1},
		{name: "old and half done stays from there on", done: map[string]int{"a": 600}, now: now.Add(25 * time.Hour), wantLeft: 400},
		{name: "the slowest group counts", done: map[string]int{"a": 1000, "b": 300}, now: now.Add(25 * time.Hour), wantLeft: 700},
		{name: "a group that joined and did nothing keeps all", done: map[string]int{"a": 1000, "b": -1}, now: now.Add(25 * time.Hour), wantLeft: 1000},
		{name: "old and nobody reads", now: now.Add(25 * time.Hour), wantLeft: 1},
		{name: "too large and done goes", done: map[string]int{"a": 1000}, now: now, maxBytes: 1, wantLeft: 1},
		{name: "too large and half done stays from there on", done: map[string]int{"a": 600}, now: now, maxBytes: 1, wantLeft: 400},
		{name: "too large and nobody has read it", now: now, maxBytes: 1, wantLeft: 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opt := Options{Path: filepath.Join(t.TempDir(), "bus.db"), Partitions: 1, Retention: 24 * time.Hour, MaxBytes: math.MaxInt64}
			b, err := Open(t.Context(), opt)
			require.NoError(t, err)
			defer func() { require.NoError(t, b.Close()) }()
			msgs := make([]bus.Message, 1000)
			for i := range msgs {
				msgs[i] = one("v")
			}
			require.NoError(t, b.Publish(t.Context(), "x", msgs...))
			tp, err := b.topic(t.Context(), "x")
			require.NoError(t, err)
			for group, n := range tt.done {
				_, err := b.join(t.Context(), tp, group)
				require.NoError(t, err)
				if n >= 0 {
					require.True(t, b.commit(t.Context(), tp, 0, group, int64(n)+1, zap.NewNop()))
				}
			}
			if tt.maxBytes > 0 {
				require.NoError(t, b.Close())
				opt.MaxBytes = tt.maxBytes
				b, err = Open(t.Context(), opt)
				require.NoError(t, err)
			}
			require.NoError(t, b.Prune(t.Context(), tt.now))
			var left int
			require.NoError(t, b.db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM log_1_0").Scan(&left))
			require.Equal(t, tt.wantLeft, left)
			var last int64
			require.NoError(t, b.db.Read().QueryRowContext(t.Context(), "SELECT max(off) FROM log_1_0").Scan(&last))
			require.Equal(t, int64(1000), last)
		})
	}
}

func TestOffsetsGoOnAfterEverythingWasDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	for i := range 4 {
		b, err := Open(t.Context(), Options{Path: path, Partitions: 1, Retention: time.Nanosecond})
		require.NoError(t, err)
		require.NoError(t, b.Publish(t.Context(), "x", one(strconv.Itoa(i)), one("end")))
		require.Equal(t, []string{strconv.Itoa(i), "end"}, take(t, b, "x", "g", 2))
		require.NoError(t, b.Prune(t.Context(), time.Now().Add(time.Hour)))
		require.NoError(t, b.Close())
	}
}

func TestCommitNeverGoesBack(t *testing.T) {
	b, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "bus.db"), Partitions: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	tp, err := b.topic(t.Context(), "x")
	require.NoError(t, err)
	for _, next := range []int64{5, 3, 4} {
		require.True(t, b.commit(t.Context(), tp, 0, "g", next, zap.NewNop()))
	}
	got, err := tp.progress(t.Context(), b.db.Read(), 0, "g")
	require.NoError(t, err)
	require.Equal(t, int64(5), got)
}

func TestFullDiskRefusesAndLaterTakes(t *testing.T) {
	b, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "bus.db"), Partitions: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), "x", one("before")))
	require.NoError(t, b.db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "PRAGMA max_page_count = 16")
		return err
	}))
	err = b.Publish(t.Context(), "x", one("during"), one(strings.Repeat("x", 200_000)))
	require.ErrorIs(t, err, sqlite.ErrFull)
	require.NoError(t, b.Publish(t.Context(), "x", one("after")))
	require.Equal(t, []string{"before", "after"}, take(t, b, "x", "g", 2), "nothing of the refused call is there")
	lag, err := b.Lag(t.Context(), "x", "g")
	require.NoError(t, err)
	require.Zero(t, lag)
}

func TestOpenRefusesADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("not a log ", 2000)), 0o600))
	_, err := Open(t.Context(), Options{Path: path})
	require.ErrorIs(t, err, sqlite.ErrCorrupt)
	require.ErrorContains(t, err, path)
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("key", []byte("value"))
	f.Add("", []byte{})
	f.Add("\x00\xff", []byte("\x00\xff"))
	b, err := Open(f.Context(), Options{Path: filepath.Join(f.TempDir(), "bus.db"), Partitions: 3, Unsynced: true})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, b.Close()) })
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		if len(key) > bus.MaxKey || len(value) > bus.MaxValue {
			t.Skip()
		}
		require.NoError(t, b.Publish(t.Context(), "x", bus.Message{Key: key, Value: value}))
		tp, err := b.topic(t.Context(), "x")
		require.NoError(t, err)
		part := tp.partitionOf(key)
		pg, err := b.read(t.Context(), tp, part, tp.parts[part].next-1)
		require.NoError(t, err)
		require.Len(t, pg.msgs, 1)
		require.Equal(t, key, pg.msgs[0].Key)
		require.Equal(t, string(value), string(pg.msgs[0].Value))
	})
}
