package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Progress is what a source has behind it once its posts are durable on the log.
type Progress struct {
	Source string
	// Cursor is where to continue; nil keeps the one before.
	Cursor json.RawMessage
	// Seen are the posts that were published.
	Seen []record.Seen
	// Stat is the source's whole row; one without a Source changes nothing.
	Stat record.SourceStat
	// Gone are ids of posts that the platform took away: they leave the sample of
	// unmatched posts.
	Gone []string
}

// SaveProgress writes p in one transaction. Writing the same again changes nothing.
func (s *Store) SaveProgress(ctx context.Context, p Progress) error {
	err := s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		if p.Cursor != nil {
			_, err := exec(ctx, c, `INSERT INTO cursors (source, value, at) VALUES (?, ?, ?)
				ON CONFLICT (source) DO UPDATE SET value = excluded.value, at = excluded.at`,
				p.Source, string(p.Cursor), stamp(time.Now()))
			if err != nil {
				return fmt.Errorf("cursor: %w", err)
			}
		}
		if err := putSeen(ctx, c, p.Seen); err != nil {
			return fmt.Errorf("seen posts: %w", err)
		}
		if p.Stat.Source != "" {
			if err := putSourceStat(ctx, c, p.Stat); err != nil {
				return err
			}
		}
		return dropUnmatched(ctx, c, p.Gone)
	})
	if err != nil {
		return fmt.Errorf("saving progress of source %s: %w", p.Source, err)
	}
	return nil
}

// LoadCursor is the cursor that was saved last, nil when there is none.
func (s *Store) LoadCursor(ctx context.Context, source string) (json.RawMessage, error) {
	v, ok, err := first(ctx, s.reads, scalar[string], "SELECT value FROM cursors WHERE source = ?", source)
	if err != nil {
		return nil, fmt.Errorf("loading the cursor of source %s: %w", source, err)
	}
	if !ok {
		return nil, nil
	}
	return json.RawMessage(v), nil
}
