package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is a mistake in a config, or with Warning set something legal but unwise.
type Problem struct { //nolint:errname // one of many, as setting.Problem is
	// File, Line and Column say where it stands; lines and columns count from 1,
	// columns in characters.
	File   string
	Line   int
	Column int
	Msg    string
	// Warning problems are shown and refuse nothing.
	Warning bool
	// Unit is the key of the brand file that the problem concerns, empty where
	// it concerns leakytap.yaml and so the whole config.
	Unit string

	excerpt string // the line around the place, and a caret below it
}

// Error is the problem on one line: path:line:col: message.
func (p Problem) Error() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Column, kind, oneLine(p.Msg))
}

// Long is Error followed by the line and a caret below the place.
func (p Problem) Long() string {
	if p.excerpt == "" {
		return p.Error()
	}
	return p.Error() + "\n" + p.excerpt
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// Errors are the problems that refuse something, warnings left out.
func Errors(ps []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
}

// Warnings are the problems that refuse nothing.
func Warnings(ps []Problem) []Problem {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.Warning })
}

// Fatal reports whether the problems refuse the config as a whole: an error that
// is not a brand file's own.
func Fatal(ps []Problem) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning && p.Unit == "" })
}

// Sort orders problems by file, line and column, errors before warnings, and drops repeated ones.
func Sort(ps []Problem) []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		w := func(p Problem) int {
			if p.Warning {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(w(a), w(b)), cmp.Compare(a.Msg, b.Msg))
	})
	return slices.CompactFunc(ps, func(a, b Problem) bool { return a.Error() == b.Error() })
}
