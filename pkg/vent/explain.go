package vent

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// maxReasons is how many spans are told apart; what is left is one reason for
// the text as a whole.
const maxReasons = 8

// reasons explains the log-odds w.sum as spans of the text whose weights sum to
// it. Each token gets its share of the features that it is part of; neighbours
// that push the same way are one span.
func (s *Scorer) reasons(w *work, b *model.Blend) []Reason {
	d := &w.r.Doc
	if len(d.Tokens) == 0 {
		return nil
	}
	by := make([]float64, len(d.Tokens))
	spread := func(from, to int32, v float64) {
		for i := from; i < to; i++ {
			by[i] += v / float64(to-from)
		}
	}
	scale := damp(s.model, w.r.Count())
	for i := range w.r.Features {
		f := &w.r.Features[i]
		ws, ok := s.model.Table.Find(f.Hash)
		if !ok || f.From < 0 {
			continue
		}
		var v float64
		for k, x := range ws {
			v += float64(x) * s.model.Scales[f.Group][k] * b.Weights[k]
		}
		spread(f.From, f.To, v*f.Group.Value()*scale*b.Scale*w.share)
	}
	for _, p := range w.parts {
		if p.from >= 0 {
			spread(p.from, p.to, p.weight)
		}
	}
	first, shift := w.bodyTokens()
	if first == len(d.Tokens) {
		return nil
	}
	out := spans(w, by, first)
	slices.SortStableFunc(out, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Weight), math.Abs(a.Weight)) })
	if len(out) > maxReasons {
		out = out[:maxReasons]
	}
	rest := w.sum
	for _, r := range out {
		rest -= r.Weight
	}
	if rest != 0 || len(out) == 0 {
		start, end := d.Tokens[first].Start, d.Tokens[len(d.Tokens)-1].End
		out = append(out, Reason{Start: int(start), End: int(end), Text: d.Src[start:end], Weight: rest})
	}
	for i := range out {
		out[i].Start -= int(shift)
		out[i].End -= int(shift)
	}
	return out
}

// leastReason is the weight below which a token joins no span.
const leastReason = 0.05

// trim takes the marks off both ends of the tokens from to to: a comma is no
// reason that anybody understands. Exclamation and question marks stay.
func trim(d *text.Doc, from, to int) (first, end int) {
	mark := func(i int) bool {
		if d.Tokens[i].Kind != text.Punct {
			return false
		}
		c, _ := utf8.DecodeRune(d.Form(i))
		return c != '!' && c != '?' && c != text.Interrobang
	}
	for from < to && mark(from) {
		from++
	}
	for from < to && mark(to-1) {
		to--
	}
	return from, to
}

func spans(w *work, by []float64, first int) []Reason {
	d := &w.r.Doc
	var out []Reason
	for i := first; i < len(by); {
		if math.Abs(by[i]) < leastReason {
			i++
			continue
		}
		j, sum := i, 0.0
		for j < len(by) && math.Abs(by[j]) >= leastReason && (by[j] > 0) == (by[i] > 0) && j-i < 8 {
			sum += by[j]
			j++
		}
		if from, to := trim(d, i, j); from < to {
			start, end := int(d.Tokens[from].Start), int(d.Tokens[to-1].End)
			out = append(out, Reason{Start: start, End: end, Text: d.Src[start:end], Weight: sum})
		}
		i = j
	}
	return out
}
