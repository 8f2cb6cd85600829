package cue

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

type class uint8

const (
	literal class = iota
	anyNumber
	anyTime
	anyUser
	anyURL
	theBrand
	aRival
	anyWord
	aGap
	sentenceEnd
	sentenceStart
	anyMoney
	classKinds int = iota
)

func classNames() map[string]class {
	return map[string]class{
		"<num>": anyNumber, "<time>": anyTime, "<user>": anyUser, "<url>": anyURL, "<brand>": theBrand,
		"<rival>": aRival, "<any>": anyWord, "<gap>": aGap, "<end>": sentenceEnd, "<start>": sentenceStart,
		"<money>": anyMoney,
	}
}

// part is one piece of a phrase: a token, or a group of alternatives.
type part struct {
	class    class
	hash     uint64
	alts     [][]part
	optional bool
}

type pattern struct {
	kind   Kind
	weight int8
	parts  []part
}

const maxDepth = 40

// tagHash is what a hashtag as a whole is looked up by, so that #fail is found and
// the word fail is not.
func tagHash(whole uint64) uint64 { return whole ^ 0x7461677461677461 }

// parseFile reads a phrase file. Errors name the line.
func parseFile(name, src string) ([]pattern, error) {
	var (
		out   []pattern
		kind  Kind
		names = KindNames()
	)
	for i, line := range strings.Split(src, "\n") {
		line, _, _ = strings.Cut(line, "~~")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			k, ok := names[line[1:len(line)-1]]
			if !ok {
				return nil, fmt.Errorf("%s:%d: no kind of cue is called %s", name, i+1, line)
			}
			kind = k
			continue
		}
		p, err := parseLine(line, kind)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func parseLine(line string, kind Kind) (pattern, error) {
	if kind == None {
		return pattern{}, errors.New("a phrase before the first section")
	}
	weight := 1
	body, w, ok := strings.Cut(line, "|")
	if ok {
		n, err := strconv.ParseInt(strings.TrimSpace(w), 10, 8)
		if err != nil {
			return pattern{}, fmt.Errorf("reading the weight %q: %w", w, err)
		}
		weight = int(n)
	}
	parts, rest, err := parseSeq(strings.TrimSpace(body), 0)
	if err != nil {
		return pattern{}, err
	}
	if rest != "" {
		return pattern{}, fmt.Errorf("%q does not fit", rest)
	}
	if len(parts) == 0 {
		return pattern{}, errors.New("an empty phrase")
	}
	return pattern{kind: kind, weight: int8(weight), parts: parts}, nil
}

// parseSeq reads a phrase up to its end, or to / or ) inside a group.
func parseSeq(s string, depth int) ([]part, string, error) {
	if depth > maxDepth {
		return nil, "", errors.New("groups are nested too deeply")
	}
	var seq []part
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" || depth > 0 && (s[0] == '/' || s[0] == ')') {
			return seq, s, nil
		}
		var (
			ps  []part
			err error
		)
		if s[0] == '(' {
			var alts [][]part
			alts, s, err = parseGroup(s[1:], depth+1)
			ps = []part{{alts: alts}}
		} else {
			ps, s, err = parseWord(s, depth)
		}
		if err != nil {
			return nil, "", err
		}
		if strings.HasPrefix(s, "?") {
			ps = []part{{alts: [][]part{ps}, optional: true}}
			s = s[1:]
		}
		seq = append(seq, ps...)
	}
}

func parseGroup(s string, depth int) ([][]part, string, error) {
	var alts [][]part
	for {
		seq, rest, err := parseSeq(s, depth)
		if err != nil {
			return nil, "", err
		}
		if len(seq) == 0 {
			return nil, "", errors.New("an alternative is empty")
		}
		alts = append(alts, seq)
		switch {
		case strings.HasPrefix(rest, "/"):
			s = rest[1:]
		case strings.HasPrefix(rest, ")"):
			return alts, rest[1:], nil
		default:
			return nil, "", errors.New("a group is not closed")
		}
	}
}

func parseWord(s string, depth int) ([]part, string, error) {
	if s[0] == '<' {
		if i := strings.IndexByte(s, '>'); i > 0 {
			if c, ok := classNames()[s[:i+1]]; ok {
				return []part{{class: c}}, s[i+1:], nil
			}
			return nil, "", fmt.Errorf("no class is called %s", s[:i+1])
		}
	}
	stop := " /()?"
	if depth == 0 {
		stop = " ?"
	}
	i := strings.IndexAny(s, stop)
	if i < 0 {
		i = len(s)
	}
	if i == 0 {
		return nil, "", fmt.Errorf("unexpected %q", s)
	}
	var d text.Doc
	d.Parse(s[:i])
	if s[0] == '#' && len(d.Tokens) > 0 && d.Tokens[0].Whole != 0 {
		return []part{{hash: tagHash(d.Tokens[0].Whole)}}, s[i:], nil
	}
	seq := make([]part, 0, len(d.Tokens))
	for _, t := range d.Tokens {
		seq = append(seq, part{hash: t.Hash})
	}
	return seq, s[i:], nil
}
