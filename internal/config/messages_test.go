package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/match"
)

// hostile are configs too long to be written down, by name.
func hostile() [][2]string {
	words := func(n int, form string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	many := words(30_000, "w%d OR ") + "acme"
	return [][2]string{
		{"a file of 10 MiB in one query", "brands: [{name: acme, query: '" + strings.Repeat("acme OR ", 10<<20/8) + "acme'}]\n"},
		{"a file of 10 MiB of brands", "brands:\n" + words(100_000, "- {name: b%d, query: acme OR bolt AND cord OR dune NOT eels AND 'four'}\n")},
		{"a file of 17 MiB", strings.Repeat("# comment\n", 17<<20/10)},
		{"100,000 terms in one query", "brands: [{name: acme, query: " + words(100_000, "w%d OR ") + "acme}]\n"},
		{"100,000 terms in all", "terms:\n many: [" + strings.TrimSuffix(words(9_999, "w%d,"), ",") + "]\nbrands:\n" + words(11, "- {name: b%d, query: acme $many}\n")},
		{"30,000 terms in a query that is quoted", "brands: [{name: acme, query: \"" + many + "\"}]\n"},
		{"a thousand parentheses", "brands: [{name: acme, query: '" + strings.Repeat("(", 1000) + "acme" + strings.Repeat(")", 1000) + "'}]\n"},
		{"a regular expression that explodes", "brands: [{name: acme, query: '/(a+)+$/ OR (a|a)*b'}]\n"},
		{"a million values", "brands: [" + strings.Repeat("1,", 1_000_001) + "1]\n"},
		{"lists a thousand deep", strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
		{"1,001 lists", "terms:\n" + words(1001, "  l%d: [acme]\n") + "brands: [{name: acme, query: acme}]\n"},
		{"a list of 10,001 terms", "terms:\n many: [" + strings.TrimSuffix(words(match.MaxTerms+1, "w%d,"), ",") + "]\nbrands: [{name: acme, query: acme}]\n"},
		{"1,001 words and examples", "brands:\n- name: acme\n  query: acme\n  context: [" + strings.TrimSuffix(words(1001, "w%d,"), ",") +
			"]\n  must_alert: [" + strings.TrimSuffix(words(1001, "w%d,"), ",") + "]\n"},
	}
}

// boundedBy is how long any of them may take, on a machine that is busy with other things.
const boundedBy = time.Minute

// TestHostileConfigs holds what is said of them against a golden.
func TestHostileConfigs(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, h := range hostile() {
		began := time.Now()
		_, ps := Parse("leakytap.yaml", []byte(h[1]), testOptions())
		require.Less(t, time.Since(began), boundedBy, h[0])
		require.NotEmpty(t, Errors(ps), h[0])
		fmt.Fprintf(&out, "(%s)\n", h[0])
		for _, p := range ps[:min(len(ps), 3)] {
			out.WriteString(p.Long() + "\n")
		}
		out.WriteString("\n")
	}
	golden(t, "testdata/hostile.golden", out.String())
}

// TestFolderMessages holds what is said of files beside leakytap.yaml against a golden.
func TestFolderMessages(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, tc := range []struct {
		name  string
		files map[string]string
	}{
		{"brand files", map[string]string{
			"leakytap.yaml":           "brands_dir: brands\n",
			"brands/bidi.yaml":        "query: \"acme \\u202eria\"\ncontext: [\"fli\\u200bght\"]\nlanguages: [no, en]\n",
			"brands/shared-one.yaml":  "query: '\"bolt air\" OR @boltair'\n",
			"brands/shared-two.yaml":  "query: '\"BOLT air\" OR cord'\naliases: [on]\n",
			"brands/half.yaml":        "query: \"ha",
			"brands/empty.yaml":       "",
			"brands/words.yaml":       "query: dune\nown_accounts: ['@', 'https://dune.example', '@dune', DUNE]\naliases: ['?!']\n",
			"brands/name.yaml":        "name: ''\nquery: eels\n",
			"brands/threshold.yaml":   "query: fern\nalert: {threshold: 0}\n",
			"brands/pins.yaml":        "query: gnat\nmust_alert: [{text: gnat, severity: bad}, '']\nmust_not_alert: [{text: x, outcome: alert}]\n",
			"brands/loop.yaml":        "query: &q [*q]\n",
			"brands/deep folder.yaml": "query: heron\n",
			"brands/many.yaml":        "query: jay\nlearn: never\nspikes: {min_authors: 1, min_days: 9, window: 1m}\npriority: {severity: 0, reach: 0, engagement: 0, age: 0, history: 0}\n",
			"brands/weights.yaml":     "query: kite\npriority: {severity: 2000, reach: -1}\n",
			"brands/service.yaml":     "query: ibis\nsla: {ack: {low: 9000d}}\nsilent_after: 9000d\nhours: [" + strings.Repeat("'mon 9:00-17:00', ", 60) + "]\n",
		}},
		{"no brand file", map[string]string{"leakytap.yaml": "brands_dir: brands\n", "brands/none.txt": ""}},
		{"data_dir and debug", map[string]string{"leakytap.yaml": "data_dir: ''\ndebug: {listen: here}\nbrands: [{name: acme, query: acme}]\n"}},
		{"a list by a key", map[string]string{"leakytap.yaml": "terms: {[a]: [b]}\nbrands: [{name: acme, query: acme}]\n"}},
		{"a secret of no text", map[string]string{"leakytap.yaml": "server: {auth: {tokens_file: t}}\nbrands: [{name: acme, query: acme}]\n", "t": "a:\x00\x01"}},
	} {
		path := folder(t, tc.files)
		_, ps := Load(path, testOptions())
		fmt.Fprintf(&out, "(%s)\n", tc.name)
		for _, p := range ps {
			out.WriteString(strings.ReplaceAll(p.Long(), filepath.Dir(path)+"/", "") + "\n")
		}
		out.WriteString("\n")
	}
	_, ps := Load(filepath.Join(t.TempDir(), "none.yaml"), testOptions())
	out.WriteString("(no file)\n" + ps[0].Msg + "\n")
	c, _ := Load(folder(t, map[string]string{"leakytap.yaml": "brands_dir: brands\n", "brands/x.yaml": "query: acme\n"}), testOptions())
	gone := c.readUnit(filepath.Join(t.TempDir(), "gone.yaml"))
	out.WriteString("\n(a brand file that was taken away)\n" + gone.Problems[0].Msg + "\n")
	_, ps = Load(folder(t, map[string]string{"leakytap.yaml": strings.Repeat("# comment\n", 17<<20/10)}), testOptions())
	out.WriteString("\n(a file of 17 MiB)\n" + ps[0].Msg + "\n")
	golden(t, "testdata/folders.golden", out.String())
}

// TestProblemsShowTheirPlace: every error of the examples has the line and a caret at its
// column, but for lines that may hold a secret and files that have no such line.
func TestProblemsShowTheirPlace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	without := 0
	for _, f := range files {
		_, ps := Load(f, testOptions())
		for _, p := range ps {
			lines := strings.Split(p.Long(), "\n")
			if len(lines) != 3 {
				without++
				continue
			}
			require.Equal(t, "^", strings.TrimSpace(lines[2]), f)
			require.LessOrEqual(t, len([]rune(lines[2])), len([]rune(lines[1]))+2, f)
		}
	}
	require.Less(t, without, len(files)/3, "nearly all show their place")
}

// noMessages are texts with blanks that are said to nobody.
const noMessages = `no match / command line / while parsing / while scanning / cannot be written in a config / "a term list" / # term lists as they were: /
 cannot be read as YAML: / yaml: no documents in stream / yaml: expected single document, found multiple / found character that cannot start any token /
 reading an example: / (not a text) / the list has / data_dir: ./data / could not be / the aliases of this file`

var verb = regexp.MustCompile(`%[+#]?[0-9]*[a-z]|%%`)

// TestEveryMessageHasAGolden holds the sources against the goldens: a message that no
// example brings about fails.
func TestEveryMessageHasAGolden(t *testing.T) {
	var said strings.Builder
	files, err := filepath.Glob("testdata/bad/*.txt")
	require.NoError(t, err)
	for _, f := range append(files, "testdata/hostile.golden", "testdata/folders.golden") {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		said.Write(data)
	}
	all := oneLine(said.String())
	var missing []string
	for _, f := range []string{
		"load.go", "source.go", "scalar.go", "validate.go", "decode.go", "secret.go", "terms.go", "shared.go", "unit.go", "expand.go",
		"../brand/validate.go", "../brand/budget.go", "../brand/spikes.go",
	} {
		for _, text := range messages(t, f) {
			if !strings.Contains(noMessages, text) && !strings.Contains(all, text) {
				missing = append(missing, f+": "+text)
			}
		}
	}
	require.Empty(t, missing, "no example brings these about")
}

// messages are the texts of a source file, cut at their verbs.
func messages(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Clean(file), nil, 0)
	require.NoError(t, err)
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.StructType:
			return false
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "MustCompile" {
				return false
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(n.Value)
			require.NoError(t, err)
			for _, part := range verb.Split(text, -1) {
				if part = oneLine(part); strings.Contains(part, " ") {
					out = append(out, part)
				}
			}
		}
		return true
	})
	return out
}
