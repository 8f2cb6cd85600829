package store

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/leakytap/leakytap/internal/record"
)

// PutDead keeps a dead letter. The same one again changes nothing. The value of
// one about a post that was retracted since is left out.
func (s *Store) PutDead(ctx context.Context, d record.Dead) error {
	ids := idsInside(d.Value)
	err := s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		gone, err := anyRetracted(ctx, c, ids)
		if err != nil {
			return err
		}
		value := append([]byte{}, d.Value...)
		if gone {
			value = []byte{}
		}
		n, err := exec(ctx, c, `INSERT INTO dead (id, stage, reason, detail, topic, key, value, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`, d.ID, d.Stage, d.Reason, d.Detail, d.Topic, d.Key, value, stamp(d.At))
		if err != nil || n == 0 {
			return err
		}
		for _, id := range ids {
			_, err := exec(ctx, c, "INSERT INTO dead_mentions (mention, dead_id) VALUES (?, ?) ON CONFLICT DO NOTHING", id, d.ID)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping dead letter %s: %w", d.ID, err)
	}
	return nil
}

// maxInside bounds how many ids are looked for in one dead letter.
const maxInside = 64

// idsInside are the ids of the posts whose words a value may hold. The value may
// be broken JSON, so it is searched, not parsed: an erasure must find it all the
// same. A retraction holds no words, and must stay for a retry.
func idsInside(value []byte) []string {
	if regexp.MustCompile(`"retracted"\s*:\s*true`).Match(value) {
		return nil
	}
	var ids []string
	for _, m := range regexp.MustCompile(`"id"\s*:\s*("(?:[^"\\]|\\.)*")`).FindAllSubmatch(value, maxInside) {
		var id string
		if json.Unmarshal(m[1], &id) == nil && id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// anyRetracted reports whether one of the posts was taken away.
func anyRetracted(ctx context.Context, c conn, ids []string) (bool, error) {
	for _, id := range ids {
		_, gone, err := first(ctx, c, scalar[int], `SELECT 1 FROM seen WHERE id = ? AND retracted = 1
			UNION ALL SELECT 1 FROM mentions WHERE id = ? AND retracted = 1 LIMIT 1`, id, id)
		if err != nil || gone {
			return gone, err
		}
	}
	return false, nil
}

// DeadFilter narrows ListDead.
type DeadFilter struct {
	// Stage keeps that stage's alone; empty keeps all.
	Stage string
	// After is the id of the last dead letter of the page before.
	After string
	// Limit is at most 1,000; 0 is 100.
	Limit int
}

// ListDead are the dead letters without their values, the latest id first.
func (s *Store) ListDead(ctx context.Context, f DeadFilter) ([]record.Dead, error) {
	out, err := list(ctx, s.reads, func(scan scanFunc) (record.Dead, error) {
		var (
			v  record.Dead
			at int64
		)
		err := scan(&v.ID, &v.Stage, &v.Reason, &v.Detail, &v.Topic, &v.Key, &at)
		v.At = when(at)
		return v, err
	}, `SELECT id, stage, reason, detail, topic, key, at FROM dead
		WHERE (? = '' OR id < ?) AND (? = '' OR stage = ?) ORDER BY id DESC LIMIT ?`, f.After, f.After, f.Stage, f.Stage, limitOr(f.Limit, 100, 1000))
	if err != nil {
		return nil, fmt.Errorf("listing dead letters: %w", err)
	}
	return out, nil
}

// Dead is a dead letter with its value, ErrNotFound when there is none.
func (s *Store) Dead(ctx context.Context, id string) (record.Dead, error) {
	d, ok, err := first(ctx, s.reads, func(scan scanFunc) (record.Dead, error) {
		var (
			v  record.Dead
			at int64
		)
		err := scan(&v.ID, &v.Stage, &v.Reason, &v.Detail, &v.Topic, &v.Key, &v.Value, &at)
		v.At = when(at)
		return v, err
	}, "SELECT id, stage, reason, detail, topic, key, value, at FROM dead WHERE id = ?", id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("reading dead letter %s: %w", id, err)
	}
	return d, nil
}

// DropDead removes a dead letter, ErrNotFound when there is none.
func (s *Store) DropDead(ctx context.Context, id string) error {
	err := s.write(ctx, func(c conn) error {
		n, err := dropDead(context.WithoutCancel(ctx), c, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("dropping dead letter %s: %w", id, err)
	}
	return nil
}

func dropDead(ctx context.Context, c conn, id string) (int64, error) {
	if _, err := exec(ctx, c, "DELETE FROM dead_mentions WHERE dead_id = ?", id); err != nil {
		return 0, err
	}
	return exec(ctx, c, "DELETE FROM dead WHERE id = ?", id)
}

// DeadCounts counts the dead letters by stage.
func (s *Store) DeadCounts(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := each(ctx, s.reads, func(scan scanFunc) error {
		var (
			stage string
			n     int
		)
		err := scan(&stage, &n)
		out[stage] = n
		return err
	}, "SELECT stage, COUNT(*) FROM dead GROUP BY stage")
	if err != nil {
		return nil, fmt.Errorf("counting dead letters: %w", err)
	}
	return out, nil
}
