// Package target finds the brand and its competitors in a parsed text.
//
//	names.go  the spellings of a brand's name
//	mark.go   marking them in a text
package target

import (
	"strings"
	"unicode"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Names is the names of one brand and its competitors, ready to be found. It is
// read-only and safe for any goroutines.
type Names struct {
	phrases map[uint64][]phrase
	heads   []string
	rivals  []string
	context map[uint64]struct{}
	// begins has a bit for each word that a spelling or a context word begins with, so
	// that most words are passed over at one look.
	begins uint64
	// Given tells whether there is a brand at all, Everyday whether its name is a
	// single everyday word.
	Given, Everyday bool
}

// phrase is the hashes of the words of one spelling.
type phrase struct {
	rest  []uint64
	rival bool
}

// Compile prepares a brand's names.
func Compile(brand string, aliases, competitors, context []string) *Names {
	n := &Names{phrases: map[uint64][]phrase{}, context: map[uint64]struct{}{}}
	for i, name := range append([]string{brand}, aliases...) {
		if strings.TrimSpace(name) != "" {
			n.Given = true
			n.brand(name)
			if i == 0 {
				n.Everyday = commonWord(strings.ToLower(short(name)))
			}
		}
	}
	for _, name := range competitors {
		n.add(name, true)
		if h := squash(name); len(h) >= minHandle {
			n.rivals = append(n.rivals, h)
		}
	}
	for _, w := range context {
		var d text.Doc
		d.Parse(w)
		for _, t := range d.Tokens {
			n.context[t.Hash] = struct{}{}
			n.begins |= bit(t.Hash)
		}
	}
	return n
}

// short is a name without the words at its end that say only what the firm does.
func short(name string) string {
	words := strings.Fields(strings.TrimLeft(name, "@#"))
	for len(words) > 1 && (generic(strings.ToLower(words[len(words)-1])) || words[len(words)-1] == "&" || words[len(words)-1] == "and") {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

const minHandle = 3

func (n *Names) brand(name string) {
	if i := strings.IndexByte(name, '('); i > 0 {
		n.brand(name[:i])
		n.brand(strings.Trim(name[i:], "()"))
		return
	}
	n.add(name, false)
	spaced := splitCamel(name)
	n.add(spaced, false)
	if h := squash(name); len(h) >= minHandle {
		n.heads = append(n.heads, h)
		n.add(h, false)
	}
	words := strings.Fields(spaced)
	for len(words) > 1 && generic(strings.ToLower(words[len(words)-1])) {
		words = words[:len(words)-1]
		short := strings.Join(words, " ")
		if len(words) > 1 || !everyday(strings.ToLower(short)) {
			n.add(short, false)
		}
		if h := squash(short); len(h) >= minHandle {
			n.heads = append(n.heads, h)
		}
	}
	if len(words) > 2 {
		n.add(initials(words), false)
		n.add(strings.Join(words[:2], " "), false)
		n.add(strings.Join(words[len(words)-2:], " "), false)
	}
}

func (n *Names) add(name string, rival bool) {
	var d text.Doc
	d.Parse(strings.TrimLeft(name, "@#"))
	var hs []uint64
	for _, t := range d.Tokens {
		if t.Kind != text.Punct {
			hs = append(hs, t.Hash)
		}
	}
	if len(hs) == 0 {
		return
	}
	p := phrase{rest: hs[1:], rival: rival}
	for _, q := range n.phrases[hs[0]] {
		if q.rival == p.rival && equal(q.rest, p.rest) {
			return
		}
	}
	n.phrases[hs[0]] = append(n.phrases[hs[0]], p)
	n.begins |= bit(hs[0])
}

func bit(hash uint64) uint64 { return 1 << (hash >> 58) }

func equal(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// squash is a name as it stands in a handle: lower case, letters and digits only.
func squash(name string) string {
	var d text.Doc
	d.Parse(strings.TrimLeft(name, "@#"))
	var b strings.Builder
	for i, t := range d.Tokens {
		if t.Kind != text.Punct {
			b.Write(d.Form(i))
		}
	}
	return b.String()
}

// splitCamel puts spaces where a name's capitals and digits show its words.
func splitCamel(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if i > 0 {
			up := unicode.IsUpper(r) && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsUpper(rs[i-1]) && unicode.IsLower(rs[i+1]))
			dig := unicode.IsDigit(r) != unicode.IsDigit(rs[i-1]) && unicode.IsLetter(rs[i-1]) && unicode.IsDigit(r) && i > 2
			if up || dig {
				b.WriteByte(' ')
			}
		}
		if r == '-' || r == '_' || r == '.' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

func initials(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteRune([]rune(w)[0])
	}
	return b.String()
}

// generic tells whether the last word of a name says only what the firm does.
func generic(w string) bool {
	switch w {
	case "air", "airline", "airlines", "airways", "bank", "banking", "mobile", "telecom", "wireless", "broadband", "energy",
		"electric", "power", "gas", "water", "insurance", "inc", "ltd", "llc", "corp", "co", "company", "group", "gmbh", "plc",
		"sa", "app", "games", "gaming", "studio", "studios", "support", "help", "care", "cares", "customer", "service",
		"services", "stores", "store", "shop", "foods", "food", "pizza", "coffee", "burger", "burgers", "hotel", "hotels",
		"motors", "cars", "auto", "delivery", "express", "logistics", "post", "mail", "fitness", "gym", "tv", "media",
		"music", "pay", "card", "credit", "health", "pharmacy", "clothing", "fashion", "shoes", "electronics", "software",
		"rail", "railway", "trains", "bus", "taxi", "rides", "travel", "tours", "cruises", "uk", "us", "usa", "online", "hq":
		return true
	}
	return false
}

// everyday tells whether a word says too little to be a name without its second word.
func everyday(w string) bool {
	if len(w) < 3 {
		return true
	}
	switch w {
	case "the", "my", "our", "your", "first", "best", "new", "good", "great", "green", "red", "blue", "black", "white", "big",
		"one", "home", "city", "world", "national", "united", "general", "common", "public", "direct", "smart", "fast",
		"super", "total", "next", "open", "free", "true", "real", "pure", "simple", "easy", "happy", "fresh", "bright":
		return true
	}
	return false
}
