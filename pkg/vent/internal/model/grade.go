package model

import "math"

// Levels is how many grades a complaint can have: low, medium, high, critical.
const Levels = 4

// Grade tells how severe a complaint is: proportional odds (McCullagh, "Regression
// models for ordinal data", 1980) over what is known of a text. A text reaches a level
// with log-odds of the weighted sum less the level's cut.
type Grade struct {
	Weights []float64           `json:"weights"`
	Cuts    [Levels - 1]float64 `json:"cuts"`
}

// Sum is the weighted sum of x.
func (g *Grade) Sum(x []float64) float64 {
	var z float64
	for k, v := range g.Weights {
		z += v * x[k]
	}
	return z
}

// Chances are those of each level, for a complaint whose weighted sum is z.
func (g *Grade) Chances(z float64) (p [Levels]float64) {
	reached := 1.0
	for k, cut := range g.Cuts {
		next := 1 / (1 + math.Exp(cut-z))
		p[k] = reached - next
		reached = next
	}
	p[Levels-1] = reached
	return p
}

// exactly is how much it counts that a level is the right one and not just next to it.
const exactly = 0.25

// Level is the level, from 0 for low, that is most likely right or a step off, for a text
// that is a complaint with the chance venting and whose weighted sum is z. A text that
// may well be none is thus graded lower.
func (g *Grade) Level(venting, z float64) int {
	p := g.Chances(z)
	best, most := 0, -1.0
	for k := range p {
		near := exactly * venting * p[k]
		for j := max(0, k-1); j <= min(Levels-1, k+1); j++ {
			near += venting * p[j]
		}
		if k == 0 {
			near += 1 - venting
		}
		if near > most {
			best, most = k, near
		}
	}
	return best
}

// finite tells whether the numbers are such that a level follows.
func (g *Grade) finite() bool {
	if g == nil {
		return true
	}
	last := math.Inf(-1)
	for _, c := range g.Cuts {
		if math.IsNaN(c) || math.IsInf(c, 0) || c < last {
			return false
		}
		last = c
	}
	for _, w := range g.Weights {
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return false
		}
	}
	return true
}
