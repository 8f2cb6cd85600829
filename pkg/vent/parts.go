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

// give is how much of what lies beyond a limit is kept, so that the order of the
// posts that a rule touches is kept too.
const give = 0.15

// atMost lowers log-odds above limit to just above it; the tokens from to to are why.
func (w *work) atMost(limit float64, from, to int32) {
	if w.sum > limit {
		w.push(from, to, (limit-w.sum)*(1-give))
	}
}

// atLeast raises log-odds below limit to just below it.
func (w *work) atLeast(limit float64, from, to int32) {
	if w.sum < limit {
		w.push(from, to, (limit-w.sum)*(1-give))
	}
}
