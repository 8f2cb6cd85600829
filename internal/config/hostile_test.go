package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostileBound is for a machine that has a hundred other things to do; each case takes a
// second or two.
const hostileBound = time.Minute

// Brand files made to hurt are refused, or warned of, with line and reason in bounded time,
// and cost the brand beside them nothing.
func TestHostileBrandFiles(t *testing.T) {
	t.Parallel()
	const ten = 10 << 20
	words := &strings.Builder{}
	for i := 0; words.Len() < ten; i++ {
		fmt.Fprintf(words, "www%d OR ", i)
	}
	list := func(entry string) string { return strings.Repeat("  - "+entry+"\n", 20_000) }
	for _, tt := range []struct {
		name, text string
		want       string // all of the lines
		loads      bool
	}{
		{"10 MB in one query", "name: x\nquery: " + words.String() + "acme\n", "x.yaml:2:108898: query: the query has more than 10000 terms; split the brand in two", false},
		{"20,000 words of context", "query: acme\ncontext:\n" + list("the same words"), "x.yaml:3:3: context: has 20000 entries; at most 1000 are allowed", false},
		{"20,000 accounts", "query: acme\nown_accounts:\n" + list("'no account'"), "x.yaml:3:3: own_accounts: has 20000 entries; at most 1000 are allowed", false},
		{"20,000 examples", "query: acme\nmust_alert:\n" + list("''"), "x.yaml:3:3: must_alert: has 20000 examples; at most 1000 are allowed", false},
		{"100,000 terms", "name: x\nquery: " + strings.Repeat("acme OR ", 100_000) + "acme\n", "x.yaml:2:80008: query: the query has more than 10000 terms; split the brand in two", false},
		{"a thousand parentheses", "name: x\nquery: '" + strings.Repeat("(", 1000) + "acme" + strings.Repeat(")", 1000) + "'\n", "x.yaml:2:209: query: more than 200 levels of parentheses and NOT; write it flatter", false},
		{"a thousand that never close", "name: x\nquery: '" + strings.Repeat("acme (", 1000) + "'\n", "x.yaml:2:1214: query: more than 200 levels of parentheses and NOT; write it flatter", false},
		{"a regular expression", "name: x\nquery: acme OR /(a+)+$/\n", `x.yaml:2:16: query: "/" is no operator; there are no regular expressions here; use words, phrases, prefix* and NEAR/5`, false},
		{"one that explodes", "name: x\nquery: (a{1000}){1000}\n", "x.yaml:2:10: query: { has no meaning in a query; there are no regular expressions here; put the word in quotes if the character belongs to the name", false},
		{"one that matches all", "name: x\nquery: (.*)*\n", "x.yaml:2:10: query: * needs a word right before it and would match everything; write it as refund*", false},
		{"aliases of aliases", "query: acme\naliases: &a [b]\ncontext: [*a, *a]\n", "x.yaml:2:10: context[0]: wants a text, not a list\nx.yaml:2:10: context[1]: wants a text, not a list", false},
		{"an alias of itself", "query: &a [*a]\n", "x.yaml:1:8: query: wants a text, not a list", false},
		{"text direction in a term", "name: x\nquery: \"acme \u202eair\"\n", "x.yaml:2:14: warning: query: an invisible text-direction character stands here; it is ignored, and what you see may be in another order than what is read", true},
		{"text direction in an exclusion", "name: x\nquery: \"acme NOT \u2066air\u2069\"\n", "x.yaml:2:18: warning: query: an invisible text-direction character stands here; it is ignored, and what you see may be in another order than what is read", true},
		{"an invisible character in a term", "name: x\nquery: \"ac\u200bme\"\n", "x.yaml:2:11: warning: query: an invisible character stands here; it is ignored", true},
		{"text direction in an account", "query: acme\nown_accounts: [\"@a\u202eb\"]\n", `x.yaml:2:16: warning: own_accounts[0]: "@a/u202eb" holds a character that cannot be seen; write it without`, true},
		{"text direction in the name", "name: \"x\u202e\"\nquery: acme\n", "x.yaml:1:7: name: \"x/u202e\" is no name; write 1 to 64 letters, digits, - and _", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := folder(t, map[string]string{"leakytap.yaml": "brands_dir: brands\n", "brands/good.yaml": "query: good\n", "brands/x.yaml": tt.text})
			begun := time.Now()
			c, ps := Load(path, testOptions())
			require.Less(t, time.Since(begun), hostileBound)
			require.False(t, Fatal(ps), "the brand alone")
			want := &strings.Builder{}
			for l := range strings.Lines(tt.want) {
				want.WriteString("brands/" + strings.TrimSuffix(l, "\n") + "\n")
			}
			require.Equal(t, want.String(), strings.ReplaceAll(lines(ps), strings.TrimSuffix(path, "leakytap.yaml"), ""))
			if tt.loads {
				require.Equal(t, []string{"good", "x"}, brandNames(c))
			} else {
				require.Equal(t, []string{"good"}, brandNames(c))
			}
			for _, p := range ps {
				require.NotContains(t, p.Long(), "\u202e", "no terminal is turned round")
			}
		})
	}
}
