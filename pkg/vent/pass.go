package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// pass adds up the weights of all features: every head in one go.
func (s *Scorer) pass(w *work) (z [model.Heads]float64) {
	sum := w.r.Sum(s.model.Table, &w.known)
	scale := damp(s.model, w.r.Count())
	for g := range sum {
		v := model.Group(g).Value() * scale
		for k, n := range sum[g] {
			z[k] += float64(n) * s.model.Scales[g][k] * v
		}
	}
	for k := range z {
		z[k] += s.model.Bias[k]
	}
	return z
}

// damp keeps long texts from drowning in their own n-grams.
func damp(m *model.Model, features int) float64 {
	return 1 / math.Sqrt(1+float64(features)/m.LengthUnit)
}

// blend is log-odds of venting, calibrated, of the heads.
func blend(b *model.Blend, z [model.Heads]float64) float64 {
	s := b.Bias
	for k, v := range z {
		s += b.Weights[k] * v
	}
	return tame(b.Scale*s + b.Shift)
}

const (
	// sure is the log-odds beyond which more of the same adds little.
	sure = 5
	// certain is the log-odds that no score goes beyond.
	certain = 10
)

// tame keeps a long text, which says the same thing over and over, from being
// certain beyond what any text can be.
func tame(z float64) float64 {
	switch {
	case z > sure:
		return math.Min(sure+math.Log1p(z-sure), certain)
	case z < -sure:
		return math.Max(-sure-math.Log1p(-z-sure), -certain)
	}
	return z
}
