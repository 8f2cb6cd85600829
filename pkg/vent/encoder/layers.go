package encoder

import (
	"math"

	"github.com/viterin/vek/vek32"
)

// epsilon is what keeps a normalisation from dividing by nothing.
const epsilon = 1e-12

// embed writes the vectors of the sequence to x: each piece's, its place's and its
// segment's, normalised.
func (w *weights) embed(q *sequence, x, row []float32) {
	d := w.width
	for t, id := range q.ids {
		at := x[t*d : (t+1)*d]
		w.words.row(int(id), at)
		w.places.row(t, row)
		segment := w.segments[:d]
		if t >= q.second {
			segment = w.segments[d:]
		}
		for k := range at {
			at[k] += row[k] + segment[k]
		}
	}
	w.norm.apply(x[:len(q.ids)*d], d)
}

// apply writes the products of n vectors in x with all rows to dst. Each row of the
// matrix stays in the cache while all vectors pass it.
func (l *linear) apply(dst, x []float32, n int) {
	for j := range l.out {
		row := l.w[j*l.in : (j+1)*l.in]
		bias := l.b[j]
		for i := range n {
			dst[i*l.out+j] = vek32.Dot(x[i*l.in:(i+1)*l.in], row) + bias
		}
	}
}

// apply normalises each vector of width d in x.
func (m *normal) apply(x []float32, d int) {
	for ; len(x) > 0; x = x[d:] {
		v := x[:d]
		var sum float32
		for _, f := range v {
			sum += f
		}
		mean := sum / float32(d)
		var square float32
		for _, f := range v {
			square += (f - mean) * (f - mean)
		}
		scale := float32(1 / math.Sqrt(float64(square/float32(d))+epsilon))
		for k, f := range v {
			v[k] = (f-mean)*scale*m.w[k] + m.b[k]
		}
	}
}

// add adds y to x.
func add(x, y []float32) {
	for i, v := range y {
		x[i] += v
	}
}

// mean is the mean of the n vectors of width d in x.
func mean(dst, x []float32, n, d int) {
	clear(dst)
	for t := range n {
		add(dst, x[t*d:(t+1)*d])
	}
	for k := range dst {
		dst[k] /= float32(n)
	}
}
