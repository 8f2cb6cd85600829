// Package about says in a few words what a complaint is about: the noun phrases
// that jdkato/prose finds in it. It is the only place that knows prose.
//
// It promises an answer for any text, within a bounded time: what it reads is cut
// and its runs of signs are collapsed first, since prose takes quadratic time over
// them. It is meant for the few posts that may become cases, one at a time, outside
// any transaction: concurrent calls wait for each other. The words it answers with
// are the stranger's own: show them as foreign text, erase them with the post.
//
//	about.go   Phraser: the model, and one text at a time
//	phrase.go  which runs of tagged words are a phrase, and which say something
//	clean.go   what prose is given
package about

import (
	"strings"
	"sync"

	"github.com/jdkato/prose/v2"
)

const (
	// maxPhrases and maxLength bound the answer.
	maxPhrases = 2
	maxLength  = 60
)

// Phraser finds noun phrases. Its zero value is ready; the tagger's model is
// decoded at the first use, which takes a tenth of a second and some 40 MiB.
type Phraser struct {
	mu    sync.Mutex
	model *prose.Model
}

// New returns a Phraser. It loads nothing yet.
func New() *Phraser { return &Phraser{} }

// About says what a text is about, in at most two phrases, or nothing where no
// noun says it. names are those of the brand, which say nothing here: with @ or #
// or without, in any case.
func (p *Phraser) About(text string, names []string) string {
	tokens := p.tag(clean(text))
	best := choose(phrases(tokens, skipWords(names)))
	out := ""
	for _, b := range best {
		switch {
		case out == "":
			out = b
		case len(out)+len(b)+2 <= maxLength:
			out += ", " + b
		}
	}
	return out
}

// tag gives each word its part of speech. A text that prose cannot take has none.
func (p *Phraser) tag(text string) (tokens []prose.Token) {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() {
		if recover() != nil {
			tokens = nil
		}
	}()
	opts := []prose.DocOpt{prose.WithSegmentation(false), prose.WithExtraction(false)}
	if p.model != nil {
		opts = append(opts, prose.UsingModel(p.model))
	}
	doc, err := prose.NewDocument(text, opts...)
	if err != nil {
		return nil
	}
	p.model = doc.Model
	return doc.Tokens()
}
