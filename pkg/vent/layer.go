package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// LayerDims is how many numbers a text can have for a Layer.
const LayerDims = 1 << 15

// headDims are the last of them: what the model's heads say.
const headDims = LayerDims - model.Heads

// Trait is one of the numbers by which a Layer weighs a text.
type Trait struct {
	// Dim is its place, below LayerDims.
	Dim   uint16
	Value float32
	// from and to are the tokens that it comes from; from is -1 for the text as a whole.
	from, to int32
}

// Layer is what labels taught on top of a Scorer. It moves the log-odds of venting by
// less than Cap, whatever the text. It is read only once it is made.
type Layer struct {
	// Version names it among those of its brand.
	Version int64
	Cap     float64
	Bias    float64
	// Weights has LayerDims entries, one for each trait.
	Weights []float32
}

// Shift is how far the layer moves the log-odds of a text with these traits. A text
// without any is not moved.
func (l *Layer) Shift(ts []Trait) float64 {
	if len(ts) == 0 {
		return 0
	}
	shift, _ := l.shift(ts)
	return shift
}

// shift gives the raw sum too. The bend keeps the order of the texts.
func (l *Layer) shift(ts []Trait) (bounded, raw float64) {
	raw = l.Bias
	for i := range ts {
		raw += float64(l.Weights[ts[i].Dim]) * float64(ts[i].Value)
	}
	return l.Cap * math.Tanh(raw/l.Cap), raw
}

// usable tells whether the layer can move anything.
func (l *Layer) usable() bool { return l != nil && len(l.Weights) == LayerDims && l.Cap > 0 }

// Traits appends to dst what a Layer sees of a text: its words, cues and characters,
// hashed, and the model's heads. Which brand is asked about shows in them, what it is
// called does not.
func (s *Scorer) Traits(in Input, dst []Trait) []Trait {
	w := s.take()
	defer s.give(w)
	names := s.names.get(&in)
	w.r.Read(s.tools, w.whole(&in), names, in.Lang, true)
	w.heads = s.pass(w)
	w.listTraits()
	return append(dst, w.traits...)
}

// How much a feature counts, by its family.
const (
	traitWord = 1
	traitGram = 0.5
	traitFact = 1
	traitChar = 0.4
	traitHead = 0.2
	// maxHead bounds what a head says.
	maxHead = 4
)

// listTraits lists the traits of the text that was read, each place once, scaled to
// length 1 so that a long text weighs no more than a short one.
func (w *work) listTraits() {
	w.traits = w.traits[:0]
	if len(w.r.Doc.Tokens) == 0 {
		return
	}
	if w.stamps == nil {
		w.stamps = make([]uint32, LayerDims)
	}
	if w.stamp++; w.stamp == 0 {
		clear(w.stamps)
		w.stamp = 1
	}
	var sum float64
	for i := range w.r.Features {
		f := &w.r.Features[i]
		dim := model.Key(f.Hash) * 2654435761 >> 8 % uint32(headDims)
		if w.stamps[dim] == w.stamp {
			continue
		}
		w.stamps[dim] = w.stamp
		v := traitValue(f)
		sum += v * v
		w.traits = append(w.traits, Trait{Dim: uint16(dim), Value: float32(v), from: f.From, to: f.To})
	}
	scale := float32(1 / math.Sqrt(math.Max(sum, 1)))
	for i := range w.traits {
		w.traits[i].Value *= scale
	}
	for k, v := range w.heads {
		v = math.Max(-maxHead, math.Min(maxHead, v)) * traitHead
		w.traits = append(w.traits, Trait{Dim: uint16(headDims + k), Value: float32(v), from: -1})
	}
}

func traitValue(f *model.Feature) float64 {
	switch {
	case f.Group == model.Facts:
		return traitFact
	case f.Group == model.Chars:
		return traitChar
	case f.To-f.From > 1:
		return traitGram
	}
	return traitWord
}

// taught moves the log-odds by what labels taught, remembers why where it is asked,
// and returns how far they moved.
func (w *work) taught(l *Layer, explain bool) float64 {
	if !l.usable() {
		return 0
	}
	w.listTraits()
	if len(w.traits) == 0 {
		return 0
	}
	before := w.sum
	shift, raw := l.shift(w.traits)
	w.sum = math.Max(-certain, math.Min(certain, w.sum+shift))
	if raw == 0 || !explain {
		return w.sum - before
	}
	// What speaks of the text as a whole falls to the reason that is left over.
	scale := (w.sum - before) / raw
	for i := range w.traits {
		t := &w.traits[i]
		if v := float64(l.Weights[t.Dim]) * float64(t.Value) * scale; v != 0 && t.from >= 0 {
			w.parts = append(w.parts, part{t.from, t.to, v})
		}
	}
	return w.sum - before
}

// Again is a score as it would be with another layer, nil for none. The opinions are
// not asked again: what they said stands in was. It has no reasons.
func (s *Scorer) Again(in Input, was Score, l *Layer) Score {
	w := s.take()
	defer s.give(w)
	t := s.judge(w, &in, s.read(w, &in, true))
	w.sum = LogOdds(was.Venting) - was.Learned
	out := was
	out.Reasons = nil
	out.Learned = w.taught(l, false)
	out.Venting = sigmoid(w.sum)
	out.Severity = s.severityOf(w, &out, &t)
	return out
}

// LogOdds are those of a probability, bounded as a score's are.
func LogOdds(p float64) float64 {
	if p <= 0 {
		return -certain
	}
	if p >= 1 {
		return certain
	}
	return math.Max(-certain, math.Min(certain, math.Log(p/(1-p))))
}
