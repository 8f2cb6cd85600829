package bustest

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

func testPayloads(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	payloads := []string{
		"", "\x00", "plain", "a\x00b\x00", "\xff\xfe\xfd", "half a rune \xe2\x82", "🙃 שלום", strings.Repeat("\x00", 4096),
		`{"text":"3 hours on hold"}`, "line\nline\r\n", "'; DROP TABLE log; --", "%s%d%!", "\u202Ertl",
	}
	for i := range byte(40) {
		payloads = append(payloads, string(noise(i, 50*int(i))))
	}
	var want []bus.Message
	for i, p := range payloads {
		key := p
		if len(key) > 200 {
			key = key[:200]
		}
		want = append(want, bus.Message{Key: key, Value: []byte(p)}, bus.Message{Key: strconv.Itoa(i), Value: []byte(p)})
	}
	want = append(want, bus.Message{Key: "nil", Value: nil}, bus.Message{})
	require.NoError(t, b.Publish(t.Context(), "payloads", want...))
	var r recorder
	consuming(t, b, "payloads", "g", r.handle)
	got := firsts(r.wait(t, len(want)))
	require.Len(t, got, len(want))
	require.Equal(t, byKey(want), byKey(got))
	for _, m := range got {
		require.Equal(t, "payloads", m.Topic, "a topic's name has no prefix")
	}
}

func testOrder(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	const keys, each = 17, 30
	var want []bus.Message
	for i := range each {
		var msgs []bus.Message
		for k := range keys {
			for j := range 3 {
				msgs = append(msgs, bus.Message{Key: fmt.Sprintf("key-%d", k), Value: fmt.Appendf(nil, "%d.%d", i, j)})
			}
		}
		want = append(want, msgs...)
		require.NoError(t, b.Publish(t.Context(), "order", msgs...))
	}
	var r recorder
	consuming(t, b, "order", "g", r.handle)
	got := firsts(r.wait(t, len(want)))
	require.Equal(t, byKey(want), byKey(got))
	part := map[string]int{}
	for _, m := range got {
		if p, known := part[m.Key]; known {
			require.Equal(t, p, m.Partition, "one key, one partition")
		}
		part[m.Key] = m.Partition
	}
}

func testTopicsAreApart(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	require.NoError(t, b.Publish(t.Context(), "left", numbered("k", "left-", 5)...))
	require.NoError(t, b.Publish(t.Context(), "right", numbered("k", "right-", 7)...))
	var left, right recorder
	consuming(t, b, "left", "g", left.handle)
	consuming(t, b, "right", "g", right.handle)
	require.Equal(t, values(numbered("k", "left-", 5)), values(firsts(left.wait(t, 5))))
	require.Equal(t, values(numbered("k", "right-", 7)), values(firsts(right.wait(t, 7))))
}

func testTooLarge(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	small := bus.Message{Key: "k", Value: []byte("small")}
	err := b.Publish(t.Context(), "large", small, bus.Message{Key: "k", Value: make([]byte, bus.MaxValue+1)}, small)
	require.ErrorIs(t, err, bus.ErrTooLarge)
	err = b.Publish(t.Context(), "large", bus.Message{Key: strings.Repeat("k", bus.MaxKey+1), Value: []byte("v")})
	require.ErrorIs(t, err, bus.ErrTooLarge)
	require.NoError(t, b.Publish(t.Context(), "large", bus.Message{Key: "k", Value: []byte("only")}))
	var r recorder
	consuming(t, b, "large", "g", r.handle)
	require.Equal(t, []string{"only"}, values(firsts(r.wait(t, 1))), "nothing of a refused call is written")
}

func testLargeMessages(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	var want []bus.Message
	for i := range byte(6) {
		want = append(want, bus.Message{Key: strings.Repeat("k", bus.MaxKey), Value: noise(i, bus.MaxValue-int(i))})
	}
	require.NoError(t, b.Publish(t.Context(), "largest", want...))
	var r recorder
	consuming(t, b, "largest", "g", r.handle)
	got := firsts(r.wait(t, len(want)))
	for i := range want {
		require.True(t, bytes.Equal(want[i].Value, got[i].Value), "message %d", i)
	}
}

func testBigBatch(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	const n = 3000
	msgs := make([]bus.Message, n)
	pad := strings.Repeat("x", 600)
	for i := range msgs {
		msgs[i] = bus.Message{Key: fmt.Sprintf("k%d", i%101), Value: fmt.Appendf(nil, "%d %s", i, pad)}
	}
	require.NoError(t, b.Publish(t.Context(), "big", msgs...))
	var r recorder
	consuming(t, b, "big", "g", r.handle)
	got := firsts(r.wait(t, n))
	require.Len(t, got, n)
	require.Equal(t, byKey(msgs), byKey(got))
}

func testConcurrentPublishers(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	const publishers, calls, each = 8, 10, 5
	var r recorder
	consuming(t, b, "many", "g", r.handle)
	errs := make([]error, publishers)
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for c := range calls {
				msgs := make([]bus.Message, each)
				for i := range msgs {
					msgs[i] = bus.Message{Key: fmt.Sprintf("p%d", p), Value: fmt.Appendf(nil, "%d.%d.%d", p, c, i)}
				}
				if err := b.Publish(t.Context(), "many", msgs...); err != nil {
					errs[p] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	got := byKey(firsts(r.wait(t, publishers*calls*each)))
	for p := range publishers {
		var want []string
		for c := range calls {
			for i := range each {
				want = append(want, fmt.Sprintf("%d.%d.%d", p, c, i))
			}
		}
		require.Equal(t, want, got[fmt.Sprintf("p%d", p)])
	}
}

func testPublishContext(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.Publish(ctx, "ended", bus.Message{Key: "k", Value: []byte("v")}), context.Canceled)
}

func testPublishNothing(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	require.NoError(t, b.Publish(t.Context(), "nothing"))
}

func testBatchShape(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	const n = 2 * bus.MaxBatch
	msgs := numbered("one key", "v", n)
	require.NoError(t, b.Publish(t.Context(), "shape", msgs...))
	var r recorder
	r.before = func(context.Context, []bus.Message) error {
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // a handler that takes its time is what is tested
		return nil
	}
	consuming(t, b, "shape", "g", r.handle)
	got := r.wait(t, n)
	require.Equal(t, values(msgs), values(firsts(got)))
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Less(t, r.batches, n/4, "a slow handler gets many at once")
}

func testIdleConsumer(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	var r recorder
	consuming(t, b, "idle", "g", r.handle)
	require.NoError(t, b.Publish(t.Context(), "idle", bus.Message{Key: "k", Value: []byte("first")}))
	r.wait(t, 1)
	// The best of several: a busy machine makes one slow, polling makes all slow.
	best := time.Hour
	for i := range 10 {
		begin := time.Now()
		require.NoError(t, b.Publish(t.Context(), "idle", bus.Message{Key: "k", Value: fmt.Appendf(nil, "%d", i)}))
		r.wait(t, 2+i)
		best = min(best, time.Since(begin))
	}
	require.Less(t, best, 500*time.Millisecond)
}
