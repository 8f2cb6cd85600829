package learn

import "math"

const (
	// memory is how many steps the minimiser remembers.
	memory = 8
	// steps bounds its work, enough is the share of the first gradient's length at which it ends.
	steps  = 40
	enough = 1e-3
)

// minimise is L-BFGS from nothing: the least of a convex f over n numbers. f gives its
// value at x and writes its gradient to g. The same f gives the same numbers.
func minimise(f func(x, g []float64) float64, n int) []float64 {
	x, g := make([]float64, n), make([]float64, n)
	value := f(x, g)
	goal := enough * math.Sqrt(dot(g, g))
	var past []pair
	next, ng := make([]float64, n), make([]float64, n)
	for range steps {
		if math.Sqrt(dot(g, g)) <= goal {
			break
		}
		dir := direction(g, past)
		slope := dot(dir, g)
		t := 1.0
		if len(past) == 0 {
			t = 1 / math.Max(1, math.Sqrt(dot(g, g)))
		}
		nv := math.Inf(1)
		for range 30 {
			for i := range x {
				next[i] = x[i] + t*dir[i]
			}
			if nv = f(next, ng); nv <= value+1e-4*t*slope {
				break
			}
			t /= 2
		}
		if nv >= value {
			break
		}
		past = remember(past, x, next, g, ng)
		x, next = next, x
		g, ng = ng, g
		value = nv
	}
	return x
}

// pair is a step and how the gradient changed over it.
type pair struct {
	step, change []float64
	rho          float64
}

func remember(past []pair, x, next, g, ng []float64) []pair {
	p := pair{step: make([]float64, len(x)), change: make([]float64, len(x))}
	for i := range x {
		p.step[i], p.change[i] = next[i]-x[i], ng[i]-g[i]
	}
	curve := dot(p.step, p.change)
	if curve <= 1e-12 {
		return past
	}
	p.rho = 1 / curve
	if len(past) == memory {
		past = append(past[:0:0], past[1:]...)
	}
	return append(past, p)
}

// direction is downhill, by the curvature that the last steps saw.
func direction(g []float64, past []pair) []float64 {
	d := make([]float64, len(g))
	for i := range g {
		d[i] = -g[i]
	}
	if len(past) == 0 {
		return d
	}
	alpha := make([]float64, len(past))
	for k := len(past) - 1; k >= 0; k-- {
		alpha[k] = past[k].rho * dot(past[k].step, d)
		add(d, past[k].change, -alpha[k])
	}
	last := past[len(past)-1]
	scale := 1 / (last.rho * dot(last.change, last.change))
	for i := range d {
		d[i] *= scale
	}
	for k := range past {
		add(d, past[k].step, alpha[k]-past[k].rho*dot(past[k].change, d))
	}
	return d
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func add(to, what []float64, by float64) {
	for i := range to {
		to[i] += by * what[i]
	}
}
