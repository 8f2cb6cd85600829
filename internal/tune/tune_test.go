package tune

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// matcherJudge judges by the real matcher and by whether the text shouts.
type matcherJudge struct{ t *testing.T }

func (j matcherJudge) Judge(b brand.Brand, text string) record.Decision {
	set, err := match.Compile([]brand.Brand{b})
	require.NoError(j.t, err)
	hits := set.Match(mention.Mention{Text: text})
	switch {
	case len(hits) == 0:
		return record.Decision{Outcome: record.OutcomeNotMatched, Severity: vent.SeverityNone}
	case hits[0].ExcludedBy != "":
		return record.Decision{Outcome: record.OutcomeExcluded, Severity: vent.SeverityNone, Why: []string{"excluded by: " + hits[0].ExcludedBy}}
	case !strings.Contains(text, "!"):
		return record.Decision{Outcome: record.OutcomeBelowThreshold, Severity: vent.SeverityLow, Why: []string{"matched: " + hits[0].Terms[0], "venting 0.10 < 0.60"}}
	default:
		return record.Decision{Outcome: record.OutcomeAlert, Severity: vent.SeverityHigh, Route: "support", Why: []string{"a", "b", "c", "d", "e"}}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name     string
		pin      brand.Pin
		mustNot  bool
		want     string
		wantPath string
	}{
		{name: "alerts", pin: brand.Pin{Text: "acme lost my bag!"}},
		{name: "alerts in full", pin: brand.Pin{Text: "acme lost my bag!", Severity: "high", Outcome: "alert", Route: "support"}},
		{name: "does not alert", pin: brand.Pin{Text: "acme force!"}, mustNot: true},
		{name: "excluded as asked", pin: brand.Pin{Text: "acme force!", Outcome: "excluded"}, mustNot: true},
		{
			name: "should alert", pin: brand.Pin{Text: "acme is fine"}, wantPath: "must_alert[0]",
			want: `the example "acme is fine" is broken: it must alert and comes out as below_threshold (matched: acme; venting 0.10 < 0.60)`,
		},
		{
			name: "should not", pin: brand.Pin{Text: "acme wins!"}, mustNot: true, wantPath: "must_not_alert[0]",
			want: `the example "acme wins!" is broken: it must not alert and does (a; b; c; d)`,
		},
		{
			name: "everything wrong", pin: brand.Pin{Text: "other", Severity: "high", Outcome: "alert", Route: "oncall"}, wantPath: "must_alert[0]",
			want: `the example "other" is broken: the outcome is not_matched and should be alert, the severity is none and should be high, it goes to nobody and should go to oncall`,
		},
		{
			name: "wrong kind of no", pin: brand.Pin{Text: "acme force", Outcome: "below_threshold"}, mustNot: true, wantPath: "must_not_alert[0]",
			want: `the example "acme force" is broken: the outcome is excluded and should be below_threshold (excluded by: force)`,
		},
		{
			name: "long text", pin: brand.Pin{Text: strings.Repeat("ä", 100)}, wantPath: "must_alert[0]",
			want: `the example "` + strings.Repeat("ä", 80) + `..." is broken: it must alert and comes out as not_matched`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := brand.Brand{Name: "acme", Query: "acme NOT force"}
			if tc.mustNot {
				b.MustNotAlert = []brand.Pin{tc.pin}
			} else {
				b.MustAlert = []brand.Pin{tc.pin}
			}
			ps := Check(b, matcherJudge{t})
			if tc.want == "" {
				require.Empty(t, ps)
				return
			}
			require.Len(t, ps, 1)
			require.Equal(t, tc.wantPath, ps[0].Path)
			require.Equal(t, tc.want, ps[0].Msg)
		})
	}
}
