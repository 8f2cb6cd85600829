package vent

// nothing is the log-odds of a text without a word.
const nothing = -4

// judge applies what is known beyond the model: who speaks, about whom, and what for.
func (w *work) judge(in *Input, t *tally) {
	if len(w.r.Doc.Tokens) == 0 {
		w.atMost(nothing, -1, -1)
		return
	}
	w.complains(t)
	w.intent(t)
}
