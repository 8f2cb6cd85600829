package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// MaxStream bounds how many complaints of the last days a budget is planned by: the newest.
const MaxStream = 50_000

func streamOf(ctx context.Context, c conn, brand string, since, before time.Time) ([]record.StreamPost, error) {
	out, err := list(ctx, c, func(scan scanFunc) (record.StreamPost, error) {
		var v record.StreamPost
		var at int64
		var sev int
		err := scan(&at, &v.Venting, &sev)
		v.At, v.Critical = when(at), severity(sev) == vent.SeverityCritical
		return v, err
	}, `SELECT at, venting, severity FROM decisions WHERE brand = ? AND at >= ? AND at < ? AND outcome IN ('alert', 'over_budget')
		ORDER BY at DESC, n DESC LIMIT ?`, brand, stamp(since), stamp(before), MaxStream)
	if err != nil {
		return nil, fmt.Errorf("reading the complaints of brand %s: %w", brand, err)
	}
	slices.Reverse(out)
	return out, nil
}

func firstDecided(ctx context.Context, c conn, brand string) (time.Time, bool, error) {
	at, ok, err := first(ctx, c, scalar[int64], "SELECT at FROM decisions WHERE brand = ? ORDER BY at LIMIT 1", brand)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading the first decision of brand %s: %w", brand, err)
	}
	return when(at), ok, nil
}

func planOf(ctx context.Context, c conn, brand string, from, to time.Time) (record.Plan, bool, error) {
	var v record.Plan
	body, ok, err := first(ctx, c, scalar[string],
		"SELECT plan FROM plans WHERE brand = ? AND at >= ? AND at <= ? ORDER BY at DESC LIMIT 1", brand, stamp(from), stamp(to))
	if err == nil && ok {
		err = json.Unmarshal([]byte(body), &v)
	}
	if err != nil {
		return v, false, fmt.Errorf("reading the plan of brand %s: %w", brand, err)
	}
	return v, ok, nil
}

// Stream are the complaints of a brand from since on, before before, that had a card or
// were over the budget, in the order of their times; the newest MaxStream of them.
func (tx *Tx) Stream(brand string, since, before time.Time) ([]record.StreamPost, error) {
	return streamOf(tx.ctx, tx.c, brand, since, before)
}

// Stream is as Tx.Stream gives it.
func (r *Reader) Stream(ctx context.Context, brand string, since, before time.Time) ([]record.StreamPost, error) {
	return streamOf(ctx, r.view.reads, brand, since, before)
}

// FirstDecided is the time of the brand's earliest decision that is kept.
func (tx *Tx) FirstDecided(brand string) (time.Time, bool, error) {
	return firstDecided(tx.ctx, tx.c, brand)
}

// FirstDecided is as Tx.FirstDecided gives it.
func (r *Reader) FirstDecided(ctx context.Context, brand string) (time.Time, bool, error) {
	return firstDecided(ctx, r.view.reads, brand)
}

// Plan is how the brand's budget was spread from the hour that begins at at on.
func (tx *Tx) Plan(brand string, at time.Time) (record.Plan, bool, error) {
	return planOf(tx.ctx, tx.c, brand, at, at)
}

// PutPlan writes a plan; another one for the same hour is replaced.
func (tx *Tx) PutPlan(p record.Plan) error {
	if err := tx.holds(p.Brand); err != nil {
		return err
	}
	body, err := json.Marshal(p)
	if err == nil {
		_, err = exec(tx.ctx, tx.c, `INSERT INTO plans (brand, at, plan) VALUES (?, ?, ?)
			ON CONFLICT (brand, at) DO UPDATE SET plan = excluded.plan`, p.Brand, stamp(p.At), string(body))
	}
	if err != nil {
		return fmt.Errorf("writing the plan of brand %s: %w", p.Brand, err)
	}
	return nil
}

// NewestPlan is the brand's newest plan at or after since.
func (s *Store) NewestPlan(ctx context.Context, brand string, since time.Time) (record.Plan, bool, error) {
	return planOf(ctx, s.reads, brand, since, time.UnixMicro(maxTime))
}

// Spending is what became of a brand's complaints from from on, before to: cards and
// posts over the budget, with the sums of their probabilities.
type Spending struct {
	Cards, Over               int
	CardsVenting, OverVenting float64
	// Critical counts the cards that no budget holds back.
	Critical int
}

// Spending sums up a brand's complaints.
func (s *Store) Spending(ctx context.Context, brand string, from, to time.Time) (Spending, error) {
	var v Spending
	err := each(ctx, s.reads, func(scan scanFunc) error {
		var outcome record.Outcome
		var n, critical int
		var venting float64
		if err := scan(&outcome, &n, &venting, &critical); err != nil {
			return err
		}
		if outcome == record.OutcomeAlert {
			v.Cards, v.CardsVenting, v.Critical = n, venting, critical
		} else {
			v.Over, v.OverVenting = n, venting
		}
		return nil
	}, `SELECT outcome, COUNT(*), SUM(venting), SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END) FROM decisions
		WHERE brand = ? AND at >= ? AND at < ? AND outcome IN ('alert', 'over_budget') GROUP BY outcome`, brand, stamp(from), stamp(to))
	if err != nil {
		return v, fmt.Errorf("summing up the complaints of brand %s: %w", brand, err)
	}
	return v, nil
}
