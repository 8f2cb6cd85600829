package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// wrong is how strongly the text says that something went wrong.
func (t *tally) wrong() int {
	n := 0
	for _, k := range [...]cue.Kind{
		cue.Complaint, cue.Waiting, cue.Repeated, cue.Churn, cue.Legal, cue.Safety, cue.Money, cue.Outage,
		cue.Privacy, cue.RudeStaff, cue.BrokenPromise, cue.Unresolved,
	} {
		n += t.weight[k]
	}
	return n
}

// evidence raises what the phrases say plainly. Kinds that say the same thing
// twice add up to a bound.
func (w *work) evidence(t *tally) {
	speaks := t.first() || t.you || w.r.Doc.Users > 0
	before := w.sum
	w.lift(t, cue.Complaint, 3, 0.54)
	w.lift(t, cue.Complaint, 5, 0.24)
	w.lift(t, cue.Unresolved, 2, 0.54)
	w.lift(t, cue.RudeStaff, 2, 0.48)
	w.lift(t, cue.Privacy, 3, 0.48)
	w.lift(t, cue.Churn, 3, 0.54)
	w.lift(t, cue.Waiting, 2, 0.36)
	w.lift(t, cue.Waiting, 4, 0.18)
	w.lift(t, cue.Repeated, 2, 0.24)
	w.lift(t, cue.Outage, 2, 0.3)
	w.lift(t, cue.Mild, 2, 0.48)
	w.lift(t, cue.BrokenPromise, 2, 0.24)
	if speaks {
		w.lift(t, cue.Safety, 3, 0.72)
		w.lift(t, cue.Legal, 3, 0.6)
		w.lift(t, cue.Money, 2, 0.3)
	}
	w.lift(t, cue.Event, 2, 0.18)
	w.plain(t, speaks)
	if over := w.sum - before - maxEvidence; over > 0 {
		w.push(-1, -1, -over)
	}
	if w.r.Lang > cue.English {
		w.foreign(t)
	}
}

const maxEvidence = 3

// plain raises a post that says outright what went wrong and has nothing good to
// say: however unlike the posts of the model's training it is.
func (w *work) plain(t *tally, speaks bool) {
	wrong := t.wrong() + t.weight[cue.Mild]
	if t.weight[cue.Positive] > 2 && t.weight[cue.Positive] >= wrong {
		return
	}
	if t.weight[cue.Thanks] > 0 && wrong < 4 {
		return
	}
	if t.weight[cue.Question] >= 2 && wrong < 4 {
		return
	}
	for _, k := range [...]cue.Kind{
		cue.Safety, cue.Privacy, cue.RudeStaff, cue.Legal, cue.Churn, cue.Complaint, cue.Unresolved, cue.Waiting, cue.Outage, cue.Money, cue.Mild,
	} {
		if t.weight[k] < 2 {
			continue
		}
		limit := -0.3
		if t.weight[cue.Headline]+t.weight[cue.Ad]+t.weight[cue.Positive]+t.weight[cue.Thanks] == 0 && !w.titled {
			limit = 0.1
		}
		switch {
		case wrong >= 4 && speaks, t.weight[k] >= 3 && (speaks || k == cue.Safety):
			limit = 0.4
		case wrong >= 3, speaks:
			limit = 0.15
		}
		w.atLeast(limit, t.from[k], t.to[k])
		return
	}
}

// foreign reads posts in languages that the model was not trained on: there the
// phrases say nearly everything.
func (w *work) foreign(t *tally) {
	w.lift(t, cue.Negative, 2, 1)
	w.lift(t, cue.Negative, 4, 0.6)
	w.lift(t, cue.Complaint, 2, 0.6)
	w.lift(t, cue.Positive, 2, -1)
	w.lift(t, cue.Positive, 4, -0.6)
}
