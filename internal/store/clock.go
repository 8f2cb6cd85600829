package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

func scanClock(scan scanFunc) (record.Clock, error) {
	var (
		v   record.Clock
		due int64
	)
	err := scan(&v.ID, &v.Case, &v.Kind, &due)
	v.DueAt = when(due)
	return v, err
}

// PutClock sets the clock of that kind of a case; it has one of each kind at most.
func (tx *Tx) PutClock(v record.Clock) error {
	_, err := exec(tx.ctx, tx.c, `INSERT INTO clocks (case_id, kind, due_at) VALUES (?, ?, ?)
		ON CONFLICT (case_id, kind) DO UPDATE SET due_at = excluded.due_at`, v.Case, v.Kind, stamp(v.DueAt))
	if err != nil {
		return fmt.Errorf("setting the %s clock of case %s: %w", v.Kind, v.Case, err)
	}
	return nil
}

// TakeClock removes a clock that DueClocks returned, and is false when it was
// taken or set anew meanwhile: whoever gets true acts, in the same Update.
func (tx *Tx) TakeClock(v record.Clock) (bool, error) {
	n, err := exec(tx.ctx, tx.c, "DELETE FROM clocks WHERE id = ? AND due_at = ?", v.ID, stamp(v.DueAt))
	if err != nil {
		return false, fmt.Errorf("taking the %s clock of case %s: %w", v.Kind, v.Case, err)
	}
	return n > 0, nil
}

// DropClock removes the clock of that kind of a case, all of them where kind is empty.
func (tx *Tx) DropClock(caseID, kind string) error {
	_, err := exec(tx.ctx, tx.c, "DELETE FROM clocks WHERE case_id = ? AND (? = '' OR kind = ?)", caseID, kind, kind)
	if err != nil {
		return fmt.Errorf("removing the clocks of case %s: %w", caseID, err)
	}
	return nil
}

// DueClocks are the clocks that are due, the longest due first, at most limit
// (100 where it is 0).
func (s *Store) DueClocks(ctx context.Context, now time.Time, limit int) ([]record.Clock, error) {
	out, err := list(ctx, s.reads, scanClock, "SELECT id, case_id, kind, due_at FROM clocks WHERE due_at <= ? ORDER BY due_at, id LIMIT ?",
		stamp(now), limitOr(limit, 100, 1000))
	if err != nil {
		return nil, fmt.Errorf("reading the clocks: %w", err)
	}
	return out, nil
}
