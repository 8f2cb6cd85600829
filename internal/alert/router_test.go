package alert

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func parseRoute(tb testing.TB, text string) Route {
	tb.Helper()
	var r Route
	require.NoError(tb, yaml.Unmarshal([]byte(text), &r))
	return r
}

const tree = `
receiver: support
routes:
  - {match: {severity: critical}, receiver: oncall, continue: true}
  - match: {brand: [acme, zenith]}
    receiver: acme
    routes:
      - {match: {topic: billing, signal: [money, legal]}, receiver: finance}
      - {match: {platform: appstore}}
`

func TestRouterFindsReceiver(t *testing.T) {
	r, err := NewRouter(parseRoute(t, tree), []string{"support", "oncall", "acme", "finance"})
	require.NoError(t, err)
	for _, tc := range []struct {
		name   string
		labels Labels
		want   []string
		path   []string
	}{
		{"nothing matches", Labels{Brand: "other", Severity: "low"}, []string{"support"}, []string{"route: default -> support"}},
		{"first child", Labels{Brand: "other", Severity: "critical"}, []string{"oncall"}, []string{"route: severity critical -> oncall"}},
		{"continue adds the next", Labels{Brand: "acme", Severity: "critical"}, []string{"oncall", "acme"}, []string{"route: severity critical -> oncall"}},
		{"any of several values, folded", Labels{Brand: "Zenith", Severity: "low"}, []string{"acme"}, []string{"route: brand Zenith -> acme"}},
		{
			"all fields must match",
			Labels{Brand: "acme", Severity: "low", Topics: []string{"other", "billing"}, Signals: []string{"legal"}},
			[]string{"finance"},
			[]string{"route: brand acme", "route: topic billing, signal legal -> finance"},
		},
		{"one field is not enough", Labels{Brand: "acme", Severity: "low", Topics: []string{"billing"}}, []string{"acme"}, []string{"route: brand acme -> acme"}},
		{
			"a child without receiver keeps the parent's",
			Labels{Brand: "acme", Platform: "appstore"},
			[]string{"acme"},
			[]string{"route: brand acme", "route: platform appstore -> acme"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, x := range r.Receivers(tc.labels) {
				got = append(got, x.Receiver)
			}
			require.Equal(t, tc.want, got)
			name, path := r.Receiver(tc.labels)
			require.Equal(t, tc.want[0], name)
			require.Equal(t, tc.path, path)
		})
	}
}

func TestRouteProblems(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"no receiver at the root", `{routes: []}`, []string{`receiver: the route needs a receiver: it takes whatever no other route wants`}},
		{"unknown receiver", `{receiver: nobody}`, []string{`receiver: there is no receiver called "nobody"; there are support`}},
		{
			"unknown receiver deep down", `{receiver: support, routes: [{match: {brand: a}, routes: [{match: {brand: b}, receiver: x}]}]}`,
			[]string{`routes[0].routes[0].receiver: there is no receiver called "x"; there are support`},
		},
		{
			"unknown severity", `{receiver: support, routes: [{match: {severity: [high, grave]}}]}`,
			[]string{`routes[0].match.severity: "grave" is none of low, medium, high, critical`},
		},
		{"match at the root", `{receiver: support, match: {brand: a}}`, []string{`match: the first route matches everything; put the match into one of its routes`}},
		{
			"unreachable", `{receiver: support, routes: [{receiver: support}, {match: {brand: a}}]}`,
			[]string{`routes[0]: this route matches everything, so the ones after it are never reached; give it a match, or continue: true`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := parseRoute(t, tc.text)
			var got []string
			for _, p := range r.Validate([]string{"support"}) {
				got = append(got, p.Error())
			}
			require.Equal(t, tc.want, got)
			_, err := NewRouter(r, []string{"support"})
			require.ErrorContains(t, err, "reading routes: ")
		})
	}
}

func TestRouteTooDeepIsRefused(t *testing.T) {
	r := Route{Receiver: "support"}
	for range 40 {
		r = Route{Receiver: "support", Routes: []Route{r}}
	}
	ps := r.Validate([]string{"support"})
	require.Len(t, ps, 1)
	require.Contains(t, ps[0].Msg, "nested deeper than 16")
}

func TestValuesRefuseWhatIsNoString(t *testing.T) {
	var r Route
	require.Error(t, yaml.Unmarshal([]byte(`{receiver: a, routes: [{match: {brand: {x: y}}}]}`), &r))
}
