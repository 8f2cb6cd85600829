// Package asks finds, in a customer's own posts, what they ask for and what they
// say they were promised. It quotes them: it never says anything in their place,
// and writes no answer.
//
//	asks.go   what is looked for, sentence by sentence
//	words.go  the words that tell it
package asks

import (
	"strings"
	"unicode/utf8"

	"github.com/leakytap/leakytap/pkg/mention"
)

// Kind is what an answer should hold.
type Kind string

// The kinds, in the order in which an answer gives them.
const (
	// Acknowledge asks to be heard, Own for somebody who takes it, Next for what happens
	// now, When for a time.
	Acknowledge Kind = "acknowledge"
	Own         Kind = "own"
	Next        Kind = "next"
	When        Kind = "when"
)

// Kinds lists every kind in its order.
func Kinds() []Kind { return []Kind{Acknowledge, Own, Next, When} }

// Quote is a sentence of the customer's.
type Quote struct {
	Kind  Kind
	Words string
	// URL is the post that it stands in.
	URL string
}

// Found is what a customer's posts hold.
type Found struct {
	// Wants is what they ask for, one sentence of a kind at most: the first that asks for it.
	Wants []Quote
	// Told are the sentences that speak of earlier promises, the latest last, at most 2.
	Told []Quote
}

const (
	// maxRead bounds how much of a post is read, maxWords what is quoted of a sentence.
	maxRead  = 4 << 10
	maxWords = 140
	maxTold  = 2
)

// In looks through the posts of one author, oldest first.
func In(posts []mention.Mention) Found {
	var f Found
	first := map[Kind]Quote{}
	for _, m := range posts {
		if m.Retracted {
			continue
		}
		for s := range sentences(m.Text) {
			folded := fold(s)
			if told(folded) {
				f.Told = append(f.Told, Quote{Words: cut(s), URL: m.URL})
				continue
			}
			for _, k := range Kinds() {
				if _, have := first[k]; !have && asksFor(k, folded) {
					first[k] = Quote{Kind: k, Words: cut(s), URL: m.URL}
					break
				}
			}
		}
	}
	for _, k := range Kinds() {
		if q, ok := first[k]; ok {
			f.Wants = append(f.Wants, q)
		}
	}
	f.Told = f.Told[max(0, len(f.Told)-maxTold):]
	return f
}

// sentences yields the sentences of a text, without the space around them.
func sentences(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		text = text[:safe(text, maxRead)]
		for text != "" {
			end := strings.IndexAny(text, ".!?\n…")
			rest := ""
			s := text
			if end >= 0 {
				_, n := utf8.DecodeRuneInString(text[end:])
				s, rest = text[:end+n], text[end+n:]
			}
			text = rest
			if s = strings.TrimSpace(strings.TrimRight(s, "\n")); strings.Trim(s, ".!?… ") == "" {
				continue
			}
			if !yield(s) {
				return
			}
		}
	}
}

// safe is the longest beginning of at most n bytes that cuts no character.
func safe(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// cut keeps the beginning of a long sentence.
func cut(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= maxWords {
		return s
	}
	n := 0
	for i := range s {
		if n == maxWords-1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
		n++
	}
	return s
}
