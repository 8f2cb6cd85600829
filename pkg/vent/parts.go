package vent

import "math"

// part is one reason for a score: tokens From to To (To excluded), or the whole
// text where From is -1, and its weight in log-odds of venting.
type part struct {
	from, to int32
	weight   float64
}

// push adds weight for tokens from to to, as far as rules are trusted in this text.
func (w *work) push(from, to int32, weight float64) {
	if weight *= w.trust; weight == 0 {
		return
	}
	w.sum += weight
	w.parts = append(w.parts, part{from, to, weight})
}

const (
	// bend is how fast log-odds beyond a limit are bent back.
	bend = 0.4
	// margin is how far from a half, in log-odds, a limit keeps a post.
	margin = 0.05
	// raised is how much of what is missing to a lower limit is made up for.
	raised = 0.85
)

// atMost lowers log-odds above limit, which is below 0; the tokens from to to are
// why. What was higher stays higher and nothing comes near 0, so that the order of
// the posts that a rule touches is kept and their side of a half is sure.
func (w *work) atMost(limit float64, from, to int32) {
	if w.sum > limit {
		w.push(from, to, limit+bent(w.sum-limit, -limit)-w.sum)
	}
}

// atLeast raises log-odds below limit most of the way: where the model is very sure
// of the opposite, its word still counts.
func (w *work) atLeast(limit float64, from, to int32) {
	if w.sum < limit {
		w.push(from, to, (limit-w.sum)*raised)
	}
}

// bent turns any excess into one below room, however large it is.
func bent(excess, room float64) float64 {
	room = math.Max(room-margin, margin)
	return room * (1 - math.Exp(-bend*excess))
}
