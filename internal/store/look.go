package store

import (
	"context"
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
)

// Exclusions counts, for each exclusion of a brand, the stored decisions in which it kept
// a post away. The empty text counts those that nothing kept away.
func (r *Reader) Exclusions(ctx context.Context, brand string) (map[string]int, error) {
	type row struct {
		text string
		n    int
	}
	rows, err := list(ctx, r.view.reads, func(scan scanFunc) (row, error) {
		var v row
		return v, scan(&v.text, &v.n)
	}, "SELECT excluded_by, COUNT(*) FROM decisions WHERE brand = ? GROUP BY excluded_by", brand)
	if err != nil {
		return nil, fmt.Errorf("counting what the exclusions of brand %s kept away: %w", brand, err)
	}
	out := make(map[string]int, len(rows))
	for _, v := range rows {
		out[v.text] = v.n
	}
	return out, nil
}

// Mention is a post as it is kept for a brand.
func (r *Reader) Mention(ctx context.Context, brand, id string) (record.Stored, bool, error) {
	return mentionOf(ctx, r.view.reads, brand, id)
}

// LabelOf is what people said last of a post, of what still counts.
func (r *Reader) LabelOf(ctx context.Context, brand, id string) (record.Label, bool, error) {
	labels, err := list(ctx, r.view.reads, scanLabel, "SELECT "+labelColumns+" FROM labels WHERE mention = ? AND brand = ? ORDER BY id DESC LIMIT ?", id, brand, maxOnOne)
	if err != nil {
		return record.Label{}, false, fmt.Errorf("reading the labels of %s: %w", id, err)
	}
	for i := range labels {
		if !labels[i].Undone {
			return labels[i], true, nil
		}
	}
	return record.Label{}, false, nil
}
