package triage

import (
	"slices"
	"strings"
	"unicode"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
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
func ToneOf(m mention.Mention, s vent.Score, a brand.Alert) record.Tone {
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
		if settled(m.Text) {
			return record.ToneResolved
		}
		return record.ToneThanks
	case s.Positive > s.Negative && s.Positive > s.Neutral && s.Venting < a.Threshold/2:
		return record.TonePleased
	default:
		return record.ToneNeutral
	}
}

// settledWords are words that, beside a thank-you, say that the matter is settled;
// unsettledWords take that back. Both are without accents.
const (
	settledWords = ` sorted resolved solved fixed refunded arrived works working resuelto solucionado arreglado ` +
		`resolu regle geklappt gelost erledigt geklart resolvido solucionou `
	unsettledWords = ` not no never still yet nothing cant wont isnt doesnt didnt hasnt havent nunca nada todavia ` +
		`pas jamais toujours rien nicht nie nichts noch nao ainda when if until hope hopefully please `
)

// settled reports whether a thank-you says that the matter is settled.
func settled(text string) bool {
	found := false
	for w := range strings.FieldsFuncSeq(foldText(strings.ReplaceAll(text, "'", "")), func(r rune) bool { return !unicode.IsLetter(r) }) {
		w = " " + w + " "
		if strings.Contains(unsettledWords, w) {
			return false
		}
		found = found || strings.Contains(settledWords, w)
	}
	return found
}
