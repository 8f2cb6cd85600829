package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/tune/teach"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// class is a generation as a refit sees it.
func (g *Generation) class() teach.Class {
	return teach.Class{
		Brands: g.rules.Brands, Hashes: g.rules.Hashes, Scorer: g.scorer, Input: g.input,
		Pins: func(name string, l *vent.Layer) []setting.Problem {
			return tune.Check(g.rules.Brands[name], layerJudge{g, l})
		},
	}
}

// input is what the scorer is told about a post, for a brand that may be gone.
func (g *Generation) input(name string, m mention.Mention) vent.Input {
	s, ok := g.subjects[name]
	if !ok {
		s = score.Subject{Brand: brand.Brand{Name: name}}
	}
	return score.Input(s, m)
}

// layerJudge judges pinned examples with a layer. The opinions are asked once for each
// example and generation: a refit asks for all of them, twice.
type layerJudge struct {
	gen   *Generation
	layer *vent.Layer
}

// Judge decides on a text of nobody, said now.
func (j layerJudge) Judge(b brand.Brand, text string) record.Decision {
	now := time.Now().UTC()
	m := pinned(text, now)
	in := j.gen.input(b.Name, m)
	key := b.Name + "\x00" + text
	plain, ok := j.gen.examples.Load(key)
	if !ok {
		plain, _ = j.gen.examples.LoadOrStore(key, j.gen.Score(in, vent.Options{}))
	}
	sc, _ := plain.(vent.Score)
	matched, found := j.gen.matched(b.Name, m)
	return j.gen.judged(record.Scored{Matched: matched, Score: j.gen.scorer.Again(in, sc, j.layer)}, found, now)
}

// teaching is what the inbox, the API and the commands need of a teacher.
func teaching(t *teach.Teacher, st *store.Store, gen func() *Generation) web.Teaching {
	return web.Teaching{Store: st, Teacher: t, Brands: func() []brand.Brand {
		g := gen()
		out := make([]brand.Brand, 0, len(g.brands))
		for _, name := range g.brands {
			out = append(out, g.rules.Brands[name])
		}
		return out
	}}
}

// learn refits the brands whose labels changed, while this process keeps house.
func (d *Daemon) learn(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var checked *Generation
	counted := map[string]int64{}
	for {
		if d.keeping.Load() {
			gen := d.gen.Load()
			if gen != checked && d.recheck(ctx, gen) {
				checked = gen
			}
			if err := d.learnDue(ctx); err != nil && ctx.Err() == nil {
				d.log.Warn("labels were not learned from, trying again", zap.Error(err))
			}
			if err := d.countLabels(ctx, counted); err != nil && ctx.Err() == nil {
				d.log.Debug("labels were not counted", zap.Error(err))
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Daemon) learnDue(ctx context.Context) error {
	due, err := d.teacher.Due(ctx)
	if err != nil {
		return err
	}
	for _, name := range due {
		if _, _, err := d.teacher.Refit(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// recheck sets aside the layers that break a pinned example of a new generation.
func (d *Daemon) recheck(ctx context.Context, gen *Generation) bool {
	for _, name := range gen.brands {
		aside, err := d.teacher.Recheck(ctx, name)
		if err != nil {
			d.log.Warn("a layer was not held against the pinned examples, trying again", zap.String("brand", name), zap.Error(err))
			return false
		}
		if aside {
			title := "What the labels of " + name + " taught is set aside: it breaks a pinned example"
			if err := d.tellOps(ctx, title, []string{"Labels are kept; the next one is learned from as far as the examples allow."}); err != nil {
				d.log.Warn(err.Error())
			}
		}
	}
	return true
}

// countLabels fills the gauges of labels whose brand changed.
func (d *Daemon) countLabels(ctx context.Context, counted map[string]int64) error {
	versions, err := d.store.LabelVersions(ctx)
	if err != nil {
		return err
	}
	for _, name := range d.gen.Load().brands {
		if versions[name] == counted[name] {
			continue
		}
		complaints, others, err := d.store.CountLabels(ctx, name)
		if err != nil {
			return err
		}
		d.met.labelCounts(name, complaints, others)
		counted[name] = versions[name]
	}
	return nil
}

// maxTold is how many threads hear of one refit.
const maxTold = 5

// learned swaps a new layer in at once and tells those who taught by a click in Slack
// what it changed, in the thread of the case.
func (d *Daemon) learned(ctx context.Context, l record.Layer) {
	if err := d.takeLayers(ctx); err != nil {
		d.log.Warn("a layer is taken up later", zap.Error(err))
	}
	if l.State == record.LayerActive && l.Effect.Lost == 0 && l.Effect.Gained == 0 {
		return
	}
	if err := d.tellTaught(ctx, l); err != nil && ctx.Err() == nil {
		d.log.Warn("what a label changed was not told", zap.Error(err))
	}
}

func (d *Daemon) tellTaught(ctx context.Context, l record.Layer) error {
	labels, err := d.store.RecentLabels(ctx, store.LabelFilter{Brand: l.Brand, Limit: 200})
	if err != nil {
		return err
	}
	told := 0
	for i := range labels {
		v := &labels[i]
		if v.Layer != l.Version || v.Via != "slack" || v.Case == "" || told == maxTold {
			continue
		}
		told++
		undo := fmt.Sprintf("Undo: `leakytap label undo %d`", v.ID)
		if url := d.gen.Load().cfg.Server.ExternalURL; url != "" {
			undo += ", or " + url + "/cases/" + v.Case
		}
		title := "The label taught " + l.Brand + " something"
		if l.State == record.LayerRefused {
			title = "The label taught " + l.Brand + " nothing"
		}
		body := record.NoticeBody{Title: title, Lines: []string{teach.Words(l, len(l.Labels)), undo}, Undo: v.ID}
		if err := d.desk.Tell(ctx, v.Case, "taught/"+strconv.FormatInt(v.ID, 10), body); err != nil {
			return err
		}
	}
	if told > 0 {
		d.drains.wake()
	}
	return nil
}
