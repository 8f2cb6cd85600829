package brand

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a brand's day must not depend on the machine's files
	"unicode"

	"golang.org/x/text/language"

	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

// namePattern is what a brand may be called: the name is a metric's label, a part of
// keys and a file name.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// maxEntries bounds each list of a brand.
const maxEntries = 1000

// Validate lists the mistakes in b. The grammar of the query is the matter of
// package match; here it must only be there.
func (b Brand) Validate() []setting.Problem {
	v := &validator{}
	switch {
	case b.Name == "":
		v.add("name", "is missing; write a short name such as acme")
	case !namePattern.MatchString(b.Name):
		v.add("name", "%q is no name; write 1 to 64 letters, digits, - and _", b.Name)
	}
	if strings.TrimSpace(b.Query) == "" {
		v.add("query", `is missing; write the brand's names, such as "acme air" OR @acmeair`)
	}
	v.languages(b.Languages)
	v.accounts("own_accounts", b.OwnAccounts)
	v.accounts("press_accounts", b.PressAccounts)
	v.words("aliases", b.Aliases)
	v.words("competitors", b.Competitors)
	v.words("context", b.Context)
	v.alert(b.Alert)
	if _, err := time.LoadLocation(b.Timezone); err != nil || b.Timezone == "Local" {
		v.add("timezone", "%q is no time zone; write a name such as Europe/Berlin", b.Timezone)
	}
	v.service(b)
	if !slices.Contains(learnModes(), b.Learn) {
		v.add("learn", "%q is not known; write auto, propose or off", b.Learn)
	}
	v.spikes(b.Spikes)
	v.priority(b.Priority)
	v.pins("must_alert", b.MustAlert)
	v.pins("must_not_alert", b.MustNotAlert)
	return v.problems
}

type validator struct{ problems []setting.Problem }

func (v *validator) add(path, format string, args ...any) {
	v.problems = append(v.problems, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...)})
}

func (v *validator) warn(path, format string, args ...any) {
	v.problems = append(v.problems, setting.Problem{Path: path, Msg: fmt.Sprintf(format, args...), Warning: true})
}

// at is the path of an entry of a list.
func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// entries checks what all lists have in common: their length, and no entry twice. Of a list
// that is too long nothing else is to be said, and it reports false.
func (v *validator) entries(list string, entries []string) bool {
	if len(entries) > maxEntries {
		v.add(list, "has %d entries; at most %d are allowed", len(entries), maxEntries)
		return false
	}
	seen := map[string]bool{}
	for i, e := range entries {
		key := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(e), "@"))
		if seen[key] && key != "" {
			v.warn(at(list, i), "%q stands here twice", e)
		}
		seen[key] = true
		if strings.ContainsFunc(e, unseen) {
			v.warn(at(list, i), "%+q holds a character that cannot be seen; write it without", e)
		}
	}
	return true
}

// unseen reports whether r is invisible: a text-direction mark, a zero-width space and the
// like. Emoji join with U+200D and a few scripts want U+200C.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}

func (v *validator) languages(langs []string) {
	if !v.entries("languages", langs) {
		return
	}
	for i, l := range langs {
		if _, err := language.Parse(l); err != nil {
			v.add(at("languages", i), "%q is no language; write a code such as en or pt-BR", l)
		}
	}
}

func (v *validator) accounts(list string, accounts []string) {
	if !v.entries(list, accounts) {
		return
	}
	for i, a := range accounts {
		name := strings.TrimPrefix(strings.TrimSpace(a), "@")
		switch {
		case name == "":
			v.add(at(list, i), "names no account; write it as @acmeair")
		case strings.ContainsFunc(name, unicode.IsSpace), strings.Contains(name, "://"):
			v.add(at(list, i), "%q is no account; write it as @acmeair, without spaces and without a URL", a)
		}
	}
}

func (v *validator) words(list string, words []string) {
	if !v.entries(list, words) {
		return
	}
	for i, w := range words {
		if !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			v.add(at(list, i), "%q has no letters", w)
		}
	}
}

func (v *validator) alert(a Alert) {
	switch t := a.Threshold; {
	case math.IsNaN(t), t < 0, t > 1:
		v.add("alert.threshold", "%v is no probability; write a number from 0 to 1, such as 0.6", t)
	case t == 0:
		v.warn("alert.threshold", "0 alerts on every post that matches and is no praise; 0.6 is usual")
	}
	if s := a.MinSeverity; s.Rank() <= vent.SeverityNone.Rank() {
		v.add("alert.min_severity", "%q is no severity to alert from; write low, medium, high or critical", string(s))
	}
}

// maxTarget is the longest time that may be set.
const maxTarget = 366 * 24 * time.Hour

func (v *validator) service(b Brand) {
	for _, t := range []struct {
		name string
		t    Targets
	}{{"sla.ack", b.SLA.Ack}, {"sla.answer", b.SLA.Answer}, {"sla.resolve", b.SLA.Resolve}} {
		for _, s := range vent.Severities() {
			if d := t.t.For(s); s != vent.SeverityNone && (d < 0 || d > maxTarget) {
				v.add(t.name+"."+string(s), "%s is no time to keep; write one such as 4h, or 0s for none", setting.Duration(d))
			}
		}
	}
	if d := b.SilentAfter.D(); d < 0 || d > maxTarget {
		v.add("silent_after", "%s is no time to wait; write one such as 3d, or 0s to leave it to people", b.SilentAfter)
	}
	if len(b.Hours) > maxLines {
		v.add("hours", "has %d lines; at most %d are allowed", len(b.Hours), maxLines)
		return
	}
	for i, line := range b.Hours {
		if err := new(Week).line(line); err != nil {
			v.add(at("hours", i), "%v", err)
		}
	}
}

// outcomes that an example may ask for: those that one text alone can lead to.
func outcomes() []string { return []string{"alert", "below_threshold", "excluded", "not_matched"} }

func (v *validator) pins(list string, pins []Pin) {
	if len(pins) > maxEntries {
		v.add(list, "has %d examples; at most %d are allowed", len(pins), maxEntries)
		return
	}
	for i, p := range pins {
		if strings.TrimSpace(p.Text) == "" {
			v.add(at(list, i), "the example has no text")
		}
		if p.Severity != "" && p.Severity.Rank() < 0 {
			v.add(at(list, i)+".severity", "%q is no severity; write none, low, medium, high or critical", string(p.Severity))
		}
		switch {
		case p.Outcome == "":
		case !slices.Contains(outcomes(), p.Outcome):
			v.add(at(list, i)+".outcome", "%q is no outcome of a single text; write one of %s", p.Outcome, strings.Join(outcomes(), ", "))
		case (p.Outcome == "alert") != (list == "must_alert"):
			v.add(at(list, i)+".outcome", "%q contradicts %s", p.Outcome, list)
		}
	}
}
