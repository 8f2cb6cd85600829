package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// setAside takes what is said about other firms out of the score, and what cues
// stand there out of the hits. It returns false where nothing is said about the
// brand itself.
func (s *Scorer) setAside(w *work, b *model.Blend) {
	scale := damp(s.model, len(w.r.Features)) * b.Scale
	for _, c := range w.clauses {
		if c.who != other {
			continue
		}
		var sum float64
		for i := range w.r.Features {
			f := &w.r.Features[i]
			if f.From < c.from || f.To > c.to {
				continue
			}
			ws := s.model.Table.Find(f.Hash)
			if ws == nil {
				continue
			}
			var v float64
			for k, x := range ws {
				v += float64(x) * s.model.Scales[f.Group][k] * b.Weights[k]
			}
			sum += v * f.Group.Value() * scale
		}
		w.push(c.from, c.to, -sum)
	}
	kept := w.r.Hits[:0]
	for _, h := range w.r.Hits {
		if h.Kind == cue.Switch || h.Kind == cue.Churn || !w.aside(h.From) {
			kept = append(kept, h)
		}
	}
	w.r.Hits = kept
}

// aside tells whether token i is in a clause about another firm.
func (w *work) aside(i int32) bool {
	for _, c := range w.clauses {
		if i >= c.from && i < c.to {
			return c.who == other
		}
	}
	return false
}
