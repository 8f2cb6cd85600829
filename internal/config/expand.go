package config

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// expansion is a text with its variables filled in, and which rune of it came from where.
type expansion struct {
	text string
	// parts map positions in text to positions in what is written, in runes.
	parts []expandedPart
}

type expandedPart struct {
	out, raw int
	variable bool
}

// rawColumn is the position in what is written of a position in the expanded text.
func (e *expansion) rawColumn(out int) int {
	raw := out
	for _, p := range e.parts {
		if p.out > out {
			break
		}
		raw = p.raw
		if !p.variable {
			raw += out - p.out
		}
	}
	return raw
}

// expandError is a mistake at a position in the text, in runes.
type expandError struct {
	at  int
	msg string
}

// expand fills in ${VAR} and ${VAR:-default}, and makes $$ a dollar sign.
func expand(s string, lookup func(string) (string, bool)) (*expansion, *expandError) {
	if !strings.Contains(s, "$") {
		return &expansion{text: s}, nil
	}
	e := &expansion{}
	var out strings.Builder
	outAt, rawAt := 0, 0
	add := func(text string, rawLen int, variable bool) {
		e.parts = append(e.parts, expandedPart{outAt, rawAt, variable})
		out.WriteString(text)
		outAt += utf8.RuneCountInString(text)
		rawAt += rawLen
	}
	for s != "" {
		i := strings.IndexByte(s, '$')
		switch {
		case i < 0:
			add(s, utf8.RuneCountInString(s), false)
			s = ""
		case i > 0:
			add(s[:i], utf8.RuneCountInString(s[:i]), false)
			s = s[i:]
		case strings.HasPrefix(s, "$$"):
			add("$", 2, true)
			s = s[2:]
		case !strings.HasPrefix(s, "${"):
			add("$", 1, false)
			s = s[1:]
		default:
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return nil, &expandError{rawAt, `"${" is never closed; write ${NAME}, or $$ for a dollar sign`}
			}
			value, msg := variable(s[2:end], lookup)
			if msg != "" {
				return nil, &expandError{rawAt, msg}
			}
			add(value, utf8.RuneCountInString(s[:end+1]), true)
			s = s[end+1:]
		}
	}
	e.text = out.String()
	return e, nil
}

// variable is the value of NAME or NAME:-default, or what is wrong.
func variable(ref string, lookup func(string) (string, bool)) (value, msg string) {
	name, fallback, hasFallback := strings.Cut(ref, ":-")
	if !isVariable(name) {
		return "", fmt.Sprintf("%q is no variable; write ${NAME}, or $$ for a dollar sign", "${"+ref+"}")
	}
	v, ok := lookup(name)
	switch {
	case !utf8.ValidString(v):
		return "", fmt.Sprintf("the environment variable %s is not valid UTF-8", name)
	case ok && (v != "" || !hasFallback):
		return v, ""
	case hasFallback:
		return fallback, ""
	default:
		return "", fmt.Sprintf("the environment variable %s is not set; set it, or write $$ for a dollar sign", name)
	}
}

func isVariable(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
