package app

import (
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
)

// What a part of a query brings is counted under its place, at 0 from the start, anew when
// the query changes, and in no more than 21 series however long it is.
func TestPartCounts(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	p := newPartCounts(reg)
	acme := brand.Brand{Name: "acme", Query: `("acme air" OR @acmeair) NOT "acme force"`}
	long := brand.Brand{Name: "long", Query: strings.TrimSuffix(strings.Repeat("long1a OR long2b OR ", 1)+words("long", 500), " OR ")}
	p.prepare([]brand.Brand{acme, long})
	require.Equal(t, 3+positionsCounted+1, testutil.CollectAndCount(p.matches))
	require.Equal(t, 2+positionsCounted+1, testutil.CollectAndCount(p.alerts))
	decision := func(name string, outcome record.Outcome, excluded string, terms ...string) record.Decision {
		return record.Decision{Brand: name, Outcome: outcome, Match: record.MatchQuery, Terms: terms, ExcludedBy: excluded}
	}
	p.count([]record.Decision{
		decision("acme", record.OutcomeAlert, "", `"acme air"`, "@acmeair"),
		decision("acme", record.OutcomeBelowThreshold, "", "@acmeair"),
		decision("acme", record.OutcomeExcluded, `"acme force"`, `"acme air"`),
		decision("acme", record.OutcomeDuplicate, ""),
		decision("acme", record.OutcomeAlert, "", "of an earlier query"),
		decision("gone", record.OutcomeAlert, "", "@acmeair"),
		decision("long", record.OutcomeAlert, "", "long30x", "long31x", "long1a"),
		{},
	})
	require.NoError(t, testutil.CollectAndCompare(p.alerts, strings.NewReader(`
# HELP leakytap_brand_term_alerts_total Cards that were opened by posts in which a part of the brand's query matched, by the part's place in the query.
# TYPE leakytap_brand_term_alerts_total counter
leakytap_brand_term_alerts_total{brand="acme",position="1"} 1
leakytap_brand_term_alerts_total{brand="acme",position="2"} 1
`+zeros("leakytap_brand_term_alerts_total", map[string]string{"1": "1", "rest": "1"}))))
	value := func(place string) float64 { return testutil.ToFloat64(p.matches.WithLabelValues("acme", place)) }
	require.Equal(t, []float64{1, 2, 1}, []float64{value("1"), value("2"), value("3")})

	p.prepare([]brand.Brand{acme})
	require.Equal(t, 3, testutil.CollectAndCount(p.matches), "a brand that is gone takes its series along")
	require.InDelta(t, 2, value("2"), 0, "the same query counts on")
	acme.Query = "@acmeair"
	p.prepare([]brand.Brand{acme})
	require.Equal(t, 1, testutil.CollectAndCount(p.matches))
	require.Zero(t, value("1"), "another query begins anew")
}

func words(stem string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(stem + strconv.Itoa(i) + "x OR ")
	}
	return b.String()
}

// zeros are the series of the brand long.
func zeros(name string, values map[string]string) string {
	var b strings.Builder
	for i := range positionsCounted + 1 {
		at := strconv.Itoa(i + 1)
		if i == positionsCounted {
			at = positionRest
		}
		v := values[at]
		if v == "" {
			v = "0"
		}
		b.WriteString(name + `{brand="long",position="` + at + `"} ` + v + "\n")
	}
	return b.String()
}
