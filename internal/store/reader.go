package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// Reader reads the store of a data_dir, beside a daemon that may be working on it.
// It takes no lock and changes nothing. It is safe for concurrent use.
type Reader struct {
	db   *sql.DB
	view *Store
}

// OpenReader opens the store in dataDir for reading. It has to be there, and of this
// program's own version.
func OpenReader(ctx context.Context, dataDir string) (*Reader, error) {
	path := filepath.Join(dataDir, FileName)
	db, err := sqlite.OpenReader(ctx, path, sqlite.Options{})
	if err != nil {
		return nil, fmt.Errorf("reading the store: %w", err)
	}
	r := &Reader{db: db, view: &Store{reads: readConn{db: db, stmts: map[string]*sql.Stmt{}, mu: &sync.RWMutex{}}}}
	if err := r.check(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the store: %w", err), r.Close())
	}
	return r, nil
}

// check refuses a file of another program or another version of this one.
func (r *Reader) check(ctx context.Context, path string) error {
	steps, err := schemaSteps()
	if err != nil {
		return err
	}
	var id, version int
	if err := r.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return sqlite.Classify(err)
	}
	if err := r.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return sqlite.Classify(err)
	}
	switch {
	case id != applicationID:
		return fmt.Errorf("%s is no store of leakytap", path)
	case version != len(steps):
		return fmt.Errorf("%s has schema version %d and this program knows %d; use the leakytap that the daemon runs, or start this one once",
			path, version, len(steps))
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error { return errors.Join(r.view.reads.close(), r.db.Close()) }

// Brands are the brands about whose mentions something was decided.
func (r *Reader) Brands(ctx context.Context) ([]string, error) {
	return brandsOf(ctx, r.view.reads, decisionBrands)
}

// Labels are as Store.Labels gives them.
func (r *Reader) Labels(ctx context.Context, brand string, after int64, limit int) ([]record.Label, error) {
	return r.view.Labels(ctx, brand, after, limit)
}

// ActiveLayers are as Store.ActiveLayers gives them.
func (r *Reader) ActiveLayers(ctx context.Context) ([]record.Layer, error) {
	return r.view.ActiveLayers(ctx)
}

// Unmatched is as Store.Unmatched gives it.
func (r *Reader) Unmatched(ctx context.Context, f UnmatchedFilter) (Page[Sampled], error) {
	return r.view.Unmatched(ctx, f)
}

// Silences are those that held at any time since then, at most 1,000.
func (r *Reader) Silences(ctx context.Context, since time.Time) ([]record.Silence, error) {
	out, err := list(ctx, r.view.reads, scanSilence, "SELECT "+silenceColumns+` FROM silences
		WHERE until_at > ? ORDER BY until_at, id LIMIT ?`, stamp(since), maxSilences)
	if err != nil {
		return nil, fmt.Errorf("reading the silences: %w", err)
	}
	return out, nil
}

// startRows is how many of the earliest decisions are looked at for the first row:
// rows that were written together may stand in another order than their times.
const startRows = 1000

// Start is the row before the first decision of the brand at or after since, and how
// many decisions there are from then on.
func (r *Reader) Start(ctx context.Context, brand string, since time.Time) (after int64, count int, err error) {
	n, _, err := first(ctx, r.view.reads, scalar[*int64], `SELECT MIN(n) FROM (SELECT n FROM decisions
		WHERE brand = ? AND at >= ? ORDER BY at LIMIT ?)`, brand, stamp(since), startRows)
	if err == nil && n != nil {
		after = *n - 1
		count, _, err = first(ctx, r.view.reads, scalar[int], "SELECT COUNT(*) FROM decisions WHERE brand = ? AND at >= ?", brand, stamp(since))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("counting the decisions of brand %s: %w", brand, err)
	}
	return after, count, nil
}

// Prior is what was decided of the newest revision of a post before the given one.
func (r *Reader) Prior(ctx context.Context, brand, id string, revision int64) (record.Decision, bool, error) {
	d, ok, err := first(ctx, r.view.reads, scanDecision, "SELECT "+decisionColumns+
		" FROM decisions WHERE id = ? AND brand = ? AND revision < ? ORDER BY revision DESC LIMIT 1", id, brand, revision)
	if err != nil {
		return d, false, fmt.Errorf("reading the earlier decision on %s: %w", id, err)
	}
	return d, ok, nil
}

// Alerts are the times of the brand's cards from from on, before to.
func (r *Reader) Alerts(ctx context.Context, brand string, from, to time.Time) ([]time.Time, error) {
	at, err := list(ctx, r.view.reads, scalar[int64],
		"SELECT at FROM decisions WHERE brand = ? AND at >= ? AND at < ? AND outcome = 'alert' ORDER BY at", brand, stamp(from), stamp(to))
	if err != nil {
		return nil, fmt.Errorf("reading the alerts of brand %s: %w", brand, err)
	}
	out := make([]time.Time, len(at))
	for i, v := range at {
		out[i] = when(v)
	}
	return out, nil
}

// CasesBefore are the brand's cases that were opened before at and either are live
// now or changed since, in the order of their ids, those behind after; at most limit.
func (r *Reader) CasesBefore(ctx context.Context, brand string, at, since time.Time, after string, limit int) ([]record.Case, error) {
	out, err := list(ctx, r.view.reads, scanCase, "SELECT "+caseColumns+` FROM cases
		WHERE brand = ? AND id > ? AND opened_at < ? AND (state IN ('open', 'snoozed', 'claimed', 'answered') OR updated_at >= ?)
		ORDER BY id LIMIT ?`, brand, after, stamp(at), stamp(since), limit)
	if err != nil {
		return nil, fmt.Errorf("reading the earlier cases of brand %s: %w", brand, err)
	}
	return out, nil
}

// FirstComplaint is as Store.FirstComplaint gives it.
func (r *Reader) FirstComplaint(ctx context.Context, brand string) (time.Time, error) {
	return r.view.FirstComplaint(ctx, brand)
}

// Complaints are as Store.Complaints gives them.
func (r *Reader) Complaints(ctx context.Context, brand string, from, to time.Time, limit int) ([]record.Complaint, error) {
	return r.view.Complaints(ctx, brand, from, to, limit)
}
