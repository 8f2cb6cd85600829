package ingest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Sampler keeps a sample of posts that matched nothing, so that a wider query
// can be estimated before it is live. rate is the share of all such posts that
// the rows stand for.
type Sampler interface {
	SampleUnmatched(ctx context.Context, rows []record.Stored, rate float64) error
}

const (
	// sampleWindow is how many posts of a source are kept for each sampleEvery.
	sampleWindow = 50
	sampleEvery  = 10 * time.Second
)

// sample is a reservoir for one source: of n posts offered in a window each is
// kept with the same chance, all of them where n is sampleWindow or less.
type sample struct {
	mu      sync.Mutex
	rows    []record.Stored
	offered int64
}

func (s *sample) offer(m mention.Mention) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered++
	if len(s.rows) < sampleWindow {
		s.rows = append(s.rows, record.Stored{Mention: m})
		return
	}
	if i := rand.Int64N(s.offered); i < sampleWindow { //nolint:gosec // a sample, not a secret
		s.rows[i] = record.Stored{Mention: m}
	}
}

// drop takes out posts that were deleted before they were kept.
func (s *sample) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rows {
		if s.rows[i].Mention.ID == id {
			s.rows = append(s.rows[:i], s.rows[i+1:]...)
			return
		}
	}
}

func (s *sample) take() (rows []record.Stored, rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, rate = s.rows, 1
	if s.offered > sampleWindow {
		rate = float64(sampleWindow) / float64(s.offered)
	}
	s.rows, s.offered = nil, 0
	return rows, rate
}

// keepSample hands what was sampled to the store, until ctx ends. A sample that
// the store does not take is forgotten: no decision rests on it.
func (in *Ingest) keepSample(ctx context.Context) {
	for httpx.Wait(ctx, sampleEvery) {
		in.flushSamples(ctx)
	}
	in.flushSamples(context.WithoutCancel(ctx))
}

func (in *Ingest) flushSamples(ctx context.Context) {
	if in.opt.Sampler == nil {
		return
	}
	for _, s := range in.sessions() {
		rows, rate := s.sample.take()
		if len(rows) == 0 {
			continue
		}
		if err := in.opt.Sampler.SampleUnmatched(ctx, rows, rate); err != nil && ctx.Err() == nil {
			in.log.Debug("keeping the unmatched sample failed", zap.String("source", s.spec.Name), zap.Error(err))
		}
	}
}
