package crowd

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxOwn is how many of a post's own words are kept, beside the things it names.
const maxOwn = 12

// Report is what one post says of a fault that others may have too.
type Report struct {
	// Outage says that it reports such a fault, as something that fails now.
	Outage bool
	// Words are the things that it names, as #login; +others where it says that others
	// have it too, +own where it tells of a matter of its author's own; and the rarer of its own words.
	Words []string
}

// near is how many words a thing and what is said of it may stand apart, nearBrand
// how many a brand's name.
const (
	near      = 8
	nearBrand = 4
)

// othersMark marks a post which says that others have the fault too, ownMark one
// that tells of its author's own matter.
const (
	othersMark = "+others"
	ownMark    = "+own"
)

// Read reads a post. names are those of the brand, which say nothing here; signals
// and topics are the score's.
func Read(text string, names, signals, topics []string) Report {
	var r reading
	r.read(fold(text), names)
	down := len(r.downs) > 0
	signal := slices.Contains(signals, "outage") || slices.Contains(topics, "outage")
	out := Report{
		Outage: !r.old && (together(r.thingsAt, r.downs, near) || together(r.brandAt, r.deads, nearBrand) ||
			down && r.others || signal && (down || r.others)),
		Words: r.things,
	}
	if r.others {
		out.Words = append(out.Words, othersMark)
	}
	if r.old || r.mine {
		out.Words = append(out.Words, ownMark)
	}
	out.Words = append(out.Words, r.own[:min(len(r.own), maxOwn)]...)
	return out
}

// reading is what was found in a post: where things, faults and the brand stand.
type reading struct {
	things, own                     []string
	thingsAt, brandAt, downs, deads []int
	others, old, mine               bool
}

// read looks for the longest phrase at each word. The brand's own names are left
// out, for they stand in the middle of phrases.
func (r *reading) read(all, names []string) {
	words := r.nameless(all, names)
	lex := theLexicon()
	for i := 0; i < len(words); {
		found, n := lex.longest(words[i:])
		if n == 0 {
			if w := stem(words[i]); w != "" && !slices.Contains(r.own, w) {
				r.own = append(r.own, w)
			}
			i++
			continue
		}
		for _, e := range found {
			r.take(e, i)
		}
		if slices.ContainsFunc(found, func(e entry) bool { return e.kind == kindDown || e.kind == kindDead }) {
			r.inside(words[i:i+n], i)
		}
		i += n
	}
}

// nameless are the words without the brand's names, whose places are noted.
func (r *reading) nameless(all, names []string) []string {
	brand := map[string]bool{}
	for _, n := range names {
		for _, w := range fold(strings.TrimLeft(n, "@#")) {
			brand[w] = true
		}
	}
	words := make([]string, 0, len(all))
	for _, w := range all {
		if brand[w] {
			r.brandAt = append(r.brandAt, len(words))
			continue
		}
		words = append(words, w)
	}
	return words
}

// inside looks for things in a phrase that says that they fail: "no internet".
func (r *reading) inside(phrase []string, at int) {
	for k := range phrase {
		inner, _ := theLexicon().longest(phrase[k:max(len(phrase)-1, k+1)])
		for _, e := range inner {
			if e.kind == kindThing || e.kind == kindHolder {
				r.take(e, at+k)
			}
		}
	}
}

// take notes a phrase that stands at a word.
func (r *reading) take(e entry, at int) {
	switch e.kind {
	case kindThing, kindHolder:
		if t := "#" + e.name; !slices.Contains(r.things, t) {
			r.things = append(r.things, t)
		}
		r.thingsAt = append(r.thingsAt, at)
	case kindDead:
		r.deads = append(r.deads, at)
		r.downs = append(r.downs, at)
	case kindDown:
		r.downs = append(r.downs, at)
	case kindOthers:
		r.others = true
	case kindOwn:
		r.mine = true
	case kindOld:
		r.old = true
	case kindNot:
	}
}

// together reports whether two places are near each other.
func together(things, downs []int, within int) bool {
	return slices.ContainsFunc(things, func(a int) bool {
		return slices.ContainsFunc(downs, func(b int) bool { return max(a-b, b-a) <= within })
	})
}

// minOwn is how many letters a word of a post's own must have.
const minOwn = 4

// stem is a word without its English endings, or nothing where it says nothing.
func stem(w string) string {
	if utf8.RuneCountInString(w) < minOwn || strings.ContainsAny(w, "0123456789") || stops()[w] {
		return ""
	}
	for _, end := range []string{"ings", "ing", "edly", "ed", "ies", "es", "s"} {
		if s, ok := strings.CutSuffix(w, end); ok && utf8.RuneCountInString(s) >= minOwn-1 {
			return s
		}
	}
	return w
}

// stopWords are words that any complaint may hold.
const stopWords = ` about absolutely actually after again against ages also anger angry annoying another answer anyone around asking away
	awful back because been before being believe best better bloody both business call called came care come company could customer
	customers cutting days dear desperate disgrace disgraceful does doing done dont during each even ever every evening everyone
	everything fantastic feel fine finally first fixed folks friday from fuck fucking full furious getting give gives goes going gone
	good great guys happen happened happening have having hello help here home honestly hour hours into isnt just keep keeps kind know
	last late later least less like literally little long look lost made make making many maybe mean minute minutes monday money month
	months more morning most much must myself need needed never news next nice nobody nothing okay only other others over people
	person please pretty problem problems properly quite rather ready really reason reply ridiculous right same saturday seriously
	service should shows since some someone something somebody soon sorry sort still stop stuff such sunday support supposed sure take
	taking team tell telling terrible than thank thanks that thats their them then there these they theyre thing things think this
	those thought three through thursday time times today together tomorrow tonight took total totally trash tried try trying tuesday
	unacceptable under until update used useless user users using very wait waiting want wanted wednesday week weekend weeks well went
	were what whats when where which while whole will wish with without wont work working world worse worst would year years yesterday
	your youre yours `

// stops are the stopWords as a set.
var stops = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(stopWords) {
		out[w] = true
	}
	return out
})
