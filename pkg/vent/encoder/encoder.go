package encoder

import (
	"fmt"
	"sync"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Outputs is how many numbers the head gives.
const Outputs = 3 + 4 + 1 + 5

// Answer is what the encoder says of a text, in log-odds.
type Answer struct {
	// Polarity is that of the whole text: negative, neutral, positive.
	Polarity [3]float64
	// Towards is the polarity towards the brand, and last that the text is not about it.
	Towards [4]float64
	// Venting is whether the author complains as a customer.
	Venting float64
	// Severity is none, low, medium, high, critical.
	Severity [5]float64
}

// Encoder reads texts. It is safe for any number of goroutines.
type Encoder struct {
	w    *weights
	gelu gelu
	pool sync.Pool
}

// Load reads a file of weights. data must not change afterwards.
func Load(data []byte) (*Encoder, error) {
	w, err := readWeights(data)
	if err != nil {
		return nil, fmt.Errorf("loading the encoder: %w", err)
	}
	return &Encoder{w: w, gelu: newGelu()}, nil
}

// Version names the weights.
func (e *Encoder) Version() string { return e.w.version }

// scratch is what one text needs, kept for the next.
type scratch struct {
	q                                          sequence
	words                                      []Word
	x, mixed, y, qkv, inner, values, row, pool []float32
	probs                                      [MaxPieces]float32
}

func (e *Encoder) take() *scratch {
	if s, ok := e.pool.Get().(*scratch); ok {
		return s
	}
	d, n := e.w.width, MaxPieces
	return &scratch{
		x: make([]float32, n*d), mixed: make([]float32, n*d), y: make([]float32, n*d), qkv: make([]float32, 3*n*d),
		inner: make([]float32, n*e.w.inner), values: make([]float32, n*d), row: make([]float32, d), pool: make([]float32, d),
	}
}

// Read answers for a parsed post in which the brand's name is marked; name is the
// brand's name as Name gives it, none for no brand. Words of the text for which
// hidden is true are masked; hidden may be nil. It ends between two layers with the
// error of ended, such as a context's Err; nil never ends it.
func (e *Encoder) Read(d *text.Doc, name []Word, hidden func(w Word) bool, ended func() error) (Answer, error) {
	s := e.take()
	defer e.pool.Put(s)
	s.words = Words(d, s.words[:0])
	var hide func(int) bool
	if hidden != nil {
		hide = func(i int) bool { return hidden(s.words[i]) }
	}
	s.q.build(&e.w.vocab, s.words, name, hide)
	return e.pass(s, ended)
}

// pass takes the sequence through all layers.
func (e *Encoder) pass(s *scratch, ended func() error) (Answer, error) {
	w, n := e.w, len(s.q.ids)
	d := w.width
	x, y := s.x[:n*d], s.y[:n*d]
	w.embed(&s.q, x, s.row)
	for i := range w.layers {
		if ended != nil {
			if err := ended(); err != nil {
				return Answer{}, fmt.Errorf("reading a text: %w", err)
			}
		}
		l := &w.layers[i]
		l.qkv.apply(s.qkv, x, n)
		w.attend(s, n)
		l.out.apply(y, s.mixed, n)
		add(x, y)
		l.norm1.apply(x, d)
		l.up.apply(s.inner, x, n)
		e.gelu.apply(s.inner[:n*w.inner])
		l.down.apply(y, s.inner, n)
		add(x, y)
		l.norm2.apply(x, d)
	}
	mean(s.pool, x, n, d)
	var z [Outputs]float32
	w.head.apply(z[:], s.pool, 1)
	return answer(&z), nil
}

func answer(z *[Outputs]float32) (a Answer) {
	at := 0
	for _, part := range [...][]float64{a.Polarity[:], a.Towards[:]} {
		for i := range part {
			part[i] = float64(z[at])
			at++
		}
	}
	a.Venting = float64(z[at])
	at++
	for i := range a.Severity {
		a.Severity[i] = float64(z[at+i])
	}
	return a
}
