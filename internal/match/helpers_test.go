package match

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
)

func set(tb testing.TB, queries ...string) *Set {
	tb.Helper()
	var brands []brand.Brand
	for i, q := range queries {
		brands = append(brands, brand.Brand{Name: string(rune('a' + i)), Query: q})
	}
	s, err := Compile(brands)
	require.NoError(tb, err)
	return s
}

func post(text string) mention.Mention { return mention.Mention{Text: text} }

// outcome writes hits as a test reads them: brand, terms, and what excluded it.
func outcome(hits []Hit) string {
	var parts []string
	for _, h := range hits {
		s := h.Brand + "[" + strings.Join(h.Terms, " ") + "]"
		if h.ExcludedBy != "" {
			s += " but " + h.ExcludedBy
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// dump writes a query in normal form.
func dump(n *node) string {
	neg := ""
	if n.negated {
		neg = "-"
	}
	if n.kind == nodeTerm {
		return neg + strings.TrimSpace(n.term.key())
	}
	op := map[nodeKind]string{nodeAnd: "&", nodeOr: "|", nodeNear: "~"}[n.kind]
	var kids []string
	for _, k := range n.kids {
		kids = append(kids, dump(k))
	}
	return neg + "(" + strings.Join(kids, " "+op+" ") + ")"
}
