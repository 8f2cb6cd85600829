package alert

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestInhibitor(t *testing.T) {
	var rules []InhibitRule
	require.NoError(t, yaml.Unmarshal([]byte(`
- {source_match: {signal: outage}, target_match: {severity: [low, medium]}, equal: [topic, platform]}
- {source_match: {reach: ">= 1m"}, target_match: {signal: question}}
`), &rules))
	r, err := NewRouting(Routing{Route: Route{Receiver: "a"}, Receivers: []ReceiverConfig{{Name: "a"}}, Inhibit: rules})
	require.NoError(t, err)
	live := []record.Case{
		{ID: "1", Brand: "acme", Topics: []string{"app"}, Signals: []string{"waiting"}, Platform: "x", Severity: vent.SeverityHigh},
		{ID: "2", Brand: "acme", Topics: []string{"app", "account"}, Signals: []string{"outage"}, Platform: "x", Severity: vent.SeverityHigh},
		{ID: "3", Brand: "acme", Followers: 2_000_000},
	}
	for _, tc := range []struct {
		name string
		l    Labels
		want string
	}{
		{"equal in one topic", Labels{Brand: "acme", Severity: "low", Topics: []string{"billing", "account"}, Platform: "x"}, "2"},
		{"no topic in common", Labels{Brand: "acme", Severity: "low", Topics: []string{"billing"}, Platform: "x"}, ""},
		{"another platform", Labels{Brand: "acme", Severity: "low", Topics: []string{"app"}, Platform: "y"}, ""},
		{"another brand", Labels{Brand: "globex", Severity: "low", Topics: []string{"app"}, Platform: "x"}, ""},
		{"no target", Labels{Brand: "acme", Severity: "high", Topics: []string{"app"}, Platform: "x"}, ""},
		{"the second rule", Labels{Brand: "acme", Severity: "high", Signals: []string{"question"}}, "3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id, why := r.Inhibitor(tc.l, live)
			require.Equal(t, tc.want, id)
			require.Equal(t, tc.want == "", why == "")
			if id != "" {
				require.True(t, r.Inhibits(tc.l))
			}
		})
	}
}

func TestInhibitProblems(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no source", `[{target_match: {severity: low}}]`, "[0].source_match: an inhibition needs the case that it comes from"},
		{"a case has no source", `[{source_match: {source: sky}}]`, "[0].source_match: a case has no lang, source or hours"},
		{"no such severity", `[{source_match: {severity: grave}}]`, `[0].source_match.severity: "grave" is none of`},
		{"equal in what is none", `[{source_match: {severity: high}, equal: [author]}]`, `[0].equal: "author" is none of brand, severity, topic, signal, platform`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var rules []InhibitRule
			require.NoError(t, yaml.Unmarshal([]byte(tc.text), &rules))
			ps := ValidateInhibit(rules)
			require.Len(t, ps, 1)
			require.Contains(t, ps[0].Error(), tc.want)
		})
	}
}
