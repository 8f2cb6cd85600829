package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// at is when a post was written, after noon.
func at(d time.Duration) func(*record.Scored) {
	return func(s *record.Scored) { s.Mention.CreatedAt = noon().Add(d) }
}

func ownReply(s *record.Scored) {
	s.Mention.Author = mention.Author{ID: "did:acme", Handle: "acmeair"}
	saying("Hi Jo, we have sent you a new one")(s)
}

// batch decides on several at once and gives the outcomes.
func (b *bench) batch(in ...record.Scored) []record.Outcome {
	b.t.Helper()
	ds, err := b.desk.Scored(b.t.Context(), in)
	require.NoError(b.t, err)
	var out []record.Outcome
	for _, d := range ds {
		out = append(out, d.Outcome)
	}
	return out
}

func TestTheBrandHasAnsweredAlready(t *testing.T) {
	t.Parallel()
	t.Run("stored before", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		require.Equal(t, record.OutcomeOwnAccount, b.scored(complaint("2", under("1"), ownReply, at(time.Minute))).Outcome)
		d := b.scored(complaint("1"))
		require.Equal(t, record.OutcomeAlreadyHandled, d.Outcome)
		require.Contains(t, d.Why, "already handled: @acmeair has answered it already, at https://social.example/2")
		require.Empty(t, b.cases())
		require.Empty(t, b.sent())
	})
	t.Run("in one batch", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		require.Equal(t, []record.Outcome{record.OutcomeAlreadyHandled, record.OutcomeOwnAccount},
			b.batch(complaint("1"), complaint("2", under("1"), ownReply, at(time.Minute))))
	})
	for name, reply := range map[string]record.Scored{
		"before the complaint":      complaint("2", under("1"), ownReply, at(-time.Minute)),
		"in another thread":         complaint("2", under("9"), ownReply, at(time.Minute)),
		"by somebody else":          complaint("2", under("1"), from("sam"), saying("acme answered me"), at(time.Minute)),
		"to somebody in the thread": complaint("2", under("1"), ownReply, at(time.Minute), func(s *record.Scored) { s.Mention.ParentID = "bluesky:7" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.scored(reply)
			require.Equal(t, record.OutcomeAlert, b.scored(complaint("1")).Outcome)
		})
	}
}

func TestResolvedBeforeWeLooked(t *testing.T) {
	t.Parallel()
	sorted := complaint("2", under("1"), saying("acme: sorted now", "resolved"), at(time.Hour))
	b := newBench(t)
	require.Equal(t, []record.Outcome{record.OutcomeAlreadyHandled, record.OutcomeBelowThreshold}, b.batch(complaint("1"), sorted))
	require.Empty(t, b.cases())

	b = newBench(t)
	b.scored(sorted)
	d := b.scored(complaint("1"))
	require.Equal(t, record.OutcomeAlreadyHandled, d.Outcome)
	require.Contains(t, d.Why, "already handled: its author has said since that it is settled, at https://social.example/2")

	b = newBench(t)
	b.scored(complaint("2", under("1"), from("sam"), saying("acme: sorted now", "resolved"), at(time.Hour)))
	require.Equal(t, record.OutcomeAlert, b.scored(complaint("1")).Outcome, "somebody else's was sorted")

	b = newBench(t)
	b.scored(sorted)
	require.Equal(t, record.OutcomeAlert, b.scored(complaint("3", under("1"), at(2*time.Hour))).Outcome, "still broken, an hour later")
}

func TestTheCustomerHasLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.desk.Prepare([]string{"acme"})
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbAnswer)
	b.sent()
	b.scored(complaint("2", under("1"), watched, saying("cancelled, moved to Globex")))
	c := b.dossier(id).Case
	require.Equal(t, []any{record.StateOpen, record.FateLost}, []any{c.State, c.Fate})
	require.Contains(t, kinds(b.sent()), "reply (The customer says that they have left)")
	require.InDelta(t, 1, ended(t, b, "lost"), 0)
	b.scored(complaint("3", under("1"), from("sam"), watched, saying("i cancelled my account too")))
	require.Len(t, b.cases(), 1)
}

func TestPraiseGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := acme()
	a.Praise.Receiver = "kudos"
	b.use(rulesOf(t, a))
	kind := func(s *record.Scored) {
		s.Mention.Text = "what a lovely crew at acme"
		s.Score = vent.Score{Venting: 0.02, Positive: 0.95, Neutral: 0.04, Negative: 0.01, Severity: vent.SeverityNone, Lang: "en"}
	}
	require.Equal(t, record.OutcomeBelowThreshold, b.scored(complaint("1", kind)).Outcome)
	b.scored(complaint("1", kind, revised(2, "what a lovely crew at acme!")))
	b.scored(complaint("2", kind, from("sam")))
	b.scored(complaint("3", from("kim"), saying("acme exists")))
	require.Empty(t, b.sent("kudos"), "it waits for more of them")
	b.pass(time.Minute)
	ns := b.sent("kudos")
	require.Equal(t, "digest (acme: 2 kind words)", kinds(ns))
	require.Equal(t, "https://social.example/1", ns[0].Body.Items[0].URL)
	require.Empty(t, b.sent(), "nobody else hears of it")
	n, err := countAlerts(t, b)
	require.NoError(t, err)
	require.Zero(t, n)
}

// countAlerts counts the cards of acme, as a budget does.
func countAlerts(t *testing.T, b *bench) (n int, err error) {
	t.Helper()
	err = b.store.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		var failed error
		n, failed = tx.CountAlerts("acme", noon().Add(-time.Hour))
		return failed
	})
	return n, err
}
