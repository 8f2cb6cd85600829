package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// journalMost is the most lines that one call reads.
const journalMost = 1000

func scanJournal(scan scanFunc) (record.JournalEntry, error) {
	var (
		e    record.JournalEntry
		at   int64
		body string
	)
	err := scan(&e.N, &e.Kind, &e.Key, &at, &body)
	e.At, e.Body = when(at), json.RawMessage(body)
	return e, err
}

// AddJournal writes a line and gives its number. Of its kind and key the newest keep
// lines stay.
func (s *Store) AddJournal(ctx context.Context, kind, key string, at time.Time, v any, keep int) (n int64, err error) {
	body, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("encoding a line of the journal: %w", err)
	}
	err = s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		last, _, err := first(ctx, c, scalar[int64], "SELECT COALESCE(MAX(n), 0) FROM journal")
		if err != nil {
			return err
		}
		n = last + 1
		if _, err := exec(ctx, c, "INSERT INTO journal (n, kind, key, at, body) VALUES (?, ?, ?, ?, ?)", n, kind, key, stamp(at), string(body)); err != nil {
			return err
		}
		_, err = exec(ctx, c, `DELETE FROM journal WHERE kind = ? AND key = ? AND n <
			(SELECT n FROM journal WHERE kind = ? AND key = ? ORDER BY n DESC LIMIT 1 OFFSET ?)`, kind, key, kind, key, max(keep, 1)-1)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("writing the journal of %s: %w", kind, err)
	}
	return n, nil
}

// SetJournal changes what a line says. A line that is gone stays so.
func (s *Store) SetJournal(ctx context.Context, n int64, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding a line of the journal: %w", err)
	}
	err = s.write(ctx, func(c conn) error {
		_, err := exec(context.WithoutCancel(ctx), c, "UPDATE journal SET body = ? WHERE n = ?", string(body), n)
		return err
	})
	if err != nil {
		return fmt.Errorf("changing line %d of the journal: %w", n, err)
	}
	return nil
}

// Journal are the newest lines of a kind, the newest first, at most limit. An empty key is
// for any.
func (s *Store) Journal(ctx context.Context, kind, key string, limit int) ([]record.JournalEntry, error) {
	query, args := "SELECT n, kind, key, at, body FROM journal WHERE kind = ? AND key = ? ORDER BY n DESC LIMIT ?", []any{kind, key, limitOr(limit, 100, journalMost)}
	if key == "" {
		query, args = "SELECT n, kind, key, at, body FROM journal WHERE kind = ? ORDER BY n DESC LIMIT ?", []any{kind, limitOr(limit, 100, journalMost)}
	}
	out, err := list(ctx, s.reads, scanJournal, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the journal of %s: %w", kind, err)
	}
	return out, nil
}

// Journal is as Store.Journal gives it.
func (r *Reader) Journal(ctx context.Context, kind, key string, limit int) ([]record.JournalEntry, error) {
	return r.view.Journal(ctx, kind, key, limit)
}

// SourceStats are as Store.SourceStats gives them.
func (r *Reader) SourceStats(ctx context.Context) ([]record.SourceStat, error) {
	return r.view.SourceStats(ctx)
}

// Activity is what was decided about a brand's posts in some time.
type Activity struct {
	Decisions int `json:"decisions"`
	Alerts    int `json:"alerts"`
	Excluded  int `json:"excluded"`
}

// Activity counts the brand's decisions from from on, before to.
func (s *Store) Activity(ctx context.Context, brand string, from, to time.Time) (Activity, error) {
	a, _, err := first(ctx, s.reads, func(scan scanFunc) (Activity, error) {
		var v Activity
		return v, scan(&v.Decisions, &v.Alerts, &v.Excluded)
	}, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN outcome = 'alert' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN outcome = 'excluded' THEN 1 ELSE 0 END), 0) FROM decisions WHERE brand = ? AND at >= ? AND at < ?`,
		brand, stamp(from), stamp(to))
	if err != nil {
		return a, fmt.Errorf("counting the decisions of brand %s: %w", brand, err)
	}
	return a, nil
}

// NoticesOfCase are the messages of a case, oldest first, at most 200.
func (s *Store) NoticesOfCase(ctx context.Context, caseID string) ([]record.Notice, error) {
	out, err := list(ctx, s.reads, scanNotice, "SELECT "+noticeColumns+" FROM notices WHERE case_id = ? ORDER BY id LIMIT 200", caseID)
	if err != nil {
		return nil, fmt.Errorf("reading the messages of case %s: %w", caseID, err)
	}
	return out, nil
}

// Activity is as Store.Activity gives it.
func (r *Reader) Activity(ctx context.Context, brand string, from, to time.Time) (Activity, error) {
	return r.view.Activity(ctx, brand, from, to)
}
