package match

import (
	"math/bits"
	"strings"

	"github.com/leakytap/leakytap/pkg/mention"
)

// fieldGap is the distance in words between title and text: no phrase and no NEAR
// reaches across.
const fieldGap = maxNear + 1

// scan notes every leaf that occurs in m and every brand that has an anchor there.
func (sc *scratch) scan(m mention.Mention) {
	sc.begin()
	base := int32(0)
	if m.Title != "" {
		base = sc.text(m.Title, base) + fieldGap
	}
	sc.text(m.Text, base)
	sc.filters(m)
	for i := range sc.found { // nears that are found are added behind and trigger nothing
		for _, n := range sc.set.leaves[sc.found[i]].triggers {
			if sc.isNear(&sc.set.nears[n]) {
				sc.occurs(sc.set.nears[n].leaf)
			}
		}
	}
}

// text notes the terms of one text, whose first word has the position base, and
// gives the position after its last word.
func (sc *scratch) text(text string, base int32) int32 {
	sc.buf = fold(sc.buf[:0], text)
	sc.toks.split(sc.buf)
	sc.lookup()
	for i := range sc.toks.words {
		for _, w := range sc.idsAt(int32(i)) {
			if at := sc.set.first[w.id]; at >= 0 {
				sc.walk(at, int32(i), int32(i)+w.span, base)
			}
		}
	}
	return base + index(len(sc.toks.words))
}

func (sc *scratch) idsAt(i int32) []wordID { return sc.ids[sc.ranges[i]:sc.ranges[i+1]] }

// walk follows the words from next on through the trie.
func (sc *scratch) walk(at, start, next, base int32) {
	st := sc.set.states[at]
	if st.leaf >= 0 {
		sc.occurs(st.leaf)
		if sc.set.leaves[st.leaf].positions {
			sc.places = append(sc.places, place{span{base + start, base + next}, sc.placeHead[st.leaf]})
			sc.placeHead[st.leaf] = index(len(sc.places)) - 1
		}
	}
	if !st.more || int(next) >= len(sc.toks.words) {
		return
	}
	for _, w := range sc.idsAt(next) {
		if to, ok := sc.set.edges[edge{at, w.id}]; ok {
			sc.walk(to, start, next+w.span, base)
		}
	}
}

// lookup finds the ids of every word, handle and tag.
func (sc *scratch) lookup() {
	sc.ids, sc.ranges = sc.ids[:0], sc.ranges[:0]
	signs := sc.toks.signs
	for i, w := range sc.toks.words {
		sc.ranges = append(sc.ranges, index(len(sc.ids)))
		sc.lookupKey(sc.buf[w.start:w.end], 1)
		for len(signs) > 0 && signs[0].pos == i {
			sc.lookupKey(sc.buf[signs[0].start:signs[0].end], index(signs[0].span))
			signs = signs[1:]
		}
	}
	sc.ranges = append(sc.ranges, index(len(sc.ids)))
}

func (sc *scratch) lookupKey(key []byte, n int32) {
	s := sc.set
	if id, ok := s.vocab[string(key)]; ok {
		sc.ids = append(sc.ids, wordID{id, n})
	}
	for lens := s.prefixLens[key[0]]; lens != 0; lens &= lens - 1 {
		l := bits.TrailingZeros64(lens)
		if l > len(key) {
			return
		}
		if id, ok := s.prefixes[string(key[:l])]; ok {
			sc.ids = append(sc.ids, wordID{id, n})
		}
	}
}

// filters notes the fields that m satisfies.
func (sc *scratch) filters(m mention.Mention) {
	has := sc.set.hasField
	if len(has) == 0 {
		return
	}
	if has[fieldFrom] {
		sc.handles(m.Author.Handle)
		sc.filter(fieldFrom, m.Author.ID)
	}
	if has[fieldSource] {
		sc.filter(fieldSource, m.Source)
		sc.filter(fieldSource, m.Platform)
	}
	if has[fieldLang] {
		sc.filter(fieldLang, knownLang(m.Lang))
	}
	if has[fieldKind] {
		kind := m.Kind
		if kind == "" {
			kind = mention.KindPost
		}
		sc.filter(fieldKind, string(kind))
	}
	if has[fieldIs] && (m.ParentID != "" || m.Kind == mention.KindReply) {
		sc.filter(fieldIs, "reply")
	}
}

func (sc *scratch) filter(field, value string) {
	sc.key = append(append(sc.key[:0], field...), ':')
	sc.key = appendValue(sc.key, value)
	if id, ok := sc.set.fields[string(sc.key)]; ok {
		sc.occurs(id)
	}
}

// handles notes from: for a handle and for what stands before each of its dots: as an
// @handle, jo.example is also jo.
func (sc *scratch) handles(handle string) {
	for i, c := range []byte(handle) {
		if i > 0 && (c == '.' || c == '@') {
			sc.filter(fieldFrom, strings.TrimRight(handle[:i], ".@"))
		}
	}
	sc.filter(fieldFrom, handle)
}
