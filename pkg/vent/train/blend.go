package train

import (
	"math"

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

// fitBlend finds how the heads add up to log-odds of venting.
func fitBlend(ps []point) model.Blend {
	if len(ps) == 0 {
		return fallbackBlend()
	}
	var sum float64
	for _, p := range ps {
		sum += p.weight
	}
	n := model.Heads + 1
	f := func(x, g []float64) float64 {
		var loss float64
		clear(g)
		for _, p := range ps {
			z := x[model.Heads]
			for k, v := range p.z {
				z += x[k] * v
			}
			r := []float64{z}
			w := p.weight / sum * blendRows
			loss += w * residual(r, int(yes(p.yes)))
			for k, v := range p.z {
				g[k] += w * r[0] * v
			}
			g[model.Heads] += w * r[0]
		}
		for k := range model.Heads {
			loss += 0.5 * x[k] * x[k]
			g[k] += x[k]
		}
		return loss
	}
	x := make([]float64, n)
	minimise(f, x, lbfgsOptions{iterations: 200, tolerance: 1e-9})
	b := model.Blend{Bias: x[model.Heads], Scale: 1}
	copy(b.Weights[:], x)
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
	s := b.Bias
	for k, v := range z {
		s += b.Weights[k] * v
	}
	return s
}

// fullFile is how many rows a file needs to count in full in a blend.
const fullFile = 2000

// blends fits one blend for posts without a brand, one for those that speak to the
// brand's handle and one for those that only name it. Files count alike, however
// many rows they have, and a person's judgement of venting counts twice.
func (c *corpus) blends(h *model.Header, ps []point) {
	size := map[string]float64{}
	for _, p := range ps {
		size[c.rows[p.row].File]++
	}
	var plain, addressed, named []point
	for _, p := range ps {
		r := &c.rows[p.row]
		n := size[r.File]
		p.weight = math.Min(1, n/fullFile) / n
		if r.Venting != nil {
			p.weight *= 2
		}
		switch {
		case r.Brand == "":
			plain = append(plain, p)
		case c.addressed[p.row]:
			addressed = append(addressed, p)
		default:
			named = append(named, p)
		}
	}
	all := append(append(append([]point(nil), plain...), addressed...), named...)
	for _, b := range []struct {
		to *model.Blend
		ps []point
	}{{&h.Plain, plain}, {&h.Addressed, addressed}, {&h.Branded, named}} {
		if len(b.ps) < leastBlend {
			b.ps = all
		}
		*b.to = platt(fitBlend(b.ps), c.judged(b.ps))
	}
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

// leastBlend is how many rows a blend of its own needs.
const leastBlend = 50
