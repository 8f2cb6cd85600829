package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// author lowers posts of the brand's own people and posts that only pass on what
// others wrote.
func (w *work) author(t *tally) {
	if t.weight[cue.Agent] >= 3 && (!t.i || t.weight[cue.Agent] >= 5) && t.weight[cue.Complaint] < 5 {
		w.atMost(-1.5, t.from[cue.Agent], t.to[cue.Agent])
	}
	if w.r.Doc.Repost && len(w.r.Doc.Tokens) > 2 {
		w.atMost(-0.25, 0, 2)
	}
	if w.own {
		w.atMost(-3, -1, -1)
	}
	w.quotation(t)
}

// quotation lowers posts that are mostly somebody else's words.
func (w *work) quotation(t *tally) {
	if t.words == 0 || t.quoted*10 < t.words*3 || t.first() || t.you {
		return
	}
	if t.wrong() >= 3 || t.weight[cue.Sarcasm] >= 3 {
		return
	}
	d := &w.r.Doc
	for i := range d.Tokens {
		if d.Tokens[i].Has(text.Quoted) {
			w.atMost(-0.2, int32(i), int32(i+1))
			return
		}
	}
}
