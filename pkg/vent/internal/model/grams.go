package model

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// gramSlots is how many words a GramCache remembers.
const gramSlots = 8192

// GramCache remembers the summed weights of the character n-grams of words, which
// come again and again. It holds sums of one table, and is for one goroutine at a
// time; the zero GramCache is ready to use.
type GramCache struct {
	slots []gramSlot
}

type gramSlot struct {
	hash uint64
	sum  [Heads]int16
}

// Grams is the summed weights of the n-grams of a word.
func (t *Table) Grams(c *GramCache, form []byte, hash uint64) *[Heads]int16 {
	if c.slots == nil {
		c.slots = make([]gramSlot, gramSlots)
	}
	s := &c.slots[hash%gramSlots]
	if s.hash == hash {
		return &s.sum
	}
	var a adder
	eachGram(form, func(h uint64) {
		if k := Key(h); t.has(k) {
			if r := t.find(k); r != nil {
				a.add(r)
			}
		}
	})
	*s = gramSlot{hash: hash}
	for k, v := range a.total() {
		s.sum[k] = int16(v) // a word has 69 n-grams at most
	}
	return &s.sum
}

// EachWord calls f for each word of the text that Extract read last: its token,
// its normal form and its hash.
func (x *Extractor) EachWord(d *text.Doc, f func(token int32, form []byte, hash uint64)) {
	for i := range x.units {
		u := &x.units[i]
		if u.word {
			f(u.from, d.Form(int(u.from)), d.Tokens[u.from].Hash)
		}
	}
}
