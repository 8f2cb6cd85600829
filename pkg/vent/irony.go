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
	wrong := t.wrong()
	events := t.weight[cue.Event] + wrong/2 + t.weight[cue.Mild]/2
	if t.has(cue.Money) {
		events++
	}
	sincere := t.weight[cue.Resolved] >= 2 && t.weight[cue.Unresolved] == 0 || t.weight[cue.Thanks] >= 2 && wrong < 2
	if opener < 1 || events < 1 && opener < 5 || sincere {
		return
	}
	if t.weight[cue.RoughPraise] >= 4 && (t.weight[cue.Event] < 2 || t.weight[cue.Positive] > 0) {
		return
	}
	from, to := t.from[cue.Opener], t.to[cue.Opener]
	switch {
	case opener >= 2 && opener+events >= 4, wrong >= 3:
		by := 1.4
		if opener >= 3 && t.weight[cue.Complaint] >= 3 {
			by = 2.6
		}
		w.push(from, to, by)
		w.atLeast(0.2, from, to)
		t.weight[cue.Sarcasm] = max(t.weight[cue.Sarcasm], 3)
	case opener >= 2, events >= 2 && t.weight[cue.Positive] <= 3:
		w.push(from, to, 0.9)
		w.atLeast(0.05, from, to)
		t.weight[cue.Sarcasm] = max(t.weight[cue.Sarcasm], 3)
	}
}
