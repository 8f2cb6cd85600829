package model

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// The measures of a text as a whole.
const (
	denseCaps uint64 = iota + 1
	denseExclaim
	denseQuestion
	denseLength
	denseUsers
	denseLinks
	denseOpens
	denseElongated
	denseBrands
	denseBrandFirst
	densePositive
	denseNegative
	denseNet
	denseTags
	denseBias
	denseAsked
)

func (x *Extractor) measure(what uint64, value int) {
	x.add(join(what, uint64(value), saltDense), -1, -1, Facts)
}

// dense adds the measures of the text and how often each kind of cue occurs.
func (x *Extractor) dense(d *text.Doc, hits []cue.Hit) {
	var exclaims, questions, elongated, brands, handles int
	for i := range d.Tokens {
		t := &d.Tokens[i]
		if t.Has(text.Elongated) {
			elongated++
		}
		if t.Kind == text.Punct {
			switch d.Norm[t.NStart] {
			case '!':
				exclaims += int(t.Count)
			case '?':
				questions++
			}
		}
	}
	for _, u := range x.units {
		if u.brand {
			brands++
			if d.Tokens[u.from].Kind == text.User {
				handles++
			}
		}
	}
	x.measure(denseBias, 0)
	x.measure(denseCaps, bucket(d.CapsWords*8/max(d.Words, 4)))
	x.measure(denseExclaim, bucket(exclaims))
	x.measure(denseQuestion, bucket(questions))
	x.measure(denseLength, min(len(d.Tokens)/5, 12))
	x.measure(denseUsers, bucket(d.Users))
	x.measure(denseLinks, bucket(d.Links))
	x.measure(denseTags, bucket(d.Tags))
	x.measure(denseElongated, bucket(elongated))
	x.measure(denseBrands, bucket(brands))
	x.measure(denseAsked, bucket(handles))
	if len(x.units) > 0 {
		x.measure(denseOpens, int(d.Tokens[0].Kind))
		if x.units[0].brand {
			x.measure(denseBrandFirst, 1)
		}
	}
	x.cues(hits)
}

func (x *Extractor) cues(hits []cue.Hit) {
	var count [cue.Kinds]int
	var neg [cue.Kinds]int
	for i := range hits {
		h := &hits[i]
		w := int(h.Weight)
		if h.Negated {
			neg[h.Kind] += w
		} else {
			count[h.Kind] += w
		}
		sign := uint64(0)
		if h.Negated {
			sign = 1
		}
		x.add(join(uint64(h.Kind), sign, saltCue), h.From, h.To, Facts)
	}
	for k := cue.Kind(1); int(k) < cue.Kinds; k++ {
		if k == cue.Positive || k == cue.Negative {
			continue
		}
		if count[k] > 0 {
			x.add(join(uint64(k), uint64(10+bucket(count[k])), saltCue), -1, -1, Facts)
		}
	}
	p := count[cue.Positive] + neg[cue.Negative]/2
	n := count[cue.Negative] + neg[cue.Positive]
	x.measure(densePositive, min(p, 12))
	x.measure(denseNegative, min(n, 12))
	x.measure(denseNet, max(-12, min(12, p-n)))
}

// bucket lumps large counts.
func bucket(n int) int {
	switch {
	case n <= 3:
		return n
	case n <= 5:
		return 4
	case n <= 9:
		return 5
	}
	return 6
}
