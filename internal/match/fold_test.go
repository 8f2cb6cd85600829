package match

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestFoldAgreesWithNFKD(t *testing.T) {
	for r := rune(0x80); r <= 0x2FFFF; r++ {
		if !unicode.IsLetter(r) || composed(r) || wantsComposing(r) || invisible(r) || 0xD800 <= r && r < 0xE000 {
			continue
		}
		var want []byte
		for _, d := range norm.NFKD.String(string(r)) {
			want = foldLetter(want, d)
		}
		require.Equal(t, string(want), string(fold(nil, string(r))), "%U", r)
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Ünïcödé ﾊﾟｽ \u202e ™ @a.b #c_d")
	f.Fuzz(func(t *testing.T, s string) {
		once := fold(nil, s)
		require.True(t, utf8.Valid(once))
		require.Equal(t, string(once), strings.ToLower(string(once)))
		var toks tokens
		toks.split(once)
		last := 0
		for _, w := range toks.words {
			require.GreaterOrEqual(t, w.start, last)
			require.Greater(t, w.end, w.start)
			require.LessOrEqual(t, w.end, len(once))
			last = w.end
		}
		for _, g := range toks.signs {
			require.Positive(t, g.span)
			require.LessOrEqual(t, g.pos+g.span, len(toks.words))
		}
	})
}
