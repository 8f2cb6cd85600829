// Package setting holds the value types that config files are written in:
// secrets that never print, durations that know days, and problems that name
// the place of a mistake. Every part's own Config is built from them; package
// config composes those.
package setting

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Secret is a string that prints as <secret> however it is printed.
type Secret string

// Redacted is what a Secret that is not empty prints as.
const Redacted = "<secret>"

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// Format hides the value from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText hides the value from JSON and other text encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML hides the value from YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Reveal is the value itself, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }

// Duration is a time.Duration that is written as 90s, 15m, 36h, 30d or 2w.
type Duration time.Duration

// D is d as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String writes d in the form that ParseDuration reads, whole days as 30d.
func (d Duration) String() string {
	v := time.Duration(d)
	day := 24 * time.Hour
	if v != 0 && v%day == 0 {
		return strconv.FormatInt(int64(v/day), 10) + "d"
	}
	s := v.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// MarshalText writes d as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// ParseDuration reads a duration such as 90s, 1h30m, 30d or 2w.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		n, ok := strings.CutSuffix(s, suffix)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(n, 64)
		if err != nil || math.IsNaN(f) || f < 0 || f > 100000 {
			return 0, fmt.Errorf("%q is no duration; write 90s, 15m, 36h, 30d or 2w", s)
		}
		return time.Duration(f * float64(unit)), nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration; write 90s, 15m, 36h, 30d or 2w", s)
	}
	return v, nil
}

// Problem is one mistake in a config. Path names the value from the part's own
// root, such as `poll` or `slack.channel` or `routes[1].receiver`; the empty
// path is the part itself. Package config puts file, line and column before it.
type Problem struct { //nolint:errname // a line of a list that people read, and only at times an error
	Path string
	// Column is the offset in runes inside the value's text at which the mistake
	// stands, for values that have a syntax of their own.
	Column int
	Msg    string
	// Warning marks what is legal but unwise: it is shown and refuses nothing.
	Warning bool
}

// Error is the path and the message.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.Msg
	}
	return p.Path + ": " + p.Msg
}

// Under gives ps with every path below prefix.
func Under(prefix string, ps []Problem) []Problem {
	out := make([]Problem, len(ps))
	for i, p := range ps {
		switch {
		case p.Path == "":
			p.Path = prefix
		case strings.HasPrefix(p.Path, "["):
			p.Path = prefix + p.Path
		default:
			p.Path = prefix + "." + p.Path
		}
		out[i] = p
	}
	return out
}
