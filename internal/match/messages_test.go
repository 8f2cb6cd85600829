package match

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostile are queries too long to be written down, by name.
func hostile() [][2]string {
	list := make([]string, MaxTerms+1)
	for i := range list {
		list[i] = "w" + strconv.Itoa(i)
	}
	return [][2]string{
		{"a thousand parentheses", strings.Repeat("(", 1000)},
		{"201 parentheses, closed", strings.Repeat("(", MaxDepth+1) + "acme" + strings.Repeat(")", MaxDepth+1)},
		{"a thousand NOTs", strings.Repeat("NOT ", 1000) + "acme"},
		{"100,000 terms", strings.Repeat("acme OR ", 100_000) + "acme"},
		{"a phrase of 101 words", `"` + strings.Repeat("aa ", maxTermWords+1) + `"`},
		{"a term of 4,097 bytes", strings.Repeat("a", maxTermBytes+1)},
		{"a prefix of 64 bytes", strings.Repeat("a", 64) + "*"},
		{"17 million blanks", strings.Repeat(" ", MaxQueryBytes+1)},
		{"broken bytes", "acme \xff"},
		{"a regular expression that explodes", "(a+)+$ OR (a|a)*b"},
		{"a list of 10,001 terms", "$many OR acme"},
		{"lists of 20 MiB", "$huge $huge $huge $huge $huge"},
	}
}

// said is all that is said about a query: the error with the line, a caret and the hint,
// or its warnings.
func said(query string) string {
	s, err := Splice(query, func(name string) ([]string, bool) {
		switch name {
		case "many":
			return make([]string, MaxTerms+1), true
		case "huge":
			return []string{`"` + strings.Repeat("long ", 1<<20) + `"`}, true
		default:
			return nil, name == "delays"
		}
	}, []string{"delays"})
	if err != nil {
		return at(query, err.Column, err.Error())
	}
	q, perr := Parse(s.Text)
	if perr != nil {
		se := perr.(*SyntaxError) //nolint:errorlint,forcetypeassert // Parse promises it
		return at(query, se.Column, se.Error())
	}
	var out strings.Builder
	for _, w := range q.Warnings() {
		out.WriteString(at(query, w.Column, "warning: "+w.Msg))
	}
	if out.Len() == 0 {
		return "good\n"
	}
	return out.String()
}

func at(query string, column int, msg string) string {
	runes := []rune(query)
	from := max(column-20, 0)
	to := min(column+30, len(runes))
	line := strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, string(runes[from:to]))
	return fmt.Sprintf("%d: %s\n    %s\n    %s^\n", column+1, msg, line, strings.Repeat(" ", column-from))
}

// TestEveryMessage holds what is said of each query of testdata against its golden, and the
// golden against the sources: a message without an example fails.
func TestEveryMessage(t *testing.T) {
	data, err := os.ReadFile("testdata/queries.txt")
	require.NoError(t, err)
	var out strings.Builder
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		query, err := strconv.Unquote(line)
		require.NoError(t, err, line)
		fmt.Fprintf(&out, "%s\n%s\n", line, said(query))
	}
	for _, h := range hostile() {
		fmt.Fprintf(&out, "(%s)\n%s\n", h[0], said(h[1]))
	}
	const path = "testdata/queries.golden"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(out.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
	for _, f := range []string{"lex.go", "parse.go", "term.go", "field.go", "list.go", "warn.go"} {
		for _, text := range messages(t, f) {
			if f != "list.go" || !strings.Contains(entryMessages, text) {
				require.Contains(t, string(want), text, "%s: no query of testdata/queries.txt brings this about", f)
			}
		}
	}
}

// entryMessages are those of Entry, which TestEntry has.
const entryMessages = `write one term an entry: a word, a "phrase", an @handle, a #tag or a prefix* / the entry is empty / the entry is not valid UTF-8 /
 write its terms here / a term list holds no other list, and here stands / has no place in a term list / two terms stand in one entry`

var verb = regexp.MustCompile(`%[+#]?[a-z]|%%`)

// messages are the texts of a source file, cut at their verbs.
func messages(t *testing.T, file string) []string {
	t.Helper()
	f, err := goparser.ParseFile(gotoken.NewFileSet(), filepath.Clean(file), nil, 0)
	require.NoError(t, err)
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != gotoken.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		require.NoError(t, err)
		for _, part := range verb.Split(text, -1) {
			if part = strings.TrimSpace(part); strings.Contains(part, " ") {
				out = append(out, part)
			}
		}
		return true
	})
	return out
}
