package crowd

import (
	"math"
	"slices"
)

// tail is the probability of n or more where mean are expected (Poisson).
func tail(n int, mean float64) float64 {
	if n <= 0 {
		return 1
	}
	if mean <= 0 {
		return 0
	}
	term := math.Exp(-mean)
	sum := 0.0
	for k := range n {
		sum += term
		term *= mean / float64(k+1)
	}
	return max(1-sum, 0)
}

// median is the middle of the counts, 0 of none.
func median(counts []float64) float64 {
	if len(counts) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(counts))
	m := len(s) / 2
	if len(s)%2 == 1 {
		return s[m]
	}
	return (s[m-1] + s[m]) / 2
}

// spread is the median distance from the median.
func spread(counts []float64) float64 {
	m := median(counts)
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = math.Abs(c - m)
	}
	return median(out)
}
