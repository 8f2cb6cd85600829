package model

import "encoding/binary"

// Key is the part of a feature's hash that the table keeps.
func Key(hash uint64) uint32 {
	k := uint32(hash >> 16)
	if k == 0 {
		return 1
	}
	return k
}

// Entry is a feature's weights, in steps of the model's scales.
type Entry struct {
	Key     uint32
	Weights [Heads]int8
}

// lanes is how many heads a row of the table has room for.
const lanes = 8

// row is a feature's weights as they lie in memory: each raised by 128, so that
// eight are added up at once.
type row struct {
	key     uint32
	weights [lanes]byte
}

// Table finds a feature's weights. Most features that a model does not weigh are
// told by one look at the bits of known, which stay in the processor's cache.
type Table struct {
	rows  []row
	mask  uint32
	known []uint64
	shift uint32
}

// NewTable builds a table of entries. Of two with one key the later counts.
func NewTable(entries []Entry) *Table {
	size, bits, shift := uint32(64), uint64(512), uint32(32-9)
	for uint64(size)*3 < 5*uint64(len(entries)) {
		size *= 2
	}
	for bits < 8*uint64(len(entries)) {
		bits *= 2
		shift--
	}
	t := &Table{rows: make([]row, size), mask: size - 1, known: make([]uint64, bits/64), shift: shift}
	for _, e := range entries {
		if e.Key == 0 {
			continue
		}
		i := e.Key & t.mask
		for t.rows[i].key != 0 && t.rows[i].key != e.Key {
			i = (i + 1) & t.mask
		}
		t.rows[i].key = e.Key
		for k := range lanes {
			t.rows[i].weights[k] = 128
		}
		for k, v := range e.Weights {
			t.rows[i].weights[k] = byte(int(v) + 128)
		}
		b := t.bit(e.Key)
		t.known[b/64] |= 1 << (b % 64)
	}
	return t
}

// bit is where known tells of a key.
func (t *Table) bit(key uint32) uint32 { return key * 0x9e3779b1 >> t.shift }

// has tells whether the table may know the key: it is sure only of a no.
func (t *Table) has(key uint32) bool {
	b := t.bit(key)
	return t.known[b/64]&(1<<(b%64)) != 0
}

// find is the row of a key, nil where there is none.
func (t *Table) find(key uint32) *row {
	for i := key & t.mask; ; i = (i + 1) & t.mask {
		r := &t.rows[i]
		if r.key == key {
			return r
		}
		if r.key == 0 {
			return nil
		}
	}
}

// Knows tells whether the model weighs a feature.
func (t *Table) Knows(hash uint64) bool {
	k := Key(hash)
	return t.has(k) && t.find(k) != nil
}

// Find is the weights of a feature; false where the model has none.
func (t *Table) Find(hash uint64) (w [Heads]int8, ok bool) {
	k := Key(hash)
	if !t.has(k) {
		return w, false
	}
	r := t.find(k)
	if r == nil {
		return w, false
	}
	for i := range w {
		w[i] = int8(int(r.weights[i]) - 128)
	}
	return w, true
}

// Sums is the steps of every head, added up.
type Sums [Heads]int32

// adder adds rows up, eight weights at a time, in lanes of 16 bits.
type adder struct {
	even, odd uint64
	count     int32
	sums      Sums
}

const (
	evenLanes = 0x00ff00ff00ff00ff
	// full is how many rows fit into the lanes before one overflows.
	full = 256
)

func (a *adder) add(r *row) {
	w := binary.LittleEndian.Uint64(r.weights[:])
	a.even += w & evenLanes
	a.odd += w >> 8 & evenLanes
	if a.count++; a.count == full {
		a.flush()
	}
}

func (a *adder) flush() {
	for k := range a.sums {
		lane := a.even
		if k%2 == 1 {
			lane = a.odd
		}
		a.sums[k] += int32(lane>>(k/2*16)&0xffff) - 128*a.count
	}
	a.even, a.odd, a.count = 0, 0, 0
}

// Total is the sums of what was added.
func (a *adder) total() Sums {
	a.flush()
	return a.sums
}

// Adder adds up the weights of a text's features by group. It reuses its buffer;
// the zero Adder is ready to use, by one goroutine at a time.
type Adder struct {
	keys []groupKey
}

type groupKey struct {
	key   uint32
	group Group
}

// Add is the sums of the features, those of characters left out. What the model may
// know is picked out first, so that the rows are fetched side by side.
func (a *Adder) Add(t *Table, features []Feature) (sums [Groups]Sums) {
	a.keys = a.keys[:0]
	for i := range features {
		f := &features[i]
		if k := Key(f.Hash); f.Group != Chars && t.has(k) {
			a.keys = append(a.keys, groupKey{k, f.Group})
		}
	}
	var by [Groups]adder
	for _, k := range a.keys {
		if r := t.find(k.key); r != nil {
			by[k.group].add(r)
		}
	}
	for g := range by {
		sums[g] = by[g].total()
	}
	return sums
}
