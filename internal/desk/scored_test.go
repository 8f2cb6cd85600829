package desk_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/about"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestAlertOpensACase(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *desk.Options) { o.About = about.New().About })
	b.desk.Prepare([]string{"acme"})
	d := b.scored(complaint("1"))
	require.Equal(t, record.OutcomeAlert, d.Outcome, d.Why)
	require.Equal(t, "support", d.Route)
	require.Contains(t, strings.Join(d.Why, "\n"), "venting 0.93 >= 0.60")
	require.Contains(t, strings.Join(d.Why, "\n"), "route: default -> support")
	require.Equal(t, []any{int64(1), "config-1", acme().Hash(), noon()}, []any{d.Seq, d.ConfigHash, d.BrandHash, d.Now})

	k := b.dossier(d.Case)
	require.NoError(t, casework.Check(k.Case))
	require.Equal(t, record.StateOpen, k.Case.State)
	require.Equal(t, "https://social.example/1", k.Case.URL)
	require.Contains(t, k.Case.About, "parcel")
	require.Equal(t, "opened", history(k))
	require.Equal(t, d.Why, k.Why)

	stored, err := b.store.Decisions(t.Context(), k.Case.URL)
	require.NoError(t, err)
	require.Equal(t, []record.Decision{d}, stored)

	ns := b.sent()
	require.Equal(t, "card", kinds(ns))
	require.Equal(t, d.Case+"/1/card/support", ns[0].Key)
	require.Equal(t, noon(), ns[0].ObservedAt)
	require.NoError(t, testutil.GatherAndCompare(b.reg, strings.NewReader(`
# HELP leakytap_decisions_total Mentions decided upon, by brand and outcome.
# TYPE leakytap_decisions_total counter
leakytap_decisions_total{brand="acme",outcome="alert"} 1
leakytap_decisions_total{brand="acme",outcome="already_handled"} 0
leakytap_decisions_total{brand="acme",outcome="below_threshold"} 0
leakytap_decisions_total{brand="acme",outcome="digest"} 0
leakytap_decisions_total{brand="acme",outcome="duplicate"} 0
leakytap_decisions_total{brand="acme",outcome="excluded"} 0
leakytap_decisions_total{brand="acme",outcome="inhibited"} 0
leakytap_decisions_total{brand="acme",outcome="joined"} 0
leakytap_decisions_total{brand="acme",outcome="not_matched"} 0
leakytap_decisions_total{brand="acme",outcome="over_budget"} 0
leakytap_decisions_total{brand="acme",outcome="own_account"} 0
leakytap_decisions_total{brand="acme",outcome="retracted"} 0
leakytap_decisions_total{brand="acme",outcome="silenced"} 0
`), "leakytap_decisions_total"))
}

func TestCriticalGoesWhereTheRouteSays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.scored(complaint("1", func(s *record.Scored) { s.Score.Severity = vent.SeverityCritical }))
	require.Equal(t, "oncall", d.Route)
	require.Equal(t, "card", kinds(b.sent("oncall")))
}

func TestOneIdentityIsDecidedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.scored(complaint("1", revised(5, "acme lost my parcel and nobody there picks up the phone")))
	for _, s := range []record.Scored{
		complaint("1", revised(5, "other words")), complaint("1", revised(4, "older words")), complaint("1"),
	} {
		d := b.scored(s)
		require.Equal(t, record.OutcomeDuplicate, d.Outcome)
		require.Equal(t, first.Case, d.Case)
	}
	stored, err := b.store.Decisions(t.Context(), "bluesky:1")
	require.NoError(t, err)
	require.Equal(t, []record.Decision{first}, stored)
	require.Len(t, b.cases(), 1)
	require.Equal(t, "card", kinds(b.sent()))
	require.Contains(t, b.dossier(first.Case).Root.Text, "lost my parcel")
}

func TestTwoBrandsAreTwoCases(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	both := complaint("1")
	other := both
	other.Brand, other.BrandHash, other.Terms = "globex", globex().Hash(), []string{"globex"}
	ds, err := b.desk.Scored(t.Context(), []record.Scored{both, other})
	require.NoError(t, err)
	require.Equal(t, record.OutcomeAlert, ds[0].Outcome)
	require.Equal(t, record.OutcomeAlert, ds[1].Outcome)
	require.NotEqual(t, ds[0].Case, ds[1].Case)
	require.Equal(t, "globex", b.dossier(ds[1].Case).Case.Brand)
}

func TestAnotherGenerationMatchedIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	narrower := acme()
	narrower.Query = "acme NOT parcel"
	r := rulesOf(t, narrower)
	r.Score = func(m record.Matched) (vent.Score, int64) {
		s := complaint("x").Score
		s.Severity = vent.SeverityHigh
		require.Equal(t, narrower.Hash(), m.BrandHash)
		return s, 7
	}
	b.use(r)
	d := b.scored(complaint("1"))
	require.Equal(t, []any{record.OutcomeExcluded, "parcel", narrower.Hash(), int64(7)}, []any{d.Outcome, d.ExcludedBy, d.BrandHash, d.Layer})
	d = b.scored(complaint("2", from("sam"), revised(0, "acme is down")))
	require.Equal(t, []any{record.OutcomeAlert, vent.SeverityHigh}, []any{d.Outcome, d.Severity})
	require.Equal(t, record.OutcomeNotMatched, b.scored(complaint("3", from("lou"), revised(0, "nothing of it"))).Outcome)
	b.use(rulesOf(t, globex()))
	d = b.scored(complaint("4"))
	require.Equal(t, record.OutcomeNotMatched, d.Outcome)
	require.Contains(t, d.Why[0], "not configured any more")
}

func TestCanaryIsCountedNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.scored(complaint("canary", func(s *record.Scored) { s.Match, s.Brand = record.MatchCanary, "" }))
	require.Empty(t, d.Outcome)
	require.Equal(t, "canary", kinds(b.sent(record.ReceiverCanary)))
	n, err := testutil.GatherAndCount(b.reg, "leakytap_decisions_total")
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, b.cases())
}

func TestPreview(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	d := b.desk.Preview(t.Context(), complaint("1"))
	require.Equal(t, []any{record.OutcomeAlert, "support", ""}, []any{d.Outcome, d.Route, d.Case})
	require.Empty(t, b.cases())
	require.Equal(t, record.OutcomeNotMatched, b.desk.Preview(t.Context(), complaint("1", func(s *record.Scored) { s.Brand = "initech" })).Outcome)
}
