package train

import "github.com/leakytap/leakytap/pkg/vent/internal/model"

const (
	moodSize = model.Heads + 1
	// moodHold pulls its numbers to those of the polarity heads as they are.
	moodHold = 2
)

// mood fits how the heads add up to polarity in languages other than English, classes
// counting alike.
func (c *corpus) mood(ps []point) *model.Mood {
	var labelled []point
	var n [3]float64
	for _, p := range ps {
		if r := &c.rows[p.row]; r.ofText() {
			labelled = append(labelled, p)
			n[classOf(r.Label)]++
		}
	}
	if n[0] == 0 || n[1] == 0 || n[2] == 0 {
		return nil
	}
	from := make([]float64, 3*moodSize)
	for k := range 3 {
		from[k*moodSize+k] = 1
	}
	f := func(x, g []float64) float64 {
		clear(g)
		var loss float64
		for i := range labelled {
			p := &labelled[i]
			truth := classOf(c.rows[p.row].Label)
			z := make([]float64, 3)
			for k := range z {
				z[k] = x[k*moodSize+model.Heads]
				for j, v := range p.z {
					z[k] += x[k*moodSize+j] * v
				}
			}
			w := float64(len(labelled)) / 3 / n[truth]
			loss += w * residual(z, int(truth))
			for k, r := range z {
				for j, v := range p.z {
					g[k*moodSize+j] += w * r * v
				}
				g[k*moodSize+model.Heads] += w * r
			}
		}
		for k := range x {
			d := x[k] - from[k]
			loss += 0.5 * moodHold * d * d
			g[k] += moodHold * d
		}
		return loss
	}
	x := append([]float64(nil), from...)
	minimise(f, x, lbfgsOptions{iterations: 200, tolerance: 1e-9})
	m := &model.Mood{}
	for k := range m.Weights {
		copy(m.Weights[k][:], x[k*moodSize:])
		m.Bias[k] = x[k*moodSize+model.Heads]
	}
	return m
}
