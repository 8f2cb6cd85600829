package triage

import (
	"slices"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// The signals that speak about how a matter ended, and those that take it back.
const (
	signalResolved = "resolved"
	signalThanks   = "thanks"
	signalSarcasm  = "sarcasm"
)

// openSignals are the signals of a matter that is still open: a thank-you beside
// one of them settles nothing.
func openSignals() []string {
	return []string{"waiting", "repeated_contact", "broken_promise", "churn", "legal", "question"}
}

// ToneOf says what a post with this score says to a case that it belongs to.
// "Thanks for nothing" is no thanks: a complaint and sarcasm come first.
func ToneOf(s vent.Score, a brand.Alert) record.Tone {
	has := func(signal string) bool { return slices.Contains(s.Signals, signal) }
	open := slices.ContainsFunc(openSignals(), has)
	switch {
	case s.Venting >= a.Threshold:
		return record.ToneVenting
	case has(signalSarcasm):
		return record.ToneNeutral
	case has(signalResolved) && !open:
		return record.ToneResolved
	case has(signalThanks) && !open && s.Positive >= s.Negative:
		return record.ToneThanks
	case s.Positive > s.Negative && s.Positive > s.Neutral && s.Venting < a.Threshold/2:
		return record.TonePleased
	default:
		return record.ToneNeutral
	}
}
