package vent

import (
	"context"
	"math"

	"github.com/leakytap/leakytap/pkg/vent/encoder"
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// Second asks the second opinion about a text on which the first was unsure, and
// waits for it no longer than ctx. With an error the score is the first opinion's.
func (s *Scorer) Second(ctx context.Context, in Input, opt Options) (Score, error) {
	opt.Fast = false
	return s.score(&in, opt, ctx.Err)
}

// reader is the encoder that this scorer's numbers were fitted with, nil where there
// is none. It is loaded on first use.
func (s *Scorer) reader() *encoder.Encoder {
	if s.model.Second == nil {
		return nil
	}
	e, err := encoder.Default()
	if err != nil || e.Version() != s.model.Second.Encoder {
		return nil
	}
	return e
}

// unsure tells whether the second opinion is worth its time. What an author's star
// rating or account says is not doubted, and the encoder reads English.
func (s *Scorer) unsure(w *work, in *Input) bool {
	c := s.model.Second
	if c == nil || len(w.r.Doc.Tokens) == 0 || w.own || in.Rating != 0 || w.r.Lang > cue.English {
		return false
	}
	if w.sum >= c.Low && w.sum <= c.High || s.torn(w) {
		return s.reader() != nil
	}
	return false
}

// torn tells whether no polarity is clearly the likeliest.
func (s *Scorer) torn(w *work) bool {
	negative, neutral, positive := s.polarity(w, nil)
	return math.Max(negative, math.Max(neutral, positive)) < s.model.Second.Doubt
}

// ask lets the encoder read the text. What it says stands beside what the heads say,
// and the rules judge both: they know what no example teaches.
func (s *Scorer) ask(w *work, in *Input, b *model.Blend, explain bool, ended func() error) (tally, error) {
	e := s.reader()
	name := encoder.Name(in.Brand)
	a, err := e.Read(&w.r.Doc, name, nil, ended)
	if err != nil {
		return tally{}, err
	}
	m := s.mixFor(w)
	before, heads := w.sum, blend(b, w.heads)
	w.asked, w.second = true, a
	w.parts, w.share = w.parts[:0], m.First
	w.r.Hits = append(w.r.Hits[:0], w.cues...)
	w.sum = mixed(m, heads, &a)
	both := w.sum
	t := s.judge(w, in, b)
	if explain && (w.sum > 0 || before > 0) {
		w.occlude(e, name, m, heads, both, ended)
	}
	return t, nil
}

// mixFor is how the opinions add up, by how the text speaks of the brand.
func (s *Scorer) mixFor(w *work) *model.Mix {
	c := s.model.Second
	switch {
	case w.names == nil || !w.names.Given:
		return &c.Plain
	case w.r.Seen.Addressed:
		return &c.Addressed
	default:
		return &c.Branded
	}
}

// mixed is log-odds of venting by both opinions, before the rules; first is what the
// heads of the first say.
func mixed(m *model.Mix, first float64, a *encoder.Answer) float64 {
	venting, towards, polarity := Says(a)
	z := m.Bias + m.First*first + m.Venting*venting + m.Towards*towards + m.Polarity*polarity
	return math.Max(-certain, math.Min(certain, z))
}

// Says is an encoder's answer as three log-odds: that the author vents, is negative
// towards the brand, and is negative at all.
func Says(a *encoder.Answer) (venting, towards, polarity float64) {
	return a.Venting, leads(a.Towards[:]), leads(a.Polarity[:])
}

// leads is the log-odds of the first of several classes against all others.
func leads(z []float64) float64 {
	top := z[1]
	for _, v := range z[2:] {
		top = math.Max(top, v)
	}
	var sum float64
	for _, v := range z[1:] {
		sum += math.Exp(v - top)
	}
	return z[0] - top - math.Log(sum)
}

// maxPhrases is how many phrases of a text are hidden one by one.
const maxPhrases = 8

// occlude finds which phrases the encoder's answer hangs on: each is hidden in turn,
// and what the log-odds lose is its weight. It stops when ended does; what it has not reached
// is part of the reason that is left over.
func (w *work) occlude(e *encoder.Encoder, name []encoder.Word, m *model.Mix, heads, both float64, ended func() error) {
	for _, p := range w.phrases() {
		hidden := func(x encoder.Word) bool { return x.From >= p[0] && x.To <= p[1] }
		a, err := e.Read(&w.r.Doc, name, hidden, ended)
		if err != nil {
			return
		}
		if v := both - mixed(m, heads, &a); v != 0 {
			w.parts = append(w.parts, part{p[0], p[1], v})
		}
	}
}

// phrases cuts the text into at most maxPhrases stretches of tokens, at marks where
// they are few enough.
func (w *work) phrases() [][2]int32 {
	d := &w.r.Doc
	n := int32(len(d.Tokens))
	size := max((n+maxPhrases-1)/maxPhrases, 2)
	var out [][2]int32
	for from := int32(0); from < n; {
		to := min(from+size, n)
		if len(out) == maxPhrases-1 {
			to = n
		}
		for k := to - 1; k > from+size/2; k-- {
			if d.Tokens[k].Kind == text.Punct && to < n {
				to = k + 1
				break
			}
		}
		out = append(out, [2]int32{from, to})
		from = to
	}
	return out
}

// Opinions is what both opinions say of a text, for those who fit how they add up.
type Opinions struct {
	// First is the first opinion's log-odds of venting, Heads the same before the rules,
	// and Polarity those of its three polarities.
	First    float64
	Heads    float64
	Polarity [3]float64
	// Second is what the encoder says.
	Second encoder.Answer
	// Named and Addressed tell how the text speaks of the brand.
	Named, Addressed bool
	// Open is false for a text that the second opinion is never asked about.
	Open bool
}

// Opinions asks both about a text, however sure the first is.
func (s *Scorer) Opinions(ctx context.Context, e *encoder.Encoder, in Input) (Opinions, error) {
	w := s.take()
	defer s.give(w)
	b := s.read(w, &in, false)
	heads := w.sum
	s.judge(w, &in, b)
	out := Opinions{
		First: w.sum, Heads: heads, Named: w.names != nil && w.names.Given, Addressed: w.r.Seen.Addressed,
		Open: len(w.r.Doc.Tokens) > 0 && !w.own && in.Rating == 0 && w.r.Lang <= cue.English,
	}
	for k := range out.Polarity {
		out.Polarity[k] = w.heads[int(model.Negative)+k] * s.model.Polar
	}
	if !out.Open {
		return out, nil
	}
	var err error
	out.Second, err = e.Read(&w.r.Doc, encoder.Name(in.Brand), nil, ctx.Err)
	return out, err
}

// Judged is what the rules make of log-odds that both opinions came to.
func (s *Scorer) Judged(in Input, both float64) float64 {
	w := s.take()
	defer s.give(w)
	b := s.read(w, &in, false)
	w.sum = both
	s.judge(w, &in, b)
	return w.sum
}
