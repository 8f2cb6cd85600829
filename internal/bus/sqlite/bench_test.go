package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

// mentionSize is about what one mention takes on the bus, in bytes.
const mentionSize = 1000

func openBench(b *testing.B) *Bus {
	b.Helper()
	log, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "bus.db")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, log.Close()) })
	return log
}

func mentions(from, n int) []bus.Message {
	value := bytes.Repeat([]byte("x"), mentionSize)
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = bus.Message{Key: fmt.Sprintf("acme conversation %d", from+i), Value: value}
	}
	return msgs
}

// BenchmarkPublish measures messages of 1 kB until they are synced, as many in a
// call as the name says, from eight callers at once.
func BenchmarkPublish(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			log := openBench(b)
			msgs := mentions(0, batch)
			b.SetBytes(int64(batch * mentionSize))
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := log.Publish(b.Context(), bus.TopicMentions, msgs...); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkConsume measures messages of 1 kB from the log to a handler that does
// nothing, progress stored for each batch.
func BenchmarkConsume(b *testing.B) {
	const n = 20_000
	log := openBench(b)
	for i := 0; i < n; i += 500 {
		require.NoError(b, log.Publish(b.Context(), bus.TopicMentions, mentions(i, 500)...))
	}
	round := 0
	b.ResetTimer()
	for b.Loop() {
		round++
		ctx, cancel := context.WithCancel(b.Context())
		var got atomic.Int64
		require.NoError(b, log.Consume(ctx, bus.TopicMentions, fmt.Sprint("g", round), func(_ context.Context, batch []bus.Message) error {
			if got.Add(int64(len(batch))) >= n {
				cancel()
			}
			return nil
		}))
		cancel()
	}
	b.ReportMetric(float64(round*n)/b.Elapsed().Seconds(), "msgs/s")
}

// BenchmarkThroughTwoTopics measures the way of a mention through the daemon's
// log: published to one topic in tens by four sources, handed to a stage that
// publishes it to a second topic, and handed to the last stage; each step synced.
func BenchmarkThroughTwoTopics(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		b.StopTimer()
		log, err := Open(b.Context(), Options{Path: filepath.Join(b.TempDir(), "bus.db")})
		require.NoError(b, err)
		b.StartTimer()
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() {
			err := log.Consume(ctx, bus.TopicMentions, bus.GroupScore, func(ctx context.Context, batch []bus.Message) error {
				out := make([]bus.Message, len(batch))
				for i, m := range batch {
					out[i] = bus.Message{Key: m.Key, Value: m.Value}
				}
				return log.Publish(ctx, bus.TopicScored, out...)
			})
			if err != nil {
				b.Error(err)
			}
		})
		var got atomic.Int64
		wg.Go(func() {
			err := log.Consume(ctx, bus.TopicScored, bus.GroupAlert, func(_ context.Context, batch []bus.Message) error {
				if got.Add(int64(len(batch))) >= n {
					cancel()
				}
				return nil
			})
			if err != nil {
				b.Error(err)
			}
		})
		for s := range 4 {
			wg.Go(func() {
				for i := 0; i < n/4; i += 10 {
					if err := log.Publish(ctx, bus.TopicMentions, mentions(s*n+i, 10)...); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		cancel()
		require.GreaterOrEqual(b, got.Load(), int64(n))
		b.StopTimer()
		require.NoError(b, log.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "msgs/s")
}
