package cue

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Hit is one cue in a text: the tokens From to To, To excluded.
type Hit struct {
	Kind   Kind
	Weight int8
	// Negated tells that the first word stands in the reach of a negation.
	Negated  bool
	From, To int32
}

type classEdge struct {
	class class
	next  int32
}

type end struct {
	kind   Kind
	weight int8
}

// state is how far a walk has come in all phrases at once.
type state struct {
	// words has a bit for each word that leads on, so that most others are passed
	// over at one look.
	words uint64
	// ends, classes and edges are where in the Set's lists those of the state begin.
	ends, classes, edges uint32
	// wants is the bits of the classes that lead on.
	wants                classBits
	endCount, classCount uint8
	// edgeBits is the size of the state's own table of edges, as a power of two.
	edgeBits uint8
}

func wordBit(hash uint64) uint64 { return 1 << (hash >> 58) }

// Set is phrases compiled together. It is read-only and safe for any goroutines.
type Set struct {
	states  []state
	edges   []edge
	ends    []end
	classes []classEdge
	kinds   wordClasses
	openers []opener
	// first tells of most words that no phrase begins with them, at one look.
	first [firstBits / 64]uint64
	// behindGap is where a gap at the beginning of a phrase leads to, where only words
	// lead on from there; else nil.
	behindGap *state
}

const firstBits = 1 << 16

func (s *Set) mayBegin(hash uint64) bool {
	b := hash >> 40 % firstBits
	return s.first[b/64]&(1<<(b%64)) != 0
}

// edge leads along a word, known by the upper half of its hash. Those of one state
// lie side by side.
type edge struct {
	tag  uint32
	next int32
}

// opener is an edge from where all phrases begin. What it leads to is looked at only
// where then, the words of that state, may have the next token.
type opener struct {
	tag  uint32
	next int32
	then uint64
}

// anything stands for a state that more than words lead on from, or where a phrase
// ends.
const anything = ^uint64(0)

// opener is the edge that a word leads along from the beginning; its next is 0 where
// there is none.
func (s *Set) opener(hash uint64) *opener {
	for i, tag := uint32(hash)&uint32(len(s.openers)-1), tagOf(hash); ; i = (i + 1) & uint32(len(s.openers)-1) {
		o := &s.openers[i]
		if o.next == 0 || o.tag == tag {
			return o
		}
	}
}

func tagOf(hash uint64) uint32 { return uint32(hash >> 32) }

// literal is the state that a word leads to from st, 0 where there is none.
func (s *Set) literal(st *state, hash uint64) int32 {
	own := s.edges[st.edges : st.edges+1<<st.edgeBits]
	for i, tag := uint32(hash)&uint32(len(own)-1), tagOf(hash); ; i = (i + 1) & uint32(len(own)-1) {
		e := &own[i]
		if e.next == 0 || e.tag == tag {
			return e.next
		}
	}
}

// Find appends to hits every cue in d. Where one phrase of a kind contains
// another that begins at the same word, only the longest counts.
func (s *Set) Find(d *text.Doc, hits []Hit) []Hit {
	s.classify(d)
	m := match{set: s, d: d, hits: hits}
	root := &s.states[0]
	wants := s.wanted(d)
	for i := range d.Tokens {
		t := &d.Tokens[i]
		m.from, m.first = i, len(m.hits)
		if s.mayBegin(t.Hash) {
			m.open(t.Hash, i+1)
		}
		if t.Whole != 0 {
			m.open(tagHash(t.Whole), i+tagLength(d, i))
		}
		if may := wants & classBits(t.Class); may != 0 {
			m.follow(i, root, may, 0)
		}
	}
	return m.hits
}

// wanted is the classes that phrases of d may begin with. A gap can begin one at any
// token, so it is worth a look at the whole text whether a word that may follow it
// is there at all.
func (s *Set) wanted(d *text.Doc) classBits {
	wants := s.states[0].wants
	if s.behindGap == nil {
		return wants
	}
	for i := range d.Tokens {
		if hash := d.Tokens[i].Hash; s.behindGap.words&wordBit(hash) != 0 && s.literal(s.behindGap, hash) != 0 {
			return wants
		}
	}
	return wants &^ (1 << aGap)
}

// tagLength is how many tokens the hashtag at token i has.
func tagLength(d *text.Doc, i int) int {
	k := 1
	for i+k < len(d.Tokens) && d.Tokens[i+k].Has(text.Tag|text.Glued) && d.Tokens[i+k].Whole == 0 {
		k++
	}
	return k
}

// match is one run over a text: the cues that begin at token from.
type match struct {
	set         *Set
	d           *text.Doc
	hits        []Hit
	from, first int
}

// open walks on from token at, where a phrase begins with the word before it.
func (m *match) open(hash uint64, at int) {
	o := m.set.opener(hash)
	if o.next == 0 {
		return
	}
	if o.then != anything && (at >= len(m.d.Tokens) || o.then&wordBit(m.d.Tokens[at].Hash) == 0) {
		return
	}
	m.walk(at, o.next, 1)
}

func (m *match) walk(at int, id int32, depth int) {
	s := m.set
	for ; depth <= maxDepth; depth++ {
		st := &s.states[id]
		if st.endCount > 0 {
			for _, e := range s.ends[st.ends : st.ends+uint32(st.endCount)] {
				m.report(Hit{Kind: e.kind, Weight: e.weight, From: int32(m.from), To: int32(at)})
			}
		}
		next := int32(0)
		if st.words != 0 && at < len(m.d.Tokens) {
			if hash := m.d.Tokens[at].Hash; st.words&wordBit(hash) != 0 {
				next = s.literal(st, hash)
			}
		}
		if st.wants != 0 {
			if next != 0 {
				m.walk(at+1, next, depth+1)
			}
			m.branch(at, st, depth)
			return
		}
		if next == 0 {
			return
		}
		at, id = at+1, next
	}
}

// always is the classes that may lead on where no token is of them: a gap may be
// empty, and a sentence ends where the text does.
const always = 1<<aGap | 1<<sentenceEnd

// branch follows the classes that lead on from st.
func (m *match) branch(at int, st *state, depth int) {
	may := classBits(always)
	if at < len(m.d.Tokens) {
		may |= classBits(m.d.Tokens[at].Class)
	}
	if may &= st.wants; may != 0 {
		m.follow(at, st, may, depth)
	}
}

// follow follows those classes that lead on from st which are in may.
func (m *match) follow(at int, st *state, may classBits, depth int) {
	for _, e := range m.set.classes[st.classes : st.classes+uint32(st.classCount)] {
		if may&(1<<e.class) != 0 {
			m.class(at, e, depth)
		}
	}
}

// leads tells whether a walk that comes to the state at token at gets anywhere.
func (m *match) leads(at int, st *state) bool {
	if st.endCount > 0 {
		return true
	}
	may := classBits(always)
	if at < len(m.d.Tokens) {
		t := &m.d.Tokens[at]
		if st.words&wordBit(t.Hash) != 0 {
			return true
		}
		may |= classBits(t.Class)
	}
	return st.wants&may != 0
}

func (m *match) class(at int, e classEdge, depth int) {
	d := m.d
	//exhaustive:ignore
	switch e.class {
	case aGap:
		st := &m.set.states[e.next]
		for k := 0; k <= maxGap; k++ {
			if m.leads(at+k, st) {
				m.walk(at+k, e.next, depth+1)
			}
			if at+k >= len(d.Tokens) || stops(d, at+k) {
				break
			}
		}
	case sentenceEnd:
		if at >= len(d.Tokens) || stops(d, at) || onlyLinksAfter(d, at) {
			m.walk(at, e.next, depth+1)
		}
	case sentenceStart:
		if at < len(d.Tokens) && d.Tokens[at].Class&(1<<sentenceStart) != 0 {
			m.walk(at, e.next, depth+1)
		}
	default:
		if n := taken(d, at, e.class); n > 0 {
			m.walk(at+n, e.next, depth+1)
		}
	}
}

const maxGap = 3

// taken is how many tokens at position at are of the class, 0 for none.
func taken(d *text.Doc, at int, c class) int {
	if at >= len(d.Tokens) || d.Tokens[at].Class&(1<<c) == 0 {
		return 0
	}
	//exhaustive:ignore
	switch c {
	case anyMoney:
		return 2
	case theBrand, aRival:
		if at > 0 && d.Tokens[at-1].Class&(1<<c) != 0 {
			return 0
		}
		n := 1
		for at+n < len(d.Tokens) && d.Tokens[at+n].Class&(1<<c) != 0 {
			n++
		}
		return n
	default:
		return 1
	}
}

func stops(d *text.Doc, at int) bool {
	if at >= len(d.Tokens) {
		return true
	}
	t := &d.Tokens[at]
	if t.Kind != text.Punct {
		return t.Has(text.Line)
	}
	switch d.Norm[t.NStart] {
	case '.', '!', '?', ';':
		return true
	}
	return d.Norm[t.NStart] >= 0x80
}

func onlyLinksAfter(d *text.Doc, at int) bool {
	for i := at; i < len(d.Tokens); i++ {
		switch d.Tokens[i].Kind {
		case text.URL, text.Emoji, text.Emoticon, text.User:
			if i-at > 8 {
				return false
			}
		case text.Word, text.Number:
			if !d.Tokens[i].Has(text.Tag) || i-at > 8 {
				return false
			}
		case text.Punct:
			return stops(d, i)
		}
	}
	return true
}

func (m *match) report(h Hit) {
	if h.To <= h.From {
		return
	}
	h.Negated = m.d.Tokens[h.From].Has(text.Negated)
	for i := m.first; i < len(m.hits); i++ {
		if m.hits[i].Kind != h.Kind {
			continue
		}
		if h.To > m.hits[i].To || h.To == m.hits[i].To && h.Weight > m.hits[i].Weight {
			m.hits[i] = h
		}
		return
	}
	m.hits = append(m.hits, h)
}
