package ingest

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/pkg/mention"
)

// A watch takes a moment from the desk to here. An answer that comes within that
// moment names no brand and matches nothing yet: so the last posts that matched
// nothing are kept for a while and looked at again when the watches change.
const (
	recentFor   = 15 * time.Second
	recentPosts = 4096
	recentBytes = 4 << 20
	// recheckWithin is how long such a post may wait for its author's profile.
	recheckWithin = time.Second
)

// recent are the last posts of a source that matched nothing, oldest first.
type recent struct {
	mu    sync.Mutex
	list  []unheard
	bytes int
}

// unheard is a post that matched nothing when it came.
type unheard struct {
	mention mention.Mention
	enrich  func(ctx context.Context, posts []*mention.Mention)
	at      time.Time
}

func (u unheard) size() int { return len(u.mention.Text) + len(u.mention.Title) }

func (r *recent) add(u unheard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, u)
	r.bytes += u.size()
	old := 0
	for ; old < len(r.list); old++ {
		if u.at.Sub(r.list[old].at) <= recentFor && len(r.list)-old <= recentPosts && r.bytes <= recentBytes {
			break
		}
		r.bytes -= r.list[old].size()
	}
	if old > 0 {
		r.list = slices.Delete(r.list, 0, old)
	}
}

// drop forgets posts that were deleted.
func (r *recent) drop(deleted func(mention.Mention) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(u unheard) bool {
		if !deleted(u.mention) {
			return false
		}
		r.bytes -= u.size()
		return true
	})
}

// take takes out the posts that are wanted and not too old.
func (r *recent) take(now time.Time, wanted func(mention.Mention) bool) []unheard {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []unheard
	r.list = slices.DeleteFunc(r.list, func(u unheard) bool {
		fresh := now.Sub(u.at) <= recentFor
		if fresh && !wanted(u.mention) {
			return false
		}
		if fresh {
			out = append(out, u)
		}
		r.bytes -= u.size()
		return true
	})
	return out
}

// recheck publishes the recent posts that the watches want by now.
func (in *Ingest) recheck(ctx context.Context) {
	now := time.Now()
	watching := in.mirror.current.Load()
	for _, s := range in.sessions() {
		for _, u := range s.recent.take(now, func(m mention.Mention) bool { return len(watching.brands(m, now)) > 0 }) {
			err := s.Publish(ctx, Batch{Posts: []mention.Mention{u.mention}, Enrich: bounded(u.enrich), again: true})
			if err != nil && ctx.Err() == nil {
				s.log.Warn("an answer to a watched post was not published", zap.Error(err))
			}
		}
	}
}

// bounded gives enrich a deadline of its own: the one of its batch has passed.
func bounded(enrich func(context.Context, []*mention.Mention)) func(context.Context, []*mention.Mention) {
	if enrich == nil {
		return nil
	}
	return func(ctx context.Context, posts []*mention.Mention) {
		ctx, cancel := context.WithTimeout(ctx, recheckWithin)
		defer cancel()
		enrich(ctx, posts)
	}
}
