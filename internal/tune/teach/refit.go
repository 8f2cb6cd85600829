package teach

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// lesson is all that a refit of one brand is made of.
type lesson struct {
	class  Class
	brand  brand.Brand
	labels []record.Label
	own    []learn.Lesson
	shared []learn.Lesson
	// before is the layer in use, its row and itself.
	before record.Layer
	in     *vent.Layer
	now    time.Time
	// seen and seenAll are the counts of changes of the labels, read before them.
	seen, seenAll int64
	// last is the number of the newest label that teaches.
	last int64
}

// Refit fits a brand's layer on the labels that teach, and stores it. It answers with
// the refit, and with false where nothing differs from the one before. What a brand
// that learns nothing was taught is kept and not looked at.
func (t *Teacher) Refit(ctx context.Context, name string) (record.Layer, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.opt.Class().Brands[name]
	if !ok || b.Learning() == brand.LearnOff {
		return record.Layer{}, false, nil
	}
	began := t.now()
	ls, err := t.gather(ctx, b)
	if err != nil {
		return record.Layer{}, false, fmt.Errorf("learning from the labels of brand %s: %w", name, err)
	}
	fitted, lost := t.fit(ls)
	row := record.Layer{
		Brand: name, At: ls.now, State: record.LayerActive, Weights: learn.Encode(fitted), Shared: len(ls.shared),
		Seen: ls.seen, SeenAll: ls.seenAll, Model: ls.class.Scorer.Version(), BrandHash: ls.class.Hashes[name],
	}
	for i := range ls.labels {
		row.Labels = append(row.Labels, ls.labels[i].ID)
	}
	if bytes.Equal(row.Weights, ls.before.Weights) {
		return ls.before, false, t.seen(ctx, ls)
	}
	if row.Effect, err = t.effect(ctx, ls, fitted); err != nil {
		return record.Layer{}, false, fmt.Errorf("working out what the labels of brand %s change: %w", name, err)
	}
	row.RefusedFor, row.Refused = ls.guard(fitted, lost)
	switch {
	case row.RefusedFor != "":
		row.State, row.Weights = record.LayerRefused, nil
		t.met.refused(row.RefusedFor)
	case b.Learning() == brand.LearnPropose:
		row.State = record.LayerProposed
	}
	if row.RefusedFor == record.RefusedPin && ls.breaks(ls.in) {
		// The layer in use breaks an example too, one that is newer than it: it is set aside.
		row.State, row.Weights = record.LayerActive, nil
	}
	if same, err := t.waits(ctx, row); err != nil || same.Version > 0 {
		return same, false, err
	}
	if row, err = t.write(ctx, ls, row); err != nil {
		return row, false, err
	}
	t.opt.Log.Info("labels were learned from", zap.String("brand", name), zap.Int64("layer", row.Version), zap.String("state", string(row.State)),
		zap.Int("labels", len(ls.labels)), zap.Int("shared", row.Shared), zap.Int("lost", row.Effect.Lost), zap.Int("gained", row.Effect.Gained),
		zap.String("refused_for", row.RefusedFor), zap.Duration("took", t.now().Sub(began)))
	return row, true, nil
}

// Recheck sets the layer of a brand aside where it breaks a pinned example that holds
// without it: an example may be newer than the layer. It reports whether it did.
func (t *Teacher) Recheck(ctx context.Context, name string) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	class := t.opt.Class()
	b, ok := class.Brands[name]
	if !ok {
		return false, nil
	}
	active, err := t.active(ctx, name)
	if err != nil || len(active.Weights) == 0 {
		return false, err
	}
	ls := &lesson{class: class, brand: b, now: t.now(), before: active}
	if ls.in, err = learn.Decode(active.Weights); err != nil {
		return false, nil
	}
	reason, words := ls.guard(ls.in, nil)
	if reason == "" {
		return false, nil
	}
	row := active
	row.At, row.Weights, row.RefusedFor, row.Refused = ls.now, nil, reason, words
	if row.Effect, err = t.effect(ctx, ls, nil); err != nil {
		return false, err
	}
	row, err = t.write(ctx, ls, row)
	t.opt.Log.Warn("what labels taught is set aside: it breaks a pinned example", zap.String("brand", name), zap.Int64("layer", row.Version),
		zap.String("problem", words))
	return err == nil, err
}

// write stores a refit and notes on the labels that it used them.
func (t *Teacher) write(ctx context.Context, ls *lesson, row record.Layer) (record.Layer, error) {
	err := t.opt.Store.Update(ctx, []string{row.Brand}, func(tx *store.Tx) (err error) {
		if row.Version, err = tx.PutLayer(row); err != nil {
			return err
		}
		return tx.UseLabels(row.Brand, ls.last, row.Version)
	})
	if err != nil {
		return row, fmt.Errorf("storing the layer of brand %s: %w", row.Brand, err)
	}
	delete(t.idle, row.Brand)
	t.opt.Done(ctx, row)
	return row, nil
}

// waits is the last refit, where it says the same as row and is not in use: the same
// proposal or the same refusal.
func (t *Teacher) waits(ctx context.Context, row record.Layer) (record.Layer, error) {
	rows, err := t.opt.Store.Layers(ctx, row.Brand, 1)
	if err != nil || len(rows) == 0 {
		return record.Layer{}, err
	}
	last := rows[0]
	same := last.State == row.State && last.State != record.LayerActive && bytes.Equal(last.Weights, row.Weights) &&
		last.Refused == row.Refused && last.Seen == row.Seen
	if !same {
		return record.Layer{}, nil
	}
	t.idle[row.Brand] = sight{own: row.Seen, all: row.SeenAll, at: row.At}
	return last, nil
}

// seen notes that the layer in use knows of all labels.
func (t *Teacher) seen(ctx context.Context, ls *lesson) error {
	t.idle[ls.brand.Name] = sight{own: ls.seen, all: ls.seenAll, at: ls.now}
	if ls.before.Version == 0 {
		return nil
	}
	err := t.opt.Store.Update(ctx, []string{ls.brand.Name}, func(tx *store.Tx) error {
		if err := tx.UseLabels(ls.brand.Name, ls.last, ls.before.Version); err != nil {
			return err
		}
		return tx.SeeLabels(ls.brand.Name, ls.seen, ls.seenAll)
	})
	if err != nil {
		return fmt.Errorf("noting what the layer of brand %s knows: %w", ls.brand.Name, err)
	}
	return nil
}

// gather reads what a refit needs.
func (t *Teacher) gather(ctx context.Context, b brand.Brand) (*lesson, error) {
	ls := &lesson{class: t.opt.Class(), brand: b, now: t.now()}
	versions, err := t.opt.Store.LabelVersions(ctx)
	if err != nil {
		return nil, err
	}
	ls.seen, ls.seenAll = versions[b.Name], sum(versions)
	if ls.labels, err = t.opt.Store.TeachingLabels(ctx, b.Name, learn.MaxLabels); err != nil {
		return nil, err
	}
	if n := len(ls.labels); n > 0 {
		ls.last = ls.labels[n-1].ID
	}
	ls.own = learn.Own(ls.labels, ls.read, ls.now)
	room := learn.MaxLabels - len(ls.labels)
	for _, name := range sortedKeys(versions) {
		if name == b.Name || room <= 0 {
			continue
		}
		others, err := t.opt.Store.TeachingLabels(ctx, name, room)
		if err != nil {
			return nil, err
		}
		room -= len(others)
		ls.shared = append(ls.shared, learn.Shared(others, ls.read, ls.now)...)
	}
	if len(ls.shared) < learn.MinShared {
		ls.shared = nil
	}
	active, err := t.active(ctx, b.Name)
	if err != nil {
		return nil, err
	}
	ls.before = active
	if ls.in, err = learn.Decode(active.Weights); err != nil {
		t.opt.Log.Warn("a layer cannot be read and is fitted anew", zap.String("brand", b.Name), zap.Error(err))
		ls.before, ls.in = record.Layer{}, nil
	}
	return ls, nil
}

// active is the layer in use of a brand, its Version 0 where there is none.
func (t *Teacher) active(ctx context.Context, name string) (record.Layer, error) {
	all, err := t.opt.Store.ActiveLayers(ctx)
	if err != nil {
		return record.Layer{}, err
	}
	for i := range all {
		if all[i].Brand == name {
			return all[i], nil
		}
	}
	return record.Layer{}, nil
}

// read is a label's text as the scorer sees it. What was said of the post when it was
// decided upon is taken where the same model said it: a refit asks no opinion twice.
func (ls *lesson) read(l *record.Label) ([]vent.Trait, float64) {
	in := ls.class.Input(l.Brand, mention.Mention{Text: l.Text, Lang: l.Lang})
	base := l.Base
	if l.Model != ls.class.Scorer.Version() {
		base = vent.LogOdds(ls.class.Scorer.Score(in, vent.Options{Fast: true}).Venting)
	}
	return ls.class.Scorer.Traits(in, nil), base
}

const (
	// insist is by how much a labelled complaint counts more after a fit that lost it,
	// rounds how often a fit is tried again.
	insist = 3
	rounds = 3
)

// fit makes the layer, nil where there is too little to learn from. A complaint that
// it would lose counts more in the next round; lost are those that stay lost.
func (t *Teacher) fit(ls *lesson) (*vent.Layer, []int) {
	if len(ls.own) < learn.MinLabels && len(ls.shared) == 0 {
		return nil, nil
	}
	if t.anchorsOf != ls.class.Scorer {
		t.anchors, t.anchorsOf = learn.Anchors(ls.class.Scorer), ls.class.Scorer
	}
	own := append([]learn.Lesson(nil), ls.own...)
	shift := learn.Cap(len(ls.own) + len(ls.shared)/2)
	for round := 0; ; round++ {
		l := learn.Fit(append(slices.Clip(own), ls.shared...), t.anchors, shift)
		lost := ls.lost(l)
		if len(lost) == 0 || round == rounds {
			return l, lost
		}
		for _, i := range lost {
			own[i].Weight *= insist
		}
	}
}
