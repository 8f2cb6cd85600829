package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// praise lowers praise in rough words, and praise with nothing against it.
func (w *work) praise(t *tally) {
	if t.weight[cue.Sarcasm] >= 3 {
		return
	}
	if t.weight[cue.RoughPraise] >= 4 && t.weight[cue.Complaint] <= 4 && t.weight[cue.Unresolved] == 0 && t.weight[cue.Mild] < 3 {
		limit := -1.2
		if w.sum > 2 {
			limit = -0.3
		}
		w.atMost(limit, t.from[cue.RoughPraise], t.to[cue.RoughPraise])
		return
	}
	if t.has(cue.Expletive) && t.wrong() == 0 && t.weight[cue.Negative] <= t.weight[cue.Expletive]+1 && t.weight[cue.Mild] == 0 {
		limit := -0.1
		switch {
		case t.has(cue.Positive) || t.weight[cue.RoughPraise] > 0:
			limit = -1
		case w.sum > 0.5:
			return
		}
		w.atMost(limit, t.from[cue.Expletive], t.to[cue.Expletive])
		return
	}
	if t.weight[cue.Positive] >= 4 && t.wrong() == 0 && t.weight[cue.Negative] <= 2 && t.weight[cue.Opener] < 2 {
		w.push(t.from[cue.Positive], t.to[cue.Positive], -0.25)
	}
}

// settled lowers what is over, unless it is said that it is not.
func (w *work) settled(t *tally) {
	if t.weight[cue.Unresolved] >= 2 {
		t.weight[cue.Resolved] = 0
		return
	}
	if t.weight[cue.Resolved] < 2 || t.weight[cue.Sarcasm] >= 3 {
		return
	}
	limit := -0.5
	switch {
	case t.has(cue.Thanks) || t.weight[cue.Positive] >= 2:
		limit = -1.2
	case w.sum > 1.2 && t.weight[cue.Resolved] < 3:
		return
	}
	w.atMost(limit, t.from[cue.Resolved], t.to[cue.Resolved])
}

// asks lowers questions of people who want to know something.
func (w *work) asks(t *tally) {
	if t.weight[cue.Sarcasm] >= 3 || t.weight[cue.Help] >= 2 && t.weight[cue.Event]+t.weight[cue.Mild]+t.wrong() >= 2 {
		return
	}
	if t.weight[cue.Question] >= 4 && t.weight[cue.Complaint] < 3 && t.weight[cue.Unresolved] == 0 {
		w.atMost(-0.3, t.from[cue.Question], t.to[cue.Question])
	}
	if w.wonders(t) {
		w.atMost(-0.3, t.from[cue.Question], t.to[cue.Question])
	}
	if t.weight[cue.Question] < 2 {
		if w.sum < 1 && t.ends == '?' && t.wrong() == 0 && t.weight[cue.Negative] == 0 && t.weight[cue.Event] == 0 && t.weight[cue.Mild] == 0 {
			w.push(-1, -1, -0.3)
			w.atMost(-0.1, -1, -1)
		}
		return
	}
	if t.wrong() == 0 && t.weight[cue.Negative] <= 2 && t.weight[cue.Event] <= 1 && t.weight[cue.Mild] == 0 {
		if w.names == nil {
			w.push(t.from[cue.Question], t.to[cue.Question], -0.5)
			return
		}
		limit := -1.0
		if w.sum > 1 {
			limit = -0.15
		}
		w.atMost(limit, t.from[cue.Question], t.to[cue.Question])
	}
}

// wonders tells whether the post is one question of somebody who tells of nothing
// that happened to them.
func (w *work) wonders(t *tally) bool {
	if w.names == nil || t.first() || t.ends != '?' || t.weight[cue.Question] < 2 || w.sum > 1.2 {
		return false
	}
	return t.weight[cue.Complaint] < 2 && t.weight[cue.Negative] <= 2 && t.weight[cue.Event] <= 1 &&
		t.weight[cue.Unresolved]+t.weight[cue.Waiting]+t.weight[cue.Repeated]+t.weight[cue.Mild]+t.weight[cue.Churn] == 0
}

// occasion lowers advertisements, jobs, news, and talk about other people.
func (w *work) occasion(t *tally) {
	mine := t.first() && (t.weight[cue.Complaint] >= 3 || t.wrong() >= 4)
	if w.r.Seen.Addressed && t.wrong() >= 2 && t.weight[cue.Ad]+t.weight[cue.Job] < 5 {
		w.others(t)
		return
	}
	switch {
	case w.pitch(t), t.weight[cue.Ad] >= 3 && !mine && t.weight[cue.Complaint] < 3, t.weight[cue.Ad] >= 2 && !t.first() && t.weight[cue.Complaint] < 3:
		w.atMost(-1.5, t.from[cue.Ad], max(t.to[cue.Ad], t.from[cue.Ad]+1))
	}
	if t.weight[cue.Job] >= 5 || t.weight[cue.Job] >= 3 && !mine || t.weight[cue.Job] >= 2 && t.wrong() < 3 {
		w.atMost(-2, t.from[cue.Job], t.to[cue.Job])
	}
	if t.weight[cue.Investor] >= 3 && t.weight[cue.Complaint] < 5 {
		w.atMost(-1, t.from[cue.Investor], t.to[cue.Investor])
	}
	if t.weight[cue.Employee] >= 3 && t.weight[cue.Complaint] < 5 {
		w.atMost(-1, t.from[cue.Employee], t.to[cue.Employee])
	}
	w.news(t)
	w.others(t)
}

// others lowers what is said of other people, of dreams, and advice.
func (w *work) others(t *tally) {
	if t.weight[cue.Hearsay] >= 2 && (!t.first() || t.weight[cue.Complaint] < 5) {
		w.atMost(-0.5, t.from[cue.Hearsay], t.to[cue.Hearsay])
	}
	if t.weight[cue.Hypothetical] >= 3 {
		w.atMost(-0.6, t.from[cue.Hypothetical], t.to[cue.Hypothetical])
	}
	if t.has(cue.Hypothetical) && t.weight[cue.Complaint] < 3 {
		w.push(t.from[cue.Hypothetical], t.to[cue.Hypothetical], -0.8)
	}
	if t.weight[cue.Advice] >= 2 && !t.first() {
		w.atMost(-0.7, t.from[cue.Advice], t.to[cue.Advice])
	}
}

// pitch tells whether the post opens with a question about a trouble that it then
// sells the cure for.
func (w *work) pitch(t *tally) bool {
	d := &w.r.Doc
	if t.first() || len(d.Tokens) < 4 {
		return false
	}
	if t.weight[cue.Ad] >= 2 && (t.questions > 0 && !t.you || troubled(d.Form(0)) && t.exclaims+w.r.Doc.Links > 0) {
		return true
	}
	if t.you || !troubled(d.Form(0)) {
		return false
	}
	for i := range d.Tokens {
		if d.Norm[d.Tokens[i].NStart] == '?' {
			return i < len(d.Tokens)-2
		}
	}
	return false
}

// troubled tells whether advertisements open with the word.
func troubled(w []byte) bool {
	switch string(w) {
	case "tired", "fed", "sick", "hate", "struggling", "paying", "bored", "frustrated", "looking", "worried", "want", "need", "ready",
		"cracked", "slow", "stressed", "had", "stop", "say", "forget", "don't", "dont", "hungry":
		return true
	}
	return false
}

// news lowers reports: nobody speaks of themselves, and the words are those of a
// headline.
func (w *work) news(t *tally) {
	if t.weight[cue.Headline] < 5 && (t.we || t.exclaims > 0) || t.i || t.you {
		return
	}
	if t.weight[cue.Headline] < 5 && t.weight[cue.Complaint] >= 3 && t.weight[cue.Unresolved]+t.weight[cue.Waiting]+t.weight[cue.Repeated] >= 2 {
		return
	}
	var limit float64
	switch {
	case t.weight[cue.Headline] >= 3, t.weight[cue.Headline] >= 2 && !w.r.Seen.Addressed:
		limit = -1.2
	case w.titled && t.words >= 5:
		limit = -1
	case !w.r.Seen.Addressed && w.sum < 1 && w.r.Doc.Links > 0 && t.wrong() < 3 && t.exclaims == 0 && t.words >= 6:
		limit = -0.3
	default:
		return
	}
	w.atMost(limit, t.from[cue.Headline], t.to[cue.Headline])
}
