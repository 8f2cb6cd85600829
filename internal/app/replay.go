package app

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/casework/about"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/teach"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Replay puts mentions through match, score and decide: the code of the live
// path on a store of its own. Each mention is decided at the time it was observed.
type Replay struct {
	gen  *Generation
	desk *desk.Desk
	seen map[string]replayed
}

// replayed is what ingest would have remembered of a mention.
type replayed struct {
	brands   []string
	hash     uint64
	revision int64
	gone     bool
}

// NewReplay replays into st, which a dry run opens with store.OpenScratch.
func NewReplay(ctx context.Context, cfg *config.Config, st *store.Store, log *zap.Logger) (*Replay, error) {
	gen, err := NewGeneration(cfg)
	if err != nil {
		return nil, err
	}
	if gen.layers, err = shelfOf(ctx, st); err != nil {
		return nil, err
	}
	d, err := desk.New(desk.Options{
		Store: st, Rules: func() *desk.Rules { return gen.rules }, About: about.New().About, Log: log, At: momentOf,
	})
	if err != nil {
		return nil, err
	}
	return &Replay{gen: gen, desk: d, seen: map[string]replayed{}}, nil
}

// momentOf is when a mention was decided upon: when it was observed, as far as it tells.
func momentOf(s record.Scored) time.Time {
	switch {
	case !s.Mention.ObservedAt.IsZero():
		return s.Mention.ObservedAt
	case !s.Mention.CreatedAt.IsZero():
		return s.Mention.CreatedAt
	default:
		return time.Now()
	}
}

// Decide decides on mentions in order: a line for each mention and brand that it
// matched, and one without a brand where it matched none.
func (r *Replay) Decide(ctx context.Context, batch []mention.Mention) ([][]record.Decision, error) {
	out := make([][]record.Decision, len(batch))
	var work []record.Scored
	var from []int
	for i, m := range batch {
		m, hits, known := r.sight(m)
		switch {
		case known:
			out[i] = repeated(m, hits)
		case len(hits) == 0:
			out[i] = []record.Decision{notMatched(m)}
		}
		if known {
			continue
		}
		for _, in := range hits {
			sc, layer := r.score(in)
			work, from = append(work, record.Scored{Matched: in, Score: sc, Layer: layer}), append(from, i)
		}
	}
	decided, err := r.desk.Scored(ctx, work)
	var bad *desk.BadRecordsError
	if err != nil && !errors.As(err, &bad) {
		return nil, fmt.Errorf("deciding: %w", err)
	}
	for n, d := range decided {
		out[from[n]] = append(out[from[n]], d)
	}
	return out, nil
}

// sight is what ingest makes of a mention: its revision, the brands it goes to,
// and whether it is known already as it is.
func (r *Replay) sight(m mention.Mention) (mention.Mention, []record.Matched, bool) {
	old, before := r.seen[m.ID]
	now := replayed{hash: textHash(m), revision: m.Revision, gone: m.Retracted}
	if before && now.gone == old.gone && now.hash == old.hash && now.revision <= old.revision {
		return m, r.envelopes(m, nil, old.brands), true
	}
	if before && m.Revision <= old.revision {
		m.Revision = old.revision + 1
		now.revision = m.Revision
	}
	var hits []record.Matched
	if !m.Retracted {
		for _, h := range r.gen.rules.Matcher.Match(m) {
			now.brands = append(now.brands, h.Brand)
			hits = append(hits, record.Matched{
				V: record.Version, Brand: h.Brand, BrandHash: r.gen.rules.Hashes[h.Brand], Mention: m,
				Terms: h.Terms, ExcludedBy: h.ExcludedBy, Match: record.MatchQuery,
			})
		}
	}
	hits = r.envelopes(m, hits, old.brands)
	now.brands = now.brands[:0]
	for i := range hits {
		now.brands = append(now.brands, hits[i].Brand)
	}
	r.seen[m.ID] = now
	return m, hits, false
}

// envelopes adds the brands that got an earlier revision and do not match this one.
func (r *Replay) envelopes(m mention.Mention, hits []record.Matched, brands []string) []record.Matched {
	for _, b := range brands {
		matched := false
		for i := range hits {
			matched = matched || hits[i].Brand == b
		}
		if !matched {
			hits = append(hits, record.Matched{
				V: record.Version, Brand: b, BrandHash: r.gen.rules.Hashes[b], Mention: m, Match: record.MatchSeen,
			})
		}
	}
	return hits
}

func (r *Replay) score(in record.Matched) (vent.Score, int64) { return r.gen.rescore(in) }

func textHash(m mention.Mention) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(m.Title + "\x00" + m.Text))
	return h.Sum64()
}

func notMatched(m mention.Mention) record.Decision {
	return record.Decision{
		ID: m.ID, Outcome: record.OutcomeNotMatched, Severity: vent.SeverityNone, Revision: m.Revision,
		Why: []string{"not matched: no brand's query occurs in it"},
	}
}

func repeated(m mention.Mention, hits []record.Matched) []record.Decision {
	if len(hits) == 0 {
		return []record.Decision{notMatched(m)}
	}
	out := make([]record.Decision, len(hits))
	for i := range hits {
		out[i] = record.Decision{
			ID: m.ID, Brand: hits[i].Brand, Outcome: record.OutcomeDuplicate, Severity: vent.SeverityNone, Revision: m.Revision,
			Why: []string{"duplicate: this revision was decided before"},
		}
	}
	return out
}

// OpenBackend opens the data_dir of a config while no daemon runs on it, for a
// command. closeAll gives it back.
func OpenBackend(ctx context.Context, cfg *config.Config, log *zap.Logger) (b *Backend, closeAll func(), err error) {
	lock, err := LockDataDir(cfg.DataDir)
	if err != nil {
		return nil, nil, err
	}
	st, err := store.Open(ctx, cfg.Store, cfg.DataDir, log)
	if err != nil {
		_ = lock.Release()
		return nil, nil, err
	}
	closeAll = func() { //nolint:contextcheck // closing must not be cut short
		_ = st.Close()
		_ = lock.Release()
	}
	gen, err := NewGeneration(cfg)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	d, err := desk.New(desk.Options{Store: st, Rules: func() *desk.Rules { return gen.rules }, Log: log})
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	t, err := teach.New(teach.Options{Store: st, Class: gen.class, Log: log})
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	b = &Backend{Store: st, Desk: d, SourceNames: sourcesOrAll(gen), Teaching: teaching(t, st, func() *Generation { return gen })}
	b.StoreMeasures = web.StoreMeasures{Samples: st, Configured: gen.configured}
	return b, closeAll, nil
}

// sourcesOrAll names the configured sources, or nobody's where the config has
// none, as that of run --brand, which a command cannot know.
func sourcesOrAll(gen *Generation) func() []string {
	if len(gen.cfg.Sources) == 0 {
		return nil
	}
	return gen.sourceNames
}
