package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// kinRank is how much moving Kin counts: it needs few features to tell.
const kinRank = 0.3

// prune keeps the features that move the heads most, weight times how often they
// occur, and drops the others from the corpus.
func (c *corpus) prune(w *weights, keep int) {
	if len(c.keys) <= keep {
		return
	}
	seen := make([]float64, len(c.keys))
	for _, id := range c.ids {
		seen[id&^charBit]++
	}
	var spread [model.Heads]float64
	for j := range c.keys {
		for k, v := range w.row(uint32(j)) {
			spread[k] += v * v * seen[j]
		}
	}
	type ranked struct {
		id   uint32
		rank float64
	}
	rs := make([]ranked, len(c.keys))
	for j := range rs {
		var best float64
		for k, v := range w.row(uint32(j)) {
			if spread[k] > 0 {
				r := v * v * seen[j] / spread[k]
				if model.Head(k) == model.Kin {
					r *= kinRank
				}
				best = math.Max(best, r)
			}
		}
		rs[j] = ranked{uint32(j), best}
	}
	slices.SortFunc(rs, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(c.keys[a.id], c.keys[b.id]))
	})
	next := make([]uint32, len(c.keys))
	for j := range next {
		next[j] = charBit
	}
	keys := make([]uint32, keep)
	group := make([]model.Group, keep)
	for n, r := range rs[:keep] {
		next[r.id] = uint32(n)
		keys[n], group[n] = c.keys[r.id], c.group[r.id]
	}
	c.keys, c.group = keys, group
	out := c.ids[:0]
	start := int64(0)
	for i := range c.rows {
		for _, id := range c.ids[start:c.start[i+1]] {
			if n := next[id&^charBit]; n != charBit {
				out = append(out, n|id&charBit)
			}
		}
		start = c.start[i+1]
		c.start[i+1] = int64(len(out))
	}
	c.ids = out
}
