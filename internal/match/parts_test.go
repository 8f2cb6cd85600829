package match_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/match"
)

func TestParts(t *testing.T) {
	t.Parallel()
	q, err := match.Parse(`("acme air" OR @acmeair OR acme OR acme) AND (bag NEAR/3 lost OR refund) NOT ("acme force" OR acme)`)
	require.NoError(t, err)
	var texts []string
	for _, p := range q.Parts() {
		text := p.Text
		if p.Excludes {
			text = "NOT " + text
		}
		texts = append(texts, text)
	}
	require.Equal(t, []string{`"acme air"`, "@acmeair", "acme", "bag NEAR/3 lost", "refund", `NOT "acme force"`, "NOT acme"}, texts)
	require.True(t, q.Parts()[0].Phrase)
	require.False(t, q.Parts()[1].Phrase)
	require.Equal(t, 1, q.Parts()[0].Column)

	for _, c := range []struct {
		has  []string
		want bool
	}{
		{[]string{"acme", "refund"}, true},
		{[]string{"acme"}, false},
		{[]string{"refund", "bag NEAR/3 lost"}, false},
		{[]string{"@acmeair", "bag NEAR/3 lost"}, true},
		{nil, false},
	} {
		require.Equal(t, c.want, q.Positive(func(s string) bool { return slices.Contains(c.has, s) }), c.has)
	}
}
