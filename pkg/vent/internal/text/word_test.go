package text

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHashIsThatOfTheNormalForm holds the hash that is made while letters are read to
// what the form hashes to.
func TestHashIsThatOfTheNormalForm(t *testing.T) {
	var d Doc
	for _, src := range []string{
		"plain Words in CAPS, don't can\u2019t soooo coooool aaa 3rd 12,5 x1y", "caf\u00e9 na\u00efve cafe\u0301 str\u00e4\u00dfe \u0141\u00f3d\u017a \uff21\uff22\uff23 \u0130", "#FailWhale2024 @Some.One http https://x.y",
		"a\u00adb a\u200bc \\u00e9t\\u00e9 &amp; rock&#39;n&#39;roll \xff\xfe", "\u6f22\u5b57 \u041f\u0440\u0438\u0432\u0435\u0442 \U0001f621 :-( '' x' 'y",
	} {
		d.Parse(src)
		require.NotEmpty(t, d.Tokens)
		for i := range d.Tokens {
			require.Equal(t, HashBytes(d.Form(i)), d.Tokens[i].Hash, "%q", d.Form(i))
		}
	}
}

func TestSmall(t *testing.T) {
	var d Doc
	d.Parse("small Title CAPS caMel caf\u00e9 don't can\u2019t sooooo a1 7 , x\\u00c9")
	var small []string
	for i := range d.Tokens {
		if d.Tokens[i].Has(Small) {
			small = append(small, string(d.Form(i)))
		}
	}
	require.Equal(t, []string{"small", "don't", "a1"}, small)
}

func TestLetters(t *testing.T) {
	l := LettersOf("az")
	for w, want := range map[string]bool{"": false, "a": true, "zoo": true, "b": false, "A": false, "`": false, "{": false, "\u00e1": false, "1": false} {
		require.Equal(t, want, l.Open([]byte(w)), w)
	}
}
