package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// wrong is how strongly the text says that something went wrong.
func (t *tally) wrong() int { return t.bad }

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
	w.polite(t)
	w.turn()
	w.plain(t, speaks)
	if over := w.sum - before - maxEvidence; over > 0 {
		w.push(-1, -1, -over)
	}
	if w.r.Lang > cue.English && w.trust > rulesAbroad {
		w.foreign(t)
	}
}

const maxEvidence = 3

// unlikely is the log-odds below which a single plain word does not outweigh the
// model.
const unlikely = -1.6

// plain raises a post that says outright what went wrong and has nothing good to
// say: however unlike the posts of the model's training it is.
func (w *work) plain(t *tally, speaks bool) {
	wrong := t.wrong() + t.weight[cue.Mild]
	if w.sum < unlikely && (wrong < 4 || !speaks) {
		return
	}
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
		cue.Repeated, cue.BrokenPromise,
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
// phrases say nearly everything, and rules are trusted in full.
func (w *work) foreign(t *tally) {
	w.lift(t, cue.Negative, 2, 1)
	w.lift(t, cue.Negative, 4, 0.6)
	w.lift(t, cue.Complaint, 2, 0.6)
	w.lift(t, cue.Positive, 2, -1)
	w.lift(t, cue.Positive, 4, -0.6)
}

// polite raises a request for redress that names a trouble in courteous words.
func (w *work) polite(t *tally) {
	if t.weight[cue.Help] < 2 || !t.first() || t.weight[cue.Question] >= 3 {
		return
	}
	trouble := t.wrong() + t.weight[cue.Mild] + t.weight[cue.Event] + t.weight[cue.Negative]
	if trouble == 0 || t.weight[cue.Positive] > trouble+3 {
		return
	}
	w.atLeast(0.3, t.from[cue.Help], t.to[cue.Help])
}

// turn weighs a post that says two things: what stands behind "but" is what its
// author means.
func (w *work) turn() {
	at := w.but()
	if at < 0 {
		return
	}
	var good, bad [2]int
	for i := range w.r.Hits {
		h := &w.r.Hits[i]
		side := 0
		if h.From >= at {
			side = 1
		}
		praise := h.Kind == cue.Positive || h.Kind == cue.RoughPraise || h.Kind == cue.Resolved
		switch {
		case praise && h.Negated:
			bad[side] += int(h.Weight)
		case praise:
			good[side] += int(h.Weight)
		case blames(h.Kind) && !h.Negated:
			bad[side] += int(h.Weight)
		}
	}
	switch {
	case good[0] >= 2 && bad[0] <= 1 && bad[1] >= 2 && bad[1] > good[1]:
		w.push(at, at+1, 0.7)
		w.atLeast(0.1, at, at+1)
	case bad[0] >= 2 && bad[1] <= 1 && good[1] >= 3:
		w.push(at, at+1, -0.7)
	}
}

// turns is the letters that the words of but begin with.
var turns = text.LettersOf("abehpstu")

// but is the last word that turns a post round, -1 where there is none.
func (w *work) but() int32 {
	d := &w.r.Doc
	for i := len(d.Tokens) - 2; i > 1; i-- {
		if d.Tokens[i].Kind != text.Word || !turns.Open(d.Form(i)) {
			continue
		}
		switch string(d.Form(i)) {
		case "but", "however", "shame", "pity", "except", "unfortunately", "sadly", "although", "though":
			return int32(i)
		}
	}
	return -1
}
