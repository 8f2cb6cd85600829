package match

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query string
		anyOf []string
		not   []string
		whole bool
	}{
		{query: `acme`, anyOf: []string{"acme"}},
		{query: `acme OR @acmeair OR "acme air"`, anyOf: []string{"acme", "@acmeair", `"acme air"`}},
		{query: `(acme OR @acmeair) NOT "acme force"`, anyOf: []string{"acme", "@acmeair"}, not: []string{`"acme force"`}},
		{query: `((acme OR @acmeair)) AND NOT bolt AND NOT (aa OR bb)`, anyOf: []string{"acme", "@acmeair"}, not: []string{"bolt", "(aa OR bb)"}},
		{query: `(acme OR xx) AND NOT bolt NOT lang:de`, anyOf: []string{"acme", "xx"}, not: []string{"bolt", "lang:de"}},
		{query: `"acme air" OR (acme NOT (orchestra OR symphony))`, anyOf: []string{`"acme air"`, "(acme NOT (orchestra OR symphony))"}},
		{query: `aa OR acme NOT bolt`, anyOf: []string{"aa", "acme NOT bolt"}},
		{query: `acme flight`, anyOf: []string{"acme flight"}},
		{query: `acme NOT bolt flight`, whole: true},
		{query: `(acme OR bb) (flight OR bag) NOT xx`, anyOf: []string{"(acme OR bb) (flight OR bag)"}, not: []string{"xx"}},
		{query: `(acme`, whole: true},
		{query: ``, whole: true},
	} {
		t.Run(c.query, func(t *testing.T) {
			t.Parallel()
			got, ok := OutlineOf(c.query)
			require.Equal(t, !c.whole, ok, got)
			if !ok {
				return
			}
			require.Equal(t, c.anyOf, got.Any)
			require.ElementsMatch(t, c.not, got.Not)
			again, ok := OutlineOf(got.Query())
			require.True(t, ok, got.Query())
			require.Equal(t, got.Any, again.Any)
			require.ElementsMatch(t, got.Not, again.Not)
		})
	}
}
