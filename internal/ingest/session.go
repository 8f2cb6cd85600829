package ingest

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

const (
	// saveEvery is how often a cursor or a state is saved that no post depends on.
	saveEvery = time.Second
	// gapLeast is the shortest silence after which a polled source is catching up.
	gapLeast = time.Minute
)

// Session is what a running source is given. It is safe for any goroutines; a
// source that uses a cursor publishes from one.
type Session struct {
	in     *Ingest
	spec   Spec
	log    *zap.Logger
	locks  *idLocks
	sample sample
	recent recent

	mu     sync.Mutex
	cursor json.RawMessage
	stat   record.SourceStat
	// dirty says that cursor or stat are newer than the store; saved is when they were not.
	dirty bool
	saved time.Time
	// savedOK is the LastOK that the store has.
	savedOK time.Time
	// catching says that no fetch has succeeded since the start or a gap.
	catching bool
	// failing is the reason that was logged last, empty after a success.
	failing Reason
}

// Cursor is where to continue, nil at the very first start.
func (s *Session) Cursor() json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor
}

// Name is the source's name.
func (s *Session) Name() string { return s.spec.Name }

// Log is the logger of the source.
func (s *Session) Log() *zap.Logger { return s.log }

// OK says that a fetch succeeded or that a frame came.
func (s *Session) OK(ctx context.Context) {
	s.mu.Lock()
	recovered := s.failing
	s.failing, s.catching = "", false
	s.stat.LastOK = time.Now()
	s.stat.LastError, s.stat.Reason, s.stat.ErrorAt = "", "", time.Time{}
	s.dirty = true
	// A cursor that was saved just now must not hold back a success: the next one
	// may be long in coming, and until then the source would count as silent.
	due := recovered != "" || s.stat.LastOK.Sub(s.savedOK) >= saveEvery
	s.mu.Unlock()
	if recovered != "" {
		s.log.Info("source works again", zap.String("after", string(recovered)))
	}
	s.saveState(ctx, due)
}

// Fail counts a failure. It is logged when its reason changes, not each time.
func (s *Session) Fail(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	reason := ReasonOf(err)
	s.in.metrics.errors.WithLabelValues(s.spec.Name, string(reason)).Inc()
	s.mu.Lock()
	changed := s.failing != reason
	s.failing = reason
	s.stat.LastError, s.stat.Reason, s.stat.ErrorAt = clip(err.Error(), 300), string(reason), time.Now()
	s.dirty = true
	s.mu.Unlock()
	if changed {
		s.log.Warn("source failed, trying again", zap.String("reason", string(reason)), zap.String("error", clip(err.Error(), 300)))
	}
	s.saveState(ctx, changed)
}

// Note counts a fault inside a fetch that otherwise succeeded, such as one bad item.
func (s *Session) Note(reason Reason) {
	s.in.metrics.errors.WithLabelValues(s.spec.Name, string(reason)).Inc()
}

// saveState saves cursor and stat when it is time to, or at once with now. A
// store that is not there is no failure of the source.
func (s *Session) saveState(ctx context.Context, now bool) {
	s.mu.Lock()
	if !s.dirty || !now && time.Since(s.saved) < saveEvery {
		s.mu.Unlock()
		return
	}
	p := store.Progress{Source: s.spec.Name, Cursor: s.cursor, Stat: s.stat}
	s.dirty, s.saved, s.savedOK = false, time.Now(), s.stat.LastOK
	s.mu.Unlock()
	if err := s.in.opt.Store.SaveProgress(context.WithoutCancel(ctx), p); err != nil {
		s.mu.Lock()
		s.dirty = true
		s.mu.Unlock()
		s.log.Debug("saving the state of a source failed", zap.Error(err))
	}
}

// backlog reports whether the source is catching up: its first fetch ever, or
// the first after a silence.
func (s *Session) backlog(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.catching {
		return true
	}
	if s.spec.Poll > 0 && now.Sub(s.stat.LastOK) > max(3*s.spec.Poll, gapLeast) {
		s.catching = true
	}
	return s.catching
}

// begin loads what the store knows of the source; it tries until ctx ends.
func (s *Session) begin(ctx context.Context) error {
	for n := 1; ; n++ {
		err := s.load(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		s.Fail(ctx, &Error{Reason: ReasonStore, Err: err})
		if !httpx.Wait(ctx, backoff().Delay(n, 0)) {
			return ctx.Err()
		}
	}
}

func (s *Session) load(ctx context.Context) error {
	cursor, err := s.in.opt.Store.LoadCursor(ctx, s.spec.Name)
	if err != nil {
		return err
	}
	stats, err := s.in.opt.Store.SourceStats(ctx)
	if err != nil {
		return err
	}
	st := record.SourceStat{Source: s.spec.Name, FirstAt: time.Now()}
	for _, one := range stats {
		if one.Source == s.spec.Name {
			st = one
		}
	}
	if st.FirstAt.IsZero() {
		st.FirstAt = time.Now()
	}
	st.Type, st.Poll = s.spec.Type, s.spec.Poll
	s.mu.Lock()
	s.cursor, s.stat, s.dirty = cursor, st, true
	// A stream tells by itself, with each batch, that it is catching up.
	s.catching = st.LastOK.IsZero() && s.spec.Poll > 0
	s.mu.Unlock()
	if !st.LastItem.IsZero() {
		s.in.metrics.lastItem.WithLabelValues(s.spec.Name).Set(seconds(st.LastItem))
	}
	s.saveState(ctx, true)
	return nil
}

func backoff() httpx.Backoff { return httpx.Backoff{Min: time.Second, Max: 10 * time.Second} }

func clip(text string, limit int) string {
	if len(text) > limit {
		return text[:limit] + "..."
	}
	return text
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
