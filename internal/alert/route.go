package alert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Route is one node of the route tree as written. The root matches everything.
// A case goes down to the first child that matches, and on from there; where no
// child matches, it goes to the node's own receiver.
type Route struct {
	// Receiver takes what stops here; empty is the parent's.
	Receiver string `yaml:"receiver" json:"receiver,omitempty"`
	Match    Match  `yaml:"match" json:"match,omitzero"`
	// Continue asks the later siblings too, so that a case reaches several receivers.
	Continue bool `yaml:"continue" json:"continue,omitempty"`
	// MuteTimeIntervals and ActiveTimeIntervals name the times in which what stops here
	// is held, and in which alone it is not; Pass are the severities that go through.
	// The routes within have their own.
	MuteTimeIntervals   []string `yaml:"mute_time_intervals" json:"mute_time_intervals,omitempty"`
	ActiveTimeIntervals []string `yaml:"active_time_intervals" json:"active_time_intervals,omitempty"`
	Pass                Values   `yaml:"pass" json:"pass,omitempty"`
	// GroupWait gathers new cases that are alike in GroupBy into one message, GroupInterval
	// is how long until the next one, RepeatInterval how often an open case that nobody
	// has claimed is told again. Routes within have these too where they write none.
	GroupBy        []string         `yaml:"group_by" json:"group_by,omitempty"`
	GroupWait      setting.Duration `yaml:"group_wait" json:"group_wait,omitempty"`
	GroupInterval  setting.Duration `yaml:"group_interval" json:"group_interval,omitempty"`
	RepeatInterval setting.Duration `yaml:"repeat_interval" json:"repeat_interval,omitempty"`
	Routes         []Route          `yaml:"routes" json:"routes,omitempty"`
}

// Match names what a route wants. Every field that is not empty must match; a
// field with several values matches any of them.
type Match struct {
	Brand    Values `yaml:"brand" json:"brand,omitempty"`
	Severity Values `yaml:"severity" json:"severity,omitempty"`
	Topic    Values `yaml:"topic" json:"topic,omitempty"`
	Signal   Values `yaml:"signal" json:"signal,omitempty"`
	Lang     Values `yaml:"lang" json:"lang,omitempty"`
	Source   Values `yaml:"source" json:"source,omitempty"`
	Platform Values `yaml:"platform" json:"platform,omitempty"`
	// Hours are names of time intervals, in the brand's own time zone.
	Hours Values `yaml:"hours" json:"hours,omitempty"`
	// Reach compares the author's followers, such as ">= 10000".
	Reach string `yaml:"reach" json:"reach,omitempty"`
}

// Values is one or several strings; in YAML a plain string stands for a list of one.
type Values []string

// UnmarshalYAML reads a string or a list of strings.
func (v *Values) UnmarshalYAML(construct func(any) error) error {
	var one string
	if err := construct(&one); err == nil {
		*v = Values{one}
		return nil
	}
	var many []string
	if err := construct(&many); err != nil {
		return fmt.Errorf("reading a match: write one value or a list of values: %w", err)
	}
	*v = many
	return nil
}

// maxDepth and maxRoutes bound the tree.
const (
	maxDepth  = 16
	maxRoutes = 10_000
)

// Validate names every mistake of the tree; receivers are the names that exist.
// The intervals are those that it may name.
func (r *Route) Validate(receivers []string, intervals ...TimeInterval) []setting.Problem {
	v := &validator{receivers: receivers}
	for i := range intervals {
		v.intervals = append(v.intervals, intervals[i].Name)
	}
	if r.Receiver == "" {
		v.add("receiver", "the route needs a receiver: it takes whatever no other route wants")
	}
	if !r.Match.empty() {
		v.add("match", "the first route matches everything; put the match into one of its routes")
	}
	v.walk("", r, 0)
	return v.problems
}

type validator struct {
	receivers []string
	intervals []string
	routes    int
	problems  []setting.Problem
}

func (v *validator) add(path, msg string) {
	v.problems = append(v.problems, setting.Problem{Path: path, Msg: msg})
}

func (v *validator) walk(at string, r *Route, depth int) {
	if v.routes++; v.routes > maxRoutes {
		if v.routes == maxRoutes+1 {
			v.add(at, "there are more than "+strconv.Itoa(maxRoutes)+" routes")
		}
		return
	}
	if depth > maxDepth {
		v.add(at, "routes are nested deeper than "+strconv.Itoa(maxDepth)+"; is an alias leading back to its own anchor?")
		return
	}
	if r.Receiver != "" && !slices.Contains(v.receivers, r.Receiver) {
		v.add(join(at, "receiver"), fmt.Sprintf("there is no receiver called %q; %s", r.Receiver, known(v.receivers)))
	}
	v.match(join(at, "match"), &r.Match)
	v.delivery(at, r)
	for i := range r.Routes {
		child, path := &r.Routes[i], join(at, "routes["+strconv.Itoa(i)+"]")
		if child.Match.empty() && i < len(r.Routes)-1 && !child.Continue {
			v.add(path, "this route matches everything, so the ones after it are never reached; give it a match, or continue: true")
		}
		v.walk(path, child, depth+1)
	}
}

// match checks what a route or a rule wants.
func (v *validator) match(at string, m *Match) {
	v.values(join(at, "severity"), m.Severity, severities())
	v.values(join(at, "topic"), m.Topic, vent.Topics())
	v.values(join(at, "signal"), m.Signal, vent.Signals())
	v.named(join(at, "hours"), m.Hours)
	if m.Reach != "" {
		if _, err := parseReach(m.Reach); err != nil {
			v.add(join(at, "reach"), err.Error())
		}
	}
}

// delivery checks when and how what stops at a route is told.
func (v *validator) delivery(at string, r *Route) {
	v.named(join(at, "mute_time_intervals"), r.MuteTimeIntervals)
	v.named(join(at, "active_time_intervals"), r.ActiveTimeIntervals)
	v.values(join(at, "pass"), r.Pass, severities())
	if len(r.Pass) > 0 && len(r.MuteTimeIntervals)+len(r.ActiveTimeIntervals) == 0 {
		v.add(join(at, "pass"), "nothing is held here, so nothing has to pass; pass goes with mute_time_intervals or active_time_intervals")
	}
	for _, l := range r.GroupBy {
		if !slices.Contains(GroupLabels(), l) {
			v.add(join(at, "group_by"), fmt.Sprintf("%q is none of %s", l, strings.Join(GroupLabels(), ", ")))
		}
	}
	for _, d := range []struct {
		name        string
		value       setting.Duration
		least, most time.Duration
	}{
		{"group_wait", r.GroupWait, time.Second, time.Hour},
		{"group_interval", r.GroupInterval, time.Second, 24 * time.Hour},
		{"repeat_interval", r.RepeatInterval, time.Minute, 30 * 24 * time.Hour},
	} {
		if x := d.value.D(); x != 0 && (x < d.least || x > d.most) {
			v.add(join(at, d.name), fmt.Sprintf("%s is between %s and %s, or 0 for none", d.name, setting.Duration(d.least), setting.Duration(d.most)))
		}
	}
}

// GroupLabels are what group_by may name.
func GroupLabels() []string {
	return []string{"brand", "severity", "topic", "platform", "source", "lang"}
}

// named checks names of time intervals.
func (v *validator) named(path string, names []string) {
	for _, n := range names {
		if slices.Contains(v.intervals, n) {
			continue
		}
		hint := "there are no time_intervals yet"
		if near := setting.Nearest(n, v.intervals); near != "" {
			hint = "did you mean " + near + "?"
		} else if len(v.intervals) > 0 {
			hint = "there are " + strings.Join(v.intervals, ", ")
		}
		v.add(path, fmt.Sprintf("there is no time interval called %q; %s", n, hint))
	}
}

func (v *validator) values(path string, vals, allowed []string) {
	for _, s := range vals {
		if !slices.Contains(allowed, strings.ToLower(s)) {
			v.add(path, fmt.Sprintf("%q is none of %s", s, strings.Join(allowed, ", ")))
		}
	}
}

func severities() []string {
	var out []string
	for _, s := range vent.Severities() {
		if s != vent.SeverityNone {
			out = append(out, string(s))
		}
	}
	return out
}

func known(names []string) string {
	if len(names) == 0 {
		return "there are no receivers yet"
	}
	return "there are " + strings.Join(names, ", ")
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func itoa(i int) string { return strconv.Itoa(i) }

func (m Match) empty() bool {
	return len(m.Brand)+len(m.Severity)+len(m.Topic)+len(m.Signal)+len(m.Lang)+len(m.Source)+len(m.Platform)+len(m.Hours)+len(m.Reach) == 0
}

// reach is a comparison of followers.
type reach struct {
	op string
	n  int64
}

// parseReach reads ">= 10000", with the usual comparisons and k or m behind a number.
func parseReach(s string) (reach, error) {
	bad := fmt.Errorf("%q compares no followers; write such as \">= 10000\" or \">= 10k\"", s)
	t := strings.TrimSpace(s)
	op := ""
	for _, o := range []string{">=", "<=", ">", "<", "="} {
		if strings.HasPrefix(t, o) {
			op = o
			break
		}
	}
	num := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(t, op)))
	times := int64(1)
	for suffix, x := range map[string]int64{"k": 1000, "m": 1_000_000} {
		if rest, ok := strings.CutSuffix(num, suffix); ok {
			num, times = rest, x
			break
		}
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(num, "_", ""), 10, 64)
	if op == "" || err != nil || n < 0 || n > 1e12/times {
		return reach{}, bad
	}
	return reach{op, n * times}, nil
}

func (r reach) holds(v int64) bool {
	switch r.op {
	case ">=":
		return v >= r.n
	case "<=":
		return v <= r.n
	case ">":
		return v > r.n
	case "<":
		return v < r.n
	}
	return v == r.n
}
