package match

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
)

// naive evaluates one query on a post the slow way: term by term, over the tree.
type naive struct {
	m     mention.Mention
	texts [][]byte
	toks  []tokens
}

func newNaive(m mention.Mention) *naive {
	n := &naive{m: m}
	for _, s := range []string{m.Title, m.Text} {
		var t tokens
		buf := fold(nil, s)
		t.split(buf)
		n.texts, n.toks = append(n.texts, buf), append(n.toks, t)
	}
	return n
}

// places are the spans at which words occur in text i.
func (n *naive) places(i int, words []word) (out []span) {
	var ends func(at int, words []word) []int
	ends = func(at int, words []word) []int {
		if len(words) == 0 {
			return []int{at}
		}
		if at >= len(n.toks[i].words) {
			return nil
		}
		var found []int
		fits := func(key []byte, next int) {
			k := string(key)
			if k == words[0].key || words[0].prefix && strings.HasPrefix(k, words[0].key) {
				found = append(found, ends(next, words[1:])...)
			}
		}
		w := n.toks[i].words[at]
		fits(n.texts[i][w.start:w.end], at+1)
		for _, s := range n.toks[i].signs {
			if s.pos == at {
				fits(n.texts[i][s.start:s.end], at+s.span)
			}
		}
		return found
	}
	for at := range n.toks[i].words {
		for _, end := range ends(at, words) {
			out = append(out, span{int32(at), int32(end)})
		}
	}
	return out
}

func (n *naive) sidePlaces(i int, side *node) (out []span) {
	terms := side.kids
	if side.kind == nodeTerm {
		terms = []*node{side}
	}
	for _, t := range terms {
		out = append(out, n.places(i, t.term.words)...)
	}
	return out
}

func (n *naive) field(t *term) bool {
	switch t.field {
	case fieldLang:
		return t.value == knownLang(n.m.Lang)
	case fieldSource:
		return t.value == foldValue(n.m.Source) || t.value == foldValue(n.m.Platform)
	case fieldFrom:
		handle := foldValue(n.m.Author.Handle)
		return t.value == handle || strings.HasPrefix(handle, t.value+".")
	case fieldKind:
		return t.value == string(n.m.Kind) || t.value == "post" && n.m.Kind == ""
	default:
		return n.m.ParentID != "" || n.m.Kind == mention.KindReply
	}
}

func (n *naive) occurs(nd *node) bool {
	if nd.kind == nodeTerm && nd.term.field != "" {
		return n.field(nd.term)
	}
	for i := range n.texts {
		if nd.kind == nodeTerm {
			if len(n.places(i, nd.term.words)) > 0 {
				return true
			}
			continue
		}
		for _, a := range n.sidePlaces(i, nd.kids[0]) {
			for _, b := range n.sidePlaces(i, nd.kids[1]) {
				gap := max(b.start-a.end, a.start-b.end)
				if gap >= 0 && gap <= int32(nd.near) {
					return true
				}
			}
		}
	}
	return false
}

// eval is the value of a normal form, with NOTs taken as satisfied or as written.
func (n *naive) eval(nd *node, positive bool) bool {
	is := func(k *node) bool { return n.eval(k, positive) }
	switch {
	case nd.kind == nodeAnd:
		return !slices.ContainsFunc(nd.kids, func(k *node) bool { return !is(k) })
	case nd.kind == nodeOr:
		return slices.ContainsFunc(nd.kids, is)
	case nd.negated:
		return positive || !n.occurs(nd)
	default:
		return n.occurs(nd)
	}
}

// vocabulary of the random queries and posts: few words, so that they meet often.
func genTerm(rt *rapid.T) string {
	return rapid.SampledFrom([]string{
		"aa", "ab", "ac", "aa*", "a1*", `"aa ab"`, `"ab aa ab"`, `"aa a*"`, "@aa", "#ab", "@aa.ab", "#a1*", "エア", "ア*", "🍎",
		"from:jo", "source:forum", `"@aa ab"`, "aa_ab", "at&ab",
	}).Draw(rt, "term")
}

func genQuery(rt *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 7).Draw(rt, "kind")
	switch {
	case depth == 0 || kind < 2:
		return genTerm(rt)
	case kind == 2:
		return "(" + genQuery(rt, depth-1) + " OR " + genQuery(rt, depth-1) + ")"
	case kind == 3:
		return "(" + genQuery(rt, depth-1) + " " + genQuery(rt, depth-1) + ")"
	case kind == 4:
		return "(" + genQuery(rt, depth-1) + " NOT " + genQuery(rt, depth-1) + ")"
	case kind == 5:
		return "NOT " + genQuery(rt, depth-1)
	case kind == 6:
		filter := rapid.SampledFrom([]string{"lang:en", "NOT lang:en", "kind:post", "is:reply", "NOT is:reply"}).Draw(rt, "filter")
		return "(" + genQuery(rt, depth-1) + " " + filter + ")"
	default:
		return fmt.Sprintf("(%s OR %s) NEAR/%d %s", rapid.SampledFrom([]string{"aa", "ab*"}).Draw(rt, "n1"),
			rapid.SampledFrom([]string{"@aa", `"ac aa"`}).Draw(rt, "n2"), rapid.IntRange(1, 3).Draw(rt, "n"),
			rapid.SampledFrom([]string{"ab", "aa", "#ab", "エア"}).Draw(rt, "n3"))
	}
}

func genPost(rt *rapid.T) mention.Mention {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{
		"aa", "ab", "ac", "aab", "a12", "@aa", "#ab", "@aa.ab", "#a12", "エア", "アエ", "🍎", "aa_ab", "_aa_", "x@aa", "@ab_", "at&ab", ".", "x",
	}), 0, 12)
	return mention.Mention{
		Title:  strings.Join(words.Draw(rt, "title"), " "),
		Text:   strings.Join(words.Draw(rt, "text"), rapid.SampledFrom([]string{" ", ", ", "\u200b "}).Draw(rt, "sep")),
		Lang:   rapid.SampledFrom([]string{"", "en", "de"}).Draw(rt, "lang"),
		Source: rapid.SampledFrom([]string{"forum", "sky"}).Draw(rt, "source"),
		Kind:   rapid.SampledFrom([]mention.Kind{"", mention.KindPost, mention.KindReply}).Draw(rt, "kind"),
		Author: mention.Author{Handle: rapid.SampledFrom([]string{"", "jo", "jo.example", "joe"}).Draw(rt, "handle")},
	}
}

func TestMatchAgreesWithTheNaiveEvaluator(t *testing.T) { rapid.Check(t, agrees) }

func FuzzMatch(f *testing.F) { f.Fuzz(rapid.MakeFuzz(agrees)) }

// agrees compares one Set with the naive evaluator, on random queries and posts.
func agrees(rt *rapid.T) {
	var brands []brand.Brand
	var queries []*Query
	for range rapid.IntRange(1, 6).Draw(rt, "brands") {
		text := genQuery(rt, 4)
		q, err := Parse(text)
		if err != nil {
			continue
		}
		brands = append(brands, brand.Brand{Name: fmt.Sprintf("b%d", len(brands)), Query: text})
		queries = append(queries, q)
	}
	s, err := Compile(brands)
	require.NoError(rt, err)
	for range 4 {
		m := genPost(rt)
		n := newNaive(m)
		hits := map[string]Hit{}
		for _, h := range s.Match(m) {
			hits[h.Brand] = h
		}
		for i, b := range brands {
			h, ok := hits[b.Name]
			require.Equal(rt, n.eval(queries[i].root, true), ok, "positive part of %s on %q / %q", b.Query, m.Title, m.Text)
			require.Equal(rt, n.eval(queries[i].root, false), ok && h.ExcludedBy == "", "%s on %q / %q", b.Query, m.Title, m.Text)
			if ok {
				require.NotEmpty(rt, h.Terms)
			}
		}
	}
}
