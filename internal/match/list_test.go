package match

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func lists(name string) ([]string, bool) {
	l, ok := map[string][]string{"delays": {"late", `"still waiting"`, "delay*"}, "own": {"@acmeair"}}[name]
	return l, ok
}

func TestSplice(t *testing.T) {
	names := []string{"delays", "own"}
	for _, tc := range []struct{ name, query, want string }{
		{"none", "acme OR bolt", "acme OR bolt"},
		{"one", "acme $delays", `acme (late OR "still waiting" OR delay*)`},
		{"under NOT", "acme NOT $delays", `acme NOT (late OR "still waiting" OR delay*)`},
		{"near", "$delays NEAR/5 acme", `(late OR "still waiting" OR delay*) NEAR/5 acme`},
		{"in parentheses", "($own)", "((@acmeair))"},
		{"in quotes it is text", `"$delays" OR $own`, `"$delays" OR (@acmeair)`},
		{"money is no list", "$40 OR acme", "$40 OR acme"},
		{"twice", "$own OR $own", "(@acmeair) OR (@acmeair)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Splice(tc.query, lists, names)
			require.Nil(t, err)
			require.Equal(t, tc.want, s.Text)
			_, perr := Parse(s.Text)
			require.NoError(t, perr)
		})
	}
	s, _ := Splice("köln $delays OR bolt", lists, names)
	for column, want := range map[int]int{0: 0, 4: 4, 5: 5, 12: 5, 39: 5, 40: 12, 44: 16} {
		written, list := s.Place(column)
		require.Equal(t, want, written, "%d of %s", column, s.Text)
		require.Equal(t, column >= 5 && column < 40, list == "delays")
	}
	require.Equal(t, []string{"delays"}, s.Lists)
}

func TestSpliceRefuses(t *testing.T) {
	_, err := Splice("acme $delay", lists, []string{"delays", "own"})
	require.Equal(t, &SyntaxError{Column: 5, Msg: "there is no term list called $delay", Hint: "did you mean $delays?"}, err)
	_, err = Splice("acme $x", lists, []string{"delays", "own"})
	require.EqualError(t, err, "there is no term list called $x; there are $delays $own; put the word in quotes if the $ belongs to it")
	_, perr := Parse("acme OR $TSLA")
	require.EqualError(t, perr, "there is no term list called $TSLA; put the word in quotes if the $ belongs to it")
	many := make([]string, MaxTerms/2+1)
	for i := range many {
		many[i] = "w" + strconv.Itoa(i)
	}
	_, err = Splice("$m OR $m", func(string) ([]string, bool) { return many, true }, nil)
	require.Equal(t, 6, err.Column)
	require.Contains(t, err.Msg, "with the list $m the query has more than 10000 terms")
	huge := []string{`"` + strings.Repeat("long ", 1<<20) + `"`}
	_, err = Splice("$m OR $m OR $m OR $m OR $m", func(string) ([]string, bool) { return huge, true }, nil)
	require.Contains(t, err.Msg, "16 MiB")
}

func TestEntry(t *testing.T) {
	for in, want := range map[string]string{
		"late": "late", " still waiting ": `"still waiting"`, `"on hold"`: `"on hold"`, "@acme": "@acme", "delay*": "delay*",
		"from:jo": "from:jo", "no": "no", "acme air*": `"acme air*"`,
	} {
		got, err := Entry(in)
		require.Nil(t, err, in)
		require.Equal(t, want, got)
	}
	for in, want := range map[string]string{
		"":             "the entry is empty",
		"a":            "the one-letter term a would match too much",
		"late OR slow": "OR has no place in a term list",
		"NOT late":     "NOT has no place in a term list",
		"(late)":       "( has no place in a term list",
		"$other":       "a term list holds no other list, and here stands $other",
		`"a b" "c d"`:  "two terms stand in one entry",
		`late "c d"`:   "two terms stand in one entry",
		`"open`:        "quote is never closed",
		"re|gex":       "| has no meaning in a query",
		"\xff":         "the entry is not valid UTF-8",
	} {
		_, err := Entry(in)
		require.NotNil(t, err, in)
		require.Equal(t, want, err.Msg, in)
	}
}

func FuzzSplice(f *testing.F) {
	f.Add("acme $delays NOT $own")
	f.Add(`"$delays`)
	f.Fuzz(func(t *testing.T, query string) {
		s, err := Splice(query, lists, []string{"delays", "own"})
		if err != nil {
			require.LessOrEqual(t, err.Column, len([]rune(query)))
			return
		}
		for column := range len([]rune(s.Text)) + 1 {
			written, _ := s.Place(column)
			require.LessOrEqual(t, written, len([]rune(query)))
		}
	})
}

func FuzzEntry(f *testing.F) {
	for _, s := range []string{"late", "still waiting", `"x y"`, "a b c*", "x:y z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		text, err := Entry(entry)
		if err != nil {
			return
		}
		_, perr := Parse("(anchor AND (" + text + " OR other))")
		require.NoError(t, perr, text)
	})
}
