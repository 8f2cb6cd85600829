package model

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

// addAll adds the rows of those keys that t knows. It asks no question on the way
// that the processor could guess wrong: a row of another key is added as nothing.
func (a *adder) addAll(t *Table, keys []uint32) {
	for len(keys) > 0 {
		now := keys[:min(len(keys), full-int(a.count))]
		keys = keys[len(now):]
		even, odd, count := a.even, a.odd, uint64(a.count)
		for _, k := range now {
			r := &t.rows[t.place.of(k)]
			same := uint64(int64(uint64(r.key^k)-1) >> 63)
			w := r.weights() & same
			even += w & evenLanes
			odd += w >> 8 & evenLanes
			count += same & 1
		}
		a.even, a.odd, a.count = even, odd, int32(count)
		if a.count == full {
			a.flush()
		}
	}
}

// add adds the weights of one row.
func (a *adder) add(w uint64) {
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

// total is the sums of what was added.
func (a *adder) total() Sums {
	a.flush()
	return a.sums
}
