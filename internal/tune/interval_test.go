package tune

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		hits, of  int
		low, high float64
	}{
		{"none of none", 0, 0, 0, 1},
		{"none of ten", 0, 10, 0, 0.2775},
		{"eight of ten", 8, 10, 0.4902, 0.9433},
		{"all of ten", 10, 10, 0.7225, 1},
		{"half of a thousand", 500, 1000, 0.4691, 0.5309},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rate(c.hits, c.of)
			require.InDelta(t, c.low, r.Low, 1e-3)
			require.InDelta(t, c.high, r.High, 1e-3)
		})
	}
}

func TestWeighted(t *testing.T) {
	t.Parallel()
	// With weights of 1 it is the exact interval of a Poisson count.
	for _, c := range []struct{ n, low, high float64 }{{0, 0, 3.689}, {1, 0.0253, 5.572}, {10, 4.795, 18.390}, {100, 81.36, 121.63}} {
		got := weighted(c.n, c.n, 1)
		require.Equal(t, c.n, got.Value)
		require.InDelta(t, c.low, got.Low, 0.05)
		require.InDelta(t, c.high, got.High, 0.05)
	}
	ten := weighted(100, 1000, 10)
	require.InDelta(t, 47.95, ten.Low, 0.5)
	require.InDelta(t, 183.9, ten.High, 0.5)
}
