package match

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestParseGivesNormalForm(t *testing.T) {
	for _, tc := range []struct{ name, query, want string }{
		{"one word", "acme", "acme"},
		{"side by side is AND", "acme air", "(acme & air)"},
		{"AND binds tighter than OR", "acme AND air OR bolt", "((acme & air) | bolt)"},
		{"contract", `("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "((acme air | @acmeair | #acmeair) & -acme air force)"},
		{"AND NOT", "acme AND NOT force", "(acme & -force)"},
		{"NOT binds to one term", "acme NOT force air", "(acme & -force & air)"},
		{"NOT of a group", "acme NOT (force OR navy)", "(acme & -force & -navy)"},
		{"NOT of an AND", "acme NOT (air force)", "(acme & (-air | -force))"},
		{"double NOT", "NOT NOT acme", "acme"},
		{"near", "refund NEAR/5 acme", "(refund ~ acme)"},
		{"near of a group", `(refund OR money) NEAR/5 "acme air"`, "((refund | money) ~ acme air)"},
		{"near in a chain", "aa NEAR/2 bb NEAR/3 cc", "((aa ~ bb) & (bb ~ cc))"},
		{"prefix", "refund*", "refund*"},
		{"prefix in a phrase", `"acme air*"`, "acme air*"},
		{"prefix tag", "#acme*", "#acme*"},
		{"case and accents", "ACMÉ", "acme"},
		{"handle with dots", "@Acme.Example", "@acme.example"},
		{"fediverse handle", "@help@acme.example", "@help@acme.example"},
		{"handle in a phrase", `"thanks @acme"`, "thanks @acme"},
		{"punctuation inside a word", "at&t", "at t"},
		{"apostrophe", "o'neil", "o neil"},
		{"fields", "acme from:@Jo.Example source:Forum lang:en-GB kind:reply is:reply", "(acme & from:jo.example & source:forum & lang:en & kind:reply & is:reply)"},
		{"quoted value", `source:"my forum"`, "source:my forum"},
		{"url is no field", "https://acme.example", "https acme example"},
		{"typographic quotes", "“acme air”", "acme air"},
		{"cjk", "アクメ", "ア ク メ"},
		{"one han letter", "鯉", "鯉"},
		{"lower case operators are words", "acme or air", "(acme & or & air)"},
		{"invisible characters", "ac\u200bme", "acme"},
		{"trade mark", "Acme™", "acme"},
		{"nested groups join", "(aa OR (bb OR (cc)))", "(aa | bb | cc)"},
		{"space inside parentheses", "( acme )", "acme"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q, err := Parse(tc.query)
			require.NoError(t, err)
			require.Equal(t, tc.want, dump(q.root))
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("(", MaxDepth+1) + "acme" + strings.Repeat(")", MaxDepth+1)
	for _, tc := range []struct {
		name, query string
		column      int
		want        string
	}{
		{"empty", "", 0, `the query is empty; write the brand's names, such as "acme air" OR @acmeair`},
		{"blank", " \t\n", 0, `the query is empty; write the brand's names, such as "acme air" OR @acmeair`},
		{"missing close", `("acme air" OR bolt`, 19, `missing ")"; close the "(" of column 1`},
		{"inner missing close", "acme (air OR (bolt)", 19, `missing ")"; close the "(" of column 6`},
		{"stray close", "acme) air", 4, `")" closes nothing; remove it or write "(" before`},
		{"close first", ")", 0, `")" closes nothing; remove it or write "(" before`},
		{"empty parentheses", "acme ()", 5, "the parentheses are empty; write a term inside or remove them"},
		{"open quote", `acme "air force`, 5, `quote is never closed; close the phrase with another "`},
		{"column in runes", `köln "air`, 5, `quote is never closed; close the phrase with another "`},
		{"empty phrase", `acme ""`, 5, "the phrase is empty; write words between the quotes or remove them"},
		{"lone OR", "OR", 0, `OR has nothing on its left; put the word in quotes if "or" is part of a name`},
		{"OR at the end", "acme OR", 5, `OR has nothing on its right; put the word in quotes if "or" is part of a name`},
		{"OR OR", "acme OR OR air", 5, `OR has nothing on its right; put the word in quotes if "or" is part of a name`},
		{"AND first", "AND acme", 0, `AND has nothing on its left; put the word in quotes if "and" is part of a name`},
		{"NOT at the end", "acme NOT", 5, `NOT has nothing on its right; put the word in quotes if "not" is part of a name`},
		{"NOT before OR", "acme NOT OR air", 5, `NOT has nothing on its right; put the word in quotes if "not" is part of a name`},
		{"only NOT", "NOT acme", 4, "the query only says NOT and would match everything else; add a term that must occur"},
		{"only NOTs", "NOT (acme OR bolt)", 5, "the query only says NOT and would match everything else; add a term that must occur"},
		{"NOT in an OR", "acme OR NOT bolt", 12, "NOT bolt alone matches nearly everything; add a term that must occur beside the NOT, inside the same parentheses or OR"},
		{"hidden NOT", "acme OR (lang:en NOT bolt)", 9, "lang:en alone matches nearly everything; add a term that must occur beside it"},
		{"only a language", "lang:en", 0, "lang:en alone matches nearly everything; add a term that must occur beside it"},
		{"star", "*", 0, "* needs a word right before it and would match everything; write it as refund*"},
		{"dot star", ".*", 1, "* needs a word right before it and would match everything; write it as refund*"},
		{"star inside", "ac*me", 2, "* stands only at the end of a word; write it as refund*"},
		{"short prefix", "acme OR a*", 8, "a* would match too much; write more letters before the *"},
		{"long prefix", strings.Repeat("a", 64) + "*", 0, "the prefix has more than 63 bytes; write fewer letters before the *"},
		{"one letter", "acme OR x", 8, "the one-letter term x would match too much; use a longer word, a phrase, an @handle or a #tag"},
		{"one kana", "は", 0, "the one-letter term は would match too much; use a longer word, a phrase, an @handle or a #tag"},
		{"only punctuation", `acme OR "?!"`, 8, `"?!" has nothing to look for; matching looks at letters, digits and emoji only`},
		{"bare at", "acme OR @", 8, "@ names nobody; write a name right after it"},
		{"bare hash in a phrase", `"acme #"`, 6, "# names nobody; write a name right after it"},
		{"NEAR without number", "acme NEAR refund", 5, "NEAR has no number; write NEAR/5 for at most 5 words in between, from 1 to 100"},
		{"NEAR slash", "acme NEAR/ refund", 5, "NEAR has no number; write NEAR/5 for at most 5 words in between, from 1 to 100"},
		{"NEAR zero", "acme NEAR/0 refund", 5, "NEAR has a wrong number; write NEAR/5 for at most 5 words in between, from 1 to 100"},
		{"NEAR too far", "acme NEAR/101 refund", 5, "NEAR has a wrong number; write NEAR/5 for at most 5 words in between, from 1 to 100"},
		{"NEAR nothing", "acme NEAR/5", 5, `NEAR/5 has nothing on its right; put the word in quotes if "near/5" is part of a name`},
		{"NEAR field", "acme NEAR/5 lang:en", 12, `NEAR/5 takes words and phrases, or an OR of them in parentheses; write it as (refund OR money) NEAR/5 "acme air"`},
		{"NEAR and", "(acme air) NEAR/5 refund", 1, `NEAR/5 takes words and phrases, or an OR of them in parentheses; write it as (refund OR money) NEAR/5 "acme air"`},
		{"unknown field", "acme form:jo", 5, `unknown field "form"; did you mean from:?`},
		{"far unknown field", "acme website:jo", 5, `unknown field "website"; put it in quotes if the colon belongs to the text`},
		{"field without value", "acme from: jo", 5, "from: has no value; write it as from:value, without a space"},
		{"unknown kind", "acme kind:posts", 10, "kind: knows post, reply, comment, review only; did you mean kind:post?"},
		{"unknown is", "acme is:verified", 8, "is: knows reply only"},
		{"no language", "acme lang:english", 10, "english is no language; write it as lang:en, or lang:und for posts whose language is not known"},
		{"star in a field", "acme from:jo*", 10, "from: takes no *; write the value in full"},
		{"minus", "acme -force", 5, `"-force" is no operator; write NOT force`},
		{"ampersands", "acme && air", 5, `"&&" is no operator; write AND`},
		{"pipe", "acme | air", 5, `"|" is no operator; write OR`},
		{"plus", "+acme", 0, `"+acme" is no operator; leave the + out: terms side by side must all occur`},
		{"regular expression", "/acm[e]{1,9}/", 0, `"/acm[e]{1,9}/" is no operator; there are no regular expressions here; use words, phrases, prefix* and NEAR/5`},
		{"brackets", "(a{1000}){1000}", 2, "{ has no meaning in a query; there are no regular expressions here; put the word in quotes if the character belongs to the name"},
		{"class", "acme OR bolt[s]", 12, "[ has no meaning in a query; there are no regular expressions here; put the word in quotes if the character belongs to the name"},
		{"pipe in a word", "acme|bolt", 4, "| has no meaning in a query; write OR"},
		{"too deep", deep, MaxDepth, "more than 200 levels of parentheses and NOT; write it flatter"},
		{"too many NOTs", strings.Repeat("NOT ", MaxDepth+1) + "acme", 4 * MaxDepth, "more than 200 levels of parentheses and NOT; write it flatter"},
		{"a thousand parentheses", strings.Repeat("(", 1000), MaxDepth, "more than 200 levels of parentheses and NOT; write it flatter"},
		{"too many terms", strings.Repeat("acme ", MaxTerms+1), 5 * MaxTerms, "the query has more than 10000 terms; split the brand in two"},
		{"long phrase", `"` + strings.Repeat("aa ", maxTermWords+1) + `"`, 0, "the phrase has more than 100 words; shorten it"},
		{"long term", strings.Repeat("a", maxTermBytes+1), 0, "the term has more than 4096 bytes; shorten it"},
		{"invalid utf-8", "acme \xff", 5, "the query is not valid UTF-8; save the file as UTF-8"},
		{"too long", strings.Repeat(" ", MaxQueryBytes+1), 0, "the query has more than 16 MiB; split the brand in two"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse(tc.query)
			var se *SyntaxError
			require.ErrorAs(t, err, &se)
			require.Equal(t, tc.want, se.Error())
			require.Equal(t, tc.column, se.Column)
		})
	}
}

func TestParseWarns(t *testing.T) {
	for _, tc := range []struct {
		name, query string
		column      int
		want        string
	}{
		{"bidi", "acme \u202eair", 5, "text-direction"},
		{"zero width", "ac\u200bme", 2, "invisible character"},
		{"lower case operator", "acme or air", 5, "operators are written in capitals"},
		{"lower case near", "acme near/5 air", 5, "write NEAR in capitals"},
		{"single quotes", "'acme air'", 0, "single quotes make no phrase"},
		{"common word", "acme OR the", 8, "common word"},
		{"short prefix", "ac* OR bolt", 0, "short prefix"},
		{"words beside OR", "acme air OR bolt", 0, `write "acme air" for a phrase`},
		{"lost text", "acme OR bo\uFFFDlt", 10, "replacement character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q, err := Parse(tc.query)
			require.NoError(t, err)
			require.NotEmpty(t, q.Warnings())
			require.Contains(t, q.Warnings()[0].Msg, tc.want)
			require.Equal(t, tc.column, q.Warnings()[0].Column)
		})
	}
	for _, quiet := range []string{
		`("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "acme AND air OR bolt", "yahoo! OR at&t OR toys+", "🍎❤️ OR 👍🏽",
	} {
		q, err := Parse(quiet)
		require.NoError(t, err)
		require.Empty(t, q.Warnings(), quiet)
	}
}

func TestQueryTellsTermsAndSources(t *testing.T) {
	q, err := Parse(`(acme OR @acme) source:forum NOT source:"the hub"`)
	require.NoError(t, err)
	require.Equal(t, 4, q.Terms())
	require.Equal(t, []SourceRef{{23, "forum"}, {41, "the hub"}}, q.Sources())
}

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name, query string
		want        []string
	}{
		{"contract", `("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, []string{"acme air", "acmeair"}},
		{"topic beside", `refund AND (acme OR @acmeHQ)`, []string{"acme", "acmeHQ"}},
		{"first of two", `acme AND ("on hold" OR refund)`, []string{"acme"}},
		{"prefix", "acme* lang:en", []string{"acme"}},
		{"near", "acme NEAR/5 refund", []string{"acme"}},
		{"source alone", "source:reviews", nil},
		{"broken", "acme (", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, Names(tc.query))
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`("acme air" OR @acmeair OR #acmeair) NOT "acme air force"`, "a NEAR/5 (b OR c*)", "from:@jo lang:en", "((((", `"`,
		"NOT NOT x", "アクメ OR ก็", "ac\u200bme \u202e", "@a.b@c.d_-", "\xff(", "#_ @- NEAR/", "source:\"a b\" kind:post",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := Parse(query)
		if err == nil {
			require.LessOrEqual(t, q.Terms(), MaxTerms)
			for _, w := range q.Warnings() {
				require.LessOrEqual(t, w.Column, utf8.RuneCountInString(query))
			}
			set(t, query).Match(post(query))
			return
		}
		var se *SyntaxError
		require.ErrorAs(t, err, &se)
		require.NotEmpty(t, se.Msg)
		require.GreaterOrEqual(t, se.Column, 0)
		require.LessOrEqual(t, se.Column, utf8.RuneCountInString(query))
	})
}
