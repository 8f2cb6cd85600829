package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
)

// RefusedError is a config that was refused; its text are the lines of the problems.
type RefusedError struct{ Problems []config.Problem }

// Error is a line for each problem.
func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

func refusal(ps []config.Problem) error { return &RefusedError{ps} }

// prepare turns a config that was read into a generation: pinned examples are
// run, and a brand file that is broken, or breaks one of its examples, is replaced
// by its last good version. refused are the problems of the files that were; err is
// a config that cannot be taken at all.
func (d *Daemon) prepare(ctx context.Context, cfg *config.Config) (gen *Generation, refused []config.Problem, err error) {
	pins, err := CheckPins(cfg)
	if err != nil {
		return nil, nil, err
	}
	for key, ps := range pins {
		known, err := d.wasGood(ctx, cfg, key)
		if err != nil {
			return nil, nil, err
		}
		if known {
			// The file is the one that was taken before: a new model or a label
			// changed what it says, and that must not stop anybody.
			d.log.Warn("a pinned example no longer holds", zap.String("brand", key), zap.String("problem", ps[0].Error()))
			continue
		}
		cfg.Reject(key, ps)
	}
	whole := false // whether leakytap.yaml itself is what is broken
	for i := range cfg.Units {
		if u := &cfg.Units[i]; u.Broken() {
			refused = append(refused, config.Errors(u.Problems)...)
			whole = whole || u.File == ""
		}
	}
	if whole {
		return nil, nil, refusal(refused)
	}
	for i := range cfg.Units {
		if u := &cfg.Units[i]; u.Broken() {
			if err := d.fallBack(ctx, cfg, u.Key); err != nil {
				return nil, nil, err
			}
		}
	}
	if gen, err = NewGeneration(cfg); err != nil {
		return nil, nil, err
	}
	gen.layers = d.layers
	return gen, refused, d.rememberGood(ctx, cfg)
}

// wasGood reports whether a brand file is, byte for byte, the version that was taken last.
func (d *Daemon) wasGood(ctx context.Context, cfg *config.Config, key string) (bool, error) {
	old, ok, err := d.store.LastGoodBrand(ctx, key)
	if err != nil {
		return false, fmt.Errorf("reading the last good version of brand %s: %w", key, err)
	}
	for i := range cfg.Units {
		if u := &cfg.Units[i]; u.Key == key && u.File != "" {
			return ok && string(old) == string(u.Good()), nil
		}
	}
	return false, nil
}

func (d *Daemon) fallBack(ctx context.Context, cfg *config.Config, key string) error {
	data, ok, err := d.lastGood(ctx, cfg, key)
	if err != nil || !ok {
		return err
	}
	if ps := cfg.UseLastGood(key, data); len(ps) > 0 {
		d.log.Error("the last good version of a brand is not good any more", zap.String("brand", key), zap.String("problem", ps[0].Error()))
		return nil
	}
	d.log.Warn("brand file is broken, its last good version runs", zap.String("brand", key))
	return nil
}

// lastGood is the last good version of a brand file: what was taken under its name, or,
// where the file was renamed and broken in one go, what was taken for the same brand.
func (d *Daemon) lastGood(ctx context.Context, cfg *config.Config, key string) ([]byte, bool, error) {
	data, ok, err := d.store.LastGoodBrand(ctx, key)
	if err != nil || ok {
		return data, ok, err
	}
	i := slices.IndexFunc(cfg.Units, func(u config.BrandUnit) bool { return u.Key == key })
	if i < 0 {
		return nil, false, nil
	}
	name := cfg.Units[i].Name
	if gen := d.gen.Load(); gen != nil {
		for j := range gen.cfg.Units {
			u := &gen.cfg.Units[j]
			if u.Name == name && u.File != "" && !u.Broken() && config.NamesBrand(u.YAML, name) {
				return u.Good(), true, nil
			}
		}
	}
	data, ok, err = d.store.LastGoodBrand(ctx, name)
	return data, ok && config.NamesBrand(data, name), err
}

// rememberGood keeps the brand files that are taken, those that it has not kept already.
func (d *Daemon) rememberGood(ctx context.Context, cfg *config.Config) error {
	kept := make(map[string]string, len(cfg.Units))
	for i := range cfg.Units {
		u := &cfg.Units[i]
		if u.File == "" || u.Stale || u.Broken() {
			continue
		}
		good, hash := u.Good(), u.Brand.Hash()
		kept[u.Key] = fingerprint([]string{hash, string(good)})
		if kept[u.Key] == d.kept[u.Key] {
			continue
		}
		if err := d.store.SaveGoodBrand(ctx, u.Key, good, hash); err != nil {
			return err
		}
	}
	d.kept = kept
	return nil
}

// unheard are the problems of the brand files that have no good version at all:
// at a start each of them refuses it.
func unheard(cfg *config.Config) []config.Problem {
	var out []config.Problem
	for i := range cfg.Units {
		if u := &cfg.Units[i]; u.Broken() {
			out = append(out, config.Errors(u.Problems)...)
		}
	}
	return out
}

// CheckPins runs the pinned examples of every brand that can be read, and gives the
// problems by the key of the brand's unit.
func CheckPins(cfg *config.Config) (map[string][]setting.Problem, error) {
	gen, err := newGeneration(cfg, nil) // where an alert would go is of no matter here
	if err != nil {
		return nil, err
	}
	out := map[string][]setting.Problem{}
	for i := range cfg.Units {
		u := &cfg.Units[i]
		if u.Broken() {
			continue
		}
		if ps := tune.Check(u.Brand, pinJudge{gen}); len(ps) > 0 {
			out[u.Key] = ps
		}
	}
	return out, nil
}

// pinJudge judges pinned examples with one generation.
type pinJudge struct{ gen *Generation }

// Judge decides on a text of nobody, said now.
func (j pinJudge) Judge(b brand.Brand, text string) record.Decision {
	now := time.Now().UTC()
	return j.gen.Judge(b.Name, pinned(text, now), now)
}

// pinned is an example as a post.
func pinned(text string, now time.Time) mention.Mention {
	m, _ := mention.Clean(mention.Mention{
		Platform: "pin", NativeID: "example", Kind: mention.KindPost, Text: text, CreatedAt: now, ObservedAt: now,
	})
	return m
}

// Reload reads the config again and swaps the generation. What is wrong comes
// back as lines, and then the old one goes on; a brand file that is wrong costs
// its brand alone, and its lines come back as well.
func (d *Daemon) Reload(ctx context.Context) error {
	d.reloads.Lock()
	defer d.reloads.Unlock()
	refused, err := d.reload(ctx)
	if err == nil && len(refused) > 0 {
		err = refusal(refused)
	}
	if err != nil {
		d.met.reloadOK.Set(0)
		d.state.refused(err.Error())
		d.log.Error("config was refused", zap.String("problems", err.Error()))
		return err
	}
	d.taken(nil)
	d.log.Info("config was taken", zap.String("hash", d.gen.Load().rules.Hash))
	return nil
}

func (d *Daemon) reload(ctx context.Context) ([]config.Problem, error) {
	cfg, problems := d.opt.Load()
	if config.Fatal(problems) {
		return nil, refusal(config.Errors(problems))
	}
	gen, refused, err := d.prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	tokens, err := web.LoadTokens(gen.cfg.Server.Auth)
	if err != nil {
		return nil, fmt.Errorf("server.auth: %w", err)
	}
	old := d.gen.Load()
	if err := d.take(gen); err != nil {
		return nil, err
	}
	d.web.SetTokens(tokens)
	d.markStale(ctx, gen)
	d.keepHistory(ctx, gen, false)
	d.shadows.renew(ctx, gen.cfg)
	d.warnRestart(old.cfg, gen.cfg)
	return refused, nil
}

// taken notes a config that runs; with refused brand files the disk is not what runs.
func (d *Daemon) taken(refused []config.Problem) {
	d.met.reloadAt.SetToCurrentTime()
	if len(refused) > 0 {
		d.met.reloadOK.Set(0)
		d.state.refused(refusal(refused).Error())
		d.log.Error("brand files were refused", zap.String("problems", refusal(refused).Error()))
		return
	}
	d.met.reloadOK.Set(1)
	d.state.refused("")
}

// warnRestart names what a reload cannot change.
func (d *Daemon) warnRestart(old, now *config.Config) {
	for _, c := range []struct {
		name    string
		changed bool
	}{
		{"data_dir", old.DataDir != now.DataDir},
		{"server", old.Server.Listen != now.Server.Listen || old.Server.MetricsListen != now.Server.MetricsListen},
		{"bus", fmt.Sprintf("%+v", old.Bus) != fmt.Sprintf("%+v", now.Bus)},
		{"store", fmt.Sprintf("%+v", old.Store) != fmt.Sprintf("%+v", now.Store)},
		{"http", fmt.Sprintf("%+v", old.HTTP) != fmt.Sprintf("%+v", now.HTTP)},
		{"debug", old.Debug != now.Debug},
	} {
		if c.changed {
			d.log.Warn("this part of the config changes with a restart only", zap.String("part", c.name))
		}
	}
}

// take makes gen the generation in use. Everything that can fail is built
// before anything is swapped.
func (d *Daemon) take(gen *Generation) error {
	receivers, err := d.buildReceivers(gen.cfg)
	if err != nil {
		return err
	}
	sources, hooks, err := d.buildSources(gen.cfg)
	if err != nil {
		return err
	}
	d.ingest.Prepare(gen.sourceNames(), gen.brands)
	d.score.Prepare(gen.brands)
	d.desk.Prepare(gen.brands)
	d.met.prepare(gen.brands)
	d.met.parts.prepare(gen.cfg.Brands)
	d.alerting.Ensure(gen.brands, receiverNames(gen.cfg))
	d.gen.Store(gen)
	d.drains.apply(receivers)
	if d.sockets != nil {
		d.sockets.Apply()
	}
	d.hooks.set(hooks)
	d.ingest.Apply(sources)
	return nil
}

// watchConfig reloads on SIGHUP and when a file of the config changes.
func (d *Daemon) watchConfig(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	watching := make(chan error, 1)
	if d.opt.Watch {
		since := d.gen.Load().cfg.Fingerprint()
		go func() {
			w := config.Watcher{
				Files: func() []string { return d.gen.Load().cfg.Files() }, Since: since, Changed: func() { signal(changed) },
				Pace: d.opt.Pace, Log: d.log,
			}
			watching <- w.Run(ctx)
		}()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watching:
			if err != nil && ctx.Err() == nil {
				d.log.Warn("config files are not watched; SIGHUP and POST /-/reload still work", zap.Error(err))
			}
			continue
		case <-changed:
		case <-d.opt.Hangup:
		}
		// The error was logged; the old config goes on.
		_ = d.Reload(ctx)
	}
}
