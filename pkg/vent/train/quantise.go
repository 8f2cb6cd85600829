package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// quantise turns weights into bytes and the scales that turn them back. Features
// whose bytes are all 0 are dropped.
func quantise(c *corpus, w *weights) ([]model.Entry, [model.Groups][model.Heads]float64) {
	var scales [model.Groups][model.Heads]float64
	for k := range model.Heads {
		var all [model.Groups][]float64
		for j := range c.keys {
			if v := math.Abs(w.row(uint32(j))[k]); v > 0 {
				all[c.group[j]] = append(all[c.group[j]], v)
			}
		}
		for g := range all {
			scales[g][k] = scaleOf(all[g], cut(model.Group(g)))
		}
	}
	entries := make([]model.Entry, 0, len(c.keys))
	for j := range c.keys {
		e := model.Entry{Key: c.keys[j]}
		some := false
		for k, v := range w.row(uint32(j)) {
			s := scales[c.group[j]][k]
			if s == 0 {
				continue
			}
			q := math.Round(v / s)
			e.Weights[k] = int8(max(-127, min(127, q)))
			some = some || e.Weights[k] != 0
		}
		if some {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b model.Entry) int { return cmp.Compare(a.Key, b.Key) })
	return entries, scales
}

// scaleOf is the size of one step: the few largest weights are cut, so that the
// many small ones keep their steps.
func scaleOf(abs []float64, keep float64) float64 {
	if len(abs) == 0 {
		return 0
	}
	slices.Sort(abs)
	return abs[int(float64(len(abs)-1)*keep)] / 127
}

// cut is the share of weights that are not cut: no fact is.
func cut(g model.Group) float64 {
	if g == model.Facts {
		return 1
	}
	return 0.9998
}
