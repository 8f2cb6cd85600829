package vent

// part is one reason for a score: tokens From to To (To excluded), or the whole
// text where From is -1, and its weight in log-odds of venting.
type part struct {
	from, to int32
	weight   float64
}

// push adds weight for tokens from to to.
func (w *work) push(from, to int32, weight float64) {
	if weight == 0 {
		return
	}
	w.sum += weight
	w.parts = append(w.parts, part{from, to, weight})
}

// atMost lowers the log-odds to limit; the tokens from to to are why.
func (w *work) atMost(limit float64, from, to int32) {
	if w.sum > limit {
		w.push(from, to, limit-w.sum)
	}
}

// atLeast raises the log-odds to limit.
func (w *work) atLeast(limit float64, from, to int32) {
	if w.sum < limit {
		w.push(from, to, limit-w.sum)
	}
}
