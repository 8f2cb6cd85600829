package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// target lowers complaints about somebody else: competitors, and things that
// happen to have the brand's name.
func (w *work) target(t *tally) {
	if w.names == nil || !w.names.Given {
		return
	}
	if t.weight[cue.Switch] >= 2 {
		w.atMost(-1, t.from[cue.Switch], t.to[cue.Switch])
	}
	if len(w.clauses) > 0 && w.others() {
		w.compared(t)
	}
	w.homonym(t)
	if w.r.Seen.Brand == 0 && w.r.Doc.Users > 0 && w.r.Doc.Tokens[0].Kind == text.User {
		w.push(0, 1, -0.7)
	}
}

// others tells whether some clause is about another firm.
func (w *work) others() bool {
	for _, c := range w.clauses {
		if c.who == other {
			return true
		}
	}
	return false
}

// compared judges a post about several firms: what is said in the brand's clauses
// alone decides.
func (w *work) compared(t *tally) {
	bad := t.wrong() + t.weight[cue.Negative] + t.weight[cue.Event] + t.weight[cue.Mild]
	good := t.weight[cue.Positive] + t.weight[cue.Thanks]
	at := int32(max(w.r.Seen.First, 0))
	switch {
	case bad == 0 || good > bad+1:
		w.atMost(-0.8, at, at+1)
	case bad >= 2 && bad > good:
		w.push(at, at+1, 0.6)
	}
}

// homonym lowers a text in which the brand's name is an everyday word: it stands
// behind an article and nothing speaks of a customer.
func (w *work) homonym(t *tally) {
	if t.weight[cue.Everyday] < 3 || w.r.Seen.Context > 0 {
		return
	}
	if t.has(cue.Customer) && t.wrong() >= 3 {
		return
	}
	w.atMost(-1.2, t.from[cue.Everyday], t.to[cue.Everyday])
}
