package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/sqlite"
	"github.com/leakytap/leakytap/pkg/vent"
)

// conn runs statements; each text is prepared once. The texts are constants of
// this package: nothing from outside ever becomes part of one.
type conn interface {
	prepare(ctx context.Context, query string) (*sql.Stmt, error)
}

// readConn prepares on the read pool for the life of the store.
type readConn struct {
	db    *sql.DB
	mu    *sync.RWMutex
	stmts map[string]*sql.Stmt
}

func (r readConn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	st := r.stmts[query]
	r.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	st, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.stmts[query]; first != nil {
		return first, st.Close()
	}
	r.stmts[query] = st
	return st, nil
}

func (r readConn) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for q, st := range r.stmts {
		err = errors.Join(err, st.Close())
		delete(r.stmts, q)
	}
	return err
}

// writeConn prepares on the writer's transaction, which several callers may
// share. Only the function that the writer runs touches it, so it needs no lock.
type writeConn struct {
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
}

// begin is called first by each function that the writer runs.
func (w *writeConn) begin(ctx context.Context, tx *sql.Tx) (conn, error) {
	if w.tx != tx {
		// Statements of the transaction before were closed with it.
		w.tx, w.stmts = tx, map[string]*sql.Stmt{}
		// What is deleted is overwritten with zeros, so that an erased text does not
		// stay behind in free pages. It holds for the connection, and the writer may
		// get a new one.
		if _, err := tx.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
			return nil, fmt.Errorf("turning on secure_delete: %w", err)
		}
	}
	return w, nil
}

func (w *writeConn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st := w.stmts[query]; st != nil {
		return st, nil
	}
	st, err := w.tx.PrepareContext(ctx, query)
	if err == nil {
		w.stmts[query] = st
	}
	return st, err
}

// exec runs a statement and returns how many rows it changed.
func exec(ctx context.Context, c conn, query string, args ...any) (int64, error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// scanFunc reads the columns of one row.
type scanFunc func(dest ...any) error

// each calls fn for every row of a query.
func each(ctx context.Context, c conn, fn func(scan scanFunc) error, query string, args ...any) (err error) {
	st, err := c.prepare(ctx, query)
	if err != nil {
		return sqlite.Classify(err)
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return sqlite.Classify(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return sqlite.Classify(rows.Err())
}

// list reads every row of a query with one.
func list[T any](ctx context.Context, c conn, one func(scan scanFunc) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := each(ctx, c, func(scan scanFunc) error {
		v, err := one(scan)
		if err == nil {
			out = append(out, v)
		}
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// first reads the first row of a query, false when there is none.
func first[T any](ctx context.Context, c conn, one func(scan scanFunc) (T, error), query string, args ...any) (T, bool, error) {
	var out T
	st, err := c.prepare(ctx, query)
	if err != nil {
		return out, false, sqlite.Classify(err)
	}
	out, err = one(st.QueryRowContext(ctx, args...).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		var none T
		return none, false, nil
	case err != nil:
		return out, false, sqlite.Classify(err)
	default:
		return out, true, nil
	}
}

// scalar reads a row of one column.
func scalar[T any](scan scanFunc) (T, error) {
	var v T
	err := scan(&v)
	return v, err
}

// manyIDs is how many parameters a list of ids has in a query. Its text is
// always the same, so that it is prepared once; inIDs fills up with the last.
const manyIDs = 32

// inMany is the parameter list of such a query.
const inMany = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

// inIDs calls fn with the ids in portions of exactly manyIDs arguments.
func inIDs(ids []string, fn func(args []any) error) error {
	for len(ids) > 0 {
		n := min(len(ids), manyIDs)
		args := make([]any, manyIDs)
		for i := range args {
			args[i] = ids[min(i, n-1)]
		}
		if err := fn(args); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// stamp and when are times as columns.
func stamp(t time.Time) int64 { return sqlite.Stamp(t) }
func when(v int64) time.Time  { return sqlite.Time(v) }

// packed is a list or a structure as a column: JSON, and ” for nothing.
func packed[T any](v []T) (string, error) {
	if len(v) == 0 {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// packedService is a case's service as a column.
func packedService(v record.Service) (string, error) {
	if v == (record.Service{}) {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// packedCrowd is what a case knows about the many, as a column.
func packedCrowd(v record.Crowd) (string, error) {
	b, err := json.Marshal(v)
	if string(b) == "{}" {
		return "", err
	}
	return string(b), err
}

// unpack reads what packed wrote into v.
func unpack(s string, v any) error {
	if s == "" {
		return nil
	}
	return json.Unmarshal([]byte(s), v)
}

// rank is a severity as a column. One that is no severity counts as none.
func rank(s vent.Severity) int { return max(s.Rank(), 0) }

// severity is what rank stored.
func severity(rank int) vent.Severity {
	all := vent.Severities()
	return all[min(max(rank, 0), len(all)-1)]
}

// hash64 is a fixed hash of s that fits a column.
func hash64(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return int64(h.Sum64()) //nolint:gosec // the bits are kept, the sign means nothing
}

// bits and unbits carry a fingerprint through a signed column.
func bits(v uint64) int64   { return int64(v) }  //nolint:gosec // the bits are kept
func unbits(v int64) uint64 { return uint64(v) } //nolint:gosec // the bits are kept

// limitOr is limit where it is between 1 and most, else most or def.
func limitOr(limit, def, most int) int {
	switch {
	case limit <= 0:
		return def
	case limit > most:
		return most
	default:
		return limit
	}
}
