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

// lists is the signals and topics of a text, in one piece of memory.
func lists(t *tally, multi bool) (signals, topics []string) {
	var best [maxTopics]string
	top := topicsOf(t, best[:0])
	mask := signalsOf(t, multi)
	n := bits.OnesCount32(mask)
	all := make([]string, 0, n+len(top))
	for ; mask != 0; mask &= mask - 1 {
		all = append(all, signalKinds[bits.TrailingZeros32(mask)].name)
	}
	return all[:n:n], append(all, top...)[n:]
}

// signalsOf has a bit for each signal that the text shows.
func signalsOf(t *tally, multi bool) uint32 {
	var mask uint32
	for i := range signalKinds {
		s := &signalKinds[i]
		if s.kind != cue.None && t.weight[s.kind] >= s.least || s.kind == cue.None && multi {
			mask |= 1 << i
		}
	}
	return mask
}

// maxTopics is how many topics a score names.
const maxTopics = 3

// topicsOf appends the topics with the strongest cues; other where there are none.
func topicsOf(t *tally, out []string) []string {
	var weights [maxTopics]int
	for i := range topicKinds {
		k := &topicKinds[i]
		v := t.weight[k.kind]
		if k.kind == cue.None || v <= 0 {
			continue
		}
		// Of two that are as strong the one listed first comes first.
		at := len(out)
		for at > 0 && weights[at-1] < v {
			at--
		}
		if at == maxTopics {
			continue
		}
		if len(out) < maxTopics {
			out = append(out, "")
		}
		copy(out[at+1:], out[at:])
		copy(weights[at+1:], weights[at:])
		out[at], weights[at] = k.name, v
	}
	if len(out) == 0 {
		out = append(out, "other")
	}
	return out
}
