package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
)

// topicWatches carries the watch rows from the process that holds the cases to
// those that ingest, when they do not share a store.
const topicWatches = "watches"

const (
	watchRepublish = 30 * time.Second
	watchChunk     = 2000
)

// watchNews is one part of the watch rows as they are at one time. Parts of one
// Epoch belong together; a newer epoch replaces all older ones.
type watchNews struct {
	Epoch   int64          `json:"epoch"`
	Part    int            `json:"part"`
	Of      int            `json:"of"`
	Watches []record.Watch `json:"watches"`
}

// watchStore is what the announcer reads.
type watchStore interface {
	Watches(ctx context.Context) ([]record.Watch, error)
	WatchVersion(ctx context.Context) (int64, error)
}

// announceWatches publishes the watch rows when they change, and now and then so
// that an ingest process that was started later hears them.
func announceWatches(ctx context.Context, st watchStore, pub bus.Publisher, log *zap.Logger) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last int64 = -1
	var at time.Time
	for {
		version, err := st.WatchVersion(ctx)
		if err == nil && (version != last || time.Since(at) > watchRepublish) {
			if err = publishWatches(ctx, st, pub); err == nil {
				last, at = version, time.Now()
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Warn("watched conversations were not announced", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func publishWatches(ctx context.Context, st watchStore, pub bus.Publisher) error {
	all, err := st.Watches(ctx)
	if err != nil {
		return fmt.Errorf("reading watches: %w", err)
	}
	epoch := time.Now().UnixNano()
	parts := max(1, (len(all)+watchChunk-1)/watchChunk)
	for part := range parts {
		lo, hi := part*watchChunk, min(len(all), (part+1)*watchChunk)
		value, err := json.Marshal(watchNews{Epoch: epoch, Part: part, Of: parts, Watches: all[lo:hi]})
		if err != nil {
			return fmt.Errorf("encoding watches: %w", err)
		}
		if err := pub.Publish(ctx, topicWatches, bus.Message{Key: topicWatches, Value: value}); err != nil {
			return fmt.Errorf("publishing watches: %w", err)
		}
	}
	return nil
}

// watchMirror holds the watch rows that came over the bus.
type watchMirror struct {
	mu      sync.Mutex
	version int64
	current []record.Watch
	parts   map[int][]record.Watch
	epoch   int64
}

// Watches are the rows as last heard.
func (w *watchMirror) Watches(context.Context) ([]record.Watch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.current, nil
}

// WatchVersion grows with each change.
func (w *watchMirror) WatchVersion(context.Context) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.version, nil
}

// handle takes news from the bus; what cannot be read is passed by, since the
// next news replaces it.
func (w *watchMirror) handle(_ context.Context, batch []bus.Message) error {
	for _, m := range batch {
		var news watchNews
		if json.Unmarshal(m.Value, &news) == nil {
			w.take(news)
		}
	}
	return nil
}

func (w *watchMirror) take(news watchNews) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if news.Epoch < w.epoch {
		return
	}
	if news.Epoch > w.epoch {
		w.epoch, w.parts = news.Epoch, map[int][]record.Watch{}
	}
	w.parts[news.Part] = news.Watches
	if len(w.parts) < news.Of {
		return
	}
	var all []record.Watch
	for part := range news.Of {
		all = append(all, w.parts[part]...)
	}
	w.current, w.version = all, w.version+1
}
