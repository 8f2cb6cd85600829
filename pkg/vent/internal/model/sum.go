package model

import "github.com/leakytap/leakytap/pkg/vent/internal/text"

// Sum is the weights of all features of the text, by group: what Extract lists,
// added up. What belongs to one word alone comes from c, and of n-grams those that
// the model may know are picked out first, so that their rows are fetched side by side.
func (x *Extractor) Sum(t *Table, c *WordCache, d *text.Doc) (sums [Groups]Sums) {
	us := x.units
	if most := (uniqueKeys + 2*nearReach) * len(us); cap(x.keys) < most {
		x.keys = make([]uint32, 2*most)
	}
	keys := picker{table: t, keys: x.keys[:cap(x.keys)]}
	var words, facts adder
	count := len(x.facts)
	chars := &sums[Chars]
	for i := range us {
		u := &us[i]
		w := c.get(t, d, u)
		words.add(w.alone)
		if u.word {
			for k, v := range w.grams {
				chars[k] += int32(v)
			}
			count += int(w.count)
			if u.negated {
				keys.pick(join(u.hash, 1, saltNeg))
			}
			if u.caps {
				keys.pick(join(u.hash, 1, saltCaps))
			}
		}
		prev := hashStart
		if i > 0 {
			prev = us[i-1].hash
		}
		bi := join(prev, u.hash, saltBi)
		keys.pick(bi)
		if i+1 < len(us) {
			keys.pick(join(bi, us[i+1].hash, saltTri))
		} else {
			keys.pick(join(u.hash, hashEnd, saltBi))
		}
		if i+2 < len(us) {
			keys.pick(join(u.hash, us[i+2].hash, saltSkip))
		}
		if u.brand {
			keys.near(us, i)
		}
	}
	words.addAll(t, keys.keys[:keys.n])
	for i := range x.facts {
		facts.add(t.facts[x.facts[i].code])
	}
	x.count = count + len(us) + keys.tried
	sums[Words], sums[Facts] = words.total(), facts.total()
	return sums
}

// uniqueKeys is how many keys a word has at most, beside those near a brand.
const uniqueKeys = 5

// picker picks out those keys that the model may know.
type picker struct {
	table    *Table
	keys     []uint32
	n, tried int
}

func (p *picker) pick(hash uint64) {
	k := Key(hash)
	p.keys[p.n] = k
	p.n += int(p.table.may(k))
	p.tried++
}

// near picks what stands close to the brand's name at unit i.
func (p *picker) near(us []unit, i int) {
	for k := max(0, i-nearReach); k < min(len(us), i+nearReach+1); k++ {
		if k == i || us[k].brand {
			continue
		}
		p.pick(join(us[k].hash, nearSide(k, i), saltNear))
	}
}
