package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

// testPlans is what budgets are planned by, and the plans.
func testPlans(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	require.NoError(t, s.Update(t.Context(), []string{"acme", "globex"}, func(tx *store.Tx) error {
		_, ok, err := tx.FirstDecided("acme")
		require.NoError(t, err)
		require.False(t, ok)
		for i, o := range []record.Outcome{
			record.OutcomeBelowThreshold, record.OutcomeAlert, record.OutcomeOverBudget, record.OutcomeJoined, record.OutcomeAlert, record.OutcomeAlert,
		} {
			d := record.Decision{
				ID: "p" + string(rune('0'+i)), Brand: "acme", Outcome: o, Now: at.Add(time.Duration(i) * time.Hour),
				Venting: 0.5 + float64(i)/10, Severity: vent.SeverityHigh,
			}
			if i == 4 {
				d.Severity = vent.SeverityCritical
			}
			if err := tx.PutDecision(d); err != nil {
				return err
			}
		}
		if err := tx.PutDecision(record.Decision{ID: "p1", Brand: "globex", Outcome: record.OutcomeAlert, Now: at}); err != nil {
			return err
		}
		first, ok, err := tx.FirstDecided("acme")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, at, first)
		got, err := tx.Stream("acme", at, at.Add(5*time.Hour))
		require.NoError(t, err)
		require.Equal(t, []record.StreamPost{
			{At: at.Add(time.Hour), Venting: 0.6}, {At: at.Add(2 * time.Hour), Venting: 0.7}, {At: at.Add(4 * time.Hour), Venting: 0.9, Critical: true},
		}, got)

		_, ok, err = tx.Plan("acme", at)
		require.NoError(t, err)
		require.False(t, ok)
		for _, p := range []record.Plan{
			{Brand: "acme", At: at, Budget: 20, Floor: 0.6, Threshold: 0.7},
			{Brand: "acme", At: at.Add(time.Hour), Budget: 20, Floor: 0.6, Threshold: 0.8},
			{Brand: "acme", At: at, Budget: 10, Floor: 0.6, Threshold: 0.9},
		} {
			require.NoError(t, tx.PutPlan(p))
		}
		require.Error(t, tx.PutPlan(record.Plan{Brand: "other", At: at}), "a brand that is not locked")
		p, ok, err := tx.Plan("acme", at)
		require.NoError(t, err)
		require.True(t, ok)
		require.True(t, p.Holds(10, 0.6, ""))
		_, ok, err = tx.Plan("acme", at.Add(time.Minute))
		require.False(t, ok)
		return err
	}))
	p, ok, err := s.NewestPlan(t.Context(), "acme", at)
	require.NoError(t, err)
	require.True(t, ok)
	require.InDelta(t, 0.8, p.Threshold, 1e-9)
	_, ok, err = s.NewestPlan(t.Context(), "acme", at.Add(2*time.Hour))
	require.NoError(t, err)
	require.False(t, ok)

	spent, err := s.Spending(t.Context(), "acme", at, at.Add(5*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 2, spent.Cards)
	require.Equal(t, 1, spent.Over)
	require.Equal(t, 1, spent.Critical)
	require.InDelta(t, 1.5, spent.CardsVenting, 1e-9)
	require.InDelta(t, 0.7, spent.OverVenting, 1e-9)
}
