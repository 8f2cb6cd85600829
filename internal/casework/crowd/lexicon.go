package crowd

import (
	_ "embed" // the lexicon
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// kind is what a phrase of the lexicon is.
type kind int

const (
	kindNot kind = iota
	kindThing
	kindHolder
	kindDown
	kindDead
	kindOthers
	kindOwn
	kindOld
)

// entry is what a phrase stands for; name and family are of things.
type entry struct {
	kind         kind
	name, family string
}

// node is a word of a phrase, and those that may follow it.
type node struct {
	next    map[string]*node
	entries []entry
}

// lexicon finds phrases. It never changes once it is made.
type lexicon struct {
	root *node
	// families are those of the things, holders tells which things only hold others.
	families map[string]string
	holders  map[string]bool
}

//go:embed lexicon.txt
var lexiconText string

// theLexicon is compiled at the first use.
var theLexicon = sync.OnceValue(func() *lexicon {
	l, err := parseLexicon(lexiconText)
	if err != nil {
		panic(err) // the file is part of the program, and a test parses it
	}
	return l
})

// parseLexicon reads lines of kinds and phrases.
func parseLexicon(text string) (*lexicon, error) {
	l := &lexicon{root: &node{}, families: map[string]string{}, holders: map[string]bool{}}
	kinds := map[string]kind{"not": kindNot, "thing": kindThing, "holder": kindHolder, "down": kindDown, "dead": kindDead, "others": kindOthers, "own": kindOwn, "old": kindOld}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		head, phrases, ok := strings.Cut(line, " : ")
		words := strings.Fields(head)
		if !ok || len(words) == 0 {
			return nil, fmt.Errorf("reading the lexicon of faults: line %d has no phrases", i+1)
		}
		k, known := kinds[words[0]]
		e := entry{kind: k}
		named := k == kindThing || k == kindHolder
		if !known || named != (len(words) == 3) {
			return nil, fmt.Errorf("reading the lexicon of faults: line %d begins with %q", i+1, head)
		}
		if named {
			e.name, e.family = words[1], words[2]
			l.families[e.name], l.holders[e.name] = e.family, k == kindHolder
		}
		for p := range strings.SplitSeq(phrases, " / ") {
			for _, one := range expand(strings.TrimSpace(p)) {
				l.add(strings.Fields(one), e)
			}
		}
	}
	return l, nil
}

// expand writes out the alternatives of a phrase.
func expand(p string) []string {
	open := strings.IndexByte(p, '(')
	if open < 0 {
		return []string{p}
	}
	end := open + strings.IndexByte(p[open:], ')')
	var out []string
	for alt := range strings.SplitSeq(p[open+1:end], "|") {
		out = append(out, expand(p[:open]+alt+p[end+1:])...)
	}
	return out
}

func (l *lexicon) add(words []string, e entry) {
	n := l.root
	for _, w := range words {
		if n.next == nil {
			n.next = map[string]*node{}
		}
		if n.next[w] == nil {
			n.next[w] = &node{}
		}
		n = n.next[w]
	}
	n.entries = append(n.entries, e)
}

// longest is the longest phrase that begins with the first word: what it stands for
// and how many words it has, 0 where there is none.
func (l *lexicon) longest(words []string) (found []entry, length int) {
	n := l.root
	for i, w := range words {
		if n = n.next[w]; n == nil {
			break
		}
		if len(n.entries) > 0 {
			found, length = n.entries, i+1
		}
	}
	return found, length
}

// maxWords bounds how much of a text is read.
const maxWords = 200

// fold gives the words of a text: small letters without accents and apostrophes.
// Links and @names are left out, #tags are opened.
func fold(text string) []string {
	var out []string
	for field := range strings.FieldsSeq(text) {
		if strings.HasPrefix(field, "@") || strings.Contains(field, "://") || strings.HasPrefix(field, "www.") {
			continue
		}
		var b strings.Builder
		for _, r := range norm.NFKD.String(strings.ToLower(field)) {
			switch {
			case r == '\'' || r == '’' || unicode.IsMark(r):
			case unicode.IsLetter(r) || unicode.IsNumber(r):
				b.WriteRune(r)
			default:
				b.WriteByte(' ')
			}
		}
		for w := range strings.FieldsSeq(b.String()) {
			if len(out) == maxWords {
				return out
			}
			out = append(out, w)
		}
	}
	return out
}
