package model

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// WordCache remembers what the model knows about single words, which come again and
// again: the word's own weights, and the sum of those of its characters' n-grams. It
// is of one table, and for one goroutine at a time; the zero WordCache is ready to use.
type WordCache struct {
	sets [][wordWays]wordSlot
}

const (
	// wordSets and wordWays are how many words a WordCache remembers; the ways of a set
	// lie in one line of the processor's cache.
	wordSets = 8192
	wordWays = 2
	// maxGrams is more n-grams than any word has.
	maxGrams = (maxCharWord + 2) * (maxGram - minGram + 1)
	// saltBare tells tokens that are no words from words that are written the same.
	saltBare uint64 = 0x5bd1e995c2b2ae35
)

// wordSlot is one word. A sum of maxGrams weights does not overflow.
type wordSlot struct {
	hash  uint64
	alone uint64
	grams [Heads]int16
	count uint16
}

// get is what is known of the token that unit u begins with.
func (c *WordCache) get(t *Table, d *text.Doc, u *unit) *wordSlot {
	hash := u.hash
	if !u.word {
		hash ^= saltBare
	}
	if hash == 0 { // an empty slot
		hash = saltBare
	}
	if c.sets == nil {
		c.sets = make([][wordWays]wordSlot, wordSets)
	}
	set := &c.sets[hash%wordSets]
	for i := range set {
		if set[i].hash == hash {
			return &set[i]
		}
	}
	set[1] = set[0]
	set[0].fill(t, hash, d, u)
	return &set[0]
}

func (s *wordSlot) fill(t *Table, hash uint64, d *text.Doc, u *unit) {
	*s = wordSlot{hash: hash, alone: nothing}
	if r := t.find(Key(u.hash)); r != nil {
		s.alone = r.weights()
	}
	if !u.word {
		return
	}
	form := d.Form(int(u.from))
	var keys [maxGrams]uint32
	n := 0
	eachGram(form, func(h uint64) {
		k := Key(h)
		keys[n] = k
		n += int(t.may(k))
	})
	var a adder
	a.addAll(t, keys[:n])
	for k, v := range a.total() {
		s.grams[k] = int16(v)
	}
	s.count = uint16(gramCount(len(form)))
}

// Within is the sums of the n-grams of characters of those words whose tokens are
// from from to to.
func (x *Extractor) Within(t *Table, c *WordCache, d *text.Doc, from, to int32) (sums Sums) {
	for i := range x.units {
		u := &x.units[i]
		if !u.word || u.from < from || u.from >= to {
			continue
		}
		for k, v := range c.get(t, d, u).grams {
			sums[k] += int32(v)
		}
	}
	return sums
}
