// Package learn fits what a brand's labels teach: a small layer on top of the scorer.
//
// A layer is a linear model over the traits of a text, added to the scorer's own
// log-odds. It is pulled towards doing nothing, harder the fewer labels there are or
// the more one-sided they are; anchors, invented posts of all kinds, are to keep the
// score that they had, so that labels about one thing leave others alone; no post is
// moved by more than a bound that grows with the number of labels; old labels fade.
// The same labels give the same layer, in whatever order they come.
//
//	learn.go     how labels become lessons, and lessons a layer
//	anchor.go    posts whose score is to stay
//	descent.go   the minimiser
//	codec.go     a layer as bytes
package learn

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// MinLabels is how many labels of its own a brand needs before anything is learned.
	MinLabels = 5
	// MinShared is how many labels of other brands there must be for them to take part.
	MinShared = 50
	// MaxLabels is how many labels a fit takes, the newest.
	MaxLabels = 5000
	// MaxShift bounds how far a layer moves the log-odds of any post.
	MaxShift = 2.0

	// halfLife is after how long a label counts half.
	halfLife = 180 * 24 * time.Hour
	// sharedWeight is how much a label of another brand counts.
	sharedWeight = 0.5
	// pull is how hard many labels of both kinds are held towards doing nothing;
	// oneSided is added for those that are few, or all of one kind.
	pull     = 0.03
	oneSided = 1.0
	// holdUntil is by how many labels of each kind anchors count half, leastHold what
	// they count at least: many labels of both kinds say themselves what is to stay.
	holdUntil = 25.0
	leastHold = 0.2
	// pullBias holds back what moves every post alike: which posts get a label says
	// more about who labels than about the posts.
	pullBias = 40.0
)

// Lesson is one label as a fit sees it.
type Lesson struct {
	// Key puts lessons in order; equal ones have the same text.
	Key string
	// Post is the mention that was labelled.
	Post   string
	Traits []vent.Trait
	// Base is the log-odds of venting before any label.
	Base float64
	// Target is the probability of venting that is asked for: 1 or 0 for a label.
	Target float64
	// Weight is how much it counts.
	Weight float64
}

// Reader gives what a label's text looks like to a scorer, for the brand that learns.
type Reader func(l *record.Label) (traits []vent.Trait, base float64)

// Own makes lessons of a brand's own labels. However many people judged one post, it
// counts once.
func Own(labels []record.Label, read Reader, now time.Time) []Lesson {
	return lessons(labels, read, now, 1)
}

// Shared makes lessons of the labels of another brand, which count less. What was not
// about that brand says nothing about this one and is left out.
func Shared(labels []record.Label, read Reader, now time.Time) []Lesson {
	kept := slices.DeleteFunc(slices.Clone(labels), func(l record.Label) bool { return l.Reason == record.ReasonWrongCompany })
	return lessons(kept, read, now, sharedWeight)
}

func lessons(labels []record.Label, read Reader, now time.Time, weight float64) []Lesson {
	about := map[string]int{}
	for i := range labels {
		about[labels[i].Mention]++
	}
	out := make([]Lesson, 0, len(labels))
	for i := range labels {
		l := &labels[i]
		ls := Lesson{Key: l.Brand + "\x00" + l.Mention + "\x00" + l.Text, Post: l.Mention, Target: side(l.Venting)}
		ls.Weight = weight * decay(l.At, now) / float64(about[l.Mention])
		if ls.Weight < 1e-6 {
			continue
		}
		if ls.Traits, ls.Base = read(l); len(ls.Traits) > 0 {
			out = append(out, ls)
		}
	}
	return out
}

// decay is how much of a label is left, by whole days, so that the same labels give the
// same layer all day.
func decay(at, now time.Time) float64 {
	days := math.Floor(now.Sub(at).Hours() / 24)
	return math.Exp2(-math.Max(days, 0) * 24 / halfLife.Hours())
}

// Cap is how far a layer of n labels moves a post at most.
func Cap(n int) float64 { return math.Min(MaxShift, 0.4+0.1*float64(n)) }

// Fit makes a layer that moves no post further than shift and leaves the anchors alone.
func Fit(ls, anchors []Lesson, shift float64) *vent.Layer {
	ls = slices.Clone(ls)
	slices.SortFunc(ls, func(a, b Lesson) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Base, b.Base))
	})
	p := newProblem(ls, anchors)
	l := &vent.Layer{Cap: shift, Weights: make([]float32, vent.LayerDims)}
	x := minimise(p.loss, len(p.dims)+1)
	for i, dim := range p.dims {
		l.Weights[dim] = float32(x[i])
	}
	l.Bias = x[len(p.dims)]
	quantise(l)
	return l
}

func side(venting bool) float64 {
	if venting {
		return 1
	}
	return 0
}

// problem is the lessons as rows over the places that occur in them.
type problem struct {
	dims  []uint16
	start []int32
	place []uint16
	value []float32
	base  []float64
	side  []float64
	count []float64
	pull  float64
}

func newProblem(labels, anchors []Lesson) *problem {
	ls := append(labels, anchors...) //nolint:gocritic // Fit's own copy
	p := &problem{start: make([]int32, 1, len(ls)+1)}
	var at [vent.LayerDims]uint16
	var seen [vent.LayerDims]bool
	var sum [2]float64
	for i := range labels {
		sum[int(labels[i].Target)] += labels[i].Weight
	}
	for i := range ls {
		for _, t := range ls[i].Traits {
			seen[t.Dim] = true
		}
	}
	for dim := range seen {
		if seen[dim] {
			at[dim] = uint16(len(p.dims)) //nolint:gosec // there are fewer than LayerDims
			p.dims = append(p.dims, uint16(dim))
		}
	}
	fewer := math.Min(sum[0], sum[1])
	hold := math.Max(leastHold, 1/(1+fewer/holdUntil))
	for i := range ls {
		l := &ls[i]
		for _, t := range l.Traits {
			p.place = append(p.place, at[t.Dim])
			p.value = append(p.value, t.Value)
		}
		p.start = append(p.start, int32(len(p.place))) //nolint:gosec // MaxLabels texts of a bounded length
		p.base = append(p.base, l.Base)
		p.side = append(p.side, l.Target)
		if i < len(labels) {
			p.count = append(p.count, l.Weight)
		} else {
			p.count = append(p.count, l.Weight*hold)
		}
	}
	p.pull = pull + oneSided/(1+fewer)
	return p
}

// loss is the weighted log-loss with what pulls x towards nothing; g gets its gradient.
func (p *problem) loss(x, g []float64) float64 {
	bias := len(p.dims)
	var sum float64
	for i, v := range x {
		pull := p.pull
		if i == bias {
			pull = pullBias
		}
		sum += 0.5 * pull * v * v
		g[i] = pull * v
	}
	for i := range p.base {
		from, to := p.start[i], p.start[i+1]
		z := p.base[i] + x[bias]
		for k := from; k < to; k++ {
			z += x[p.place[k]] * float64(p.value[k])
		}
		miss := 1/(1+math.Exp(-z)) - p.side[i]
		sum += p.count[i] * logLoss(z, p.side[i])
		miss *= p.count[i]
		g[bias] += miss
		for k := from; k < to; k++ {
			g[p.place[k]] += miss * float64(p.value[k])
		}
	}
	return sum
}

// logLoss is the cross-entropy of log-odds z with a probability.
func logLoss(z, target float64) float64 {
	soft := math.Log1p(math.Exp(-math.Abs(z))) + math.Max(z, 0)
	return soft - target*z
}
