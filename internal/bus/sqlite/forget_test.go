package sqlite

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

// What is forgotten is gone from the bytes of the files, once it is done and not
// before, also when the order was given just before the end of the process.
func TestForget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bus.db")
	b := openAt(t, path)
	holds := func(words string) bool {
		for _, suffix := range []string{"", "-wal"} {
			raw, err := os.ReadFile(path + suffix)
			if err == nil && bytes.Contains(raw, []byte(words)) {
				return true
			}
		}
		return false
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	publish := func(key, text string) {
		require.NoError(t, b.Publish(ctx, bus.TopicMentions, bus.Message{Key: key, Value: []byte(text)}))
	}
	publish("acme/1", "zirconbicycle is lost")
	publish("acme/2", "opalcamera is lost")
	var got atomic.Int64
	consume := func(ctx context.Context) chan struct{} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = b.Consume(ctx, bus.TopicMentions, bus.GroupScore, func(_ context.Context, batch []bus.Message) error {
				got.Add(int64(len(batch)))
				return nil
			})
		}()
		return ended
	}
	ended := consume(ctx)
	require.Eventually(t, func() bool { return got.Load() == 2 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, b.Forget(ctx, "acme/1", "acme/9"))
	require.Eventually(t, func() bool { return !holds("zirconbicycle") }, 10*time.Second, 20*time.Millisecond)
	require.True(t, holds("opalcamera"))

	cancel()
	<-ended
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	publish("acme/3", "garnetheater is lost")
	require.NoError(t, b.Forget(ctx, "acme/3"))
	require.NoError(t, b.Close())
	b = openAt(t, path)
	defer func() { require.NoError(t, b.Close()) }()
	require.True(t, holds("garnetheater"), "nobody has done it yet")
	ended = consume(ctx)
	require.Eventually(t, func() bool { return !holds("garnetheater") }, 10*time.Second, 20*time.Millisecond)
	require.EqualValues(t, 3, got.Load())
	publish("acme/1", "offsets go on")
	require.Eventually(t, func() bool { return got.Load() == 4 }, 10*time.Second, 5*time.Millisecond)
	cancel()
	<-ended
}
