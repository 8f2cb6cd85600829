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
	measures
)

func (x *Extractor) measure(what uint64, value int) {
	x.facts = append(x.facts, fact{code: measureCode(what, value), from: -1, to: -1})
}

// dense lists the measures of the text and how often each kind of cue occurs.
func (x *Extractor) dense(d *text.Doc, hits []cue.Hit) {
	x.facts = x.facts[:0]
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
		sign := 0
		if h.Negated {
			sign = 1
		}
		x.facts = append(x.facts, fact{code: cueCode(h.Kind, sign), from: h.From, to: h.To})
	}
	for k := cue.Kind(1); int(k) < cue.Kinds; k++ {
		if k == cue.Positive || k == cue.Negative {
			continue
		}
		if count[k] > 0 {
			x.facts = append(x.facts, fact{code: cueCode(k, 10+bucket(count[k])), from: -1, to: -1})
		}
	}
	p := count[cue.Positive] + neg[cue.Negative]/2
	n := count[cue.Negative] + neg[cue.Positive]
	x.measure(densePositive, min(p, mostNet))
	x.measure(denseNegative, min(n, mostNet))
	x.measure(denseNet, max(-mostNet, min(mostNet, p-n)))
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
