package app

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Generation is one reading of the config with everything that is built from
// it. It never changes: a reload makes the next one.
type Generation struct {
	cfg      *config.Config
	brands   []string
	subjects map[string]score.Subject
	scorer   *vent.Scorer
	fast     bool
	rules    *desk.Rules
	matching matching
	// layers are what labels taught, nil where none are to be used.
	layers *shelf
	// examples are the scores of pinned examples without any layer, by brand and text.
	examples *sync.Map
}

// NewGeneration compiles everything that can fail: queries, routes, the model.
func NewGeneration(cfg *config.Config) (*Generation, error) {
	router, err := alert.NewRouting(alert.Routing{
		Route: cfg.Route, Receivers: cfg.Receivers, Intervals: cfg.TimeIntervals, Inhibit: cfg.InhibitRules,
	})
	if err != nil {
		return nil, err
	}
	return newGeneration(cfg, router)
}

func newGeneration(cfg *config.Config, router *alert.Router) (*Generation, error) {
	set, err := match.Compile(cfg.Brands)
	if err != nil {
		return nil, fmt.Errorf("compiling queries: %w", err)
	}
	scorer, err := LoadScorer(cfg.Score.Model)
	if err != nil {
		return nil, err
	}
	g := &Generation{
		cfg: cfg, scorer: scorer, fast: cfg.Score.SecondOpinion == "none",
		subjects: make(map[string]score.Subject, len(cfg.Brands)), examples: &sync.Map{},
	}
	g.rules = &desk.Rules{
		Hash:   cfg.Hash(),
		Brands: make(map[string]brand.Brand, len(cfg.Brands)), Hashes: make(map[string]string, len(cfg.Brands)),
		Names: make(map[string][]string, len(cfg.Brands)), Matcher: set, Router: router, Score: g.rescore,
	}
	for _, b := range cfg.Brands {
		names := match.Names(b.Query)
		g.brands = append(g.brands, b.Name)
		g.subjects[b.Name] = score.Subject{Brand: b, Names: names}
		g.rules.Brands[b.Name], g.rules.Hashes[b.Name], g.rules.Names[b.Name] = b, b.Hash(), names
	}
	slices.Sort(g.brands)
	g.matching = matching{set: set, hashes: g.rules.Hashes}
	return g, nil
}

// LoadScorer opens a model file, or the built-in model for an empty path.
func LoadScorer(path string) (*vent.Scorer, error) {
	if path == "" {
		return vent.Default()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening model: %w", err)
	}
	defer func() { _ = f.Close() }()
	s, err := vent.Load(f)
	if err != nil {
		return nil, fmt.Errorf("reading model %s: %w", path, err)
	}
	return s, nil
}

// receiverNames are the names that a route may use.
func receiverNames(cfg *config.Config) []string {
	names := make([]string, 0, len(cfg.Receivers))
	for i := range cfg.Receivers {
		names = append(names, cfg.Receivers[i].Name)
	}
	return names
}

func (g *Generation) sourceNames() []string {
	names := make([]string, 0, len(g.cfg.Sources))
	for i := range g.cfg.Sources {
		names = append(names, g.cfg.Sources[i].Name)
	}
	return names
}

// Subject finds a brand with its names.
func (g *Generation) Subject(name string) (score.Subject, bool) {
	s, ok := g.subjects[name]
	return s, ok
}

// Score is the scorer as the stage asks it.
func (g *Generation) Score(in vent.Input, opt vent.Options) vent.Score {
	opt.Fast = opt.Fast || g.fast
	return g.scorer.Score(in, opt)
}

// Second asks the second opinion as the stage does.
func (g *Generation) Second(ctx context.Context, in vent.Input, opt vent.Options) (vent.Score, error) {
	return g.scorer.Second(ctx, in, opt)
}

// Unsure tells whether the second opinion is to be asked.
func (g *Generation) Unsure(sc vent.Score) bool { return !g.fast && sc.Unsure() }

// rescore scores a mention that another generation scored.
func (g *Generation) rescore(m record.Matched) (vent.Score, int64) {
	layer := g.layer(m.Brand)
	return g.Score(g.input(m.Brand, m.Mention), vent.Options{Explain: true, Layer: layer}), versionOf(layer)
}

// layer is what the labels of a brand taught, nil for nothing and for a brand that does
// not learn.
func (g *Generation) layer(name string) *vent.Layer {
	if b, ok := g.rules.Brands[name]; !ok || b.Learning() == brand.LearnOff {
		return nil
	}
	return g.layers.of(name)
}

func versionOf(l *vent.Layer) int64 {
	if l == nil {
		return 0
	}
	return l.Version
}

// Judge decides on one text as if nothing had ever happened: for explain, for
// pinned examples and for whoever asks what a text would become.
func (g *Generation) Judge(brandName string, m mention.Mention, now time.Time) record.Decision {
	in, found := g.matched(brandName, m)
	sc, layer := g.rescore(in)
	return g.judged(record.Scored{Matched: in, Score: sc, Layer: layer}, found, now)
}

// matched is a text as ingest would publish it for a brand, and whether it would.
func (g *Generation) matched(brandName string, m mention.Mention) (in record.Matched, found bool) {
	in = record.Matched{V: record.Version, Brand: brandName, BrandHash: g.rules.Hashes[brandName], Mention: m, Match: record.MatchQuery}
	for _, h := range g.rules.Matcher.Match(m) {
		if h.Brand == brandName {
			in.Terms, in.ExcludedBy, found = h.Terms, h.ExcludedBy, true
		}
	}
	return in, found
}

// judged decides on a text that has its score.
func (g *Generation) judged(s record.Scored, found bool, now time.Time) record.Decision {
	if !found {
		return record.Decision{
			ID: s.Mention.ID, Brand: s.Brand, Outcome: record.OutcomeNotMatched, Severity: s.Score.Severity, Venting: s.Score.Venting,
			Score: s.Score, Layer: s.Layer, Why: []string{"not matched: no term of the query of " + s.Brand + " occurs in the text"},
		}
	}
	return g.rules.Preview(s, now)
}

// matching is what ingest knows of a generation.
type matching struct {
	set    *match.Set
	hashes map[string]string
}

// Match gives the brands that m speaks of.
func (m matching) Match(post mention.Mention) []ingest.Hit {
	hits := m.set.Match(post)
	if len(hits) == 0 {
		return nil
	}
	out := make([]ingest.Hit, len(hits))
	for i, h := range hits {
		out[i] = ingest.Hit{Brand: h.Brand, Terms: h.Terms, ExcludedBy: h.ExcludedBy}
	}
	return out
}

// Hash is the hash of a brand, false where there is none of that name.
func (m matching) Hash(name string) (string, bool) {
	h, ok := m.hashes[name]
	return h, ok
}
