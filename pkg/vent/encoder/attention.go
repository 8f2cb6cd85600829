package encoder

import (
	"math"

	"github.com/viterin/vek/vek32"
)

// attend writes to dst what n positions take from each other, head by head. qkv holds
// for each position its query, key and value.
func (w *weights) attend(s *scratch, n int) {
	d, size := w.width, w.width/w.heads
	scale := float32(1 / math.Sqrt(float64(size)))
	// The values, one row for each number of a vector, so that a sum over positions is
	// a product of two rows.
	for t := range n {
		for k, v := range s.qkv[t*3*d+2*d : (t+1)*3*d] {
			s.values[k*n+t] = v
		}
	}
	for h := range w.heads {
		for t := range n {
			query := s.qkv[t*3*d+h*size : t*3*d+(h+1)*size]
			for u := range n {
				key := s.qkv[u*3*d+d+h*size : u*3*d+d+(h+1)*size]
				s.probs[u] = vek32.Dot(query, key) * scale
			}
			softmax(s.probs[:n])
			for k := range size {
				at := (h*size + k) * n
				s.mixed[t*d+h*size+k] = vek32.Dot(s.probs[:n], s.values[at:at+n])
			}
		}
	}
}

// softmax makes probabilities of scores.
func softmax(p []float32) {
	top := p[0]
	for _, v := range p {
		top = max(top, v)
	}
	var sum float32
	for i, v := range p {
		p[i] = float32(math.Exp(float64(v - top)))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}
