package app

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Window bounds a look back. Progress is told how far it is; nil is nobody.
type Window struct {
	Since, Until time.Time
	Progress     func(done, total int)
}

// Backtest holds a candidate config against the running one, on the mentions that are
// stored in the running one's data_dir. It reads beside a daemon that works there.
func Backtest(ctx context.Context, running, candidate *config.Config, w Window) (rep tune.Report, err error) {
	was, err := NewGeneration(running)
	if err != nil {
		return rep, fmt.Errorf("building the running config: %w", err)
	}
	will, err := NewGeneration(candidate)
	if err != nil {
		return rep, fmt.Errorf("building the candidate: %w", err)
	}
	r, err := store.OpenReader(ctx, running.DataDir)
	if err != nil {
		return rep, err
	}
	defer func() { _ = r.Close() }()
	// What labels taught is scored with where scores are made anew.
	if will.layers, err = shelfOf(ctx, r); err != nil {
		return rep, err
	}
	ages := map[string]time.Duration{}
	for i := range running.Sources {
		ages[running.Sources[i].Name] = running.Sources[i].MaxAge.D()
	}
	rescores := func(g *Generation) func(string) bool {
		return func(brand string) bool { return scoresDiffer(was, g, brand) }
	}
	return tune.Backtest(ctx, tune.Options{
		Store: r, Running: tune.Side{Rules: was.rules},
		Candidate: tune.Side{
			Rules: will.rules, Score: will.rescore, Rescore: rescores(will),
		},
		Routes: routesDiffer(running, candidate), Model: modelsDiffer(was, will),
		Build: func(b brand.Brand, routes, model bool) (tune.Side, error) {
			cfg, router := *running, was.rules.Router
			cfg.Brands = []brand.Brand{b}
			if model {
				cfg.Score = candidate.Score
			}
			if routes {
				router = will.rules.Router
			}
			g, err := newGeneration(&cfg, router)
			if err != nil {
				return tune.Side{}, fmt.Errorf("building the running config with some of the candidate's edits: %w", err)
			}
			g.layers = will.layers
			return tune.Side{Rules: g.rules, Score: g.rescore, Rescore: rescores(g)}, nil
		},
		Since: w.Since, Until: w.Until, Progress: w.Progress,
		MaxAge: func(source string) time.Duration { return ages[source] },
	})
}

// routesDiffer reports whether two configs send a card of the same brand to other places.
func routesDiffer(a, b *config.Config) bool {
	return !reflect.DeepEqual(a.Route, b.Route) || !reflect.DeepEqual(a.InhibitRules, b.InhibitRules) || !reflect.DeepEqual(a.TimeIntervals, b.TimeIntervals)
}

// modelsDiffer reports whether two generations score by other means.
func modelsDiffer(a, b *Generation) bool {
	return a.scorer.Version() != b.scorer.Version() || a.fast != b.fast || a.cfg.Score.Model != b.cfg.Score.Model
}

// scoresDiffer reports whether two generations may score a brand's mentions differently:
// by another model, or as they know the brand by other names.
func scoresDiffer(a, b *Generation, brand string) bool {
	old, had := a.Subject(brand)
	fresh, has := b.Subject(brand)
	if !had || !has {
		return false // there is nothing to hold beside
	}
	if modelsDiffer(a, b) {
		return true
	}
	var none mention.Mention
	return !reflect.DeepEqual(score.Input(old, none), score.Input(fresh, none))
}
