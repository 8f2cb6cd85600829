package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// contrast is what is said about the brand and about other firms.
type contrast struct {
	badHere, goodHere, badThere int
}

// weigh adds up the cues in the brand's clauses and in those of others.
func (w *work) weigh() (c contrast) {
	for i := range w.r.Hits {
		h := &w.r.Hits[i]
		there := w.aside(h.From)
		v := int(h.Weight)
		switch {
		case h.Kind == cue.Positive || h.Kind == cue.Thanks || h.Kind == cue.RoughPraise:
			switch {
			case there:
			case h.Negated:
				c.badHere += v
			default:
				c.goodHere += v
			}
		case blames(h.Kind):
			switch {
			case h.Negated:
			case there:
				c.badThere += v
			default:
				c.badHere += v
			}
		}
	}
	return c
}

// blames tells whether cues of kind k say that something is wrong.
func blames(k cue.Kind) bool {
	switch k {
	case cue.Negative, cue.Complaint, cue.Waiting, cue.Repeated, cue.Churn, cue.Legal, cue.Safety, cue.Money, cue.Outage, cue.Privacy,
		cue.RudeStaff, cue.BrokenPromise, cue.Unresolved, cue.Mild, cue.Event:
		return true
	default:
		return false
	}
}

// compare judges a post about several firms. Where the others are blamed and the
// brand is not, what is said about the others is set aside.
func (s *Scorer) compare(w *work, b *model.Blend) {
	w.several = true
	c := w.weigh()
	at := int32(max(w.r.Seen.First, 0))
	switch {
	case c.badThere >= 2 && (c.badHere <= 1 || c.goodHere > c.badHere):
		s.setAside(w, b)
		w.atMost(-1, at, at+1)
	case c.badHere >= 2 && c.badHere > c.goodHere && c.badThere == 0:
		w.push(at, at+1, 0.6)
	}
}

// setAside takes what is said about other firms out of the score, and what cues
// stand there out of the hits.
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
