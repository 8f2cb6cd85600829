package desk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestEdits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	b.sent()
	d := b.scored(complaint("1", revised(2, "acme lost my parcel, and now they want money for it"), func(s *record.Scored) {
		s.Score.Severity, s.Match = vent.SeverityHigh, record.MatchSeen
	}))
	require.Equal(t, record.OutcomeJoined, d.Outcome)
	require.Equal(t, root.Case, d.Case)
	k := b.dossier(root.Case)
	require.Equal(t, "acme lost my parcel, and now they want money for it", k.Case.Text)
	require.Equal(t, k.Case.Text, k.Root.Text)
	require.Equal(t, vent.SeverityHigh, k.Case.Severity)
	require.Equal(t, 1, k.Case.Mentions)
	require.Equal(t, "opened edited", history(k))
	require.Equal(t, "update", kinds(b.sent()))

	d = b.scored(complaint("1", saying("EDIT: sorted now", "resolved"), func(s *record.Scored) { s.Mention.Revision = 3 }))
	require.Equal(t, record.OutcomeJoined, d.Outcome)
	require.Equal(t, record.FateRecovered, b.dossier(root.Case).Case.Fate)
	require.Equal(t, "update; reply (The customer says that it is settled)", kinds(b.sent()))
}

func TestAnEditMayAlert(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, record.OutcomeBelowThreshold, b.scored(complaint("1", saying("flying acme today"))).Outcome)
	require.Equal(t, record.OutcomeNotMatched, b.scored(complaint("1", revised(1, "flying today"), func(s *record.Scored) {
		s.Match, s.Terms = record.MatchSeen, nil
	})).Outcome)
	d := b.scored(complaint("1", revised(2, "acme cancelled my flight and nobody there picks up")))
	require.Equal(t, record.OutcomeAlert, d.Outcome)
	require.Equal(t, "acme cancelled my flight and nobody there picks up", b.dossier(d.Case).Root.Text)
}

func TestRetraction(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	root := b.scored(complaint("1"))
	second := b.scored(complaint("2", from("sam"), under("1")))
	b.act(root.Case, record.VerbClaim)
	b.sent()

	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("2", retracted, from("sam"), under("1"))).Outcome)
	require.Equal(t, second.Case, root.Case)
	require.NotEmpty(t, b.dossier(root.Case).Case.Text, "only the second post is gone")
	require.Equal(t, "rewrite; update", kinds(b.sent()), "the thread reply quoted it")

	d := b.scored(complaint("1", retracted))
	require.Equal(t, record.OutcomeRetracted, d.Outcome)
	require.Equal(t, root.Case, d.Case)
	k := b.dossier(root.Case)
	require.NoError(t, casework.Check(k.Case))
	require.Equal(t, []any{"", "", record.FateDeleted, record.StateClaimed, "delivery"}, []any{k.Case.Text, k.Case.AuthorName, k.Case.Fate, k.Case.State, k.Case.About})
	require.True(t, k.Root.Retracted)
	require.Empty(t, k.Root.Text)
	require.Equal(t, "opened joined claimed retracted retracted", history(k))
	require.Equal(t, "update", kinds(b.sent()))
	ds, err := b.store.Decisions(t.Context(), "bluesky:1")
	require.NoError(t, err)
	require.Empty(t, ds[0].Score.Reasons)

	require.Equal(t, record.OutcomeDuplicate, b.scored(complaint("1", retracted)).Outcome)
	back := b.scored(complaint("1", revised(99, "acme again")))
	require.Equal(t, record.OutcomeRetracted, back.Outcome, "a retraction is final")
	require.Empty(t, b.dossier(root.Case).Root.Text)
}

func TestARetractionMayComeFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("1", retracted)).Outcome)
	require.Equal(t, record.OutcomeDuplicate, b.scored(complaint("1")).Outcome)
	require.Empty(t, b.cases())
	r := rulesOf(t, globex())
	b.use(r)
	require.Equal(t, record.OutcomeRetracted, b.scored(complaint("2", retracted)).Outcome, "of a brand that is gone, too")
}
