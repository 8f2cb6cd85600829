package model

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// Sums is the steps of every head, added up.
type Sums [Heads]int32

// gramSlots is how many words a GramCache remembers.
const gramSlots = 4096

// GramCache remembers the summed weights of the character n-grams of words, which
// come again and again. It holds sums of one table, and is for one goroutine at a
// time; the zero GramCache is ready to use.
type GramCache struct {
	slots []gramSlot
}

type gramSlot struct {
	hash uint64
	sum  Sums
}

// Grams is the summed weights of the n-grams of a word.
func (t *Table) Grams(c *GramCache, form []byte, hash uint64) *Sums {
	if c.slots == nil {
		c.slots = make([]gramSlot, gramSlots)
	}
	s := &c.slots[hash%gramSlots]
	if s.hash == hash {
		return &s.sum
	}
	*s = gramSlot{hash: hash}
	eachGram(form, func(h uint64) {
		w := t.Find(h)
		if w == nil {
			return
		}
		for k, v := range w {
			s.sum[k] += int32(v)
		}
	})
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
