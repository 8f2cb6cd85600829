package target

import (
	"strings"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Seen is what Mark found.
type Seen struct {
	// Brand and Rival count how often the brand and competitors are named.
	Brand, Rival int
	// Context counts words that speak for the brand rather than its homonyms.
	Context int
	// Addressed tells whether one of the brand's handles is there.
	Addressed bool
	// First is the token of the brand's first name, -1 where there is none.
	First int
}

// Mark sets the flags Brand and Rival in d.
func (n *Names) Mark(d *text.Doc) Seen {
	seen := Seen{First: -1}
	if n == nil {
		return seen
	}
	for i := 0; i < len(d.Tokens); i++ {
		t := &d.Tokens[i]
		if n.begins&bit(t.Hash) == 0 && t.Kind != text.User && t.Whole == 0 {
			continue
		}
		if t.Kind == text.Punct || t.Kind == text.URL {
			continue
		}
		if _, ok := n.context[t.Hash]; ok {
			seen.Context++
		}
		length, rival := n.at(d, i)
		if length == 0 {
			continue
		}
		flag := text.Brand
		if rival {
			flag = text.Rival
			seen.Rival++
		} else {
			seen.Brand++
			seen.Addressed = seen.Addressed || t.Kind == text.User
			if seen.First < 0 {
				seen.First = i
			}
		}
		for k := range length {
			d.Tokens[i+k].Flags |= flag
		}
		i += length - 1
	}
	return seen
}

// at is how many tokens the name at token i has, 0 where none begins there.
func (n *Names) at(d *text.Doc, i int) (length int, rival bool) {
	t := &d.Tokens[i]
	if t.Kind == text.User {
		form := d.Form(i)
		switch {
		case handleOf(form, n.heads):
			return 1, false
		case handleOf(form, n.rivals):
			return 1, true
		}
		return 0, false
	}
	if t.Whole != 0 {
		for _, p := range n.phrases[t.Whole] {
			if len(p.rest) == 0 {
				return tagLength(d, i), p.rival
			}
		}
	}
	for _, p := range n.phrases[t.Hash] {
		if len(p.rest)+1 > length && follows(d, i+1, p.rest) {
			length, rival = len(p.rest)+1, p.rival
		}
	}
	return length, rival
}

func tagLength(d *text.Doc, i int) int {
	k := 1
	for i+k < len(d.Tokens) && d.Tokens[i+k].Has(text.Tag|text.Glued) {
		k++
	}
	return k
}

func follows(d *text.Doc, i int, rest []uint64) bool {
	for _, h := range rest {
		if i < len(d.Tokens) && d.Tokens[i].Kind == text.Punct && string(d.Form(i)) == "-" {
			i++
		}
		if i >= len(d.Tokens) || d.Tokens[i].Hash != h {
			return false
		}
		i++
	}
	return true
}

// handleOf tells whether a handle is one of the names, or one of them with more
// words: @acme, @acme_help and @askacme are all Acme's.
func handleOf(handle []byte, names []string) bool {
	for _, name := range names {
		switch {
		case len(handle) < len(name):
			if len(handle) >= 5 && name[:len(handle)] == string(handle) {
				return true
			}
		case string(handle[:len(name)]) == name:
			if len(handle) == len(name) || len(name) >= 4 {
				return true
			}
		case len(name) >= 5 && contains(handle, name):
			return true
		}
	}
	return false
}

func contains(b []byte, s string) bool {
	for i := 0; i+len(s) <= len(b); i++ {
		if string(b[i:i+len(s)]) == s {
			return true
		}
	}
	return false
}

// Owns tells whether handle is an account of the brand: its name, alone or with
// such words as help or care.
func (n *Names) Owns(handle string) bool {
	if n == nil {
		return false
	}
	h := squash(handle)
	for _, name := range n.heads {
		if h == name {
			return true
		}
		if rest, ok := strings.CutPrefix(h, name); ok && len(name) >= 4 && serves(rest) {
			return true
		}
		if rest, ok := strings.CutSuffix(h, name); ok && len(name) >= 4 && serves(rest) {
			return true
		}
	}
	return false
}

func serves(w string) bool {
	switch w {
	case "help", "helps", "care", "cares", "support", "service", "services", "customerservice", "customercare", "cs", "uk", "us", "usa",
		"team", "hq", "official", "news", "ask", "app", "status", "eu", "global", "air", "bank":
		return true
	}
	return false
}
