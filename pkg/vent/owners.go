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
		case blames(h.Kind) && w.loyal(h):
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

// loyal tells whether h stands inside words of trust: the "never" of "would never
// do that" blames nobody.
func (w *work) loyal(h *cue.Hit) bool {
	for i := range w.r.Hits {
		l := &w.r.Hits[i]
		if l.Kind == cue.Loyal && l.From <= h.From && h.To <= l.To {
			return true
		}
	}
	return false
}

// blames tells whether cues of kind k say that something is wrong.
func blames(k cue.Kind) bool {
	//exhaustive:ignore
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
	case w.r.Seen.Addressed && w.r.Seen.Rival == 0 && c.goodHere < 2 && !w.leaves():
	case c.badThere >= 2 && (c.badHere <= 1 || c.goodHere > c.badHere):
		s.setAside(w, b)
		limit := -1.0
		if c.badHere == 0 {
			limit = -2.5
		}
		w.atMost(limit, at, at+1)
	case c.badHere >= 1 && c.badHere > c.goodHere:
		w.dropPraise()
		if c.badHere >= 2 && c.badThere == 0 {
			w.push(at, at+1, 0.3)
		}
	}
}

// leaves tells whether the post speaks of a change from one firm to another.
func (w *work) leaves() bool {
	for i := range w.r.Hits {
		if w.r.Hits[i].Kind == cue.Switch {
			return true
		}
	}
	return false
}

// dropPraise forgets what is said well of other firms.
func (w *work) dropPraise() {
	kept := w.r.Hits[:0]
	for _, h := range w.r.Hits {
		//exhaustive:ignore
		switch h.Kind {
		case cue.Positive, cue.Thanks, cue.Resolved, cue.RoughPraise:
			if w.aside(h.From) {
				continue
			}
		default:
		}
		kept = append(kept, h)
	}
	w.r.Hits = kept
}

// setAside takes what is said about other firms out of the score, and what cues
// stand there out of the hits.
func (s *Scorer) setAside(w *work, b *model.Blend) {
	scale := damp(s.model, w.r.Count()) * b.Scale
	for _, c := range w.clauses {
		if c.who == other {
			w.push(c.from, c.to, -scale*s.within(w, b, c))
		}
	}
	kept := w.r.Hits[:0]
	for _, h := range w.r.Hits {
		if h.Kind == cue.Switch || h.Kind == cue.Churn || !w.aside(h.From) {
			kept = append(kept, h)
		}
	}
	w.r.Hits = kept
}

// within adds up what the features inside clause c say.
func (s *Scorer) within(w *work, b *model.Blend, c clause) float64 {
	var sum [model.Groups]model.Sums
	features := w.r.List()
	for i := range features {
		f := &features[i]
		if f.From < c.from || f.To > c.to || f.Group == model.Chars {
			continue
		}
		if ws, ok := s.model.Table.Find(f.Hash); ok {
			for k, v := range ws {
				sum[f.Group][k] += int32(v)
			}
		}
	}
	sum[model.Chars] = w.r.Chars(s.model.Table, &w.known, c.from, c.to)
	var v float64
	for g := range sum {
		for k, n := range sum[g] {
			v += float64(n) * s.model.Scales[g][k] * b.Weights[k] * model.Group(g).Value()
		}
	}
	return v
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
