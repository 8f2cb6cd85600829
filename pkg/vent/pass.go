package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/reading"
)

// pass adds up the weights of all features: every head in one go.
func pass(m *model.Model, r *reading.Reading) (z [model.Heads]float64) {
	var sum [model.Groups][model.Heads]int32
	for i := range r.Features {
		f := &r.Features[i]
		w := m.Table.Find(f.Hash)
		if w == nil {
			continue
		}
		s := &sum[f.Group]
		for k, v := range w {
			s[k] += int32(v)
		}
	}
	scale := damp(m, len(r.Features))
	for g := range sum {
		v := model.Group(g).Value() * scale
		for k, n := range sum[g] {
			z[k] += float64(n) * m.Scales[g][k] * v
		}
	}
	for k := range z {
		z[k] += m.Bias[k]
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
	return b.Scale*s + b.Shift
}
