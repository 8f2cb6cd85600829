package triage

import (
	"fmt"
	"math"
	"strings"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// leastLearned is the log-odds from which on it is worth a line that labels moved a score.
const leastLearned = 0.05

// maxTerms bounds how many matched terms a line names.
const maxTerms = 12

// why collects the lines of a decision. No line holds the post's own text, so
// that erasing a post leaves them standing.
type why struct{ lines []string }

func (w *why) add(line string) { w.lines = append(w.lines, line) }

func (w *why) addf(format string, args ...any) { w.add(fmt.Sprintf(format, args...)) }

func (w *why) match(s record.Scored) {
	if len(s.Terms) > 0 {
		terms := s.Terms
		more := ""
		if len(terms) > maxTerms {
			more = fmt.Sprintf(" and %d more", len(terms)-maxTerms)
			terms = terms[:maxTerms]
		}
		w.add("matched: " + strings.Join(terms, ", ") + more)
	}
	switch {
	case s.ExcludedBy != "":
		w.add("excluded by: " + s.ExcludedBy)
	case s.Match == record.MatchWatched:
		w.add("watched: a conversation or author of a case")
	case s.Match == record.MatchSeen:
		w.add("not matched: the query no longer matches this post")
	}
}

func (w *why) score(s vent.Score, a brand.Alert) {
	w.add("venting " + compare(s.Venting, a.Threshold))
	if math.Abs(s.Learned) >= leastLearned {
		w.addf("your team's labels: %+.1f", s.Learned)
	}
	sev, least := Severity(s, a), minSeverity(a)
	op := ">="
	if sev.Rank() < least.Rank() {
		op = "<"
	}
	w.addf("severity %s %s %s", sev, op, least)
	if len(s.Topics) > 0 {
		w.add("topics: " + strings.Join(s.Topics, ", "))
	}
	if len(s.Signals) > 0 {
		w.add("signals: " + strings.Join(s.Signals, ", "))
	}
}

func (w *why) silence(s record.Silence) {
	line := fmt.Sprintf("silenced by %s until %s", s.ID, s.Until.UTC().Format("2006-01-02 15:04 MST"))
	if s.By != "" {
		line += ", set by " + s.By
	}
	if s.Reason != "" {
		line += ": " + s.Reason
	}
	w.add(line)
}

// route names every node that decided where the case goes, a line for each receiver,
// and what else the routes say: mutes, groups, budgets.
func (w *why) route(receiver string, path []string) {
	if receiver == "" {
		return
	}
	var steps []string
	named := false
	for _, p := range path {
		step, isStep := strings.CutPrefix(p, "route: ")
		if !isStep && (strings.HasPrefix(p, "mute: ") || strings.HasPrefix(p, "group: ") || strings.HasPrefix(p, "budget of ")) {
			w.add(p)
			continue
		}
		steps = append(steps, step)
		if strings.Contains(step, " -> ") {
			w.add("route: " + strings.Join(steps, " > "))
			steps, named = nil, true
		}
	}
	switch way := strings.Join(steps, " > "); {
	case named:
	case way == "":
		w.add("route: " + receiver)
	case strings.HasSuffix(way, receiver):
		w.add("route: " + way)
	default:
		w.addf("route: %s (%s)", receiver, way)
	}
}

// compare writes `0.93 >= 0.62`, with as many decimals as it takes for the two to
// read as they compare.
func compare(v, threshold float64) string {
	op := ">="
	if v < threshold {
		op = "<"
	}
	decimals := 2
	for decimals < 6 && v < threshold && round(v, decimals) >= round(threshold, decimals) {
		decimals++
	}
	return fmt.Sprintf("%.*f %s %.*f", decimals, v, op, decimals, threshold)
}

func round(v float64, decimals int) float64 {
	p := math.Pow(10, float64(decimals))
	return math.Round(v*p) / p
}
