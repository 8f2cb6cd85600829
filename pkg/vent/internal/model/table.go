package model

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

// Table finds a feature's weights.
type Table struct {
	slots []Entry
	mask  uint32
}

// NewTable builds a table of entries. Of two with one key the later counts.
func NewTable(entries []Entry) *Table {
	size := uint32(64)
	for uint64(size) < 2*uint64(len(entries)) {
		size *= 2
	}
	t := &Table{slots: make([]Entry, size), mask: size - 1}
	for _, e := range entries {
		if e.Key == 0 {
			continue
		}
		i := e.Key & t.mask
		for t.slots[i].Key != 0 && t.slots[i].Key != e.Key {
			i = (i + 1) & t.mask
		}
		t.slots[i] = e
	}
	return t
}

// Find is the weights of a feature, nil where the model has none.
func (t *Table) Find(hash uint64) *[Heads]int8 {
	k := Key(hash)
	for i := k & t.mask; ; i = (i + 1) & t.mask {
		e := &t.slots[i]
		if e.Key == k {
			return &e.Weights
		}
		if e.Key == 0 {
			return nil
		}
	}
}
