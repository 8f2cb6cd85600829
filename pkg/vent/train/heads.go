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
	cases
	kin
	roles
)

// head is the first head of the role.
func (r role) head() model.Head {
	return [...]model.Head{model.Negative, model.Complaint, model.Target, model.Case, model.Kin}[r]
}

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
	s := settings{least: 3, keep: 130_000, classWeight: 0.75}
	switch {
	case rows < 1_000:
		s.least = 1
	case rows < 10_000:
		s.least = 2
	}
	s.fits[polarity] = fitOptions{l2: 25, prior: 0.1, smooth: 10, iterations: 40}
	s.fits[complaint] = fitOptions{l2: 3, prior: 0.05, smooth: 3, iterations: 30}
	s.fits[towards] = fitOptions{l2: 10, prior: 0.05, smooth: 10, iterations: 30}
	s.fits[cases] = fitOptions{l2: 3, prior: 0.05, smooth: 3, iterations: 30}
	s.fits[kin] = fitOptions{l2: 30, prior: 0.05, smooth: 10, iterations: 20}
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

// ofText tells whether Label is the polarity of the text as a whole.
func (r *Row) ofText() bool {
	return r.Label != "" && (r.Brand == "" || r.Venting != nil || r.Target != "")
}

// judged tells whether a person judged if the author complains about the brand named.
func (r *Row) judged() bool { return r.Venting != nil && r.Brand != "" && r.Domain == "" }

// isCase tells whether the row is such a judgement of a post that was written, as one of
// its category, to be told apart: posts that people sent to a brand teach other things.
func (r *Row) isCase() bool { return r.judged() && r.Category != "" }

// teaches tells whether the row has a label for the role, and which.
func (r *Row) teaches(what role) (class uint8, ok bool) {
	switch what {
	case polarity:
		return classOf(r.Label), r.ofText()
	case complaint:
		if r.Venting == nil || r.isCase() {
			return 0, false
		}
		return yes(*r.Venting), true
	case towards:
		switch {
		case r.Venting != nil || r.Brand == "":
			return 0, false
		case r.Target != "":
			return yes(r.Target == "negative" && !r.Irrelevant), true
		}
		return yes(r.Label == "negative" && !r.Irrelevant), true
	case cases:
		if r.Venting == nil {
			return 0, false
		}
		return yes(*r.Venting), true
	case kin:
		return yes(r.isCase()), r.Brand != ""
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
		e.add(c.doc(i), c.scale[i], class, c.weightOf(what, i))
	}
	switch what {
	case polarity:
		e.balance(s.classWeight)
	case kin:
		e.balance(1)
	case complaint, towards, cases, roles:
	}
	return e
}

const (
	// caseMood is how much the polarity of a case in English counts: it is of another
	// kind than the posts that most of the model's polarity comes from.
	caseMood = 0.25
	// foreignMood is how much that of a case in another language does, which is nearly
	// all that the model knows of the language.
	foreignMood = 3.5
	// ownWeight is how much a judgement that names the brand, and so most likely comes
	// from who will use the model, counts beside those of the public set.
	ownWeight = 3
	// otherCase is how much a judgement that names no brand counts for the head Case.
	otherCase = 0.25
)

// weightOf is how much row i counts for the role.
func (c *corpus) weightOf(what role, i int) float64 {
	r := &c.rows[i]
	switch {
	case what == kin && r.isCase():
		return 1
	case what == kin:
		return 1 / float64(c.sizes[r.File])
	case what == complaint && r.judged():
		return r.Weight * ownWeight
	case what == cases && !r.isCase():
		return r.Weight * otherCase
	case what != polarity || !r.isCase():
		return r.Weight
	case c.foreign[i]:
		return r.Weight * foreignMood
	}
	return r.Weight * caseMood
}

// balance weights rare classes up.
func (e *examples) balance(power float64) {
	n := make([]float64, max(e.classes, 2))
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

// both tells whether there is more than one class.
func (e *examples) both() bool {
	for _, c := range e.class {
		if c != e.class[0] {
			return true
		}
	}
	return false
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
func (c *corpus) fitHeads(s settings, skip func(i int) bool, log io.Writer) *weights {
	out := &weights{w: make([]float64, len(c.keys)*model.Heads)}
	for what := range roles {
		e := c.set(what, s, skip)
		if len(e.class) == 0 || what >= cases && (c.judgedCases == 0 || !e.both()) {
			continue
		}
		opt := s.fits[what]
		opt.progress = progress(log, what, opt.iterations)
		x := fit(e, opt)
		first := what.head()
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
