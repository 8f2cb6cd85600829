package train

import "math"

// objective is a function to minimise: it returns its value at x and writes its
// gradient into g.
type objective func(x, g []float64) float64

// lbfgsOptions bound a minimisation.
type lbfgsOptions struct {
	iterations int
	tolerance  float64
	progress   func(iteration int, value float64)
}

const lbfgsMemory = 7

type lbfgsState struct {
	s, y  [][]float64
	rho   []float64
	alpha []float64
}

// minimise runs L-BFGS from x, which it changes in place.
func minimise(f objective, x []float64, opt lbfgsOptions) {
	n := len(x)
	g, next, gNext, dir := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	value := f(x, g)
	var st lbfgsState
	for it := range opt.iterations {
		st.direction(g, dir)
		slope := dot(g, dir)
		if slope >= 0 {
			st = lbfgsState{}
			st.direction(g, dir)
			slope = dot(g, dir)
		}
		step := 1.0
		if it == 0 {
			step = 1 / math.Max(1, math.Sqrt(dot(g, g)))
		}
		found, got := line{x: x, dir: dir, value: value, slope: slope, step: step}.search(f, next, gNext)
		if !found {
			return
		}
		st.push(x, next, g, gNext)
		copy(x, next)
		g, gNext = gNext, g
		if opt.progress != nil {
			opt.progress(it+1, got)
		}
		done := math.Abs(value-got) <= opt.tolerance*math.Max(1, math.Abs(got))
		value = got
		if done {
			return
		}
	}
}

// line is where a line search starts and which way it goes.
type line struct {
	x, dir             []float64
	value, slope, step float64
}

// search halves the step until it helps enough. It leaves the new place in next
// and its gradient in gNext.
func (l line) search(f objective, next, gNext []float64) (bool, float64) {
	for range 25 {
		for i := range l.x {
			next[i] = l.x[i] + l.step*l.dir[i]
		}
		got := f(next, gNext)
		if got <= l.value+1e-4*l.step*l.slope {
			return true, got
		}
		l.step /= 2
	}
	return false, l.value
}

func (st *lbfgsState) push(x, next, g, gNext []float64) {
	var s, y []float64
	if len(st.s) == lbfgsMemory {
		s, y = st.s[0], st.y[0]
		st.s, st.y, st.rho = st.s[1:], st.y[1:], st.rho[1:]
	} else {
		s, y = make([]float64, len(x)), make([]float64, len(x))
	}
	for i := range x {
		s[i] = next[i] - x[i]
		y[i] = gNext[i] - g[i]
	}
	sy := dot(s, y)
	if sy <= 1e-12 {
		return
	}
	st.s, st.y, st.rho = append(st.s, s), append(st.y, y), append(st.rho, 1/sy)
}

func (st *lbfgsState) direction(g, dir []float64) {
	copy(dir, g)
	k := len(st.s)
	st.alpha = append(st.alpha[:0], make([]float64, k)...)
	for i := k - 1; i >= 0; i-- {
		st.alpha[i] = st.rho[i] * dot(st.s[i], dir)
		axpy(-st.alpha[i], st.y[i], dir)
	}
	if k > 0 {
		scale := dot(st.s[k-1], st.y[k-1]) / dot(st.y[k-1], st.y[k-1])
		for i := range dir {
			dir[i] *= scale
		}
	}
	for i := range k {
		b := st.rho[i] * dot(st.y[i], dir)
		axpy(st.alpha[i]-b, st.s[i], dir)
	}
	for i := range dir {
		dir[i] = -dir[i]
	}
}

func dot(a, b []float64) float64 {
	var s float64
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func axpy(c float64, x, y []float64) {
	for i := range x {
		y[i] += c * x[i]
	}
}
