package store

import (
	"context"
	"fmt"
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
