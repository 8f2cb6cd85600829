package cue

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// fold makes one state of all that end the same and lead on the same: five times
// fewer, so that the walks of a text stay in the processor's cache. No state leads
// back to one before it, so those that lead nowhere are folded first.
func fold(drafts []draft) []draft {
	f := folder{drafts: drafts, ids: map[string]int32{}, to: make([]int32, len(drafts))}
	f.visit(0)
	// The root was folded last; it comes first.
	last := int32(len(f.out) - 1)
	for i := range f.out {
		for k := range f.out[i].words {
			f.out[i].words[k].next = last - f.out[i].words[k].next
		}
		for k := range f.out[i].classes {
			f.out[i].classes[k].next = last - f.out[i].classes[k].next
		}
	}
	slices.Reverse(f.out)
	return f.out
}

type folder struct {
	drafts []draft
	out    []draft
	// ids finds a folded state by what it is; to is where a draft went, plus one.
	ids map[string]int32
	to  []int32
}

// visit folds the states that at leads to, then at itself. It goes no deeper than
// the longest phrase.
func (f *folder) visit(at int32) int32 {
	if f.to[at] > 0 {
		return f.to[at] - 1
	}
	d := f.drafts[at]
	for i := range d.words {
		d.words[i].next = f.visit(d.words[i].next)
	}
	for i := range d.classes {
		d.classes[i].next = f.visit(d.classes[i].next)
	}
	key := d.key()
	id, ok := f.ids[key]
	if !ok {
		id = int32(len(f.out))
		f.out = append(f.out, d)
		f.ids[key] = id
	}
	f.to[at] = id + 1
	return id
}

// key is equal for states that are the same. The order of ends is that of reports.
func (d *draft) key() string {
	var b []byte
	for _, e := range d.ends {
		b = append(b, byte(e.kind), byte(e.weight))
	}
	b = append(b, 0)
	for _, e := range d.classes {
		b = binary.AppendUvarint(append(b, byte(e.class)), uint64(e.next))
	}
	b = append(b, 0)
	words := slices.SortedFunc(slices.Values(d.words), func(a, b wordEdge) int { return cmp.Compare(a.hash, b.hash) })
	for _, e := range words {
		b = binary.AppendUvarint(binary.LittleEndian.AppendUint64(b, e.hash), uint64(e.next))
	}
	return string(b)
}

// layOut writes states as a Set reads them.
func layOut(drafts []draft) *Set {
	s := &Set{kinds: newWordClasses(), states: make([]state, 0, len(drafts))}
	for at := range drafts {
		d := &drafts[at]
		st := state{ends: uint32(len(s.ends)), classes: uint32(len(s.classes)), endCount: uint8(len(d.ends)), classCount: uint8(len(d.classes))}
		s.ends = append(s.ends, d.ends...)
		s.classes = append(s.classes, d.classes...)
		for _, e := range d.classes {
			st.wants |= 1 << e.class
		}
		if at > 0 {
			s.index(&st, d.words)
		}
		s.states = append(s.states, st)
	}
	for _, e := range drafts[0].classes {
		if st := &s.states[e.next]; e.class == aGap && st.endCount == 0 && st.wants == 0 {
			s.behindGap = st
		}
	}
	s.begin(drafts[0].words)
	return s
}

// begin makes the table of the words that phrases begin with.
func (s *Set) begin(words []wordEdge) {
	bits := 1
	for 1<<bits < 2*len(words) {
		bits++
	}
	s.openers = make([]opener, 1<<bits)
	for _, e := range words {
		b := e.hash >> 40 % firstBits
		s.first[b/64] |= 1 << (b % 64)
		i := int(e.hash) & (len(s.openers) - 1)
		for s.openers[i].next != 0 {
			i = (i + 1) & (len(s.openers) - 1)
		}
		st := &s.states[e.next]
		o := opener{tag: tagOf(e.hash), next: e.next, then: st.words}
		if st.endCount > 0 || st.wants != 0 {
			o.then = anything
		}
		s.openers[i] = o
	}
}

// index gives the state its own small table of the edges that words lead along.
func (s *Set) index(st *state, words []wordEdge) {
	st.edges = uint32(len(s.edges))
	if len(words) == 0 {
		return
	}
	for 1<<st.edgeBits < len(words)+len(words)/2+1 {
		st.edgeBits++
	}
	own := make([]edge, 1<<st.edgeBits)
	for _, e := range words {
		i := int(e.hash) & (len(own) - 1)
		for own[i].next != 0 {
			i = (i + 1) & (len(own) - 1)
		}
		own[i] = edge{tagOf(e.hash), e.next}
		st.words |= wordBit(e.hash)
	}
	s.edges = append(s.edges, own...)
}
