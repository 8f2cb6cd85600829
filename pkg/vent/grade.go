package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// graded are the kinds of cues that tell how severe a complaint is.
var graded = [...]cue.Kind{
	cue.Negative, cue.Complaint, cue.Waiting, cue.Repeated, cue.Churn, cue.Legal, cue.Safety, cue.Money, cue.Outage, cue.Privacy,
	cue.RudeStaff, cue.BrokenPromise, cue.Sarcasm, cue.Vulnerable, cue.Threat, cue.Press, cue.Help, cue.Resolved, cue.Thanks, cue.Question,
	cue.Positive, cue.Joke, cue.Customer, cue.Mild, cue.Everyday, cue.Expletive, cue.Unresolved, cue.TopicDelivery, cue.TopicBilling,
	cue.TopicRefund, cue.TopicOutage, cue.TopicApp, cue.TopicProduct, cue.TopicStaff, cue.TopicSupport, cue.TopicAccount, cue.TopicBooking,
	cue.TopicPricing, cue.TopicPrivacy, cue.TopicSafety,
}

// graveHeads are the heads that do.
var graveHeads = [...]model.Head{model.Negative, model.Complaint, model.Target, model.Case}

// GraveTraits is how many numbers of a text a model's severity is made of.
const GraveTraits = len(graded) + len(graveHeads) + 7

// mostCue is the weight beyond which more cues of a kind say nothing more.
const mostCue = 6

// grave is what tells how severe a complaint is: its log-odds, the heads, the cues of
// each kind and how it is written. Each is about one in size.
func (w *work) grave(t *tally, negative float64) (x [GraveTraits]float64) {
	n := 0
	add := func(v float64) {
		x[n] = v
		n++
	}
	for _, k := range graded {
		add(float64(min(t.weight[k], mostCue)) / (mostCue / 2))
	}
	for _, h := range graveHeads {
		add(math.Max(-4, math.Min(4, w.heads[h])) / 2)
	}
	add(math.Max(0, math.Min(5, w.sum)) / 5)
	add(negative)
	add(one(w.r.Lang != cue.English))
	add(one(t.first()))
	add(one(t.you))
	add(float64(min(t.exclaims, 3)) / 3)
	add(float64(min(t.words, 60)) / 30)
	return x
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Grave is the numbers of a text that a model's severity is made of, and the probability
// that it is a complaint at all, for those who fit it.
func (s *Scorer) Grave(in Input) (x [GraveTraits]float64, venting float64) {
	w := s.take()
	defer s.give(w)
	t := s.judge(w, &in, s.read(w, &in, false))
	negative, _, _ := s.polarity(w, &t)
	return w.grave(&t, negative), sigmoid(w.sum)
}
