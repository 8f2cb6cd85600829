package alert

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

// Labels are what a route may ask about a case.
type Labels struct {
	Brand    string
	Severity string
	Topics   []string
	Signals  []string
	Lang     string
	Source   string
	Platform string
	// Reach is the author's followers.
	Reach int64
	// At is the time that is asked about, Zone the name of the brand's time zone, empty
	// for UTC.
	At   time.Time
	Zone string
}

// LabelsOfCase are what routes may ask about a case.
func LabelsOfCase(c record.Case) Labels {
	return Labels{
		Brand: c.Brand, Severity: string(c.Severity), Topics: c.Topics, Signals: c.Signals, Platform: c.Platform, Reach: c.Followers,
	}
}

// Router answers which receivers a case goes to, when and how. It never changes; a
// reload makes a new one.
type Router struct {
	root     Route
	calendar calendar
	inhibit  []InhibitRule
	budgets  map[string]int
	// zones are time zones by name: reading one takes longer than a decision.
	zones sync.Map
}

// Routing is what a Router is made of.
type Routing struct {
	Route     Route
	Receivers []ReceiverConfig
	Intervals []TimeInterval
	Inhibit   []InhibitRule
}

// Target is a receiver, the way that led to it, and how it is told.
type Target struct {
	Receiver string
	// Path is the way in words, one step a line.
	Path []string
	// Muted says why it is held now, or is empty; Until is when that ends.
	Muted string
	Until time.Time
	// Group tells cases apart that are gathered, and GroupName says it in words;
	// GroupWait is 0 where each case is told alone.
	Group                    string
	GroupName                string
	GroupWait, GroupInterval time.Duration
	// Repeat is how often an open case is told again, 0 for never.
	Repeat time.Duration
}

// ConfigError holds every problem that kept a Router from being made.
type ConfigError struct {
	Problems []setting.Problem
}

// Error names the first problem and how many there are.
func (e *ConfigError) Error() string {
	if len(e.Problems) == 1 {
		return "reading routes: " + e.Problems[0].Error()
	}
	return fmt.Sprintf("reading routes: %s (and %d more)", e.Problems[0].Error(), len(e.Problems)-1)
}

// NewRouter makes a Router of a tree whose receivers all exist. Its error is a *ConfigError.
func NewRouter(r Route, receivers []string) (*Router, error) {
	return newRouter(Routing{Route: r}, receivers)
}

// NewRouting makes a Router with all that there is to routing. Its error is a *ConfigError.
func NewRouting(in Routing) (*Router, error) {
	var names []string
	for i := range in.Receivers {
		names = append(names, in.Receivers[i].Name)
	}
	return newRouter(in, names)
}

func newRouter(in Routing, receivers []string) (*Router, error) {
	ps := in.Route.Validate(receivers, in.Intervals...)
	ps = append(ps, setting.Under("time_intervals", ValidateIntervals(in.Intervals))...)
	ps = append(ps, setting.Under("inhibit_rules", ValidateInhibit(in.Inhibit, in.Intervals...))...)
	if len(ps) > 0 {
		return nil, &ConfigError{Problems: ps}
	}
	r := &Router{root: in.Route, calendar: newCalendar(in.Intervals), inhibit: in.Inhibit, budgets: map[string]int{}}
	for i := range in.Receivers {
		if b := int(in.Receivers[i].Budget); b > 0 {
			r.budgets[in.Receivers[i].Name] = b
		}
	}
	return r, nil
}

// Budget is how many cards a receiver takes in a day, 0 for any number.
func (r *Router) Budget(receiver string) int { return r.budgets[receiver] }

// Receiver is the first receiver that the labels lead to, and the way there.
func (r *Router) Receiver(l Labels) (name string, path []string) {
	t := r.Receivers(l)[0]
	return t.Receiver, t.Path
}

// Receivers are all receivers that the labels lead to, each once, in the order
// of the tree: more than one only where a route on the way says continue. A way on
// which a receiver is told at once wins over one on which it is held.
func (r *Router) Receivers(l Labels) []Target {
	var out []Target
	for _, t := range r.walk(&r.root, l, node{}) {
		i := slices.IndexFunc(out, func(o Target) bool { return o.Receiver == t.Receiver })
		switch {
		case i < 0:
			out = append(out, t)
		case out[i].Muted != "" && t.Muted == "":
			out[i] = t
		}
	}
	return out
}

// node is where a walk stands: what the routes above said.
type node struct {
	receiver                 string
	path                     []string
	groupBy                  []string
	groupWait, interval, rep time.Duration
}

// below is the node of a route within.
func (n node) below(r *Route) node {
	if r.Receiver != "" {
		n.receiver = r.Receiver
	}
	if len(r.GroupBy) > 0 {
		n.groupBy = r.GroupBy
	}
	for _, d := range []struct {
		have *time.Duration
		want setting.Duration
	}{{&n.groupWait, r.GroupWait}, {&n.interval, r.GroupInterval}, {&n.rep, r.RepeatInterval}} {
		if d.want != 0 {
			*d.have = d.want.D()
		}
	}
	return n
}

func (r *Router) walk(at *Route, l Labels, n node) []Target {
	n = n.below(at)
	var out []Target
	for i := range at.Routes {
		child := &at.Routes[i]
		why, ok := r.matches(child.Match, l)
		if !ok {
			continue
		}
		if why == "" {
			why = "everything"
		}
		next := n
		next.path = append(slices.Clone(n.path), "route: "+why)
		out = append(out, r.walk(child, l, next)...)
		if !child.Continue {
			break
		}
	}
	if len(out) > 0 {
		return out
	}
	return []Target{r.target(at, l, n)}
}

// target is what stops at a route.
func (r *Router) target(at *Route, l Labels, n node) Target {
	path := slices.Clone(n.path)
	if len(path) == 0 {
		path = []string{"route: default"}
	}
	path[len(path)-1] += " -> " + n.receiver
	t := Target{Receiver: n.receiver, Path: path, Repeat: n.rep}
	if n.groupWait > 0 {
		t.Group, t.GroupName = groupOf(n.groupBy, l)
		t.GroupWait, t.GroupInterval = n.groupWait, max(n.interval, n.groupWait)
		t.Path = append(t.Path, "group: gathered for "+setting.Duration(n.groupWait).String()+" with others"+t.GroupName)
	}
	r.mute(at, l, &t)
	return t
}

// mute holds a target back in the times that its route says.
func (r *Router) mute(at *Route, l Labels, t *Target) {
	if len(at.MuteTimeIntervals)+len(at.ActiveTimeIntervals) == 0 || l.At.IsZero() {
		return
	}
	zone := r.zone(l.Zone)
	why := func(when time.Time) string {
		if name := r.calendar.in(at.MuteTimeIntervals, when, zone); name != "" {
			return "in " + name
		}
		if len(at.ActiveTimeIntervals) > 0 && r.calendar.in(at.ActiveTimeIntervals, when, zone) == "" {
			return "outside " + strings.Join(at.ActiveTimeIntervals, ", ")
		}
		return ""
	}
	said := why(l.At)
	switch {
	case said == "":
		return
	case at.Pass.has(l.Severity):
		t.Path = append(t.Path, "mute: "+t.Receiver+" is muted "+said+", and "+l.Severity+" passes")
		return
	}
	t.Muted, t.Until = said, ends(l.At, func(when time.Time) bool { return why(when) != "" })
	t.Path = append(t.Path, "mute: "+t.Receiver+" is muted "+said+"; held until "+t.Until.In(zone).Format("2006-01-02 15:04 MST"))
}

// zone is a time zone by its name, UTC where there is none of that name.
func (r *Router) zone(name string) *time.Location {
	if z, ok := r.zones.Load(name); ok {
		if loc, ok := z.(*time.Location); ok {
			return loc
		}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		loc = time.UTC
	}
	r.zones.Store(name, loc)
	return loc
}

// groupOf is what tells the group of a case from others, and its words.
func groupOf(by []string, l Labels) (key, words string) {
	var values, said []string
	for _, name := range by {
		v := map[string]string{
			"brand": l.Brand, "severity": l.Severity, "platform": l.Platform, "source": l.Source, "lang": l.Lang,
		}[name]
		if name == "topic" && len(l.Topics) > 0 {
			v = l.Topics[0]
		}
		values = append(values, name+"="+v)
		said = append(said, name+" "+v)
	}
	if len(said) > 0 {
		words = " of " + strings.Join(said, ", ")
	}
	return strings.Join(values, "/"), words
}

// matches reports whether every field that is written holds, and says which did.
func (r *Router) matches(m Match, l Labels) (string, bool) {
	var why []string
	for _, f := range []struct {
		name string
		want Values
		have []string
	}{
		{"brand", m.Brand, []string{l.Brand}},
		{"severity", m.Severity, []string{l.Severity}},
		{"topic", m.Topic, l.Topics},
		{"signal", m.Signal, l.Signals},
		{"lang", m.Lang, []string{l.Lang}},
		{"source", m.Source, []string{l.Source}},
		{"platform", m.Platform, []string{l.Platform}},
	} {
		if len(f.want) == 0 {
			continue
		}
		i := slices.IndexFunc(f.have, f.want.has)
		if i < 0 {
			return "", false
		}
		why = append(why, f.name+" "+f.have[i])
	}
	if m.Reach != "" {
		if c, err := parseReach(m.Reach); err != nil || !c.holds(l.Reach) {
			return "", false
		}
		why = append(why, fmt.Sprintf("reach %d %s", l.Reach, m.Reach))
	}
	if len(m.Hours) > 0 {
		name := r.calendar.in(m.Hours, l.At, r.zone(l.Zone))
		if name == "" || l.At.IsZero() {
			return "", false
		}
		why = append(why, "hours "+name)
	}
	return strings.Join(why, ", "), true
}

func (v Values) has(s string) bool {
	return slices.ContainsFunc(v, func(w string) bool { return strings.EqualFold(w, s) })
}
