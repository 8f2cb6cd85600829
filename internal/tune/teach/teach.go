// Package teach turns what people say about posts into layers over the scorer.
//
// A label is written, and the brand's layer is fitted anew on all that teach. Before a
// layer is used it has to pass: it breaks no pinned example and loses no labelled
// complaint that had alerted; one that would is refused, says why, and the layer
// before stays. What a refit changes for the posts of the last week is worked out with
// it. Undoing a label is a refit without it.
//
//	teach.go     Teacher and what it needs
//	labels.go    labels given, imported, undone
//	refit.go     a refit from labels to a stored layer
//	guard.go     what a refit must not break
//	effect.go    what it changes
//	words.go     the effect in words
//	metrics.go   what is counted
package teach

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// sharedEvery is how often labels of other brands may lead to a refit.
const sharedEvery = time.Minute

// Class is one generation of the configuration as a refit sees it.
type Class struct {
	Brands map[string]brand.Brand
	Hashes map[string]string
	Scorer *vent.Scorer
	// Input is what the scorer is told about a post, for a brand.
	Input func(brand string, m mention.Mention) vent.Input
	// Pins are the pinned examples of a brand that come out otherwise than they should
	// with a layer, nil for none.
	Pins func(brand string, l *vent.Layer) []setting.Problem
}

// Options are what a Teacher needs; Store and Class are required.
type Options struct {
	Store *store.Store
	// Class gives the generation in use; it may change between two calls.
	Class func() Class
	// Done is told of each refit that was stored, and of a proposal that was accepted.
	// It must not call the Teacher. Nil is nobody.
	Done func(ctx context.Context, l record.Layer)
	Log  *zap.Logger
	Reg  prometheus.Registerer
	// Now is the clock, time.Now where it is nil.
	Now func() time.Time
}

// Teacher writes labels and refits layers. Its methods are safe for use by many
// goroutines; one brand is refitted by one at a time.
type Teacher struct {
	opt Options
	met *metrics

	// mu is held for a refit: two at once would only wait for each other's processor.
	mu sync.Mutex
	// anchors are those of the scorer that the last refit was for.
	anchors   []learn.Lesson
	anchorsOf *vent.Scorer
	// idle is how many changes of labels a brand had when a refit had nothing to write.
	idle map[string]sight
}

// sight is how many changes of labels were seen, and when.
type sight struct {
	own, all int64
	at       time.Time
}

// New makes a Teacher and starts nothing.
func New(opt Options) (*Teacher, error) {
	if opt.Store == nil || opt.Class == nil {
		return nil, errors.New("making a teacher: it needs a store and a class")
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Done == nil {
		opt.Done = func(context.Context, record.Layer) {}
	}
	return &Teacher{opt: opt, met: newMetrics(opt.Reg), idle: map[string]sight{}}, nil
}

func (t *Teacher) now() time.Time { return t.opt.Now().UTC().Truncate(time.Microsecond) }

// Due are the brands whose layer does not know of all labels, or was fitted for
// another model or other names. Labels of other brands alone make one due once a
// minute.
func (t *Teacher) Due(ctx context.Context) ([]string, error) {
	versions, err := t.opt.Store.LabelVersions(ctx)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	rows, err := t.opt.Store.LastLayers(ctx)
	if err != nil {
		return nil, err
	}
	last := make(map[string]record.Layer, len(rows))
	for i := range rows {
		last[rows[i].Brand] = rows[i]
	}
	all := sum(versions)
	class, now := t.opt.Class(), t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	var due []string
	for name, b := range class.Brands {
		if b.Learning() == brand.LearnOff {
			continue
		}
		l, fitted := last[name]
		seen := sight{own: l.Seen, all: l.SeenAll, at: l.At}
		if s := t.idle[name]; s.own >= seen.own && s.all >= seen.all {
			seen = s
		}
		stale := fitted && (l.Model != class.Scorer.Version() || l.BrandHash != class.Hashes[name]) && t.idle[name].at.Before(now.Add(-sharedEvery))
		if versions[name] > seen.own || stale || all > seen.all && now.Sub(seen.at) > sharedEvery {
			due = append(due, name)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		return cmp.Or(cmp.Compare(versions[b]-last[b].Seen, versions[a]-last[a].Seen), cmp.Compare(a, b))
	})
	return due, nil
}

func sum(versions map[string]int64) (all int64) {
	for _, v := range versions {
		all += v
	}
	return all
}
