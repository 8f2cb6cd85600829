package alert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// signalWords says a signal of the scorer in words, nothing for one that speaks
// of no trouble.
func signalWords(s string) string {
	switch s {
	case "waiting":
		return "has been waiting"
	case "repeated_contact":
		return "has asked before"
	case "churn":
		return "may leave"
	case "legal":
		return "speaks of lawyers"
	case "safety":
		return "somebody could be hurt"
	case "money":
		return "it is about money"
	case "outage":
		return "something is down"
	case "privacy":
		return "it is about private data"
	case "rude_staff":
		return "feels treated rudely"
	case "broken_promise":
		return "a promise was broken"
	case "sarcasm":
		return "is being sarcastic"
	case "question":
		return "asks for an answer"
	case "multi_brand":
		return "names several brands"
	}
	return ""
}

// reasonWords says a reason of a dismissal in words.
func reasonWords(r string) string {
	switch r {
	case record.ReasonWrongCompany:
		return "wrong company"
	case record.ReasonNotCustomer:
		return "not a customer"
	case record.ReasonAlreadyHandled:
		return "already handled"
	case record.ReasonSpam:
		return "spam"
	}
	return ""
}

// ReasonLabel is how a dismissal's reason is offered to a person.
func ReasonLabel(r string) string {
	w := reasonWords(r)
	if w == "" {
		return ""
	}
	return strings.ToUpper(w[:1]) + w[1:]
}

func stateLine(d *record.Dossier) []Span {
	c := d.Case
	switch c.State {
	case record.StateOpen:
		if c.Episode > 1 {
			return []Span{{Text: "Open again, nobody has it yet"}}
		}
		return []Span{{Text: "Open, nobody has it yet"}}
	case record.StateSnoozed:
		out := []Span{{Text: "Snoozed"}}
		if !c.SnoozedUntil.IsZero() {
			out = append(out, Span{Text: " until "}, Span{At: c.SnoozedUntil})
		}
		return append(out, by(d, "snoozed", " by ")...)
	case record.StateClaimed:
		out := []Span{{Text: "Claimed"}}
		if c.Owner != "" {
			out = append(out, Span{Text: " by "}, Span{User: c.Owner})
		}
		return append(out, ago(c.ClaimedAt)...)
	case record.StateAnswered:
		out := append([]Span{{Text: "Answered"}}, ago(c.AnsweredAt)...)
		if c.Owner != "" {
			out = append(out, Span{Text: "; "}, Span{User: c.Owner}, Span{Text: " has it"})
		}
		return out
	case record.StateResolved:
		out := append([]Span{{Text: "Resolved"}}, by(d, "resolved", " by ")...)
		out = append(out, ago(c.ResolvedAt)...)
		return append(out, fateWords(c.Fate)...)
	case record.StateDismissed:
		out := []Span{{Text: "Not a complaint"}}
		if r := reasonWords(dismissReason(d)); r != "" {
			out = append(out, Span{Text: " (" + r + ")"})
		}
		return append(out, by(d, "dismissed", ", said ")...)
	}
	return []Span{{Text: string(c.State)}}
}

func fateWords(f record.Fate) []Span {
	switch f {
	case record.FateRecovered:
		return []Span{{Text: "; the customer is all right"}}
	case record.FateLost:
		return []Span{{Text: "; the customer is gone"}}
	case record.FateSilent:
		return []Span{{Text: "; the customer did not answer"}}
	case record.FateDeleted, record.FateUnknown:
	}
	return nil
}

// by names who did what last, where a person did.
func by(d *record.Dossier, what, word string) []Span {
	for _, e := range slices.Backward(d.History) {
		if e.What != what {
			continue
		}
		switch e.Actor {
		case "", "clock":
			return nil
		case "customer", "brand":
			return []Span{{Text: word + "the " + e.Actor}}
		}
		return []Span{{Text: word}, {User: e.Actor}}
	}
	return nil
}

// dismissReason is the reason that was given since the last dismissal.
func dismissReason(d *record.Dossier) string {
	for _, e := range slices.Backward(d.History) {
		if e.What != "reason" && e.What != "dismissed" {
			continue
		}
		for _, r := range record.DismissReasons() {
			if e.Detail == r || strings.Contains(e.Detail, r) || strings.Contains(e.Detail, reasonWords(r)) {
				return r
			}
		}
		if e.What == "dismissed" {
			return ""
		}
	}
	return ""
}

func ago(t time.Time) []Span {
	if t.IsZero() {
		return nil
	}
	return []Span{{Text: " "}, {At: t, Ago: true}}
}

// Ago says how long before now t was, in the largest unit that fits.
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d/time.Hour))
	default:
		return fmt.Sprintf("%d days ago", int(d/(24*time.Hour)))
	}
}

// Count says a number with its noun, thousands set apart by commas.
func Count(n int64, one, many string) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n == 1 {
		return s + " " + one
	}
	return s + " " + many
}

// Percent is a probability as people read it.
func Percent(p float64) string { return percent(p) }

func percent(p float64) string {
	if !(p >= 0 && p <= 1) {
		return "?"
	}
	return strconv.Itoa(int(p*100+0.5)) + " %"
}
