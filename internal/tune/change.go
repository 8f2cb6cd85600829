package tune

import (
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// ShadowReport is the candidate that runs, or ran last, beside the config.
type ShadowReport struct {
	// Running is false where none runs; Shadow is then the last one, with N 0 for none at all.
	Running bool          `json:"running"`
	Shadow  record.Shadow `json:"shadow"`
	// Differences are the newest posts that it judges otherwise.
	Differences []record.Difference `json:"differences"`
}

// Effect is a change of the config with what it measurably did.
type Effect struct {
	record.ConfigChange
	// Effects are those of the brands that changed.
	Effects []BrandEffect `json:"effects"`
}

// BrandEffect is a brand's decisions a day before and after a change. A side is counted
// for seven days at most, and no further than the brand's next change.
type BrandEffect struct {
	Brand  string         `json:"brand"`
	Before store.Activity `json:"before"`
	After  store.Activity `json:"after"`
	// DaysBefore and DaysAfter are the times that they are from.
	DaysBefore float64 `json:"days_before"`
	DaysAfter  float64 `json:"days_after"`
}

// effectDays is how far a change's effect is looked for.
const effectDays = 7 * 24 * time.Hour

// EffectWindow bounds the times before and after a change at at, by the brand's changes
// before and after it; a zero time is none.
func EffectWindow(before, at, after, now time.Time) (from, to time.Time) {
	from = at.Add(-effectDays)
	if before.After(from) {
		from = before
	}
	to = at.Add(effectDays)
	for _, t := range []time.Time{after, now} {
		if !t.IsZero() && t.Before(to) {
			to = t
		}
	}
	return from, to
}

// maxChangeLines bounds the lines of one brand's change.
const maxChangeLines = 60

// Lines are the lines in which two versions of a brand differ: those that went with -
// before them, those that came with +.
func Lines(old, fresh []string) []string {
	gone, came := map[string]int{}, map[string]int{}
	for _, l := range old {
		gone[l]++
	}
	for _, l := range fresh {
		if gone[l] > 0 {
			gone[l]--
		} else {
			came[l]++
		}
	}
	var out []string
	for _, l := range old {
		if gone[l] > 0 {
			gone[l]--
			out = append(out, "- "+l)
		}
	}
	for _, l := range fresh {
		if came[l] > 0 {
			came[l]--
			out = append(out, "+ "+l)
		}
	}
	if len(out) > maxChangeLines {
		out = append(out[:maxChangeLines], "  ...")
	}
	return out
}

// KindOf is how a decision differs from another, empty where it does not: one of
// record.DifferenceKinds.
func KindOf(was, now record.Decision) string {
	switch {
	case was.Outcome == now.Outcome && was.Severity == now.Severity && was.Route == now.Route:
		return ""
	case was.Outcome != record.OutcomeAlert && now.Outcome == record.OutcomeAlert:
		return "newly_alerting"
	case was.Outcome == record.OutcomeAlert && now.Outcome != record.OutcomeAlert:
		return "lost"
	case now.Outcome != record.OutcomeAlert && was.Outcome == now.Outcome:
		return "" // nobody would have heard of either
	case now.Outcome != record.OutcomeAlert:
		return "other"
	case was.Severity != now.Severity:
		return "severity"
	default:
		return "route"
	}
}

// Explained is what a brand makes of a text.
type Explained struct {
	Decision record.Decision `json:"decision"`
	// Missed says that no term of the brand's query stands in the text.
	Missed bool `json:"missed"`
}

// Trace is what is kept of one post for one brand, from the bytes that came to what was
// delivered.
type Trace struct {
	Brand  string        `json:"brand"`
	Kept   bool          `json:"kept"`
	Post   record.Stored `json:"post"`
	Events []record.Event
	Sent   []record.Notice `json:"sent"`
}

// Spark draws numbers as a line of blocks.
func Spark(counts []int) string {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	if most == 0 {
		return strings.Repeat("·", len(counts))
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, n := range counts {
		if n == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(blocks[(n*len(blocks)-1)/most])
	}
	return b.String()
}
