// Package tune lets operators see what a brand's rules do before they are live.
//
//	tune.go      the pinned examples of a brand, judged by the live code
//	backtest.go  stored mentions decided again, by two configurations
//	cases.go     the cases that were there before, and what people did to them
//	sample.go    what new terms would bring, by the sample of unmatched posts
//	report.go    where the two part, in numbers and posts
//	edits.go     the edits that make a candidate of what runs
//	causes.go    which edit made which difference
//	ledger.go    what each term, phrase and exclusion of a query is worth
//	unseen.go    why a post was never collected
//	try.go       what a query would catch before it exists
//	interval.go  how far the numbers can be trusted
package tune

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

// Judge decides about one text for a brand with the code that decides about live mentions: match,
// score, triage and route. It touches no store and sends nothing.
type Judge interface {
	Judge(b brand.Brand, text string) record.Decision
}

// maxWhys is how many steps of a decision a problem repeats.
const maxWhys = 4

// Check runs the pinned examples of b and gives a problem for each that comes out
// otherwise, with the decision and its whys. Paths are those of the brand: must_alert[0].
func Check(b brand.Brand, j Judge) []setting.Problem {
	var ps []setting.Problem
	for i, p := range b.MustAlert {
		ps = append(ps, checkPin(b, j, p, "must_alert["+strconv.Itoa(i)+"]", true)...)
	}
	for i, p := range b.MustNotAlert {
		ps = append(ps, checkPin(b, j, p, "must_not_alert["+strconv.Itoa(i)+"]", false)...)
	}
	return ps
}

func checkPin(b brand.Brand, j Judge, p brand.Pin, path string, alerts bool) []setting.Problem {
	d := j.Judge(b, p.Text)
	var wrong []string
	switch got := string(d.Outcome); {
	case p.Outcome != "" && got != p.Outcome:
		wrong = append(wrong, fmt.Sprintf("the outcome is %s and should be %s", got, p.Outcome))
	case p.Outcome == "" && alerts && d.Outcome != record.OutcomeAlert:
		wrong = append(wrong, "it must alert and comes out as "+got)
	case p.Outcome == "" && !alerts && d.Outcome == record.OutcomeAlert:
		wrong = append(wrong, "it must not alert and does")
	}
	if p.Severity != "" && d.Severity != p.Severity {
		wrong = append(wrong, fmt.Sprintf("the severity is %s and should be %s", d.Severity, p.Severity))
	}
	if p.Route != "" && d.Route != p.Route && !slices.Contains(record.Receivers(d.Route), p.Route) {
		wrong = append(wrong, fmt.Sprintf("it goes to %s and should go to %s", orNobody(d.Route), p.Route))
	}
	if len(wrong) == 0 {
		return nil
	}
	msg := fmt.Sprintf("the example %q is broken: %s", clip(p.Text), strings.Join(wrong, ", "))
	if whys := d.Why[:min(len(d.Why), maxWhys)]; len(whys) > 0 {
		msg += " (" + strings.Join(whys, "; ") + ")"
	}
	return []setting.Problem{{Path: path, Msg: msg}}
}

func orNobody(route string) string {
	if route == "" {
		return "nobody"
	}
	return route
}

const clipRunes = 80

func clip(s string) string {
	n := 0
	for i := range s {
		if n == clipRunes {
			return s[:i] + "..."
		}
		n++
	}
	return s
}

// CheckPin runs one example that b does not have yet, under must_alert or
// must_not_alert, and gives the decision and what is wrong with it.
func CheckPin(b brand.Brand, j Judge, p brand.Pin, alerts bool) (record.Decision, []setting.Problem) {
	list := "must_not_alert"
	if alerts {
		list = "must_alert"
	}
	return j.Judge(b, p.Text), checkPin(b, j, p, list, alerts)
}
