package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leakytap/leakytap/internal/record"
)

const silenceColumns = "id, brand, author, topic, query, by_whom, reason, from_at, until_at"

// maxSilences bounds how many silences are read at once.
const maxSilences = 1000

func scanSilence(scan scanFunc) (record.Silence, error) {
	var (
		v           record.Silence
		from, until int64
	)
	err := scan(&v.ID, &v.Brand, &v.Author, &v.Topic, &v.Query, &v.By, &v.Reason, &from, &until)
	v.From, v.Until = when(from), when(until)
	return v, err
}

// Silences are those that hold at now, at most 1,000.
func (tx *Tx) Silences(now time.Time) ([]record.Silence, error) {
	out, err := list(tx.ctx, tx.c, scanSilence, "SELECT "+silenceColumns+` FROM silences
		WHERE until_at > ? AND from_at <= ? ORDER BY until_at, id LIMIT ?`, stamp(now), stamp(now), maxSilences)
	if err != nil {
		return nil, fmt.Errorf("reading the silences: %w", err)
	}
	return out, nil
}

// AddSilence writes a silence and returns it with its id, a fresh one where it
// has none, and its beginning, now where it has none. One whose id is there already
// stays as it is: whoever names an id may ask twice.
func (s *Store) AddSilence(ctx context.Context, v record.Silence) (record.Silence, error) {
	if v.From.IsZero() {
		v.From = time.Now().UTC()
	}
	if !v.Until.After(v.From) {
		return v, errors.New("adding a silence: it ends before it begins; name a later end")
	}
	if v.ID == "" {
		v.ID = ulid.Make().String()
	}
	err := s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, `INSERT INTO silences (`+silenceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO NOTHING`,
			v.ID, v.Brand, v.Author, v.Topic, v.Query, v.By, v.Reason, stamp(v.From), stamp(v.Until))
		return err
	})
	if err != nil {
		return v, fmt.Errorf("adding silence %s: %w", v.ID, err)
	}
	return v, nil
}

// ListSilences are the silences that have not ended, the one that ends first
// first, at most 1,000.
func (s *Store) ListSilences(ctx context.Context) ([]record.Silence, error) {
	out, err := list(ctx, s.reads, scanSilence, "SELECT "+silenceColumns+" FROM silences WHERE until_at > ? ORDER BY until_at, id LIMIT ?",
		stamp(time.Now()), maxSilences)
	if err != nil {
		return nil, fmt.Errorf("listing the silences: %w", err)
	}
	return out, nil
}

// ExpireSilence ends a silence now, ErrNotFound when there is none. One that
// ended before stays as it is.
func (s *Store) ExpireSilence(ctx context.Context, id string) error {
	at := time.Now()
	err := s.write(ctx, func(c conn) error {
		n, err := exec(context.WithoutCancel(ctx), c,
			"UPDATE silences SET until_at = CASE WHEN until_at > ? THEN ? ELSE until_at END WHERE id = ?", stamp(at), stamp(at), id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("expiring silence %s: %w", id, err)
	}
	return nil
}
