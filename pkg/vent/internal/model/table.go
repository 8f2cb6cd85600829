package model

import (
	"cmp"
	"encoding/binary"
	"slices"
)

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
	key uint32
	// low and high are the weights of the first four heads and of the others.
	low, high uint32
}

func (r *row) weights() uint64 { return uint64(r.high)<<32 | uint64(r.low) }

// Table finds a feature's weights. Most features that a model does not weigh are
// told by one look at the bits of known, which stay in the processor's cache. Each
// other has one row where it can be: nothing is searched, so that the processor
// fetches the rows of a text side by side.
type Table struct {
	rows  []row
	place places
	known []uint64
	shift uint32
	facts []uint64
}

// NewTable builds a table of entries. Of two with one key the later counts.
func NewTable(entries []Entry) *Table {
	entries = lastOfEach(entries)
	bits, shift := uint64(512), uint32(32-9)
	for bits < 8*uint64(len(entries)) {
		bits *= 2
		shift--
	}
	keys := make([]uint32, len(entries))
	for i := range entries {
		keys[i] = entries[i].Key
	}
	t := &Table{place: newPlaces(keys), known: make([]uint64, bits/64), shift: shift}
	t.rows = make([]row, t.place.rows)
	for i := range entries {
		e := &entries[i]
		var w [lanes]byte
		for k := range w {
			w[k] = 128
		}
		for k, v := range e.Weights {
			w[k] = byte(int(v) + 128)
		}
		t.rows[t.place.of(e.Key)] = row{e.Key, binary.LittleEndian.Uint32(w[:4]), binary.LittleEndian.Uint32(w[4:])}
		b := t.bit(e.Key)
		t.known[b/64] |= 1 << (b % 64)
	}
	t.facts = factRows(t)
	return t
}

// lastOfEach is the entries without those that a later one with the same key
// replaces, and without the key that no feature has.
func lastOfEach(entries []Entry) []Entry {
	out := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Key == 0 })
	slices.Reverse(out)
	slices.SortStableFunc(out, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b Entry) bool { return a.Key == b.Key })
}

// bit is where known tells of a key.
func (t *Table) bit(key uint32) uint32 { return key * 0x9e3779b1 >> t.shift }

// may is 1 where the table may know the key and 0 where it does not.
func (t *Table) may(key uint32) uint64 {
	b := t.bit(key)
	return t.known[b/64] >> (b % 64) & 1
}

// find is the row of a key, nil where there is none.
func (t *Table) find(key uint32) *row {
	if t.may(key) == 0 {
		return nil
	}
	if r := &t.rows[t.place.of(key)]; r.key == key {
		return r
	}
	return nil
}

// Knows tells whether the model weighs a feature.
func (t *Table) Knows(hash uint64) bool {
	return t.find(Key(hash)) != nil
}

// Find is the weights of a feature; false where the model has none.
func (t *Table) Find(hash uint64) (w [Heads]int8, ok bool) {
	r := t.find(Key(hash))
	if r == nil {
		return w, false
	}
	all := r.weights()
	for i := range w {
		w[i] = int8(int(all>>(8*i)&0xff) - 128)
	}
	return w, true
}
