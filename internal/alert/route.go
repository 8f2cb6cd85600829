package alert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	Continue bool    `yaml:"continue" json:"continue,omitempty"`
	Routes   []Route `yaml:"routes" json:"routes,omitempty"`
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
func (r *Route) Validate(receivers []string) []setting.Problem {
	v := &validator{receivers: receivers}
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
	v.values(join(at, "match.severity"), r.Match.Severity, severities())
	v.values(join(at, "match.topic"), r.Match.Topic, vent.Topics())
	v.values(join(at, "match.signal"), r.Match.Signal, vent.Signals())
	for i := range r.Routes {
		child, path := &r.Routes[i], join(at, "routes["+strconv.Itoa(i)+"]")
		if child.Match.empty() && i < len(r.Routes)-1 && !child.Continue {
			v.add(path, "this route matches everything, so the ones after it are never reached; give it a match, or continue: true")
		}
		v.walk(path, child, depth+1)
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
	return len(m.Brand)+len(m.Severity)+len(m.Topic)+len(m.Signal)+len(m.Lang)+len(m.Source)+len(m.Platform) == 0
}
