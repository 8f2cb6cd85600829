package teach

import (
	"fmt"
	"maps"
	"slices"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

// lost are the places in own of the labelled complaints that had alerted, are above the
// threshold with the layer in use, and would not be with l.
func (ls *lesson) lost(l *vent.Layer) []int {
	least := vent.LogOdds(ls.brand.Alert.Threshold)
	var out []int
	byKey := map[string]bool{}
	for i := range ls.labels {
		if v := &ls.labels[i]; v.Venting && v.Alerted {
			byKey[v.Mention] = true
		}
	}
	for i := range ls.own {
		v := &ls.own[i]
		if v.Target != 1 || !byKey[v.Post] {
			continue
		}
		if v.Base+shift(ls.in, v.Traits) >= least && v.Base+shift(l, v.Traits) < least {
			out = append(out, i)
		}
	}
	return out
}

func shift(l *vent.Layer, ts []vent.Trait) float64 {
	if l == nil {
		return 0
	}
	return l.Shift(ts)
}

// guard says for what a refit is refused, and why in words; empty for one that passes.
// An example that is broken without any layer too is not the labels' fault.
func (ls *lesson) guard(l *vent.Layer, lost []int) (reason, words string) {
	if broken := ls.broken(l); len(broken) > 0 {
		return record.RefusedPin, broken[0].Path + ": " + broken[0].Msg + more(len(broken)-1, "other example breaks", "other examples break")
	}
	if len(lost) == 0 {
		return "", ""
	}
	v := &ls.own[lost[0]]
	where := v.Post
	for i := range ls.labels {
		if ls.labels[i].Mention == v.Post && ls.labels[i].URL != "" {
			where = ls.labels[i].URL
		}
	}
	was, will := v.Base+shift(ls.in, v.Traits), v.Base+shift(l, v.Traits)
	return record.RefusedComplaint, fmt.Sprintf("a post that alerted and was called a complaint would not alert any more: %s, venting %.2f to %.2f, asked for %.2f%s",
		where, probability(was), probability(will), ls.brand.Alert.Threshold, more(len(lost)-1, "other is lost", "others are lost"))
}

// broken are the pinned examples that hold without a layer and not with l.
func (ls *lesson) broken(l *vent.Layer) []setting.Problem {
	if ls.class.Pins == nil || l == nil {
		return nil
	}
	known := map[string]bool{}
	for _, p := range ls.class.Pins(ls.brand.Name, nil) {
		known[p.Path] = true
	}
	return slices.DeleteFunc(ls.class.Pins(ls.brand.Name, l), func(p setting.Problem) bool { return known[p.Path] })
}

// breaks tells whether l breaks a pinned example.
func (ls *lesson) breaks(l *vent.Layer) bool { return len(ls.broken(l)) > 0 }

// more says how many further ones there are.
func more(n int, one, many string) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "; 1 " + one
	}
	return fmt.Sprintf("; %d %s", n, many)
}

func sortedKeys(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
