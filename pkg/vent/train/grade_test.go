package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// invented are complaints whose first trait tells the severity, but for chance.
func invented(n int) []gradedRow {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]gradedRow, n)
	for i := range out {
		p := &out[i]
		for k := range p.x {
			p.x[k] = r.Float64()
		}
		z := 6*p.x[0] + math.Log(1/(r.Float64()+1e-9)-1)
		for _, cut := range []float64{1, 3, 5} {
			p.level += int(yes(z > cut))
		}
	}
	return out
}

func TestFitGrade(t *testing.T) {
	t.Parallel()
	g := fitGrade(invented(20_000))
	require.InDelta(t, 6, g.Weights[0], 0.3)
	for k, want := range []float64{1, 3, 5} {
		require.InDelta(t, want, g.Cuts[k], 0.6)
	}
	for _, w := range g.Weights[1:] {
		require.InDelta(t, 0, w, 0.3)
	}
}

func TestGradeLossGradient(t *testing.T) {
	t.Parallel()
	all := invented(50)
	w := make([]float64, len(all[0].x))
	for k := range w {
		w[k] = math.Sin(float64(k))
	}
	at := [model.Levels - 1]float64{-1, 0.2, 0.9}
	loss := func() (sum float64) {
		g := make([]float64, len(w)+len(at))
		for i := range all {
			sum += all[i].loss(w, at, g)
		}
		return sum
	}
	g := make([]float64, len(w)+len(at))
	for i := range all {
		all[i].loss(w, at, g)
	}
	const h = 1e-6
	for k := range g {
		p := &at[max(0, k-len(w))]
		if k < len(w) {
			p = &w[k]
		}
		was := *p
		*p = was + h
		up := loss()
		*p = was - h
		down := loss()
		*p = was
		require.InDelta(t, (up-down)/(2*h), g[k], 1e-4, k)
	}
}
