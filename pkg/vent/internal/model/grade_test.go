package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGradeLevel(t *testing.T) {
	t.Parallel()
	g := &Grade{Weights: []float64{2, 0}, Cuts: [Levels - 1]float64{-2, 0, 2}}
	require.InDelta(t, 3, g.Sum([]float64{1.5, 9}), 1e-9)
	for _, tc := range []struct {
		name    string
		venting float64
		z       float64
		want    int
	}{
		{"far below", 0.99, -6, 0},
		{"in the middle", 0.99, -1, 1},
		{"high", 0.99, 1, 2},
		{"far above", 0.99, 9, 3},
		{"in doubt it is less", 0.55, -1, 0},
		{"unless it is grave", 0.55, 6, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := g.Chances(tc.z)
			require.InDelta(t, 1, p[0]+p[1]+p[2]+p[3], 1e-9)
			require.Equal(t, tc.want, g.Level(tc.venting, tc.z))
		})
	}
}
