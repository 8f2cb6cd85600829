package alert

import (
	"fmt"
	"slices"
	"strings"

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
}

// Router answers which receiver a case goes to. It never changes; a reload
// makes a new one.
type Router struct {
	root Route
}

// Target is a receiver and the way that led to it.
type Target struct {
	Receiver string
	// Path is the way in words, one step a line.
	Path []string
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
	if ps := r.Validate(receivers); len(ps) > 0 {
		return nil, &ConfigError{Problems: ps}
	}
	return &Router{root: r}, nil
}

// Receiver is the first receiver that the labels lead to, and the way there.
func (r *Router) Receiver(l Labels) (name string, path []string) {
	t := r.Receivers(l)[0]
	return t.Receiver, t.Path
}

// Receivers are all receivers that the labels lead to, each once, in the order
// of the tree: more than one only where a route on the way says continue.
func (r *Router) Receivers(l Labels) []Target {
	var out []Target
	for _, t := range walk(&r.root, l, r.root.Receiver, nil) {
		if !slices.ContainsFunc(out, func(o Target) bool { return o.Receiver == t.Receiver }) {
			out = append(out, t)
		}
	}
	return out
}

func walk(r *Route, l Labels, receiver string, path []string) []Target {
	if r.Receiver != "" {
		receiver = r.Receiver
	}
	var out []Target
	for i := range r.Routes {
		child := &r.Routes[i]
		why, ok := child.Match.matches(l)
		if !ok {
			continue
		}
		if why == "" {
			why = "everything"
		}
		out = append(out, walk(child, l, receiver, append(slices.Clone(path), "route: "+why))...)
		if !child.Continue {
			break
		}
	}
	if len(out) > 0 {
		return out
	}
	if len(path) == 0 {
		path = []string{"route: default"}
	}
	last := len(path) - 1
	path = slices.Clone(path)
	path[last] += " -> " + receiver
	return []Target{{Receiver: receiver, Path: path}}
}

// matches reports whether every field that is written holds, and says which did.
func (m Match) matches(l Labels) (string, bool) {
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
	return strings.Join(why, ", "), true
}

func (v Values) has(s string) bool {
	return slices.ContainsFunc(v, func(w string) bool { return strings.EqualFold(w, s) })
}
