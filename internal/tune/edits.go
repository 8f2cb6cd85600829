package tune

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
)

// maxQueryEdits is up to how many edits a query is taken apart into.
const maxQueryEdits = 8

// edit is one thing in which a candidate differs from what runs.
type edit struct {
	name string
	// apply makes the edit on the running brand; routes and model stand for those of the
	// whole candidate.
	apply         func(*brand.Brand)
	routes, model bool
}

// editsOf are the edits that make will of was: each setting is one, and of a query each
// name and each exclusion that came or went, where it is written like (a OR b) NOT c.
func editsOf(was, will brand.Brand) []edit {
	out := queryEdits(was.Query, will.Query)
	lists := func(name string, of func(*brand.Brand) *[]string) {
		old, fresh := *of(&was), *of(&will)
		if slices.Equal(old, fresh) {
			return
		}
		out = append(out, edit{name: name + ":" + changes(old, fresh), apply: func(b *brand.Brand) { *of(b) = fresh }})
	}
	lists("languages", func(b *brand.Brand) *[]string { return &b.Languages })
	lists("own_accounts", func(b *brand.Brand) *[]string { return &b.OwnAccounts })
	lists("press_accounts", func(b *brand.Brand) *[]string { return &b.PressAccounts })
	lists("aliases", func(b *brand.Brand) *[]string { return &b.Aliases })
	lists("competitors", func(b *brand.Brand) *[]string { return &b.Competitors })
	lists("context", func(b *brand.Brand) *[]string { return &b.Context })
	one := func(name string, old, fresh any, apply func(*brand.Brand)) {
		if !reflect.DeepEqual(old, fresh) {
			out = append(out, edit{name: fmt.Sprintf("%s: %s -> %s", name, written(old), written(fresh)), apply: apply})
		}
	}
	one("alert.threshold", was.Alert.Threshold, will.Alert.Threshold, func(b *brand.Brand) { b.Alert.Threshold = will.Alert.Threshold })
	one("alert.min_severity", was.Alert.MinSeverity, will.Alert.MinSeverity, func(b *brand.Brand) { b.Alert.MinSeverity = will.Alert.MinSeverity })
	one("alert.budget", was.Alert.Budget, will.Alert.Budget, func(b *brand.Brand) { b.Alert.Budget = will.Alert.Budget })
	one("sla", was.SLA, will.SLA, func(b *brand.Brand) { b.SLA = will.SLA })
	one("hours", was.Hours, will.Hours, func(b *brand.Brand) { b.Hours = will.Hours })
	one("nudge", was.Nudge, will.Nudge, func(b *brand.Brand) { b.Nudge = will.Nudge })
	one("praise", was.Praise, will.Praise, func(b *brand.Brand) { b.Praise = will.Praise })
	one("silent_after", was.SilentAfter, will.SilentAfter, func(b *brand.Brand) { b.SilentAfter = will.SilentAfter })
	one("timezone", was.Timezone, will.Timezone, func(b *brand.Brand) { b.Timezone = will.Timezone })
	one("learn", was.Learn, will.Learn, func(b *brand.Brand) { b.Learn = will.Learn })
	one("spikes", was.Spikes, will.Spikes, func(b *brand.Brand) { b.Spikes = will.Spikes })
	one("priority", was.Priority, will.Priority, func(b *brand.Brand) { b.Priority = will.Priority })
	return out
}

// written is a setting as a line shows it.
func written(v any) string {
	b, err := json.Marshal(v)
	s := strings.Trim(string(b), `"`)
	if err != nil || s == "" {
		return "none"
	}
	return s
}

// changes are what a list lost and what it got.
func changes(old, fresh []string) string {
	var b strings.Builder
	for _, v := range missing(old, fresh) {
		b.WriteString(" - " + v)
	}
	for _, v := range missing(fresh, old) {
		b.WriteString(" + " + v)
	}
	if b.Len() == 0 {
		return " in another order"
	}
	return clipTo(b.String(), maxEditName)
}

// maxEditName bounds how much of an edit its name repeats.
const maxEditName = 200

// missing are those of a list that another has not.
func missing(list, from []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return slices.Contains(from, v) })
}

// queryEdits takes apart how a query differs.
func queryEdits(old, fresh string) []edit {
	if old == fresh {
		return nil
	}
	whole := []edit{{name: "query", apply: func(b *brand.Brand) { b.Query = fresh }}}
	was, ok := match.OutlineOf(old)
	will, also := match.OutlineOf(fresh)
	if !ok || !also {
		return whole
	}
	var out []edit
	part := func(name string, apply func(*match.Outline)) {
		out = append(out, edit{name: "query: " + clipTo(name, maxEditName), apply: func(b *brand.Brand) {
			if o, ok := match.OutlineOf(b.Query); ok {
				apply(&o)
				b.Query = o.Query()
			}
		}})
	}
	// What comes is put in first: a query has to ask for something at any time.
	for _, v := range missing(will.Any, was.Any) {
		part("+ "+v, func(o *match.Outline) { o.Any = append(o.Any, v) })
	}
	for _, v := range missing(was.Any, will.Any) {
		part("- "+v, func(o *match.Outline) { o.Any = missing(o.Any, []string{v}) })
	}
	for _, v := range missing(will.Not, was.Not) {
		part("+ NOT "+v, func(o *match.Outline) { o.Not = append(o.Not, v) })
	}
	for _, v := range missing(was.Not, will.Not) {
		part("- NOT "+v, func(o *match.Outline) { o.Not = missing(o.Not, []string{v}) })
	}
	if len(out) == 0 || len(out) > maxQueryEdits || len(missing(was.Any, will.Any)) == len(was.Any) {
		return whole // written otherwise, or another query
	}
	return out
}
