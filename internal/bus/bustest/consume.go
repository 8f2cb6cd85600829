package bustest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

func testRedelivery(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 20)
	require.NoError(t, b.Publish(t.Context(), "again", msgs...))
	var mu sync.Mutex
	var refused [][]string
	var r recorder
	r.before = func(_ context.Context, batch []bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if len(refused) < 3 {
			refused = append(refused, values(batch))
			return errNotNow
		}
		return nil
	}
	consuming(t, b, "again", "g", r.handle)
	require.Equal(t, values(msgs), values(firsts(r.wait(t, len(msgs)))), "nothing is lost, nothing overtakes")
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, refused, 3)
	for _, batch := range refused {
		require.Equal(t, "v0", batch[0], "the same messages come again")
	}
}

func testPanic(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 5)
	require.NoError(t, b.Publish(t.Context(), "panic", msgs...))
	panicked := make(chan struct{})
	var once sync.Once
	var r recorder
	r.before = func(context.Context, []bus.Message) error {
		once.Do(func() {
			close(panicked)
			panic("the handler's own mistake")
		})
		return nil
	}
	consuming(t, b, "panic", "g", r.handle)
	require.Equal(t, values(msgs), values(firsts(r.wait(t, len(msgs)))))
	<-panicked
}

func testCommitCoversDone(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	first := numbered("k", "done", 10)
	require.NoError(t, b.Publish(t.Context(), "commit", first...))
	var r recorder
	refused := make(chan struct{}, 1000)
	r.before = func(_ context.Context, batch []bus.Message) error {
		for _, m := range batch {
			if string(m.Value) == "undone0" {
				refused <- struct{}{}
				return errNotNow
			}
		}
		return nil
	}
	stop := consuming(t, b, "commit", "g", r.handle)
	r.wait(t, len(first))
	undone := numbered("k", "undone", 10)
	require.NoError(t, b.Publish(t.Context(), "commit", undone...))
	select {
	case <-refused:
	case <-time.After(patience):
		t.Fatal("the messages that are refused must come")
	}
	require.NoError(t, stop())
	require.Equal(t, values(first), values(firsts(r.messages())))
	lag, err := b.Lag(t.Context(), "commit", "g")
	require.NoError(t, err)
	require.Equal(t, int64(len(undone)), lag)

	var again recorder
	consuming(t, b, "commit", "g", again.handle)
	require.Equal(t, values(undone), values(firsts(again.wait(t, len(undone)))),
		"what was done before a clean end does not come again, what was not does")
}

func testRestart(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	for round := range 3 {
		msgs := numbered("k", string(rune('a'+round)), 7)
		require.NoError(t, b.Publish(t.Context(), "restart", msgs...))
		var r recorder
		stop := consuming(t, b, "restart", "g", r.handle)
		require.Equal(t, values(msgs), values(firsts(r.wait(t, len(msgs)))))
		require.NoError(t, stop())
	}
}

func testReopen(t *testing.T, open Open) {
	t.Helper()
	b := open(t)
	first, second := numbered("k", "first", 8), numbered("k", "second", 8)
	require.NoError(t, b.Publish(t.Context(), "reopen", first...))
	var r recorder
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, "reopen", "g", r.handle) }()
	got := r.wait(t, len(first))
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, b.Publish(t.Context(), "reopen", second...))
	require.NoError(t, b.Close())

	b = opened(t, open)
	third := numbered("k", "third", 8)
	require.NoError(t, b.Publish(t.Context(), "reopen", third...))
	var again recorder
	consuming(t, b, "reopen", "g", again.handle)
	more := again.wait(t, len(second)+len(third))
	require.Equal(t, append(values(second), values(third)...), values(firsts(more)))
	require.Greater(t, more[0].Offset, got[len(got)-1].Offset, "an offset is never used twice")
}

func testGroups(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 12)
	require.NoError(t, b.Publish(t.Context(), "groups", msgs...))
	var fine, stuck recorder
	stuck.before = func(context.Context, []bus.Message) error { return errNotNow }
	consuming(t, b, "groups", "stuck", stuck.handle)
	stop := consuming(t, b, "groups", "fine", fine.handle)
	require.Equal(t, values(msgs), values(firsts(fine.wait(t, len(msgs)))))
	require.NoError(t, stop())
	lag, err := b.Lag(t.Context(), "groups", "stuck")
	require.NoError(t, err)
	require.Equal(t, int64(len(msgs)), lag)
	lag, err = b.Lag(t.Context(), "groups", "fine")
	require.NoError(t, err)
	require.Zero(t, lag)
	require.Empty(t, stuck.messages())
}

func testLateGroup(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 9)
	require.NoError(t, b.Publish(t.Context(), "late", msgs...))
	var early recorder
	stop := consuming(t, b, "late", "early", early.handle)
	early.wait(t, len(msgs))
	require.NoError(t, stop())
	var late recorder
	consuming(t, b, "late", "late", late.handle)
	require.Equal(t, values(msgs), values(firsts(late.wait(t, len(msgs)))))
}

func testDrain(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 3)
	require.NoError(t, b.Publish(t.Context(), "drain", msgs...))
	started, gate := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var cut error
	var r recorder
	r.before = func(ctx context.Context, _ []bus.Message) error {
		once.Do(func() { close(started) })
		<-gate
		cut = ctx.Err()
		return cut
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, "drain", "g", r.handle) }()
	select {
	case <-started:
	case <-time.After(patience):
		t.Fatal("the handler must be called")
	}
	cancel()
	select {
	case err := <-done:
		t.Fatalf("Consume returned %v while the handler was at work", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(gate)
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("Consume must return once the handler is done")
	}
	require.NoError(t, cut, "the handler's context must live on while it finishes")
	taken := len(firsts(r.messages()))
	require.Positive(t, taken)
	lag, err := b.Lag(t.Context(), "drain", "g")
	require.NoError(t, err)
	require.Equal(t, int64(len(msgs)-taken), lag, "what the handler finished is committed")
}

func testEndDuringRedelivery(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	msgs := numbered("k", "v", 3)
	require.NoError(t, b.Publish(t.Context(), "end", msgs...))
	refused := make(chan struct{}, 1000)
	stop := consuming(t, b, "end", "g", func(context.Context, []bus.Message) error {
		refused <- struct{}{}
		return errNotNow
	})
	select {
	case <-refused:
	case <-time.After(patience):
		t.Fatal("the handler must be called")
	}
	require.NoError(t, stop(), "an end that was asked for is no error, whatever the handler says")
	lag, err := b.Lag(t.Context(), "end", "g")
	require.NoError(t, err)
	require.Equal(t, int64(len(msgs)), lag)
}

func testLag(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	check := func(group string, want int64) {
		t.Helper()
		lag, err := b.Lag(t.Context(), "lag", group)
		require.NoError(t, err)
		require.Equal(t, want, lag)
	}
	check("g", 0)
	for i := range 10 {
		require.NoError(t, b.Publish(t.Context(), "lag", bus.Message{Key: string(rune('a' + i)), Value: []byte("v")}))
	}
	check("g", 10)
	var r recorder
	stop := consuming(t, b, "lag", "g", r.handle)
	r.wait(t, 10)
	require.NoError(t, stop())
	check("g", 0)
	check("other", 10)
	require.NoError(t, b.Publish(t.Context(), "lag", numbered("k", "v", 4)...))
	check("g", 4)
	check("other", 14)
}

func testPing(t *testing.T, open Open) {
	t.Helper()
	b := opened(t, open)
	require.NoError(t, b.Ping(t.Context()))
}
