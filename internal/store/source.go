package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const sourceColumns = `source, type, first_at, last_ok, last_item, last_error, reason, error_at,
	read, matched, poll, blind, blind_since`

func scanSource(scan scanFunc) (record.SourceStat, error) {
	var (
		v                                         record.SourceStat
		firstAt, lastOK, lastItem, errorAt, since int64
		poll                                      int64
	)
	if err := scan(&v.Source, &v.Type, &firstAt, &lastOK, &lastItem, &v.LastError, &v.Reason, &errorAt,
		&v.Read, &v.Matched, &poll, &v.Blind, &since); err != nil {
		return v, err
	}
	v.FirstAt, v.LastOK, v.LastItem, v.ErrorAt, v.BlindSince = when(firstAt), when(lastOK), when(lastItem), when(errorAt), when(since)
	v.Poll = time.Duration(poll)
	return v, nil
}

// SourceStats are all sources that were ever started, by name.
func (s *Store) SourceStats(ctx context.Context) ([]record.SourceStat, error) {
	out, err := list(ctx, s.reads, scanSource, "SELECT "+sourceColumns+" FROM sources ORDER BY source")
	if err != nil {
		return nil, fmt.Errorf("reading the sources' state: %w", err)
	}
	return out, nil
}

// SaveSourceStat writes how a source is doing. FirstAt stays the earliest ever
// written, and blindness is SetBlind's alone.
func (s *Store) SaveSourceStat(ctx context.Context, st record.SourceStat) error {
	return s.write(ctx, func(c conn) error { return putSourceStat(context.WithoutCancel(ctx), c, st) })
}

func putSourceStat(ctx context.Context, c conn, v record.SourceStat) error {
	_, err := exec(ctx, c, `INSERT INTO sources (`+sourceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)
		ON CONFLICT (source) DO UPDATE SET type = excluded.type,
		first_at = CASE WHEN sources.first_at = 0 OR (excluded.first_at <> 0 AND excluded.first_at < sources.first_at)
			THEN excluded.first_at ELSE sources.first_at END,
		last_ok = excluded.last_ok, last_item = excluded.last_item, last_error = excluded.last_error,
		reason = excluded.reason, error_at = excluded.error_at, read = excluded.read,
		matched = excluded.matched, poll = excluded.poll`,
		v.Source, v.Type, stamp(v.FirstAt), stamp(v.LastOK), stamp(v.LastItem), v.LastError, v.Reason, stamp(v.ErrorAt),
		v.Read, v.Matched, int64(v.Poll))
	if err != nil {
		return fmt.Errorf("saving the state of source %s: %w", v.Source, err)
	}
	return nil
}

// SetBlind says whether a source is silent for longer than it should be, and
// since when; since is dropped when it is not.
func (s *Store) SetBlind(ctx context.Context, source string, blind bool, since time.Time) error {
	at := stamp(since)
	if !blind {
		at = 0
	}
	return s.write(ctx, func(c conn) error {
		n, err := exec(context.WithoutCancel(ctx), c, "UPDATE sources SET blind = ?, blind_since = ? WHERE source = ?", blind, at, source)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("marking source %s: %w", source, err)
		}
		return nil
	})
}
