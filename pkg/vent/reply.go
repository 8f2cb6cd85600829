package vent

import (
	"math"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/target"
)

// Score answers for one text. It is safe for any goroutines and any bytes, and
// never returns a number that is none. Where the first opinion is unsure it waits for
// the second, unless opt.Fast is set.
func (s *Scorer) Score(in Input, opt Options) Score {
	out, _ := s.score(&in, opt, nil)
	return out
}

// score gives an error only where ended did before the second opinion was there; a nil
// ended never does. What it returns is then the first opinion's.
func (s *Scorer) score(in *Input, opt Options, ended func() error) (Score, error) {
	w := s.take()
	defer s.give(w)
	b := s.read(w, in, opt.Explain || opt.Layer.usable())
	w.cues = append(w.cues[:0], w.r.Hits...)
	t := s.judge(w, in, b)
	out := Score{Lang: w.r.Lang.String(), Model: s.model.Version, Opinion: OpinionFirst, unsure: s.unsure(w, in)}
	var err error
	if out.unsure && !opt.Fast {
		var again tally
		if again, err = s.ask(w, in, b, opt.Explain, ended); err == nil {
			t, out.Opinion = again, OpinionSecond
		}
	}
	out.Learned = w.taught(opt.Layer, opt.Explain)
	out.Venting = sigmoid(w.sum)
	out.Negative, out.Neutral, out.Positive = s.polarity(w, &t)
	out.Severity = s.severityOf(w, &out, &t)
	out.Signals, out.Topics = lists(&t, w.several)
	if opt.Explain {
		out.Reasons = s.reasons(w, b)
	}
	return out, err
}

// read reads a text, the features listed one by one where listed is set, and answers how
// its heads add up. What they come to, before the rules, is in w.sum.
func (s *Scorer) read(w *work, in *Input, listed bool) *model.Blend {
	w.names = s.names.get(in)
	w.r.Read(s.tools, w.whole(in), w.names, in.Lang, listed)
	w.own = in.Handle != "" && w.names.Owns(in.Handle)
	w.heads = s.pass(w)
	w.parts, w.asked, w.share = w.parts[:0], false, 1
	b := s.blendFor(w, w.names)
	w.sum = blend(b, w.heads)
	return b
}

// blendFor is how the heads add up, by the language and by how the text speaks of the
// brand. It is valid until the next text.
func (s *Scorer) blendFor(w *work, names *target.Names) *model.Blend {
	b := &s.model.Branded
	switch {
	case w.r.Lang != cue.English && s.model.Foreign != nil:
		b = s.model.Foreign
	case names == nil || !names.Given:
		b = &s.model.Plain
	case w.r.Seen.Addressed:
		b = &s.model.Addressed
	}
	w.blend = b.At(&w.heads)
	return &w.blend
}

// polarity is the softmax of the three heads, none of them certain.
func (s *Scorer) polarity(w *work, _ *tally) (negative, neutral, positive float64) {
	z := [3]float64{w.heads[model.Negative] * s.model.Polar, w.heads[model.Neutral] * s.model.Polar, w.heads[model.Positive] * s.model.Polar}
	if w.r.Lang != cue.English && s.model.Mood != nil {
		z = s.model.Mood.Of(&w.heads)
	}
	if w.asked {
		for k := range z {
			z[k] = z[k]*s.model.Second.Polar[0] + w.second.Polarity[k]*s.model.Second.Polar[1]
		}
	}
	top := math.Max(z[0], math.Max(z[1], z[2]))
	var sum float64
	for k := range z {
		z[k] = math.Exp(math.Max(z[k]-top, -certain))
		sum += z[k]
	}
	return z[0] / sum, z[1] / sum, z[2] / sum
}
