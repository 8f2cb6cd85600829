package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// irony raises praise that is meant the other way: warm words about something
// that went wrong.
func (w *work) irony(t *tally) {
	if t.weight[cue.Sarcasm] >= 3 {
		w.push(t.from[cue.Sarcasm], t.to[cue.Sarcasm], 1.5)
		return
	}
	opener := t.weight[cue.Opener]
	events := t.weight[cue.Event] + t.wrong()/2
	if opener < 2 || events < 1 && opener < 5 || t.weight[cue.RoughPraise] >= 4 || t.weight[cue.Resolved] >= 2 && t.weight[cue.Unresolved] == 0 {
		return
	}
	if opener+events >= 4 {
		w.push(t.from[cue.Opener], t.to[cue.Opener], 1.4)
		w.atLeast(0.2, t.from[cue.Opener], t.to[cue.Opener])
		t.weight[cue.Sarcasm] = max(t.weight[cue.Sarcasm], 3)
		return
	}
	w.push(t.from[cue.Opener], t.to[cue.Opener], 0.8)
}
