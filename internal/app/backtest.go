package app

import (
	"context"
	"fmt"
	"reflect"
	"time"

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
	return tune.Backtest(ctx, tune.Options{
		Store: r, Running: tune.Side{Rules: was.rules},
		Candidate: tune.Side{
			Rules: will.rules, Score: will.rescore,
			Rescore: func(brand string) bool { return scoresDiffer(was, will, brand) },
		},
		Since: w.Since, Until: w.Until, Progress: w.Progress,
		MaxAge: func(source string) time.Duration { return ages[source] },
	})
}

// scoresDiffer reports whether two generations may score a brand's mentions differently:
// by another model, or as they know the brand by other names.
func scoresDiffer(a, b *Generation, brand string) bool {
	old, had := a.Subject(brand)
	fresh, has := b.Subject(brand)
	if !had || !has {
		return false // there is nothing to hold beside
	}
	if a.scorer.Version() != b.scorer.Version() || a.fast != b.fast || a.cfg.Score.Model != b.cfg.Score.Model {
		return true
	}
	var none mention.Mention
	return !reflect.DeepEqual(score.Input(old, none), score.Input(fresh, none))
}
