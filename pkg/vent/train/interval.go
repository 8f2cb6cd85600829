package train

import (
	"slices"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Interval is where a figure lies in 95 of 100 samples drawn, with replacement,
// from the rows that it was measured on.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

const (
	resamples = 400
	tail      = 0.025
)

// bootstrap draws rows of n again and again; figure measures a sample, in which
// row i counts count[i] times.
func bootstrap(n int, seed uint64, figure func(count []int) float64) Interval {
	if n == 0 {
		return Interval{}
	}
	state := seed
	values := make([]float64, resamples)
	count := make([]int, n)
	for k := range values {
		clear(count)
		for range n {
			state += 0x9e3779b97f4a7c15
			count[text.Mix(state)%uint64(n)]++
		}
		values[k] = figure(count)
	}
	slices.Sort(values)
	return Interval{values[int(tail*resamples)], values[resamples-1-int(tail*resamples)]}
}

// intervals are those of the area under the curve and of macro-recall, where the
// rows have something to say about them.
func (t *tallies) intervals(seed uint64) map[string]Interval {
	out := map[string]Interval{}
	if both(t.venting) {
		js := slices.Clone(t.venting)
		slices.SortStableFunc(js, func(a, b Judged) int { return cmpFloat(a.P, b.P) })
		out["venting_auc"] = bootstrap(len(js), seed, func(count []int) float64 { return countedAUC(js, count) })
	}
	if len(t.polar) > 0 {
		out["macro_recall"] = bootstrap(len(t.polar), seed, func(count []int) float64 {
			var c Confusion
			for i, p := range t.polar {
				c[p.truth][p.said] += count[i]
			}
			return c.MacroRecall()
		})
	}
	return out
}

// countedAUC is the area under the curve of js, which are sorted by P; row i
// counts count[i] times.
func countedAUC(js []Judged, count []int) float64 {
	var rank, yes, before float64
	for i := 0; i < len(js); {
		var here, good float64
		k := i
		for ; k < len(js) && js[k].P == js[i].P; k++ {
			here += float64(count[k])
			if js[k].Yes {
				good += float64(count[k])
			}
		}
		rank += good * (before + (here+1)/2)
		yes += good
		before += here
		i = k
	}
	no := before - yes
	if yes == 0 || no == 0 {
		return 0
	}
	return (rank - yes*(yes+1)/2) / (yes * no)
}
