package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
)

const (
	// changesKept is how many generations of the config are remembered.
	changesKept = 500
	changesTold = 100
	// snapshotKey is the store's value with the brands of the generation before.
	snapshotKey = "config_snapshot"
	// snapshotLines bounds what is kept of one brand for the next comparison.
	snapshotLines = 2000
)

// snapshot is a generation as the next one is compared with it.
type snapshot struct {
	Hash   string              `json:"hash"`
	Rest   string              `json:"rest"`
	Brands map[string][]string `json:"brands"`
}

// keepHistory writes down what differs from the generation before. It never stops a
// reload: what cannot be kept is logged.
func (d *Daemon) keepHistory(ctx context.Context, gen *Generation, start bool) {
	if !d.opt.Roles.Has(RoleAlert) {
		return
	}
	if err := keepHistory(ctx, d.store, gen, start); err != nil && ctx.Err() == nil {
		d.log.Warn("the change of the config was not written down", zap.Error(err))
	}
}

func keepHistory(ctx context.Context, st *store.Store, gen *Generation, start bool) error {
	now := snapshot{Hash: gen.rules.Hash, Rest: gen.cfg.RestHash(), Brands: map[string][]string{}}
	for i := range gen.cfg.Brands {
		b := &gen.cfg.Brands[i]
		lines := config.BrandLines(*b)
		if len(lines) > snapshotLines {
			lines = append(lines[:snapshotLines], "more: "+b.Hash())
		}
		now.Brands[b.Name] = lines
	}
	var old snapshot
	text, known, err := st.Meta(ctx, snapshotKey)
	if err != nil {
		return err
	}
	if known && json.Unmarshal([]byte(text), &old) != nil {
		known = false
	}
	if known && old.Hash == now.Hash {
		return nil
	}
	c := record.ConfigChange{At: time.Now().UTC(), Hash: now.Hash, Start: start, Other: known && old.Rest != now.Rest}
	c.Brands = changes(ctx, gen.cfg, old.Brands, now.Brands)
	body, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if _, err := st.AddJournal(ctx, record.JournalConfig, "", c.At, c, changesKept); err != nil {
		return err
	}
	return st.SetMeta(ctx, snapshotKey, string(body))
}

// changes are the brands that differ, by name.
func changes(ctx context.Context, cfg *config.Config, old, now map[string][]string) []record.BrandChange {
	var out []record.BrandChange
	for name, lines := range now {
		before, had := old[name]
		switch {
		case !had:
			out = append(out, record.BrandChange{Brand: name, What: "added"})
		case !slices.Equal(before, lines):
			out = append(out, record.BrandChange{Brand: name, What: "changed", Lines: tune.Lines(before, lines)})
		}
	}
	for name := range old {
		if _, has := now[name]; !has {
			out = append(out, record.BrandChange{Brand: name, What: "removed"})
		}
	}
	slices.SortFunc(out, func(a, b record.BrandChange) int { return strings.Compare(a.Brand, b.Brand) })
	for i := range out {
		for j := range cfg.Units {
			if u := &cfg.Units[j]; u.Name == out[i].Brand {
				out[i].Stale = u.Stale
				out[i].File = u.File
				// `run --brand NAME` has no file at all.
				if files := cfg.Files(); u.File == "" && len(files) > 0 {
					out[i].File = files[0]
				}
				if out[i].File != "" {
					out[i].Who = whoChanged(ctx, out[i].File)
				}
			}
		}
	}
	return out
}

// activity counts a brand's decisions: a store, or a reader of one.
type activity interface {
	Activity(ctx context.Context, brand string, from, to time.Time) (store.Activity, error)
	Journal(ctx context.Context, kind, key string, limit int) ([]record.JournalEntry, error)
}

// History are the newest changes of the config, the newest first, each with what it
// measurably did.
func History(ctx context.Context, from activity, now time.Time) ([]tune.Effect, error) {
	rows, err := from.Journal(ctx, record.JournalConfig, "", changesTold)
	if err != nil {
		return nil, err
	}
	out := make([]tune.Effect, 0, len(rows))
	for _, r := range rows {
		var c record.ConfigChange
		if err := json.Unmarshal(r.Body, &c); err != nil {
			return nil, fmt.Errorf("reading line %d of the history: %w", r.N, err)
		}
		c.N = r.N
		out = append(out, tune.Effect{ConfigChange: c})
	}
	for i := range out {
		for _, b := range out[i].Brands {
			if b.What != "changed" {
				continue
			}
			e := tune.BrandEffect{Brand: b.Brand}
			lo, hi := tune.EffectWindow(neighbour(out[i+1:], b.Brand), out[i].At, lastOf(out[:i], b.Brand), now)
			if e.Before, err = from.Activity(ctx, b.Brand, lo, out[i].At); err != nil {
				return nil, err
			}
			if e.After, err = from.Activity(ctx, b.Brand, out[i].At, hi); err != nil {
				return nil, err
			}
			e.DaysBefore, e.DaysAfter = out[i].At.Sub(lo).Hours()/24, hi.Sub(out[i].At).Hours()/24
			out[i].Effects = append(out[i].Effects, e)
		}
	}
	return out, nil
}

// neighbour is when a brand last changed in a list, the newest first.
func neighbour(list []tune.Effect, brand string) time.Time {
	for i := range list {
		if slices.ContainsFunc(list[i].Brands, func(b record.BrandChange) bool { return b.Brand == brand }) {
			return list[i].At
		}
	}
	return time.Time{}
}

// lastOf is when a brand changed next after a list's end.
func lastOf(list []tune.Effect, brand string) time.Time {
	for _, e := range slices.Backward(list) {
		if slices.ContainsFunc(e.Brands, func(b record.BrandChange) bool { return b.Brand == brand }) {
			return e.At
		}
	}
	return time.Time{}
}
