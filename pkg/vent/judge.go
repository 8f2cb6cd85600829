package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// nothing is the log-odds of a text without a word.
const nothing = -4

// judge applies what is known beyond the model: about whom the post speaks, what
// went wrong, what the post is for and who wrote it. Later rules overrule earlier ones.
func (s *Scorer) judge(w *work, in *Input, b *model.Blend) tally {
	if len(w.r.Doc.Tokens) == 0 {
		w.sum = nothing
		return tally{}
	}
	w.trust = s.trust(w)
	w.titled = titled(&w.r.Doc)
	w.several = false
	if s.split(w) {
		s.compare(w, b)
	}
	t := w.count()
	w.evidence(&t)
	w.irony(&t)
	w.praise(&t)
	w.settled(&t)
	w.asks(&t)
	w.target(&t)
	w.occasion(&t)
	w.trust = 1
	w.author(&t)
	w.rated(in.Rating)
	w.sum = math.Max(-certain, math.Min(certain, w.sum))
	return t
}

// rulesAbroad is how far rules count in other languages, once a model knows some:
// English cues are half the truth there.
const rulesAbroad = 0.25

// trust is how far rules move the score of a text.
func (s *Scorer) trust(w *work) float64 {
	if w.r.Lang != cue.English && s.model.Foreign != nil {
		return rulesAbroad
	}
	return 1
}

// titled tells whether nearly every word begins with a capital, as in a headline.
func titled(d *text.Doc) bool {
	words, big := 0, 0
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if t.Kind != text.Word || t.End-t.Start < minName || t.Has(text.Tag) {
			continue
		}
		words++
		if t.Has(text.Title) || t.Has(text.Caps) {
			big++
		}
	}
	return words >= 3 && big*10 >= words*8
}

// rated applies a star rating: its author says outright how satisfied they are.
func (w *work) rated(stars int) {
	if w.own {
		return
	}
	switch stars {
	case 1:
		w.push(-1, -1, 2.5)
		w.atLeast(1, -1, -1)
	case 2:
		w.push(-1, -1, 1.8)
		w.atLeast(0.4, -1, -1)
	case 4:
		w.push(-1, -1, -1.8)
	case 5:
		w.push(-1, -1, -2.5)
		w.atMost(-0.5, -1, -1)
	}
}

// lift raises the log-odds where a kind of cue speaks with at least least.
func (w *work) lift(t *tally, k cue.Kind, least int, by float64) {
	if t.weight[k] >= least {
		w.push(t.from[k], t.to[k], by)
	}
}
