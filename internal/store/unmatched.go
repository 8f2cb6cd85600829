package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// SamplePerDay is how many unmatched posts of one source and day are kept.
const SamplePerDay = 250

// SampleUnmatched adds posts that matched no brand to the sample. rate says which
// part of the source's unmatched posts they are, 1 for all. Of each source and
// day the SamplePerDay with the lowest salted hash stay: a random choice that no
// author can steer and that seeing a post twice does not change.
func (s *Store) SampleUnmatched(ctx context.Context, posts []record.Stored, rate float64) error {
	if len(posts) == 0 {
		return nil
	}
	if !(rate > 0 && rate <= 1) {
		return errors.New("sampling unmatched posts: the rate must be above 0 and at most 1")
	}
	groups := map[sampleDay][]mention.Mention{}
	for _, p := range posts {
		key := sampleDay{p.Mention.Source, dayOf(p.Mention.ObservedAt)}
		groups[key] = append(groups[key], p.Mention)
	}
	err := s.write(ctx, func(c conn) error {
		for key, group := range groups {
			if err := s.sample(context.WithoutCancel(ctx), c, key, group, rate); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sampling unmatched posts: %w", err)
	}
	return nil
}

// sampleDay is a source and a day since 1970.
type sampleDay struct {
	source string
	day    int64
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(24*time.Hour/time.Second) }

func (s *Store) sample(ctx context.Context, c conn, key sampleDay, posts []mention.Mention, rate float64) error {
	_, err := exec(ctx, c, `INSERT INTO unmatched_days (source, day, stands) VALUES (?, ?, ?)
		ON CONFLICT (source, day) DO UPDATE SET stands = unmatched_days.stands + excluded.stands`,
		key.source, key.day, float64(len(posts))/rate)
	if err != nil {
		return err
	}
	// The highest rank that stays, once the day is full.
	highest, full, err := first(ctx, c, scalar[int64],
		"SELECT rank FROM unmatched WHERE source = ? AND day = ? ORDER BY rank LIMIT 1 OFFSET ?", key.source, key.day, SamplePerDay-1)
	if err != nil {
		return err
	}
	for _, m := range posts {
		rank := s.sampleRank(m.ID)
		if full && rank >= highest {
			continue
		}
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		_, err = exec(ctx, c, "INSERT INTO unmatched (id, source, day, rank, mention) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			m.ID, key.source, key.day, rank, string(b))
		if err != nil {
			return err
		}
	}
	_, err = exec(ctx, c, `DELETE FROM unmatched WHERE source = ? AND day = ? AND rank >
		(SELECT rank FROM unmatched WHERE source = ? AND day = ? ORDER BY rank LIMIT 1 OFFSET ?)`,
		key.source, key.day, key.source, key.day, SamplePerDay-1)
	return err
}

// sampleRank is where a post stands in the random order of the sample.
func (s *Store) sampleRank(id string) int64 {
	sum := sha256.Sum256([]byte(s.salt + "\x00" + id))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// dropUnmatched takes posts out of the sample.
func dropUnmatched(ctx context.Context, c conn, ids []string) error {
	err := inIDs(ids, func(args []any) error {
		_, err := exec(ctx, c, "DELETE FROM unmatched WHERE id IN "+inMany, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("taking posts out of the unmatched sample: %w", err)
	}
	return nil
}

// Sampled is a post of the unmatched sample.
type Sampled struct {
	Mention mention.Mention
	// Stands is how many unmatched posts of its source and day this one stands for.
	Stands float64
}

// UnmatchedFilter narrows Unmatched.
type UnmatchedFilter struct {
	// Since keeps the posts of that day and later ones.
	Since time.Time
	// After is the Next of the page before.
	After string
	// Limit is at most 1,000; 0 is 200.
	Limit int
}

// Unmatched is the sample of posts that matched no brand, by day, page by page.
func (s *Store) Unmatched(ctx context.Context, f UnmatchedFilter) (Page[Sampled], error) {
	var out Page[Sampled]
	day, n, err := parseKey(f.After)
	if err != nil {
		return out, err
	}
	if f.After == "" && !f.Since.IsZero() {
		day = dayOf(f.Since)
	}
	limit := limitOr(f.Limit, 200, 1000)
	var keys []sampleDay
	err = each(ctx, s.reads, func(scan scanFunc) error {
		var (
			key  sampleDay
			body string
			v    Sampled
		)
		if err := scan(&key.source, &day, &n, &body); err != nil {
			return err
		}
		key.day = day
		keys = append(keys, key)
		if err := json.Unmarshal([]byte(body), &v.Mention); err != nil {
			return err
		}
		out.Rows = append(out.Rows, v)
		return nil
	}, "SELECT source, day, n, mention FROM unmatched WHERE (day, n) > (?, ?) ORDER BY day, n LIMIT ?", day, n, limit)
	if err != nil {
		return out, fmt.Errorf("reading the unmatched sample: %w", err)
	}
	if len(out.Rows) == limit {
		out.Next = formatKey(day, n)
	}
	weights := map[sampleDay]float64{}
	for i, key := range keys {
		if _, ok := weights[key]; !ok {
			w, _, err := first(ctx, s.reads, scalar[float64], `SELECT d.stands / (SELECT COUNT(*) FROM unmatched u
				WHERE u.source = d.source AND u.day = d.day) FROM unmatched_days d WHERE d.source = ? AND d.day = ?`, key.source, key.day)
			if err != nil {
				return out, fmt.Errorf("reading the rate of the unmatched sample: %w", err)
			}
			weights[key] = max(w, 1)
		}
		out.Rows[i].Stands = weights[key]
	}
	return out, nil
}
