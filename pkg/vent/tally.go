package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// tally is how strongly each kind of cue speaks in a text, and where first.
type tally struct {
	weight   [cue.Kinds]int
	negated  [cue.Kinds]int
	from, to [cue.Kinds]int32
	// first and you tell whether the author speaks of themselves and to the brand.
	first, you bool
	// questions counts question marks; titled is the share of words with a capital.
	questions, words, titled int
}

func (t *tally) has(k cue.Kind) bool { return t.weight[k] > 0 }

// count sums the hits up. Cues inside quotation marks count half at most: they
// are somebody else's words.
func (w *work) count() tally {
	var t tally
	d := &w.r.Doc
	for i := range w.r.Hits {
		h := &w.r.Hits[i]
		v := int(h.Weight)
		if d.Tokens[h.From].Has(text.Quoted) && d.Tokens[h.To-1].Has(text.Quoted) && h.To-h.From < int32(len(d.Tokens))/2 {
			v /= 2
		}
		if h.Negated && negatable(h.Kind) {
			t.negated[h.Kind] += v
			continue
		}
		if t.weight[h.Kind] == 0 {
			t.from[h.Kind], t.to[h.Kind] = h.From, h.To
		}
		t.weight[h.Kind] += v
	}
	for i := range d.Tokens {
		tok := &d.Tokens[i]
		switch tok.Kind {
		case text.Word:
			t.words++
			if tok.Has(text.Title) && !tok.Has(text.Brand) {
				t.titled++
			}
			t.person(d.Form(i))
		case text.Punct:
			if d.Norm[tok.NStart] == '?' {
				t.questions++
			}
		case text.Number, text.User, text.URL, text.Emoji, text.Emoticon:
		}
	}
	return t
}

func (t *tally) person(form []byte) {
	switch string(form) {
	case "i", "i'm", "i've", "i'd", "i'll", "im", "ive", "my", "me", "mine", "myself", "we", "our", "us", "we've", "we're", "we'd",
		"mi", "mis", "yo", "nos", "nuestro", "mon", "ma", "mes", "je", "j'ai", "nous", "notre", "ich", "mein", "meine", "meinen",
		"meiner", "mir", "mich", "wir", "uns", "unser", "eu", "meu", "minha", "minhas", "meus", "nosso":
		t.first = true
	case "you", "your", "yours", "you've", "you're", "u", "ur", "ustedes", "usted", "vous", "votre", "vos", "ihr", "euch", "euer", "eure",
		"sie", "voces", "voce":
		t.you = true
	}
}

// negatable tells whether "not" in front takes a cue's meaning away. A phrase
// that begins with its own negation is not touched by one before it.
func negatable(k cue.Kind) bool {
	switch k {
	case cue.Positive, cue.Negative, cue.Resolved, cue.Thanks, cue.Churn, cue.Legal, cue.Sarcasm, cue.RudeStaff, cue.RoughPraise:
		return true
	default:
		return false
	}
}
