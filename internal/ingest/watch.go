package ingest

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// watchEvery is how often the desk's watches are mirrored.
const watchEvery = time.Second

// watches is an immutable index of the posts and people that the desk follows.
type watches struct {
	byConversation map[string][]record.Watch
	byAuthor       map[string][]record.Watch
}

func indexWatches(list []record.Watch) *watches {
	w := &watches{byConversation: map[string][]record.Watch{}, byAuthor: map[string][]record.Watch{}}
	for _, one := range list {
		if one.Conversation != "" {
			w.byConversation[one.Conversation] = append(w.byConversation[one.Conversation], one)
		}
		if one.AuthorKey != "" {
			w.byAuthor[one.AuthorKey] = append(w.byAuthor[one.AuthorKey], one)
		}
	}
	return w
}

// brands are those that follow m's conversation or author, in order, each once.
func (w *watches) brands(m mention.Mention, now time.Time) []string {
	if w == nil {
		return nil
	}
	var out []string
	add := func(list []record.Watch) {
		for _, one := range list {
			if one.Until.After(now) && (one.Platform == "" || one.Platform == m.Platform) && !slices.Contains(out, one.Brand) {
				out = append(out, one.Brand)
			}
		}
	}
	add(w.byConversation[m.Conversation()])
	if key := m.AuthorKey(); key != "" {
		add(w.byAuthor[key])
	}
	slices.Sort(out)
	return out
}

// mirror keeps the watches of the store in memory.
type mirror struct {
	store   Store
	log     *zap.Logger
	current atomic.Pointer[watches]
	version int64
	loaded  bool
	failing bool
}

// run follows the store until ctx ends and says when the watches changed.
func (m *mirror) run(ctx context.Context, changed func(context.Context)) {
	for httpx.Wait(ctx, watchEvery) {
		if m.refresh(ctx) {
			changed(ctx)
		}
	}
}

// refresh reads the watches and reports whether they changed.
func (m *mirror) refresh(ctx context.Context) (changed bool) {
	version, err := m.store.WatchVersion(ctx)
	if err == nil && (!m.loaded || version != m.version) {
		var list []record.Watch
		if list, err = m.store.Watches(ctx); err == nil {
			m.current.Store(indexWatches(list))
			m.version, m.loaded, changed = version, true, true
		}
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && !m.failing:
		m.failing = true
		m.log.Warn("reading watches failed, the last ones stay", zap.Error(err))
	case err == nil:
		m.failing = false
	}
	return changed
}
