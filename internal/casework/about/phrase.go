package about

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/jdkato/prose/v2"
)

// phrase is a run of words that ends in a noun.
type phrase struct {
	words []string
	nouns int
	at    int
}

// maxWords is the longest phrase; of a longer run the last words are kept, where
// the noun stands.
const maxWords = 4

// phrases are the runs of adjectives and nouns that end in a noun and say something.
func phrases(tokens []prose.Token, skip map[string]bool) []phrase {
	var out []phrase
	var run []prose.Token
	end := func(at int) {
		if p, ok := phraseOf(run, skip); ok {
			p.at = at - len(run)
			out = append(out, p)
		}
		run = run[:0]
	}
	for i, t := range tokens {
		switch {
		case noun(t), adjective(t):
			run = append(run, t)
		default:
			end(i)
		}
	}
	end(len(tokens))
	return out
}

func noun(t prose.Token) bool { return strings.HasPrefix(t.Tag, "NN") && hasLetter(t.Text) }

func adjective(t prose.Token) bool {
	return (t.Tag == "JJ" || t.Tag == "VBN" && len(t.Text) > 3) && hasLetter(t.Text)
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }

// phraseOf trims a run to what says something: from the first word that is no
// filler to the last noun that is none.
func phraseOf(run []prose.Token, skip map[string]bool) (phrase, bool) {
	last := -1
	for i := len(run) - 1; i >= 0 && last < 0; i-- {
		if noun(run[i]) && !skip[strings.ToLower(run[i].Text)] {
			last = i
		}
	}
	if last < 0 {
		return phrase{}, false
	}
	first := last
	for first > 0 && last-first+1 < maxWords && !skip[strings.ToLower(run[first-1].Text)] {
		first--
	}
	var p phrase
	for _, t := range run[first : last+1] {
		p.words = append(p.words, strings.ToLower(t.Text))
		if noun(t) {
			p.nouns++
		}
	}
	return p, len(strings.Join(p.words, "")) > 2
}

// choose keeps the phrases that say most, in the order in which they stand: those
// said more than once, then longer ones, then earlier ones.
func choose(ps []phrase) []string {
	type scored struct {
		text  string
		score int
		at    int
	}
	var all []scored
	for _, p := range ps {
		text := strings.Join(p.words, " ")
		if i := slices.IndexFunc(all, func(s scored) bool { return s.text == text }); i >= 0 {
			all[i].score += 3
			continue
		}
		all = append(all, scored{text, min(len(p.words), 3) + p.nouns, p.at})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Or(b.score-a.score, a.at-b.at) })
	all = all[:min(len(all), maxPhrases)]
	slices.SortStableFunc(all, func(a, b scored) int { return a.at - b.at })
	out := make([]string, 0, len(all))
	for _, s := range all {
		if len(s.text) <= maxLength {
			out = append(out, s.text)
		}
	}
	return out
}

// fillers are words that a tagger takes for nouns or adjectives and that say
// nothing about what a complaint is about.
const fillers = `
a day days hour hours minute minutes week weeks month months year years time times second today tomorrow yesterday
morning evening night afternoon weekend monday tuesday wednesday thursday friday saturday sunday
anyone someone everyone nobody people person guy guys man mate folks everybody somebody friend friends
thing things stuff lot lots bit way ways kind sort reason point fact case part end place
hey hi hello omg lol wtf smh ffs ugh please pls plz thanks thank sorry yes no nope ok okay yeah wow
i im i'm ive i've u ur you me my we they them us it it's its dont can't cant wont didnt
more most much many other own same such next last first new old good great nice bad worst best better worse
joke shame disgrace nightmare rubbish crap shit hell fuck damn bullshit garbage trash clown clowns idiots scam
anything something nothing everything company companies literally actually seriously still again
been being had has gone back out door nowhere front matter anymore
third fourth fifth sixth several few half whole entire total
`

// skipWords are the fillers and the words of the brand's names.
func skipWords(names []string) map[string]bool {
	skip := map[string]bool{}
	for w := range strings.FieldsSeq(fillers) {
		skip[w] = true
	}
	for _, n := range names {
		n = strings.ToLower(strings.TrimLeft(strings.TrimSpace(n), "@#"))
		skip[n] = true
		if f := strings.FieldsFunc(n, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }); len(f) > 0 {
			skip[f[0]] = true
		}
	}
	delete(skip, "")
	return skip
}
