package text

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A mark that stands on a letter may be the last thing in a text, in a hashtag too.
func TestMarkAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"#A\u0300", "#\u0300", "A\u0300", "\u0300", "@a\u0300", "#aA\u0300B\u0300", "#1\u0300", "x #late\u0301"} {
		var d Doc
		require.NotPanics(t, func() { d.Parse(s) }, "%q", s)
	}
}
