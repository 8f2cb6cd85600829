package train

import (
	"math"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// point is one row's heads with the truth about venting.
type point struct {
	z      [model.Heads]float64
	yes    bool
	weight float64
	fold   int
	row    int
}

// blendSize is how many numbers a blend has: weights and bias, and those that Kin
// brings on top.
const blendSize = 2*model.Heads + 2

// x is what a blend weighs. Kin itself only tells how far to believe the others; where
// no case is among the rows that it is fitted to, Case says nothing either.
func (p *point) x(withCases bool) (x [blendSize]float64) {
	share := 0.0
	if withCases {
		share = model.KinShare(p.z[model.Kin])
	}
	for k, v := range p.z {
		h := model.Head(k)
		if h == model.Kin || h == model.Case && !withCases {
			continue
		}
		x[k], x[model.Heads+1+k] = v, share*v
	}
	x[model.Heads], x[blendSize-1] = 1, share
	return x
}

// fitBlend finds how the heads add up to log-odds of venting.
func fitBlend(ps []point, withCases bool) model.Blend {
	if len(ps) == 0 {
		return fallbackBlend()
	}
	var sum float64
	xs := make([][blendSize]float64, len(ps))
	for i := range ps {
		sum += ps[i].weight
		xs[i] = ps[i].x(withCases)
	}
	f := func(b, g []float64) float64 {
		var loss float64
		clear(g)
		for i := range ps {
			var z float64
			for k, v := range xs[i] {
				z += b[k] * v
			}
			r := []float64{z}
			w := ps[i].weight / sum * blendRows
			loss += w * residual(r, int(yes(ps[i].yes)))
			for k, v := range xs[i] {
				g[k] += w * r[0] * v
			}
		}
		for k := range b {
			if k != model.Heads {
				loss += 0.5 * b[k] * b[k]
				g[k] += b[k]
			}
		}
		return loss
	}
	x := make([]float64, blendSize)
	minimise(f, x, lbfgsOptions{iterations: 300, tolerance: 1e-9})
	b := model.Blend{Bias: x[model.Heads], KinBias: x[blendSize-1], Scale: 1}
	copy(b.Weights[:], x[:model.Heads])
	copy(b.Kin[:], x[model.Heads+1:])
	return b
}

// blendRows is how many rows a blend's evidence counts as.
const blendRows = 2000

// fallbackBlend is for training data that says nothing about venting: negative
// and neither neutral nor positive.
func fallbackBlend() model.Blend {
	b := model.Blend{Bias: -0.5, Scale: 1}
	b.Weights[model.Negative] = 1
	b.Weights[model.Neutral] = -0.5
	b.Weights[model.Positive] = -0.5
	return b
}

// platt fits Scale and Shift so that the blend's log-odds are true.
func platt(b model.Blend, ps []point) model.Blend {
	if len(ps) == 0 {
		return b
	}
	var sum float64
	for _, p := range ps {
		sum += p.weight
	}
	f := func(x, g []float64) float64 {
		clear(g)
		var loss float64
		for _, p := range ps {
			z := raw(b, p.z)
			r := []float64{x[0]*z + x[1]}
			w := p.weight / sum * float64(len(ps))
			loss += w * residual(r, int(yes(p.yes)))
			g[0] += w * r[0] * z
			g[1] += w * r[0]
		}
		loss += 0.5 * (x[0] - 1) * (x[0] - 1)
		g[0] += x[0] - 1
		return loss
	}
	x := []float64{1, 0}
	minimise(f, x, lbfgsOptions{iterations: 100, tolerance: 1e-10})
	b.Scale, b.Shift = math.Max(x[0], 0.1), x[1]
	return b
}

func raw(b model.Blend, z [model.Heads]float64) float64 {
	b = b.At(&z)
	s := b.Bias
	for k, v := range z {
		s += b.Weights[k] * v
	}
	return s
}

// fullFile is how many rows a file needs to count in full in a blend.
const fullFile = 2000

// otherAbroad is how much a row that is no case counts among those in other languages,
// where many are English that was not told.
const otherAbroad = 0.1

// caseShare is how much all cases count beside a file in full.
const caseShare = 0.6

// blends fits one blend for posts without a brand, one for those that speak to the
// brand's handle, one for those that only name it, and one for those in other languages
// than English. Files count alike, however many rows they have, cases as one file, and a
// person's judgement of venting without a case twice.
func (c *corpus) blends(h *model.Header, ps []point) {
	size := map[string]float64{}
	for i := range ps {
		size[c.kind(&ps[i])]++
	}
	var plain, addressed, named, foreign []point
	for _, p := range ps {
		r := &c.rows[p.row]
		n := size[c.kind(&p)]
		p.weight = math.Min(1, n/fullFile) / n
		switch {
		case r.isCase():
			p.weight *= caseShare
		case r.Venting != nil:
			p.weight *= 2
		}
		switch {
		case c.foreign[p.row] && r.isCase():
			p.weight = 1
			foreign = append(foreign, p)
		case c.foreign[p.row]:
			p.weight = otherAbroad
			foreign = append(foreign, p)
		case r.Brand == "":
			plain = append(plain, p)
		case c.addressed[p.row]:
			addressed = append(addressed, p)
		default:
			named = append(named, p)
		}
	}
	all := slices.Concat(plain, addressed, named)
	for _, b := range []struct {
		to *model.Blend
		ps []point
	}{{&h.Plain, plain}, {&h.Addressed, addressed}, {&h.Branded, named}} {
		if len(b.ps) < leastBlend {
			b.ps = all
		}
		*b.to = platt(fitBlend(b.ps, c.cases(b.ps) >= leastBlend), c.judged(b.ps))
	}
	if c.cases(foreign) >= leastForeign {
		b := platt(fitBlend(foreign, true), foreign)
		h.Foreign = &b
		h.Mood = c.mood(foreign)
	}
}

// kind is the file that a row counts with.
func (c *corpus) kind(p *point) string {
	if r := &c.rows[p.row]; !r.isCase() {
		return r.File
	}
	return ""
}

// cases counts the rows that are cases.
func (c *corpus) cases(ps []point) int {
	n := 0
	for i := range ps {
		n += int(yes(c.rows[ps[i].row].isCase()))
	}
	return n
}

// judged is the rows that calibrate a blend: those in which a person judged
// venting, where there are enough. Other rows know polarity towards a topic, and
// how often that is negative says nothing about how often a brand's posts are
// complaints: there complaints are weighted to be customerShare of all.
func (c *corpus) judged(ps []point) []point {
	var out []point
	for _, p := range ps {
		if c.rows[p.row].Venting != nil && c.rows[p.row].Domain != "" {
			p.weight = 1
			out = append(out, p)
		}
	}
	if len(out) >= leastJudged {
		return out
	}
	var sum [2]float64
	for _, p := range ps {
		sum[yes(p.yes)] += p.weight
	}
	out = append([]point(nil), ps...)
	if sum[0] == 0 || sum[1] == 0 {
		return out
	}
	share := [2]float64{1 - customerShare, customerShare}
	for i := range out {
		k := yes(out[i].yes)
		out[i].weight *= share[k] / sum[k]
	}
	return out
}

const (
	leastJudged   = 500
	customerShare = 0.42
)

// leastBlend is how many rows a blend of its own needs, leastForeign how many cases
// that of other languages does.
const (
	leastBlend   = 50
	leastForeign = 200
)
