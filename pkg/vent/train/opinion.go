package train

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/encoder"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// opinion is a row with what both opinions say of it.
type opinion struct {
	vent.Opinions
	row    *Row
	scorer *vent.Scorer
	fold   int
	yes    bool
	weight float64
}

// askAll asks both opinions about the rows at places, side by side.
func askAll(ctx context.Context, s *vent.Scorer, e *encoder.Encoder, rows []Row, places []int) ([]opinion, error) {
	all := make([]opinion, len(places))
	errs := make([]error, len(places))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= len(places) {
					return
				}
				r := &rows[places[k]]
				all[k].row, all[k].scorer, all[k].yes = r, s, r.vents()
				all[k].Opinions, errs[k] = s.Opinions(ctx, e, r.input())
			}
		})
	}
	wg.Wait()
	out := all[:0]
	for k := range all {
		if errs[k] != nil {
			return nil, fmt.Errorf("asking the second opinion: %w", errs[k])
		}
		if all[k].Open {
			out = append(out, all[k])
		}
	}
	return out, nil
}

func (o *opinion) unsure() bool { return o.First >= secondLow && o.First <= secondHigh }

// kind is which Mix the row is for.
func (o *opinion) kind() int {
	switch {
	case !o.Named:
		return 0
	case o.Addressed:
		return 1
	}
	return 2
}

const mixSize = 5

// mixing is the numbers of a Mix as a list.
type mixing [mixSize]float64

// x is what a Mix weighs.
func (o *opinion) x() mixing {
	venting, towards, polarity := vent.Says(&o.Second)
	return mixing{1, o.Heads, venting, towards, polarity}
}

func (m *mixing) of(x mixing) float64 {
	var z float64
	for k, v := range x {
		z += m[k] * v
	}
	return z
}

// both is the log-odds of the opinions together, as the rules judge them.
func (o *opinion) both(m *mixing) float64 {
	if !o.unsure() {
		return o.First
	}
	z := m.of(o.x())
	if o.scorer == nil {
		return z
	}
	return o.scorer.Judged(o.row.input(), z)
}

// weigh makes files count alike, and a person's judgement of venting twice. In a file
// whose rows say only polarity towards a brand complaints are made secondShare of all.
func weigh(all []opinion) {
	type key struct {
		file string
		yes  bool
	}
	size := map[key]float64{}
	for i := range all {
		size[key{all[i].row.File, all[i].yes}]++
	}
	for i := range all {
		o := &all[i]
		mine, other := size[key{o.row.File, o.yes}], size[key{o.row.File, !o.yes}]
		n := mine + other
		o.weight = math.Min(1, n/fullSecond) / n
		switch {
		case o.row.Venting != nil:
			o.weight *= 2
		case other > 0 && o.yes:
			o.weight *= secondShare * n / mine
		case other > 0:
			o.weight *= (1 - secondShare) * n / mine
		}
	}
}

const (
	// fullSecond is how many rows a file needs to count in full.
	fullSecond = 600
	// secondShare is less than customerShare: most of the posts on which the first
	// opinion is unsure are none.
	secondShare = 0.3
)

// fitMix fits a Mix to the rows, near to from. No answer counts against what it says:
// what would is left out and the rest fitted again.
func fitMix(ps []opinion, from mixing, hold float64) mixing {
	used := mixing{1, 1, 1, 1, 1}
	for {
		m := fitUsed(ps, from, used, hold)
		worst := 0
		for k := 1; k < mixSize; k++ {
			if m[k] < 0 && (worst == 0 || m[k] < m[worst]) {
				worst = k
			}
		}
		if worst == 0 {
			return m
		}
		used[worst] = 0
	}
}

// fitUsed fits those numbers of a Mix that are used; the others are 0.
func fitUsed(ps []opinion, from, used mixing, hold float64) mixing {
	for k := range from {
		from[k] *= used[k]
	}
	var sum float64
	for i := range ps {
		sum += ps[i].weight
	}
	if sum == 0 {
		return from
	}
	xs := make([]mixing, len(ps))
	for i := range ps {
		xs[i] = ps[i].x()
		for k := range xs[i] {
			xs[i][k] *= used[k]
		}
	}
	f := func(m, g []float64) float64 {
		clear(g)
		var loss float64
		for i := range ps {
			var z float64
			for k, v := range xs[i] {
				z += m[k] * v
			}
			r := []float64{z}
			w := ps[i].weight / sum * blendRows
			loss += w * residual(r, int(yes(ps[i].yes)))
			for k, v := range xs[i] {
				g[k] += w * r[0] * v
			}
		}
		for k := range m {
			d := m[k] - from[k]
			loss += 0.5 * hold * d * d
			g[k] += hold * d
		}
		return loss
	}
	out := from
	minimise(f, out[:], lbfgsOptions{iterations: 200, tolerance: 1e-9})
	return out
}

// usualMix is what a Mix is near to.
func usualMix() mixing { return mixing{0, 0.5, 0.4, 0.2, 0} }

const (
	// holdAll and holdKind keep the numbers near: to usualMix, and those of one kind of
	// row to those of all.
	holdAll  = 5
	holdKind = 60
)

// mixes fits one Mix to all rows and from it one for each kind.
func mixes(all []opinion) [3]mixing {
	m := fitMix(all, usualMix(), holdAll)
	var out [3]mixing
	for k := range out {
		var some []opinion
		for _, o := range all {
			if o.kind() == k {
				some = append(some, o)
			}
		}
		out[k] = fitMix(some, m, holdKind)
	}
	return out
}

// fitMixes is mixes as the model keeps them.
func fitMixes(all []opinion) *model.Second {
	var out model.Second
	m := mixes(all)
	for k, to := range [...]*model.Mix{&out.Plain, &out.Addressed, &out.Branded} {
		*to = model.Mix{Bias: short(m[k][0]), First: short(m[k][1]), Venting: short(m[k][2]), Towards: short(m[k][3]), Polarity: short(m[k][4])}
	}
	return &out
}

// short rounds, so that processors that add in another order give the same model.
func short(v float64) float64 { return math.Round(v*1000) / 1000 }

// crossed measures each file by mixes that were fitted without the row's fold.
func crossed(all []opinion) map[string]SecondSet {
	first, second := map[string][]Judged{}, map[string][]Judged{}
	for f := range folds {
		var rest []opinion
		for _, o := range all {
			if o.fold != f {
				rest = append(rest, o)
			}
		}
		m := mixes(rest)
		for i := range all {
			if o := &all[i]; o.fold == f {
				first[o.row.File] = append(first[o.row.File], Judged{o.First, o.yes})
				second[o.row.File] = append(second[o.row.File], Judged{o.both(&m[o.kind()]), o.yes})
			}
		}
	}
	out := map[string]SecondSet{}
	for name, js := range first {
		if both(js) {
			out[name] = SecondSet{Rows: len(js), First: AUC(js), Both: AUC(second[name])}
		}
	}
	return out
}

// usualPolar is how the opinions of polarity add up where no rows tell.
func usualPolar() [2]float64 { return [2]float64{0.5, 0.5} }

// polarOf fits how the opinions of polarity add up, classes counting alike, and
// measures it on the halves that the other half was fitted to.
func polarOf(all []opinion) ([2]float64, SecondSet) {
	var first, second Confusion
	half := func(i int) bool { return i%2 == 0 }
	for _, mine := range []bool{true, false} {
		p := fitPair(all, func(i int) bool { return half(i) == mine })
		for i := range all {
			if half(i) != mine {
				truth := classOf(all[i].row.Label)
				first[truth][best(&all[i], [2]float64{1, 0})]++
				second[truth][best(&all[i], p)]++
			}
		}
	}
	p := fitPair(all, func(int) bool { return true })
	return [2]float64{short(p[0]), short(p[1])}, SecondSet{Rows: len(all), First: first.MacroRecall(), Both: second.MacroRecall()}
}

func (o *opinion) polar(p [2]float64) [3]float64 {
	var z [3]float64
	for k := range z {
		z[k] = p[0]*o.Polarity[k] + p[1]*o.Second.Polarity[k]
	}
	return z
}

func best(o *opinion, p [2]float64) int {
	z := o.polar(p)
	k := 0
	for i := range z {
		if z[i] > z[k] {
			k = i
		}
	}
	return k
}

func fitPair(all []opinion, use func(i int) bool) [2]float64 {
	var n [3]float64
	for i := range all {
		if use(i) {
			n[classOf(all[i].row.Label)]++
		}
	}
	f := func(p, g []float64) float64 {
		clear(g)
		var loss float64
		for i := range all {
			if !use(i) {
				continue
			}
			o := &all[i]
			truth := classOf(o.row.Label)
			z := o.polar([2]float64{p[0], p[1]})
			w := 1 / n[truth]
			loss += w * residual(z[:], int(truth))
			for k, r := range z {
				g[0] += w * r * o.Polarity[k]
				g[1] += w * r * o.Second.Polarity[k]
			}
		}
		return loss
	}
	p := usualPolar()
	minimise(f, p[:], lbfgsOptions{iterations: 100, tolerance: 1e-9})
	return p
}
