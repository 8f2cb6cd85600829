package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// maxWatches bounds what Watches returns, and so what ingest holds in memory.
const maxWatches = 50_000

// Watches are those that have not ended, the longest first, at most 50,000. Two
// cases may watch the same conversation: each has its row.
func (s *Store) Watches(ctx context.Context) ([]record.Watch, error) {
	out, err := list(ctx, s.reads, scanWatch, `SELECT platform, conversation, author_key, brand, case_id, until
		FROM watches WHERE until > ? ORDER BY until DESC LIMIT ?`, stamp(time.Now()), maxWatches)
	if err != nil {
		return nil, fmt.Errorf("reading the watches: %w", err)
	}
	return out, nil
}

func scanWatch(scan scanFunc) (record.Watch, error) {
	var (
		v     record.Watch
		until int64
	)
	err := scan(&v.Platform, &v.Conversation, &v.AuthorKey, &v.Brand, &v.Case, &until)
	v.Until = when(until)
	return v, err
}

// PutWatch writes a watch, or moves the end of one that is there.
func (tx *Tx) PutWatch(w record.Watch) error {
	if w.Conversation == "" && w.AuthorKey == "" {
		return errors.New("writing a watch: neither a conversation nor an author is named")
	}
	n, err := exec(tx.ctx, tx.c, `INSERT INTO watches (platform, conversation, author_key, brand, case_id, until)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (platform, conversation, author_key, brand, case_id) DO UPDATE SET until = excluded.until
		WHERE watches.until <> excluded.until`,
		w.Platform, w.Conversation, w.AuthorKey, w.Brand, w.Case, stamp(w.Until))
	if err != nil {
		return fmt.Errorf("writing a watch of case %s: %w", w.Case, err)
	}
	tx.watchesChanged = tx.watchesChanged || n > 0
	return nil
}

// DropWatches ends the watches of a case.
func (tx *Tx) DropWatches(caseID string) error {
	n, err := exec(tx.ctx, tx.c, "DELETE FROM watches WHERE case_id = ?", caseID)
	if err != nil {
		return fmt.Errorf("ending the watches of case %s: %w", caseID, err)
	}
	tx.watchesChanged = tx.watchesChanged || n > 0
	return nil
}
