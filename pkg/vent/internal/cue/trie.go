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

// node is a place in the graph of phrases: what ends here, which nodes it is at
// once the same as, and what leads on beside single words.
type node struct {
	ends    []end
	jumps   []int32
	classes []classEdge
	// wants is the bits of the classes, so that a token that is of none is
	// passed over at once.
	wants classBits
	words bool
}

// Set is phrases compiled together. It is read-only and safe for any goroutines.
type Set struct {
	slots []slot
	mask  uint64
	nodes []node
	kinds wordClasses
	// first tells of most words that no phrase begins with them, at one look.
	first [firstBits / 64]uint64
}

const firstBits = 1 << 16

func (s *Set) mayBegin(hash uint64) bool {
	b := hash >> 40 % firstBits
	return s.first[b/64]&(1<<(b%64)) != 0
}

type slot struct {
	key  uint64
	next int32
}

// compile builds a Set of patterns.
func compile(ps []pattern) *Set {
	b := builder{edges: map[uint64]int32{}, set: &Set{nodes: make([]node, 1), kinds: newWordClasses()}}
	for _, p := range ps {
		b.add(p)
	}
	size := 16
	for size < 2*len(b.edges) {
		size *= 2
	}
	s := b.set
	s.slots = make([]slot, size)
	s.mask = uint64(size - 1)
	for _, key := range b.order {
		i := key & s.mask
		for s.slots[i].next != 0 {
			i = (i + 1) & s.mask
		}
		s.slots[i] = slot{key: key, next: b.edges[key]}
	}
	return s
}

type builder struct {
	edges map[uint64]int32
	order []uint64
	set   *Set
}

func edgeKey(node int32, hash uint64) uint64 {
	return text.Mix(hash ^ (uint64(node)+1)*0x9e3779b97f4a7c15)
}

func (b *builder) add(p pattern) {
	s := b.set
	last := &s.nodes[b.seq(0, p.parts)]
	for i, e := range last.ends {
		if e.kind == p.kind {
			last.ends[i].weight = max(e.weight, p.weight)
			return
		}
	}
	last.ends = append(last.ends, end{p.kind, p.weight})
}

// seq adds parts after node and returns the node where they end. Nodes that
// tokens lead to are shared by all phrases with that beginning; the node behind
// a group belongs to one phrase alone.
func (b *builder) seq(node int32, parts []part) int32 {
	s := b.set
	for _, p := range parts {
		switch {
		case p.alts != nil:
			join := b.node()
			for _, alt := range p.alts {
				last := b.seq(node, alt)
				s.nodes[last].jumps = append(s.nodes[last].jumps, join)
			}
			if p.optional {
				s.nodes[node].jumps = append(s.nodes[node].jumps, join)
			}
			node = join
		case p.class == literal:
			node = b.literal(node, p.hash)
		default:
			node = b.class(node, p.class)
		}
	}
	return node
}

func (b *builder) literal(node int32, hash uint64) int32 {
	key := edgeKey(node, hash)
	next, ok := b.edges[key]
	if !ok {
		next = b.node()
		b.edges[key] = next
		if node == 0 {
			at := hash >> 40 % firstBits
			b.set.first[at/64] |= 1 << (at % 64)
		}
		b.set.nodes[node].words = true
		b.order = append(b.order, key)
	}
	return next
}

func (b *builder) class(node int32, c class) int32 {
	s := b.set
	for _, e := range s.nodes[node].classes {
		if e.class == c {
			return e.next
		}
	}
	next := b.node()
	n := &s.nodes[node]
	n.classes = append(n.classes, classEdge{c, next})
	n.wants |= 1 << c
	return next
}

func (b *builder) node() int32 {
	b.set.nodes = append(b.set.nodes, node{})
	return int32(len(b.set.nodes) - 1)
}

func (s *Set) literal(node int32, hash uint64) int32 {
	key := edgeKey(node, hash)
	for i := key & s.mask; ; i = (i + 1) & s.mask {
		e := &s.slots[i]
		if e.next == 0 {
			return 0
		}
		if e.key == key {
			return e.next
		}
	}
}

// Find appends to hits every cue in d. Where one phrase of a kind contains
// another that begins at the same word, only the longest counts.
func (s *Set) Find(d *text.Doc, hits []Hit) []Hit {
	s.classify(d)
	m := match{set: s, d: d, hits: hits}
	root := &s.nodes[0]
	for i := range d.Tokens {
		m.from, m.first = i, len(m.hits)
		if s.mayBegin(d.Tokens[i].Hash) {
			if n := s.literal(0, d.Tokens[i].Hash); n != 0 {
				m.walk(i+1, n, 1)
			}
		}
		if w := d.Tokens[i].Whole; w != 0 {
			if n := s.literal(0, tagHash(w)); n != 0 {
				m.walk(i+tagLength(d, i), n, 1)
			}
		}
		if root.wants&classBits(d.Tokens[i].Class) != 0 {
			for _, e := range root.classes {
				m.class(i, e, 0)
			}
		}
	}
	return m.hits
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

func (m *match) walk(at int, id int32, depth int) {
	if depth > maxDepth {
		return
	}
	n := &m.set.nodes[id]
	for _, e := range n.ends {
		m.report(Hit{Kind: e.kind, Weight: e.weight, From: int32(m.from), To: int32(at)})
	}
	if n.words && at < len(m.d.Tokens) {
		if next := m.set.literal(id, m.d.Tokens[at].Hash); next != 0 {
			m.walk(at+1, next, depth+1)
		}
	}
	for _, j := range n.jumps {
		m.walk(at, j, depth+1)
	}
	if n.wants == 0 {
		return
	}
	for _, e := range n.classes {
		m.class(at, e, depth)
	}
}

func (m *match) class(at int, e classEdge, depth int) {
	d := m.d
	//exhaustive:ignore
	switch e.class {
	case aGap:
		for k := 0; k <= maxGap; k++ {
			m.walk(at+k, e.next, depth+1)
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
