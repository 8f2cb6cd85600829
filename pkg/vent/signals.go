package vent

import (
	"math/bits"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
)

// signal names what a text shows, in the order of Signals.
var signalKinds = [...]struct {
	name string
	kind cue.Kind
	// least is the weight from which the cues count.
	least int
}{
	{"waiting", cue.Waiting, 2},
	{"repeated_contact", cue.Repeated, 1},
	{"churn", cue.Churn, 2},
	{"legal", cue.Legal, 2},
	{"safety", cue.Safety, 2},
	{"money", cue.Money, 1},
	{"outage", cue.Outage, 2},
	{"privacy", cue.Privacy, 2},
	{"rude_staff", cue.RudeStaff, 2},
	{"broken_promise", cue.BrokenPromise, 1},
	{"sarcasm", cue.Sarcasm, 3},
	{"resolved", cue.Resolved, 2},
	{"thanks", cue.Thanks, 1},
	{"question", cue.Question, 2},
	{"multi_brand", cue.None, 0},
}

var topicKinds = [...]struct {
	name string
	kind cue.Kind
}{
	{"delivery", cue.TopicDelivery},
	{"billing", cue.TopicBilling},
	{"refund", cue.TopicRefund},
	{"outage", cue.TopicOutage},
	{"app", cue.TopicApp},
	{"product", cue.TopicProduct},
	{"staff", cue.TopicStaff},
	{"support", cue.TopicSupport},
	{"account", cue.TopicAccount},
	{"booking", cue.TopicBooking},
	{"pricing", cue.TopicPricing},
	{"privacy", cue.TopicPrivacy},
	{"safety", cue.TopicSafety},
	{"other", cue.None},
}

// Signals lists the signals that a score may name.
func Signals() []string {
	out := make([]string, len(signalKinds))
	for i, s := range signalKinds {
		out[i] = s.name
	}
	return out
}

// Topics lists the topics that a score may name.
func Topics() []string {
	out := make([]string, len(topicKinds))
	for i, t := range topicKinds {
		out[i] = t.name
	}
	return out
}

func signalsOf(t *tally, multi bool) []string {
	var mask uint32
	for i, s := range signalKinds {
		if s.kind != cue.None && t.weight[s.kind] >= s.least || s.kind == cue.None && multi {
			mask |= 1 << i
		}
	}
	out := make([]string, 0, bits.OnesCount32(mask))
	for i, s := range signalKinds {
		if mask&(1<<i) != 0 {
			out = append(out, s.name)
		}
	}
	return out
}

// maxTopics is how many topics a score names.
const maxTopics = 3

// topicsOf names the topics with the strongest cues; other where there are none.
func topicsOf(t *tally) []string {
	out := make([]string, 0, maxTopics)
	var used uint32
	for range maxTopics {
		best, at := 0, -1
		for i, k := range topicKinds {
			if used&(1<<i) == 0 && k.kind != cue.None && t.weight[k.kind] > best {
				best, at = t.weight[k.kind], i
			}
		}
		if at < 0 {
			break
		}
		used |= 1 << at
		out = append(out, topicKinds[at].name)
	}
	if len(out) == 0 {
		out = append(out, "other")
	}
	return out
}
