package app

import (
	"context"

	"github.com/leakytap/leakytap/internal/config"
)

// markStale says which brands do not run as their files say: by a metric, and to
// ops_receiver when that begins and when it ends. Reloads come one at a time, and so do
// calls of this.
func (d *Daemon) markStale(ctx context.Context, gen *Generation) {
	now := map[string]string{}
	d.met.stale.Reset()
	for i := range gen.cfg.Units {
		u := &gen.cfg.Units[i]
		state := 0.0
		if u.Stale || u.Broken() {
			state = 1
			now[u.Name] = staleBecause(u)
		}
		d.met.stale.WithLabelValues(u.Name).Set(state)
	}
	for name, why := range now {
		if d.stale[name] != why {
			d.tellStale(ctx, "Brand "+name+" does not run as its file says", why)
		}
	}
	for name := range d.stale {
		if _, still := now[name]; !still {
			d.tellStale(ctx, "Brand "+name+" runs as its file says again", "Its file is good, or is gone.")
		}
	}
	d.stale = now
}

// staleBecause names what runs and what is wrong with the file.
func staleBecause(u *config.BrandUnit) string {
	what := "Nothing is heard for it: its file is broken, and there is no earlier version. "
	if u.Stale {
		what = "Its last good version runs. "
	}
	if errs := config.Errors(u.Problems); len(errs) > 0 {
		return what + errs[0].Error()
	}
	return what + u.Refused
}

// tellStale leaves it to the process that tells people: every process reloads its files.
func (d *Daemon) tellStale(ctx context.Context, title, line string) {
	if !d.opt.Roles.Has(RoleAlert) {
		return
	}
	if err := d.tellOps(ctx, title, []string{line}); err != nil && ctx.Err() == nil {
		d.log.Warn(err.Error())
	}
}
