package recall_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/recall"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func start() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

// post is an invented post and what was decided about it.
type post struct {
	id      string
	outcome record.Outcome
	venting float64
	at      time.Time
	rev     int64
}

func write(t *testing.T, s *store.Store, posts []post) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		for _, p := range posts {
			m := mention.Mention{
				ID: "bluesky:" + p.id, Platform: "bluesky", NativeID: p.id, URL: "https://social.example/" + p.id, Text: "acme says " + p.id,
				Author: mention.Author{Handle: "jo.example"}, ObservedAt: p.at, CreatedAt: p.at, Revision: p.rev,
			}
			if err := tx.PutMention(record.Stored{Brand: "acme", Mention: m}); err != nil {
				return err
			}
			d := record.Decision{
				ID: m.ID, Brand: "acme", Outcome: p.outcome, Venting: p.venting, Now: p.at, Match: record.MatchQuery, Revision: p.rev,
				Severity: vent.SeverityHigh,
			}
			if err := tx.PutDecision(d); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestDrawAndEstimate(t *testing.T) {
	s, err := store.OpenScratch(t.Context(), store.Config{}, t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	var posts []post
	for i := range 400 {
		p := post{id: fmt.Sprintf("p%d", i), outcome: record.OutcomeBelowThreshold, venting: 0.05, at: start().Add(time.Duration(i) * time.Minute)}
		switch i % 10 {
		case 0:
			p.outcome, p.venting = record.OutcomeAlert, 0.9
		case 1:
			p.outcome, p.venting = record.OutcomeExcluded, 0.7
		case 2:
			p.venting = 0.4
		case 3:
			p.outcome = record.OutcomeSilenced
		}
		posts = append(posts, p)
	}
	// An edit: the post counts once, as what it is now.
	posts = append(posts, post{id: "p0", outcome: record.OutcomeBelowThreshold, venting: 0.4, at: start().Add(7 * time.Hour), rev: 1})
	write(t, s, posts)

	now := start().Add(24 * time.Hour)
	n, err := recall.Draw(t.Context(), s, "acme", now)
	require.NoError(t, err)
	require.Equal(t, 2+3+1+2, n)
	n, err = recall.Draw(t.Context(), s, "acme", now)
	require.NoError(t, err)
	require.Zero(t, n, "a time is drawn once")

	draws, err := s.Draws(t.Context(), "acme", start())
	require.NoError(t, err)
	counts := map[record.Stratum]int{}
	for _, d := range draws {
		counts[d.Stratum] = d.Posts
	}
	require.Equal(t, map[record.Stratum]int{
		record.StratumReached: 39, record.StratumExcludedHigh: 40, record.StratumNear: 41, record.StratumLowest: 240,
	}, counts)

	todo, err := recall.ToLabel(t.Context(), s, "acme", now, 100)
	require.NoError(t, err)
	require.Len(t, todo, 8)
	for _, p := range todo {
		require.NotEmpty(t, p.URL)
		require.Contains(t, p.Text, "acme says")
		require.Equal(t, "@jo.example", p.Author)
		require.InDelta(t, float64(counts[p.Stratum])/map[record.Stratum]float64{
			record.StratumReached: 2, record.StratumExcludedHigh: 2, record.StratumNear: 3, record.StratumLowest: 1,
		}[p.Stratum], p.Weight, 1e-9)
	}
	e, err := recall.Of(t.Context(), s, "acme", now)
	require.NoError(t, err)
	require.False(t, e.Known)

	// The labels are those of the store, wherever they come from.
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		for _, p := range todo {
			_, err := tx.PutLabel(record.Label{
				Brand: "acme", Mention: p.Mention, Text: p.Text, Venting: p.Stratum == record.StratumReached, Reason: record.ReasonComplaint,
				Actor: "kim", Source: record.LabelFromSample, At: now,
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	e, err = recall.Of(t.Context(), s, "acme", now)
	require.NoError(t, err)
	require.True(t, e.Known)
	require.InDelta(t, 1, e.Recall.Value, 1e-9)
	require.Less(t, e.Recall.Low, 0.6, "eight labels are few")
	require.Equal(t, 8, e.Labelled)
	todo, err = recall.ToLabel(t.Context(), s, "acme", now, 100)
	require.NoError(t, err)
	require.Empty(t, todo)

	e, err = recall.Of(t.Context(), s, "globex", now)
	require.NoError(t, err)
	require.Zero(t, e.Drawn)
}

func TestSpent(t *testing.T) {
	s, err := store.OpenScratch(t.Context(), store.Config{}, t.TempDir(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	b := brand.Default()
	b.Name = "acme"
	none, err := recall.Spent(t.Context(), s, &b, start())
	require.NoError(t, err)
	require.Equal(t, "No budget.", recall.BudgetWords(none))

	b.Alert.Budget, b.Timezone = 2, "America/New_York"
	empty, err := recall.Spent(t.Context(), s, &b, start())
	require.NoError(t, err)
	require.Equal(t, "0 of 2 cards today.", recall.BudgetWords(empty))

	var posts []post
	for day := range 5 {
		at := start().AddDate(0, 0, day)
		for i := range 2 + day%2 {
			posts = append(posts, post{id: fmt.Sprintf("d%d-%d", day, i), outcome: record.OutcomeAlert, venting: 0.9, at: at.Add(time.Duration(i) * time.Minute)})
		}
		posts = append(posts, post{id: fmt.Sprintf("o%d", day), outcome: record.OutcomeOverBudget, venting: 0.6, at: at.Add(time.Hour)})
	}
	write(t, s, posts)
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		return tx.PutPlan(record.Plan{Brand: "acme", At: start().AddDate(0, 0, 4), Budget: 2, Floor: 0.6, Zone: b.Timezone, Threshold: 0.8})
	}))
	got, err := recall.Spent(t.Context(), s, &b, start().AddDate(0, 0, 4).Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, got.Today)
	require.Equal(t, 3, got.Days, "the first day began before the first decision")
	require.Equal(t, 1, got.Within)
	require.InDelta(t, 0.8, got.Threshold, 1e-9)
	require.InDelta(t, 3.0/(3+12*0.9), got.Deferred, 1e-9)
	require.Equal(t, "2 of 2 cards today; now only from 80 % on, the brand's own threshold is 60 %; kept on 1 of the last 3 days; "+
		"about 22 % of the real complaints of the last 7 days waited for a digest (5 posts).", recall.BudgetWords(got))
}
