package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// maxLives bounds how many cases Lives reads: the latest.
const maxLives = 50_000

// Life is what is left of a case when one asks what became of many.
type Life struct {
	Brand    string
	Platform string
	Topics   []string
	State    record.State
	Fate     record.Fate
	// Began is when its episode began; the others are zero where it did not come to that.
	Began, ClaimedAt, AnsweredAt, ResolvedAt time.Time
	Promise                                  *record.Promise
}

// Lives are the cases that were opened at or after since, the latest 50,000.
func (s *Store) Lives(ctx context.Context, since time.Time) ([]Life, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (Life, error) {
		var (
			v               Life
			c               record.Case
			topics, service string
			t               [4]int64
		)
		if err := scan(&v.Brand, &v.Platform, &topics, &v.State, &v.Fate, &t[0], &t[1], &t[2], &t[3], &service); err != nil {
			return v, err
		}
		if err := unpack(topics, &v.Topics); err != nil {
			return v, err
		}
		if err := unpack(service, &c.Service); err != nil {
			return v, err
		}
		c.OpenedAt = when(t[0])
		v.Began, v.ClaimedAt, v.AnsweredAt, v.ResolvedAt, v.Promise = c.Began(), when(t[1]), when(t[2]), when(t[3]), c.Service.Promise
		return v, nil
	}, `SELECT brand, platform, topics, state, fate, opened_at, claimed_at, answered_at, resolved_at, service
		FROM cases WHERE opened_at >= ? ORDER BY opened_at DESC LIMIT ?`, stamp(since), maxLives)
	if err != nil {
		return nil, fmt.Errorf("reading what became of the cases since %s: %w", since.UTC().Format(time.RFC3339), err)
	}
	return out, nil
}
