package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// owner is whom a clause is about.
type owner uint8

const (
	nobody owner = iota
	brand
	other
)

// clause is a stretch of tokens and whom it is about.
type clause struct {
	from, to int32
	who      owner
}

// split cuts the text into clauses and says whom each is about: the brand where it
// is named, else another firm that is, else whom the clause before is about. It returns false where no firm
// but the brand is named, and then says nothing about clauses.
func (s *Scorer) split(w *work) bool {
	d := &w.r.Doc
	w.clauses = w.clauses[:0]
	if w.r.Seen.Brand == 0 {
		return false
	}
	w.firms = false
	for i := range w.r.Hits {
		w.firms = w.firms || w.r.Hits[i].Kind == cue.OtherFirm
	}
	start := int32(0)
	who := nobody
	for i := range d.Tokens {
		if int32(i) > start && cuts(d, i) {
			w.clauses = append(w.clauses, clause{start, int32(i), who})
			start, who = int32(i), nobody
		}
		switch {
		case who == brand:
		case d.Tokens[i].Has(text.Brand):
			who = brand
		case who == nobody && s.otherFirm(w, i):
			who = other
		}
	}
	w.clauses = append(w.clauses, clause{start, int32(len(d.Tokens)), who})
	for _, c := range w.clauses {
		if c.who == other {
			inherit(w.clauses)
			return true
		}
	}
	return false
}

// inherit gives a clause that names nobody to the one before it, and those at the
// beginning to the first that is named.
func inherit(cs []clause) {
	last := nobody
	for i := range cs {
		if cs[i].who == nobody {
			cs[i].who = last
		}
		last = cs[i].who
	}
	for i := len(cs) - 1; i >= 0; i-- {
		if cs[i].who == nobody {
			cs[i].who = last
		}
		last = cs[i].who
	}
}

// joints is the letters that the words of cuts begin with.
var joints = text.LettersOf("abhstuw")

// cuts tells whether a clause ends before token i.
func cuts(d *text.Doc, i int) bool {
	t := &d.Tokens[i]
	if t.Has(text.Line) {
		return true
	}
	prev := &d.Tokens[i-1]
	if prev.Kind == text.Punct {
		switch d.Norm[prev.NStart] {
		case '.', '!', '?', ';', ':', '-':
			return true
		case ',':
			return true
		}
		return d.Norm[prev.NStart] >= 0x80
	}
	if t.Kind != text.Word || !joints.Open(d.Form(i)) {
		return false
	}
	switch string(d.Form(i)) {
	case "but", "while", "whereas", "though", "although", "however", "unlike", "because", "so", "and":
		return true
	}
	return false
}

// otherFirm tells whether token i names a firm that is not the brand: a
// competitor, a handle, a phrase such as "my old bank", or a capitalised word
// that is in no dictionary of ours.
func (s *Scorer) otherFirm(w *work, i int) bool {
	d := &w.r.Doc
	t := &d.Tokens[i]
	switch {
	case t.Has(text.Brand):
		return false
	case t.Has(text.Rival):
		return true
	case t.Kind == text.User:
		return i == 0 && addressed(d) || i > 0 && speaks(d, i)
	case t.Kind != text.Word || t.Has(text.Tag):
		return false
	case s.small(w, i):
		return true
	}
	return w.firms && w.otherStarts(i) || s.named(w, i)
}

// otherStarts tells whether a phrase for another firm begins at token i.
func (w *work) otherStarts(i int) bool {
	for k := range w.r.Hits {
		if h := &w.r.Hits[k]; h.Kind == cue.OtherFirm && h.From == int32(i) {
			return true
		}
	}
	return false
}

// speaks tells whether words follow the handle at token i, and it does not stand
// among other handles, as copies to third parties do.
func speaks(d *text.Doc, i int) bool {
	if i+3 >= len(d.Tokens) || d.Tokens[i-1].Kind == text.User {
		return false
	}
	for _, t := range d.Tokens[i+1 : i+4] {
		if t.Kind != text.Word {
			return false
		}
	}
	return true
}

// addressed tells whether the handle that the text opens with is spoken to as a firm.
func addressed(d *text.Doc) bool {
	for i := 1; i < min(len(d.Tokens), 12); i++ {
		switch string(d.Form(i)) {
		case "your", "ur", "you", "you're":
			return true
		}
		if stop := d.Tokens[i]; stop.Kind == text.Punct && d.Norm[stop.NStart] == '.' {
			return false
		}
	}
	return false
}

const minName = 4

// named tells whether token i is a name that the model has never met.
func (s *Scorer) named(w *work, i int) bool {
	d := &w.r.Doc
	t := &d.Tokens[i]
	if t.Has(text.Small) {
		return false
	}
	camel := !t.Has(text.Title) && inner(d.Src[t.Start:t.End])
	if !t.Has(text.Title) && !camel || t.Has(text.Caps) || t.End-t.Start < minName {
		return false
	}
	if w.titled {
		return false
	}
	if w.r.Lang > cue.English {
		return camel
	}
	return camel || !s.model.Table.Knows(t.Hash) && !place(d, i) && !inflected(d.Form(i))
}

// small tells whether token i is a name in small letters: a word that the model
// has never met opens the text and is judged, and the brand would never be so.
func (s *Scorer) small(w *work, i int) bool {
	d := &w.r.Doc
	t := &d.Tokens[i]
	if i > 0 || t.Has(text.Title) || t.End-t.Start < minName || len(d.Tokens) < 2 || s.model.Table.Knows(t.Hash) {
		return false
	}
	switch string(d.Form(1)) {
	case "is", "are", "was", "were", "has", "have", "keeps", "never", "always", "would", "can't", "won't", "doesn't", "don't":
	default:
		return false
	}
	for k := range w.r.Hits {
		h := &w.r.Hits[k]
		if h.Kind == cue.Loyal {
			return true
		}
	}
	return false
}

// inflected tells whether a word ends as verbs, adverbs and such do, and names
// seldom.
func inflected(w []byte) bool {
	for _, end := range [...]string{"ing", "ed", "ly", "able", "ible", "ous", "ful", "ness", "tion", "ment", "less", "ish", "'s", "n't", "'t", "day"} {
		if n := len(w) - len(end); n > 0 && string(w[n:]) == end {
			return true
		}
	}
	return false
}

// inner tells whether a capital follows a small letter: FiberNest.
func inner(s string) bool {
	small := false
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z':
			small = true
		case 'A' <= c && c <= 'Z' && small && i > 1:
			return true
		}
	}
	return false
}

// place tells whether a word before token i says that a place or a time follows.
func place(d *text.Doc, i int) bool {
	if i == 0 {
		return false
	}
	switch string(d.Form(i - 1)) {
	case "in", "at", "to", "near", "across", "on", "hi", "hey", "hello", "dear", "ms", "mr", "mrs", "dr", "the":
		return true
	}
	return false
}
