package encoder

import "math"

// gelu is the activation x*Phi(x) as a table: between its points it is a straight
// line, which is off by less than 1e-6.
type gelu []float32

const (
	geluReach = 6
	geluSteps = 512
)

func newGelu() gelu {
	t := make(gelu, 2*geluReach*geluSteps+2)
	for i := range t {
		x := float64(i)/geluSteps - geluReach
		t[i] = float32(x * 0.5 * (1 + math.Erf(x/math.Sqrt2)))
	}
	return t
}

// apply writes the activation of each number of x to x.
func (t gelu) apply(x []float32) {
	for i, v := range x {
		switch {
		case v >= geluReach:
		case v > -geluReach:
			f := (v + geluReach) * geluSteps
			k := int(f)
			a := t[k]
			x[i] = a + (t[k+1]-a)*(f-float32(k))
		default:
			x[i] = 0
		}
	}
}
