package config

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// requirePlaces checks that every visible rune of a scalar's value is found where it is written.
func requirePlaces(t require.TestingT, text string) {
	src := newSource("x.yaml", "", []byte(text))
	root, bad := src.parse()
	require.Nil(t, bad, "%s", text)
	n := root.Content[1]
	require.Equal(t, yaml.ScalarNode, n.Kind, text)
	for i, r := range []rune(n.Value) {
		if unicode.IsSpace(r) {
			continue
		}
		line, column := src.inside(n, i)
		got, _ := utf8.DecodeRune(src.data[src.offset(line, column):])
		if got == '\\' || got == '\'' && r == '\'' {
			continue // an escape stands for it
		}
		require.Equal(t, string(r), string(got), "rune %d of %q at %d:%d of\n%s", i, n.Value, line, column, text)
	}
}

func TestInsideFindsEveryRune(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                "q: acme OR bolt\n",
		"plain on lines":       "q: acme OR\n  bolt\n\n  OR cord\n",
		"single":               "q: 'it''s \"acme\" äöü ''x'\n",
		"single on lines":      "q: 'acme\n\n\n  bolt  \n  cord'\n",
		"double":               `q: "a\"b\\ \x41\u00e9\U0001F600 ü c\td"` + "\n",
		"double on lines":      "q: \"acme \\\n   bolt\n  cord\\\n  x\"\n",
		"literal":              "q: |\n  acme\n    OR bolt\n\n  cord\n",
		"literal, deep":        "q: |-\n      acme\n      bolt",
		"folded":               "q: >\n  acme\n  bolt\n\n  cord\n\n\n  x\n",
		"folded, more indent":  "q: >-\n  acme\n    more\n    indent\n  back\n",
		"anchor and tag":       "q: &a !!str 'acme bolt'\n",
		"anchor on its line":   "q: &a\n  acme bolt\n",
		"byte order mark":      "\uFEFFq: acme bolt\n",
		"windows line ends":    "q: 'acme\r\n  bolt'\r\n",
		"block, windows":       "q: |\r\n  acme\r\n  bolt\r\n",
		"leading blank lines":  "q: |\n\n\n  acme\n  bolt\n",
		"comment behind block": "q: > # why\n  acme\n  bolt\n",
	} {
		t.Run(name, func(t *testing.T) { requirePlaces(t, text) })
	}
}

func TestInsideFindsWhatYAMLWrites(t *testing.T) {
	styles := []yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle}
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"acme", "(", ")", "OR", `"é ü"`, "it's", "NOT", "@x", "a\\b", "アクメ", "\n", "\n\n", "😡", "#t", ": "}), 1, 40).Draw(rt, "words")
		value := strings.TrimSpace(strings.Join(words, rapid.SampledFrom([]string{" ", "  "}).Draw(rt, "sep")))
		n := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Value: "q"}, {Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: rapid.SampledFrom(styles).Draw(rt, "style")},
		}}
		out, err := yaml.Dump(n, yaml.WithLineWidth(rapid.SampledFrom([]int{20, 80, -1}).Draw(rt, "width")))
		require.NoError(rt, err)
		requirePlaces(rt, string(out))
	})
}

func TestInsideStaysInTheFile(t *testing.T) {
	src := newSource("x.yaml", "", []byte("q: abc\n"))
	root, _ := src.parse()
	for _, offset := range []int{0, 3, 4, 100} {
		line, column := src.inside(root.Content[1], offset)
		require.LessOrEqual(t, line, 2)
		require.Positive(t, column)
	}
}
