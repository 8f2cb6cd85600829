package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
)

// backtestWithin bounds a backtest that the inbox asked for.
const backtestWithin = 30 * time.Minute

// tuning answers the tuning pages of a daemon.
type tuning struct {
	d *Daemon

	mu    sync.Mutex
	state web.BacktestState
	ask   chan func(context.Context)
}

var _ web.Tuning = (*tuning)(nil)

func newTuning(d *Daemon) *tuning { return &tuning{d: d, ask: make(chan func(context.Context), 1)} }

// run does what takes longer than a request, one thing at a time, until ctx ends.
func (t *tuning) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case job := <-t.ask:
			job(ctx)
		}
	}
}

// Brands are the configured brands.
func (t *tuning) Brands() []string { return t.d.gen.Load().brands }

// Shadow is the candidate that runs, or the last one.
func (t *tuning) Shadow(ctx context.Context) (tune.ShadowReport, error) {
	return t.d.shadows.report(ctx)
}

// StartShadow begins one.
func (t *tuning) StartShadow(ctx context.Context, file []byte, by string) (tune.ShadowReport, error) {
	if !t.d.opt.Roles.Has(RoleIngest) {
		return tune.ShadowReport{}, &web.Refused{Message: "a shadow runs where posts come in: in the process with the role ingest"}
	}
	if err := t.d.shadows.start(ctx, file, by); err != nil {
		return tune.ShadowReport{}, err
	}
	return t.d.shadows.report(ctx)
}

// StopShadow ends it.
func (t *tuning) StopShadow(ctx context.Context) (tune.ShadowReport, error) {
	if err := t.d.shadows.stop(ctx); err != nil {
		return tune.ShadowReport{}, err
	}
	return t.d.shadows.report(ctx)
}

// Ledger is what each part of the queries did.
func (t *tuning) Ledger(ctx context.Context, name string, since time.Time) ([]tune.BrandLedger, error) {
	cfg := t.d.gen.Load().cfg
	var brands []brand.Brand
	for i := range cfg.Brands {
		if name == "" || cfg.Brands[i].Name == name {
			brands = append(brands, cfg.Brands[i])
		}
	}
	if len(brands) == 0 {
		return nil, web.ErrNotFound
	}
	return Ledger(ctx, cfg, brands, Window{Since: since, Until: time.Now().UTC()})
}

// StartBacktest begins a backtest.
func (t *tuning) StartBacktest(_ context.Context, file []byte, since time.Time) error {
	running := t.d.gen.Load().cfg
	other, name, err := candidate(running, file)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.Running {
		return &web.Refused{Message: "a backtest of " + t.state.Brand + " runs already; wait for its end"}
	}
	job := func(ctx context.Context) { t.backtest(ctx, running, other, name, since) }
	select {
	case t.ask <- job:
		t.state = web.BacktestState{Brand: name, Running: true, Since: since}
		return nil
	default:
		return &web.Refused{Message: "a backtest is about to begin already; wait for its end"}
	}
}

// backtest holds the two against each other on the brand's own mentions.
func (t *tuning) backtest(ctx context.Context, running, other *config.Config, name string, since time.Time) {
	ctx, cancel := context.WithTimeout(ctx, backtestWithin)
	defer cancel()
	was, ok := running.Alone(name)
	if !ok {
		was = running
	}
	will, _ := other.Alone(name)
	rep, err := Backtest(ctx, was, will, Window{Since: since, Until: time.Now().UTC(), Progress: func(done, total int) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.state.Done, t.state.Total = done, total
	}})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Running = false
	if err != nil {
		t.state.Failed = err.Error()
		t.d.log.Warn("a backtest failed", zap.Error(err))
		return
	}
	t.state.Report = &rep
}

// Backtest is the one that runs, or the last one.
func (t *tuning) Backtest() web.BacktestState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

// History are the newest changes of the config.
func (t *tuning) History(ctx context.Context) ([]tune.Effect, error) {
	return History(ctx, t.d.store, time.Now().UTC())
}

// Explain is what each brand makes of a text.
func (t *tuning) Explain(_ context.Context, name, text string) ([]tune.Explained, error) {
	gen, now := t.d.gen.Load(), time.Now().UTC()
	m, _ := mention.Clean(mention.Mention{
		Platform: "explain", NativeID: "text", Kind: mention.KindPost, Text: text, CreatedAt: now, ObservedAt: now,
	})
	var out, missed []tune.Explained
	for _, b := range gen.brands {
		if name != "" && b != name {
			continue
		}
		d := gen.Judge(b, m, now)
		if d.Outcome == record.OutcomeNotMatched {
			missed = append(missed, tune.Explained{Decision: d, Missed: true})
		} else {
			out = append(out, tune.Explained{Decision: d})
		}
	}
	if len(out)+len(missed) == 0 {
		return nil, web.ErrNotFound
	}
	return append(out, missed...), nil
}

// Unseen says why a post was never collected.
func (t *tuning) Unseen(ctx context.Context, asked, text string) (tune.Unseen, error) {
	return Unseen(ctx, t.d.gen.Load().cfg, t.d.store, asked, time.Time{}, text)
}

// Trace is what is kept of a post for a brand.
func (t *tuning) Trace(ctx context.Context, name, id string) (tune.Trace, error) {
	out := tune.Trace{Brand: name}
	post, err := t.d.store.Mention(ctx, name, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return out, nil
	case err != nil:
		return out, err
	}
	out.Kept, out.Post = true, post
	if post.Case == "" {
		return out, nil
	}
	dossier, err := t.d.store.Dossier(ctx, post.Case)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return out, fmt.Errorf("reading the case: %w", err)
	}
	for _, e := range dossier.History {
		if e.Mention == id || e.Mention == "" && strings.EqualFold(e.What, "opened") {
			out.Events = append(out.Events, e)
		}
	}
	out.Sent, err = t.d.store.NoticesOfCase(ctx, post.Case)
	return out, err
}
