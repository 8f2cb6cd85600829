package store

import (
	"context"
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
)

func scanLabel(scan scanFunc) (record.Label, error) {
	var (
		v  record.Label
		at int64
	)
	err := scan(&v.ID, &v.Brand, &v.Mention, &v.Text, &v.Venting, &v.Reason, &v.Actor, &at, &v.Undone)
	v.At = when(at)
	return v, err
}

// PutLabel adds a label and returns its number.
func (tx *Tx) PutLabel(v record.Label) (int64, error) {
	id, _, err := first(tx.ctx, tx.c, scalar[int64],
		`INSERT INTO labels (brand, mention, text, venting, reason, actor, at, undone) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		v.Brand, v.Mention, v.Text, v.Venting, v.Reason, v.Actor, stamp(v.At), v.Undone)
	if err != nil {
		return 0, fmt.Errorf("writing a label of mention %s: %w", v.Mention, err)
	}
	return id, nil
}

// UndoLabels takes back what was taught about a post of a brand, and returns
// how many labels that were.
func (tx *Tx) UndoLabels(brand, mentionID string) (int, error) {
	n, err := exec(tx.ctx, tx.c, "UPDATE labels SET undone = 1 WHERE mention = ? AND brand = ? AND undone = 0", mentionID, brand)
	if err != nil {
		return 0, fmt.Errorf("undoing the labels of mention %s: %w", mentionID, err)
	}
	return int(n), nil
}

// Labels are a brand's labels in the order of writing, those after the number
// after, at most limit (1,000 where it is 0).
func (s *Store) Labels(ctx context.Context, brand string, after int64, limit int) ([]record.Label, error) {
	out, err := list(ctx, s.reads, scanLabel, `SELECT id, brand, mention, text, venting, reason, actor, at, undone FROM labels
		WHERE brand = ? AND id > ? ORDER BY id LIMIT ?`, brand, after, limitOr(limit, 1000, 10000))
	if err != nil {
		return nil, fmt.Errorf("reading the labels of brand %s: %w", brand, err)
	}
	return out, nil
}
