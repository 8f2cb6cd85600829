package alert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

// InhibitRule holds back what is told by a live case already: while a case of the
// same brand matches Source, a complaint that matches Target opens no case, where
// the labels of Equal are the same.
type InhibitRule struct {
	Source Match    `yaml:"source_match" json:"source_match"`
	Target Match    `yaml:"target_match" json:"target_match"`
	Equal  []string `yaml:"equal" json:"equal,omitempty"`
}

// equalLabels are what Equal may name: what both a case and a post have.
func equalLabels() []string { return []string{"brand", "severity", "topic", "signal", "platform"} }

// Validate names every mistake of the rule.
func (r *InhibitRule) Validate(intervals ...TimeInterval) []setting.Problem {
	v := &validator{}
	for i := range intervals {
		v.intervals = append(v.intervals, intervals[i].Name)
	}
	if r.Source.empty() {
		v.add("source_match", "an inhibition needs the case that it comes from, such as {signal: outage}; one that matches every case would hold back everything")
	}
	if len(r.Source.Lang)+len(r.Source.Source)+len(r.Source.Hours) > 0 {
		v.add("source_match", "a case has no lang, source or hours: ask for brand, severity, topic, signal, platform or reach")
	}
	v.match("source_match", &r.Source)
	v.match("target_match", &r.Target)
	for _, l := range r.Equal {
		if !slices.Contains(equalLabels(), l) {
			v.add("equal", fmt.Sprintf("%q is none of %s", l, strings.Join(equalLabels(), ", ")))
		}
	}
	return v.problems
}

// ValidateInhibit names every mistake of the rules together.
func ValidateInhibit(rs []InhibitRule, intervals ...TimeInterval) []setting.Problem {
	var ps []setting.Problem
	for i := range rs {
		ps = append(ps, setting.Under("["+itoa(i)+"]", rs[i].Validate(intervals...))...)
	}
	return ps
}

// Inhibits reports whether any rule may hold something back with these labels, so
// that the live cases need not be read for others.
func (r *Router) Inhibits(l Labels) bool {
	return slices.ContainsFunc(r.inhibit, func(rule InhibitRule) bool {
		_, ok := r.matches(rule.Target, l)
		return ok
	})
}

// Inhibitor is the first case, in the order given, that holds back a complaint with
// these labels, and in words why.
func (r *Router) Inhibitor(l Labels, live []record.Case) (caseID, why string) {
	for i := range r.inhibit {
		rule := &r.inhibit[i]
		if _, ok := r.matches(rule.Target, l); !ok {
			continue
		}
		for _, c := range live {
			of := LabelsOfCase(c)
			said, ok := r.matches(rule.Source, of)
			if ok && c.Brand == l.Brand && same(rule.Equal, of, l) {
				return c.ID, fmt.Sprintf("rule %d, %s", i+1, said)
			}
		}
	}
	return "", ""
}

// same reports whether two have the same values of all labels; of those with several
// values, one in common is enough.
func same(names []string, a, b Labels) bool {
	share := func(x, y []string) bool {
		return len(x) == 0 && len(y) == 0 || slices.ContainsFunc(x, func(v string) bool { return slices.Contains(y, v) })
	}
	for _, n := range names {
		ok := true
		switch n {
		case "brand":
			ok = a.Brand == b.Brand
		case "severity":
			ok = a.Severity == b.Severity
		case "platform":
			ok = a.Platform == b.Platform
		case "topic":
			ok = share(a.Topics, b.Topics)
		case "signal":
			ok = share(a.Signals, b.Signals)
		}
		if !ok {
			return false
		}
	}
	return true
}
