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

// Set is phrases compiled together. It is read-only and safe for any goroutines.
type Set struct {
	slots   []slot
	mask    uint64
	classes [][]classEdge
	ends    [][]end
	jumps   [][]int32
	times   map[uint64]struct{}
}

type slot struct {
	key  uint64
	next int32
}

// compile builds a Set of patterns.
func compile(ps []pattern) *Set {
	b := builder{edges: map[uint64]int32{}, set: &Set{classes: make([][]classEdge, 1), ends: make([][]end, 1), jumps: make([][]int32, 1)}}
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
	s.times = map[uint64]struct{}{}
	for _, w := range timeWords() {
		s.times[text.HashString(w)] = struct{}{}
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
	node := b.seq(0, p.parts)
	for i, e := range s.ends[node] {
		if e.kind == p.kind {
			s.ends[node][i].weight = max(e.weight, p.weight)
			return
		}
	}
	s.ends[node] = append(s.ends[node], end{p.kind, p.weight})
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
				s.jumps[last] = append(s.jumps[last], join)
			}
			if p.optional {
				s.jumps[node] = append(s.jumps[node], join)
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
		b.order = append(b.order, key)
	}
	return next
}

func (b *builder) class(node int32, c class) int32 {
	s := b.set
	for _, e := range s.classes[node] {
		if e.class == c {
			return e.next
		}
	}
	next := b.node()
	s.classes[node] = append(s.classes[node], classEdge{c, next})
	return next
}

func (b *builder) node() int32 {
	b.set.classes = append(b.set.classes, nil)
	b.set.ends = append(b.set.ends, nil)
	b.set.jumps = append(b.set.jumps, nil)
	return int32(len(b.set.ends) - 1)
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
	for i := range d.Tokens {
		first := len(hits)
		hits = s.walk(d, hits, first, i, i, 0, 0)
	}
	return hits
}

func (s *Set) walk(d *text.Doc, hits []Hit, first, from, at int, node int32, depth int) []Hit {
	if depth > maxDepth {
		return hits
	}
	for _, e := range s.ends[node] {
		hits = report(d, hits, first, Hit{Kind: e.kind, Weight: e.weight, From: int32(from), To: int32(at)})
	}
	if at < len(d.Tokens) {
		if n := s.literal(node, d.Tokens[at].Hash); n != 0 {
			hits = s.walk(d, hits, first, from, at+1, n, depth+1)
		}
	}
	for _, j := range s.jumps[node] {
		hits = s.walk(d, hits, first, from, at, j, depth+1)
	}
	for _, e := range s.classes[node] {
		hits = s.class(d, hits, first, from, at, e, depth)
	}
	return hits
}

func (s *Set) class(d *text.Doc, hits []Hit, first, from, at int, e classEdge, depth int) []Hit {
	switch e.class {
	case aGap:
		for k := 0; k <= 3; k++ {
			hits = s.walk(d, hits, first, from, at+k, e.next, depth+1)
			if at+k >= len(d.Tokens) || stops(d, at+k) {
				break
			}
		}
		return hits
	case sentenceEnd:
		if at >= len(d.Tokens) || stops(d, at) || onlyLinksAfter(d, at) {
			return s.walk(d, hits, first, from, at, e.next, depth+1)
		}
		return hits
	case sentenceStart:
		if starts(d, at) {
			return s.walk(d, hits, first, from, at, e.next, depth+1)
		}
		return hits
	default:
		if n := s.taken(d, at, e.class); n > 0 {
			return s.walk(d, hits, first, from, at+n, e.next, depth+1)
		}
		return hits
	}
}

// taken is how many tokens at position at are of the class, 0 for none.
func (s *Set) taken(d *text.Doc, at int, c class) int {
	if at >= len(d.Tokens) {
		return 0
	}
	t := &d.Tokens[at]
	ok := false
	switch c {
	case anyNumber:
		ok = t.Kind == text.Number || numberWord(d.Form(at))
	case anyTime:
		_, ok = s.times[t.Hash]
	case anyUser:
		ok = t.Kind == text.User
	case anyURL:
		ok = t.Kind == text.URL
	case anyMoney:
		return money(d, at)
	case theBrand, aRival:
		flag := text.Brand
		if c == aRival {
			flag = text.Rival
		}
		n := 0
		for at+n < len(d.Tokens) && d.Tokens[at+n].Has(flag) {
			n++
		}
		return n
	case anyWord:
		ok = t.Kind != text.Punct
	case literal, aGap, sentenceEnd, sentenceStart:
	}
	if ok {
		return 1
	}
	return 0
}

func money(d *text.Doc, at int) int {
	next := at + 1
	if next >= len(d.Tokens) {
		return 0
	}
	sign := func(i int) bool {
		switch string(d.Form(i)) {
		case "$", "£", "€", "¥", "₹", "usd", "eur", "gbp", "dollars", "euros", "pounds", "bucks", "quid", "euro", "dollar", "dolares", "reais":
			return true
		}
		return false
	}
	if sign(at) && d.Tokens[next].Kind == text.Number || d.Tokens[at].Kind == text.Number && sign(next) {
		return 2
	}
	return 0
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

// starts tells whether a sentence begins at the token, handles before it aside.
func starts(d *text.Doc, at int) bool {
	if at >= len(d.Tokens) {
		return false
	}
	for at > 0 && !d.Tokens[at].Has(text.Line) {
		at--
		k := d.Tokens[at].Kind
		if k == text.User || k == text.URL || k == text.Emoji {
			continue
		}
		return stops(d, at)
	}
	return true
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

func report(d *text.Doc, hits []Hit, first int, h Hit) []Hit {
	if h.To <= h.From {
		return hits
	}
	h.Negated = d.Tokens[h.From].Has(text.Negated)
	for i := first; i < len(hits); i++ {
		if hits[i].Kind != h.Kind {
			continue
		}
		if h.To > hits[i].To || h.To == hits[i].To && h.Weight > hits[i].Weight {
			hits[i] = h
		}
		return hits
	}
	return append(hits, h)
}

func numberWord(w []byte) bool {
	switch string(w) {
	case "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty",
		"thirty", "forty", "fifty", "sixty", "hundred", "several", "many", "few", "couple", "dos", "tres", "cuatro",
		"cinco", "seis", "siete", "ocho", "nueve", "diez", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf",
		"dix", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn", "dois", "duas", "quatro",
		"sete", "oito", "nove", "dez":
		return true
	}
	return false
}

func timeWords() []string {
	return []string{
		"second", "seconds", "sec", "secs", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs", "h", "day", "days",
		"week", "weeks", "wk", "wks", "month", "months", "mth", "mths", "year", "years", "yr", "yrs", "night", "nights", "weekend",
		"hora", "horas", "dia", "dias", "semana", "semanas", "mes", "meses", "ano", "anos", "minuto", "minutos",
		"heure", "heures", "jour", "jours", "semaine", "semaines", "mois", "an", "ans", "minuten", "stunde", "stunden",
		"tag", "tage", "tagen", "woche", "wochen", "monat", "monate", "monaten", "jahr", "jahre", "jahren",
	}
}
