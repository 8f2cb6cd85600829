package markup

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "  hello\t there ", "hello there"},
		{"entities", "Acme&#x27;s billing &amp; co &lt;3", "Acme's billing & co <3"},
		{"paragraphs", "<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"},
		{"bold", "<b>acme</b> is down", "acme is down"},
		{"script", "a<script>alert('x')</script>b<style>p{}</style>c", "abc"},
		{"list", "<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"},
		{"link", `see <a href="https://x.example">this</a>`, "see this"},
		{"cell", "<table><tr><td>a</td><td>b</td></tr></table>", "a b"},
		{"comment", "a<!-- hidden -->b", "ab"},
		{"unclosed", "<p>half <b", "half"},
		{"lone less-than", "3 < 4 & 5 > 2", "3 < 4 & 5 > 2"},
		{"nbsp", "a&nbsp;&nbsp;b", "a b"},
		{"emoji", "\U0001F62D <b>לא</b>", "\U0001F62D לא"},
		{"invisible spans", `<span class="invisible">https://</span>x.example`, "https://x.example"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, Text(tc.in)) })
	}
	require.Equal(t, "one two", Line("<p>one</p><p>two</p>"))
	require.LessOrEqual(t, len(Text(strings.Repeat("<i>x", 1<<20))), maxText+8)
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"<p>a", "<![CDATA[x]]>", "<script>", "&#0;", "<a b=\"", strings.Repeat("<div>", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Text(s)
		if utf8.ValidString(s) && len(s) < maxText && !utf8.ValidString(out) {
			t.Fatalf("%q became invalid: %q", s, out)
		}
		_ = Line(s)
	})
}
