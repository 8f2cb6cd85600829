package casework

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// RewriteFor is how long a text in other words joins the case of the first.
const RewriteFor = 6 * time.Hour

const (
	// minGist is the least number of content words of a text that can be another's in
	// other words; minShared is how many of them both have, and minPart of twenty parts
	// how many of the shorter one's.
	minGist   = 8
	minShared = 6
	minPart   = 10
	// minPairs is how many pairs of neighbouring content words both have in order.
	minPairs = 2
	// maxGist bounds how many words are looked at, maxGistText of how long a text.
	maxGist     = 80
	maxGistText = 1000
)

// Gist is what a text keeps when somebody rewrites it: its content words and which of
// them stand beside each other. It is empty for a text that is too short, and for one
// that may tell of its author: two people whose orders are lost use the same words, and
// each has a case of their own. So only a text counts that speaks of them or calls upon
// others, and says neither I nor my.
type Gist struct{ words, pairs []uint64 }

// GistOf is the gist of a post.
func GistOf(m mention.Mention) Gist { return GistOfText(textOf(m)) }

// Empty reports whether the text can be no other's in other words.
func (g Gist) Empty() bool { return len(g.words) == 0 }

// Rewrites reports whether two texts are one in different words.
func (g Gist) Rewrites(h Gist) bool {
	if g.Empty() || h.Empty() {
		return false
	}
	n := shared(g.words, h.words)
	return n >= minShared && 20*n >= minPart*min(len(g.words), len(h.words)) && shared(g.pairs, h.pairs) >= minPairs
}

// Rewritten reports whether a text whose gist is g tells the first post of a live case,
// whose last post is not older than RewriteFor, in other words.
func Rewritten(c record.Case, g Gist, now time.Time) bool {
	return c.State.Live() && now.Sub(c.LastPostAt) <= RewriteFor && g.Rewrites(GistOfText(c.Text))
}

// GistOfText is the gist of a text.
func GistOfText(text string) Gist {
	var g Gist
	last, calls := "", false
	for _, t := range tokens(firstRunes(text, maxGistText)) {
		if among(selfWords, t) {
			return Gist{}
		}
		calls = calls || among(callWords, t)
		if utf8.RuneCountInString(t) < minContent || among(fillers, t) || len(g.words) == maxGist {
			continue
		}
		g.words = append(g.words, hash(t))
		if last != "" {
			g.pairs = append(g.pairs, hash(last+" "+t))
		}
		last = t
	}
	g.words, g.pairs = distinct(g.words), distinct(g.pairs)
	if !calls || len(g.words) < minGist {
		return Gist{}
	}
	return g
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// minContent is the least number of letters of a content word.
const minContent = 3

// selfWords are what who tells of themselves says, in the languages that are read.
const selfWords = " i im ive me my mine myself we our us yo mi mis nos je j moi mon ma mes notre " +
	"ich mir mich mein meine meinen uns unser eu meu minha meus minhas "

// callWords speak of a company as they, or call upon others.
const callWords = " they their boycott everyone everybody share spread petition ellos sus boicot todos " +
	"ils leurs boycottez partagez tous deren boykott teilen alle deles boicote compartilhem "

// fillers say nothing of what a text is about.
const fillers = " the and you your they them their this that with for not but are was were have has had its all any can will who what when from out just more than too very about before after ever " +
	"que los las una por con para del der die das und ist nicht les des est pas pour dans avec uma dos "

// among reports whether a list of words, each between blanks, has one.
func among(list, word string) bool { return strings.Contains(list, " "+word+" ") }

func distinct(v []uint64) []uint64 {
	slices.Sort(v)
	return slices.Compact(v)
}

// shared counts what two sorted lists have in common.
func shared(a, b []uint64) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n, a, b = n+1, a[1:], b[1:]
		}
	}
	return n
}
