package vent

import (
	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// tally is how strongly each kind of cue speaks in a text, and where first.
type tally struct {
	weight   [cue.Kinds]int
	from, to [cue.Kinds]int32
	// i and we tell whether the author speaks of themselves, you whether to the firm.
	i, we, you bool
	// questions counts question marks, exclaims exclamation marks.
	questions, exclaims int
	// words, names and quoted count words, words with a capital, words in quotation marks.
	words, names, quoted int
	// ends is the mark at the end of the last sentence.
	ends byte
}

func (t *tally) has(k cue.Kind) bool { return t.weight[k] > 0 }

// first tells whether the author speaks of themselves.
func (t *tally) first() bool { return t.i || t.we }

// count sums the hits up. Cues inside quotation marks count half: they are
// somebody else's words.
func (w *work) count() tally {
	var t tally
	d := &w.r.Doc
	for i := range w.r.Hits {
		h := &w.r.Hits[i]
		v := int(h.Weight)
		if w.quotes(h) {
			v /= 2
		}
		if h.Negated && negatable(h.Kind) {
			continue
		}
		if t.weight[h.Kind] == 0 {
			t.from[h.Kind], t.to[h.Kind] = h.From, h.To
		}
		t.weight[h.Kind] += v
	}
	for i := range d.Tokens {
		t.token(d, i)
	}
	return t
}

func (w *work) quotes(h *cue.Hit) bool {
	d := &w.r.Doc
	return d.Tokens[h.From].Has(text.Quoted) && d.Tokens[h.To-1].Has(text.Quoted)
}

func (t *tally) token(d *text.Doc, i int) {
	tok := &d.Tokens[i]
	switch tok.Kind {
	case text.Word:
		t.words++
		if (tok.Has(text.Title) || tok.Has(text.Caps)) && !tok.Has(text.Brand) {
			t.names++
		}
		if tok.Has(text.Quoted) {
			t.quoted++
			return
		}
		t.person(d.Form(i))
	case text.Punct:
		switch d.Norm[tok.NStart] {
		case '?':
			t.questions++
			t.ends = '?'
		case '!':
			t.exclaims++
			t.ends = '!'
		case '.':
			t.ends = '.'
		}
	case text.Number, text.User, text.URL, text.Emoji, text.Emoticon:
	}
}

func (t *tally) person(form []byte) {
	switch string(form) {
	case "i", "i'm", "i've", "i'd", "i'll", "im", "ive", "my", "me", "mine", "myself", "mi", "mis", "yo", "mon", "ma", "mes", "je", "j'ai",
		"ich", "mein", "meine", "meinen", "meiner", "mir", "mich", "eu", "meu", "minha", "minhas", "meus":
		t.i = true
	case "we", "our", "us", "we've", "we're", "we'd", "we'll", "ours", "nos", "nuestro", "nuestra", "nous", "notre", "wir", "uns", "unser",
		"unsere", "nosso", "nossa":
		t.we = true
	case "you", "your", "yours", "you've", "you're", "u", "ur", "you'd", "ustedes", "usted", "vous", "votre", "vos", "ihr", "euch", "euer",
		"eure", "voces", "voce":
		t.you = true
	}
}

// negatable tells whether "not" in front takes a cue's meaning away. A phrase
// that begins with its own negation is not touched by one before it.
func negatable(k cue.Kind) bool {
	//exhaustive:ignore
	switch k {
	case cue.Positive, cue.Negative, cue.Resolved, cue.Thanks, cue.Churn, cue.Legal, cue.RudeStaff, cue.RoughPraise, cue.Money,
		cue.Safety, cue.Outage, cue.Waiting:
		return true
	default:
		return false
	}
}
