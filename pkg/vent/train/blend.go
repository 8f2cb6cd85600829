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
	f := func(x, g []float64) float64 {
		clear(g)
		var loss float64
		for _, p := range ps {
			z := raw(b, p.z)
			r := []float64{x[0]*z + x[1]}
			loss += residual(r, int(yes(p.yes)))
			g[0] += r[0] * z
			g[1] += r[0]
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
