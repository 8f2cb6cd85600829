package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	leaseHouse = "housekeeping"
	houseEvery = time.Second
	houseTTL   = 10 * time.Second
	// firstLookWithin is how long the start may wait for the gauges' first values.
	firstLookWithin = 2 * time.Second
	pruneEvery      = 5 * time.Minute
	// blindWindowsKept is how many blind windows of a source are remembered.
	blindWindowsKept = 500
)

// keepHouse judges silence, fills the gauges that come from the store, and
// prunes, while this process holds the lease.
func (d *Daemon) keepHouse(ctx context.Context) error {
	tick := time.NewTicker(houseEvery)
	defer tick.Stop()
	var pruned time.Time
	var failing bool
	for {
		held, err := d.store.Lease(ctx, leaseHouse, d.holder, houseTTL)
		d.keeping.Store(err == nil && held)
		if err == nil && held {
			err = d.tidy(ctx, time.Now().UTC())
			if err == nil && time.Since(pruned) > pruneEvery {
				pruned = time.Now()
				err = d.store.Prune(ctx, time.Now().UTC())
			}
		} else {
			d.met.gauges.drop()
		}
		if err != nil && ctx.Err() == nil && !failing {
			d.log.Warn("housekeeping failed, trying again", zap.Error(err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return d.leaveHouse() //nolint:contextcheck // ctx has ended
		case <-tick.C:
		}
	}
}

// firstLook fills the gauges that come from the store before anyone can scrape
// them. What the bus does not tell by then is 0 until the first round.
func (d *Daemon) firstLook(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstLookWithin)
	defer cancel()
	gen := d.gen.Load()
	sources := map[string]bool{}
	if d.opt.Roles.Has(RoleIngest) {
		for _, name := range gen.sourceNames() {
			sources[name] = false
		}
		stats, err := d.store.SourceStats(ctx)
		for i := range stats {
			if _, ok := sources[stats[i].Source]; ok && err == nil {
				sources[stats[i].Source] = stats[i].Blind
			}
		}
	}
	cases, err := d.countCases(ctx, gen)
	if err != nil {
		d.log.Warn("cases were not counted", zap.Error(err))
	}
	lags := d.lags(ctx)
	for _, g := range d.groups() {
		lags[g.group] += 0
	}
	d.met.gauges.set(cases, sources, lags)
}

// leaveHouse gives the lease back, so that a successor need not wait for it to end.
func (d *Daemon) leaveHouse() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.store.ReleaseLease(ctx, leaseHouse, d.holder); err != nil {
		d.log.Debug("lease was not given back", zap.Error(err))
	}
	return nil
}

// tidy is one round of housekeeping.
func (d *Daemon) tidy(ctx context.Context, now time.Time) error {
	gen := d.gen.Load()
	sources, err := d.judgeSilence(ctx, gen, now)
	if err != nil {
		return err
	}
	cases, err := d.countCases(ctx, gen)
	if err != nil {
		return err
	}
	d.met.gauges.set(cases, sources, d.lags(ctx))
	oldest, _, err := d.store.OutboxStats(ctx)
	if err != nil {
		return fmt.Errorf("reading outbox: %w", err)
	}
	d.met.outboxOldest.Set(0)
	if !oldest.IsZero() {
		d.met.outboxOldest.Set(now.Sub(oldest).Seconds())
	}
	size, err := d.store.Size(ctx)
	if err != nil {
		return fmt.Errorf("measuring store: %w", err)
	}
	d.met.storeBytes.Set(float64(size))
	return nil
}

// countCases is nil in a process that does not hold the cases.
func (d *Daemon) countCases(ctx context.Context, gen *Generation) (map[string]map[vent.Severity]int, error) {
	if !d.opt.Roles.Has(RoleAlert) {
		return nil, nil
	}
	cases, err := d.store.CaseCounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("counting cases: %w", err)
	}
	for _, name := range gen.brands {
		if cases[name] == nil {
			cases[name] = map[vent.Severity]int{}
		}
	}
	return cases, nil
}

// following is a group that reads a topic in this process.
type following struct {
	role         Role
	topic, group string
}

func (d *Daemon) groups() []following {
	return slices.DeleteFunc([]following{
		{RoleScore, bus.TopicMentions, bus.GroupScore},
		{RoleAlert, bus.TopicScored, bus.GroupAlert},
	}, func(f following) bool { return !d.opt.Roles.Has(f.role) })
}

// lags asks the bus how far behind the groups of this process are. A bus that
// does not answer leaves them out rather than claim 0.
func (d *Daemon) lags(ctx context.Context) map[string]int64 {
	out := map[string]int64{}
	for _, g := range d.groups() {
		if n, err := d.bus.Lag(ctx, g.topic, g.group); err == nil {
			out[g.group] = n
		} else if ctx.Err() == nil {
			d.log.Debug("lag is not known", zap.String("group", g.group), zap.Error(err))
		}
	}
	return out
}

// judgeSilence finds the sources that are blind and tells ops_receiver once
// when one becomes so, and once when it hears again.
func (d *Daemon) judgeSilence(ctx context.Context, gen *Generation, now time.Time) (map[string]bool, error) {
	if !d.opt.Roles.Has(RoleIngest) {
		return nil, nil
	}
	stats, err := d.store.SourceStats(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading sources: %w", err)
	}
	out := make(map[string]bool, len(gen.cfg.Sources))
	for _, name := range gen.sourceNames() {
		out[name] = false
	}
	var errs []error
	for i := range stats {
		st := &stats[i]
		if _, configured := out[st.Source]; !configured {
			continue
		}
		blind, since := ingest.Blind(*st, d.started, now)
		out[st.Source] = blind
		if blind != st.Blind {
			errs = append(errs, d.tellSilence(ctx, st, blind, since, now))
		}
	}
	return out, errors.Join(errs...)
}

func (d *Daemon) tellSilence(ctx context.Context, st *record.SourceStat, blind bool, since, now time.Time) error {
	title := "Source " + st.Source + " hears nothing"
	lines := []string{"Silent since " + since.UTC().Format(time.RFC3339) + ": complaints there are not seen."}
	if st.LastError != "" {
		lines = append(lines, "Last error: "+st.LastError)
	}
	if !blind {
		title = "Source " + st.Source + " hears again"
		lines = []string{"It was silent from " + st.BlindSince.UTC().Format(time.RFC3339) + " to " + now.Format(time.RFC3339) +
			". What its feed still holds of that time is read now; posts older than max_age go into a digest."}
	}
	if err := d.tellOps(ctx, title, lines); err != nil {
		return err
	}
	if blind {
		d.log.Warn("source is blind", zap.String("source", st.Source), zap.Time("since", since))
	} else {
		d.log.Info("source hears again", zap.String("source", st.Source), zap.Time("was_blind_since", st.BlindSince))
	}
	if err := d.store.SetBlind(ctx, st.Source, blind, since); err != nil {
		return fmt.Errorf("marking source %s: %w", st.Source, err)
	}
	if blind {
		return nil
	}
	// The window as a whole, for whoever asks why a post of that time was not seen.
	w := record.BlindWindow{Source: st.Source, From: st.BlindSince, Until: now, Reason: st.Reason}
	_, err := d.store.AddJournal(ctx, record.JournalBlind, st.Source, now, w, blindWindowsKept)
	return err
}
