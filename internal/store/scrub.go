package store

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// erasedMark stands where words of a retracted post were.
const erasedMark = "[erased]"

// echoWords is how many words in a row our own sentences cannot share with a
// post by chance: so many are taken for a quotation.
const echoWords = 3

// scrubber takes a stranger's words out of lines that we wrote about them.
type scrubber struct {
	// runs are all runs of one to echoWords words of the post, as far as its texts
	// are known: looking them up takes time that grows with the line alone.
	runs map[string]bool
	// authors are the names of who wrote it.
	authors [][]string
	// keep are the operator's own terms, which stay.
	keep [][]string
	// all says that a text of the post is not known any more: whatever stands in
	// quotation marks goes, unless it is kept.
	all bool
}

func newScrubber(texts, keep []string, all bool) scrubber {
	s := scrubber{all: all, runs: map[string]bool{}}
	for _, t := range texts {
		ws := words(t)
		for i := range ws {
			for n := 1; n <= echoWords && i+n <= len(ws); n++ {
				s.runs[runOf(ws[i:i+n])] = true
			}
		}
	}
	for _, k := range keep {
		if w := foldedWords(k); len(w) > 0 {
			s.keep = append(s.keep, w)
		}
	}
	return s
}

// word is a word of a line and where it stands.
type word struct {
	text       string
	start, end int
	kept, gone bool
}

// words splits s at everything that is no letter, digit or mark.
func words(s string) []word {
	var out []word
	start := -1
	for i, r := range s {
		inside := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			out = append(out, word{text: strings.ToLower(s[start:i]), start: start, end: i})
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, word{text: strings.ToLower(s[start:]), start: start, end: len(s)})
	}
	return out
}

func foldedWords(s string) []string {
	ws := words(s)
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = w.text
	}
	return out
}

// lines scrubs every line.
func (s scrubber) lines(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = s.line(l)
	}
	return out
}

// line is l with the post's words replaced: what stands in quotation marks and
// is in the post, every run of echoWords words that is, and the author's names.
// Words of the operator's own terms stay.
func (s scrubber) line(l string) string {
	ws := words(l)
	for i := range ws {
		for _, k := range s.keep {
			if startsWith(ws[i:], k) {
				for j := range k {
					ws[i+j].kept = true
				}
			}
		}
	}
	for i := range ws {
		for _, a := range s.authors {
			if startsWith(ws[i:], a) {
				markGone(ws[i : i+len(a)])
			}
		}
	}
	for _, q := range quotations(l) {
		s.markQuotation(ws, q)
	}
	for i := range ws {
		if i+echoWords <= len(ws) && s.runs[runOf(ws[i:i+echoWords])] {
			markGone(ws[i : i+echoWords])
		}
	}
	return replaceGone(l, ws)
}

// markQuotation marks the words between two quotation marks, if they are the post's.
func (s scrubber) markQuotation(ws []word, q [2]int) {
	from := 0
	for from < len(ws) && ws[from].start < q[0] {
		from++
	}
	to := from
	for to < len(ws) && ws[to].end <= q[1] {
		to++
	}
	inside := ws[from:to]
	if s.all || s.inPost(inside) {
		markGone(inside)
	}
}

// inPost reports whether ws stand in the post in that order.
func (s scrubber) inPost(ws []word) bool {
	for i := 0; i == 0 || i+echoWords <= len(ws); i++ {
		if !s.runs[runOf(ws[i:min(i+echoWords, len(ws))])] {
			return false
		}
	}
	return true
}

// runOf is a run of words as a key.
func runOf(ws []word) string {
	var b strings.Builder
	for _, w := range ws {
		b.WriteString(w.text)
		b.WriteByte(' ')
	}
	return b.String()
}

func startsWith(ws []word, k []string) bool {
	if len(ws) < len(k) {
		return false
	}
	for i, v := range k {
		if ws[i].text != v {
			return false
		}
	}
	return true
}

func markGone(ws []word) {
	for i := range ws {
		ws[i].gone = !ws[i].kept
	}
}

// quotations are the ranges between quotation marks of l.
func quotations(l string) [][2]int {
	pairs := map[rune]rune{'"': '"', '“': '”', '„': '“', '«': '»', '‘': '’', '`': '`'}
	var out [][2]int
	closing, start := rune(0), 0
	for i, r := range l {
		if closing != 0 {
			if r == closing {
				out = append(out, [2]int{start, i})
				closing = 0
			}
			continue
		}
		if c, ok := pairs[r]; ok {
			closing, start = c, i+len(string(r))
		}
	}
	if closing != 0 { // cut off: all that follows may be the post's
		out = append(out, [2]int{start, len(l)})
	}
	return out
}

// replaceGone writes l with each run of gone words as one mark. Brackets and
// quotation marks part runs, so that the line still reads.
func replaceGone(l string, ws []word) string {
	var b strings.Builder
	at := 0
	for i := 0; i < len(ws); i++ {
		if !ws[i].gone {
			continue
		}
		j := i
		for j+1 < len(ws) && ws[j+1].gone && !strings.ContainsAny(l[ws[j].end:ws[j+1].start], "()[]\"“”„«»‘’`@") {
			j++
		}
		b.WriteString(l[at:ws[i].start])
		b.WriteString(erasedMark)
		at, i = ws[j].end, j
	}
	b.WriteString(l[at:])
	return b.String()
}

// names adds an author's names: they go wherever they stand, however short.
func (s *scrubber) names(names []string) {
	for _, n := range names {
		if w := foldedWords(n); len(w) > 0 {
			s.authors = append(s.authors, w)
		}
	}
}

// with is s together with what o knows.
func (s scrubber) with(o scrubber) scrubber {
	runs := maps.Clone(s.runs)
	maps.Copy(runs, o.runs)
	return scrubber{
		runs:    runs,
		authors: slices.Concat(s.authors, o.authors),
		keep:    slices.Concat(s.keep, o.keep),
		all:     s.all || o.all,
	}
}
