package train

import (
	"io"
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// role is what a row can teach.
type role int

const (
	polarity role = iota
	complaint
	towards
	roles
)

// settings are the hyper-parameters. All were chosen on validation posts; see
// docs/scorer.md.
type settings struct {
	// least is how many rows a feature must occur in.
	least uint8
	// keep is how many features the model has at most.
	keep int
	// classWeight is how far rare classes are weighted up: 0 not at all, 1 fully.
	classWeight float64
	fits        [roles]fitOptions
}

func defaults(rows int) settings {
	s := settings{least: 3, keep: 100_000, classWeight: 0.75}
	switch {
	case rows < 1_000:
		s.least = 1
	case rows < 10_000:
		s.least = 2
	}
	s.fits[polarity] = fitOptions{l2: 25, prior: 0.1, smooth: 10, iterations: 40}
	s.fits[complaint] = fitOptions{l2: 3, prior: 0.05, smooth: 3, iterations: 30}
	s.fits[towards] = fitOptions{l2: 10, prior: 0.05, smooth: 10, iterations: 30}
	return s
}

// classOf is the class of a polarity.
func classOf(label string) uint8 {
	switch label {
	case "negative":
		return uint8(model.Negative)
	case "neutral":
		return uint8(model.Neutral)
	}
	return uint8(model.Positive)
}

// teaches tells whether the row has a label for the role, and which.
func (r *Row) teaches(what role) (class uint8, ok bool) {
	switch what {
	case polarity:
		return classOf(r.Label), r.Label != "" && r.Brand == ""
	case complaint:
		if r.Venting == nil {
			return 0, false
		}
		return yes(*r.Venting), true
	case towards:
		if r.Venting != nil || r.Brand == "" {
			return 0, false
		}
		return yes(r.Label == "negative" && !r.Irrelevant), true
	case roles:
	}
	return 0, false
}

func yes(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// set collects the rows of a role, those that skip names left out.
func (c *corpus) set(what role, s settings, skip func(i int) bool) *examples {
	e := &examples{size: len(c.keys), classes: 1}
	if what == polarity {
		e.classes = 3
	}
	for i := range c.rows {
		class, ok := c.rows[i].teaches(what)
		if !ok || skip(i) {
			continue
		}
		w := c.rows[i].Weight
		e.add(c.doc(i), c.scale[i], class, w)
	}
	if what == polarity {
		e.balance(s.classWeight)
	}
	return e
}

// balance weights rare classes up.
func (e *examples) balance(power float64) {
	n := make([]float64, e.classes)
	var all, used float64
	for i, c := range e.class {
		n[c] += e.weight[i]
		all += e.weight[i]
	}
	for _, v := range n {
		if v > 0 {
			used++
		}
	}
	for i, c := range e.class {
		e.weight[i] *= math.Pow(all/used/n[c], power)
	}
}

// weights are all heads, feature by feature.
type weights struct {
	w []float64
}

func (w *weights) row(id uint32) []float64 {
	at := int(id&^charBit) * model.Heads
	return w.w[at : at+model.Heads]
}

// fitHeads fits every head to the rows that skip does not leave out.
func (c *corpus) fitHeads(s settings, skip func(i int) bool, only map[role]bool, log io.Writer) *weights {
	out := &weights{w: make([]float64, len(c.keys)*model.Heads)}
	for what := range roles {
		if only != nil && !only[what] {
			continue
		}
		e := c.set(what, s, skip)
		if len(e.class) == 0 {
			continue
		}
		opt := s.fits[what]
		opt.progress = progress(log, what, opt.iterations)
		x := fit(e, opt)
		first := map[role]model.Head{polarity: model.Negative, complaint: model.Complaint, towards: model.Target}[what]
		for j := range c.keys {
			for k := range e.classes {
				out.w[j*model.Heads+int(first)+k] = x[j*e.classes+k]
			}
		}
	}
	return out
}

// heads is the log-odds of every head for row i.
func (c *corpus) heads(w *weights, i int) (z [model.Heads]float64) {
	ids := c.doc(i)
	for _, id := range ids {
		v := model.Words.Value()
		if id&charBit != 0 {
			v = model.Chars.Value()
		}
		for k, x := range w.row(id) {
			z[k] += v * x
		}
	}
	scale := c.scale[i]
	for k := range z {
		z[k] *= scale
	}
	return z
}
