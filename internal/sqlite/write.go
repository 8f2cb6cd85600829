package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// A group ends with its commit after this many callers or this much time, so
// that the first of them does not wait for a stream of others.
const (
	maxGroup     = 256
	maxGroupTime = 20 * time.Millisecond
)

// request is one caller of Write who waits.
type request struct {
	// live says whether the caller still waits for work that has not begun.
	live func() error
	fn   func(tx *sql.Tx) error
	done chan error
}

// Write runs fn in a transaction of the writer goroutine and returns nil once
// the transaction is committed and synced. Other callers' work may be in the
// same transaction; an error or a panic of fn undoes only what fn did and is
// returned. When the commit fails, every caller of the group gets the error and
// nothing of the group is kept. A ctx that ends before fn has begun cancels the
// call; after that the outcome is waited for, since half an answer helps nobody.
//
// fn must be short, must not keep tx, and must not call Write.
func (d *DB) Write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	r := &request{live: ctx.Err, fn: fn, done: make(chan error, 1)}
	select {
	case <-d.closing:
		return fmt.Errorf("writing to %s: %w", d.path, ErrClosed)
	default:
	}
	select {
	case d.requests <- r:
		return <-r.done
	case <-ctx.Done():
		return fmt.Errorf("writing to %s: %w", d.path, ctx.Err())
	case <-d.closing:
		return fmt.Errorf("writing to %s: %w", d.path, ErrClosed)
	}
}

// run is the writer goroutine. Nothing may cancel ctx: a commit that is cut off
// would leave it unknown whether the work of the whole group is kept.
func (d *DB) run(ctx context.Context) {
	defer close(d.stopped)
	for {
		select {
		case <-d.closing:
			return
		case r := <-d.requests:
			d.group(ctx, r)
		}
	}
}

// group runs first and whoever waits behind it in one transaction.
func (d *DB) group(ctx context.Context, first *request) {
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		d.refuse(first, err)
		return
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		d.refuse(first, errors.Join(err, conn.Close()))
		return
	}
	members, lost := d.gather(ctx, tx, first)
	if lost == nil {
		lost = tx.Commit()
	} else {
		// SQLite has rolled back already where it could; the error says why.
		_ = tx.Rollback()
	}
	if lost != nil {
		lost = fmt.Errorf("committing to %s: %w", d.path, classify(lost))
		discard(conn)
	}
	closeErr := conn.Close()
	if lost == nil && closeErr != nil && !errors.Is(closeErr, sql.ErrConnDone) {
		lost = fmt.Errorf("committing to %s: %w", d.path, closeErr)
	}
	for _, m := range members {
		m.done <- lost
	}
}

// gather runs first and then whoever waits, each under a savepoint. It returns
// those whose fate is the commit's, and an error where the transaction as a
// whole is lost.
func (d *DB) gather(ctx context.Context, tx *sql.Tx, first *request) (members []*request, lost error) {
	begin := time.Now()
	for r := first; r != nil; r = d.next(len(members), begin) {
		err, gone := runOne(ctx, tx, r)
		switch {
		case gone != nil:
			r.done <- fmt.Errorf("writing to %s: %w", d.path, classify(errors.Join(err, gone)))
			return members, errors.Join(err, gone)
		case err != nil:
			r.done <- err
		default:
			members = append(members, r)
		}
	}
	return members, nil
}

// next takes one more waiting caller into the group, nil when there is none or
// the group is full.
func (d *DB) next(n int, begin time.Time) *request {
	if n >= maxGroup || time.Since(begin) > maxGroupTime {
		return nil
	}
	select {
	case r := <-d.requests:
		return r
	default:
		return nil
	}
}

// runOne runs one caller's fn under a savepoint. err is the caller's own; gone
// says that the whole transaction is no more, as after a full disk.
func runOne(ctx context.Context, tx *sql.Tx, r *request) (err, gone error) {
	if err := r.live(); err != nil {
		return err, nil
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT caller"); err != nil {
		return nil, err
	}
	if err := call(tx, r.fn); err != nil {
		if _, undo := tx.ExecContext(ctx, "ROLLBACK TO caller"); undo != nil {
			return err, undo
		}
		if _, undo := tx.ExecContext(ctx, "RELEASE caller"); undo != nil {
			return err, undo
		}
		return classify(err), nil
	}
	if _, err := tx.ExecContext(ctx, "RELEASE caller"); err != nil {
		return nil, err
	}
	return nil, nil
}

// call runs fn on a goroutine of its own, so that a panic or a runtime.Goexit
// of the caller's code ends that goroutine and not the writer.
func call(tx *sql.Tx, fn func(tx *sql.Tx) error) error {
	result := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			if finished {
				return
			}
			if p := recover(); p != nil {
				result <- &PanicError{Value: p, Stack: debug.Stack()}
				return
			}
			result <- errGoexit
		}()
		err := fn(tx)
		finished = true
		result <- err
	}()
	return <-result
}

// refuse tells first, and everyone who waits behind it, that no transaction can
// begin: each of them would wait as long to hear the same.
func (d *DB) refuse(first *request, cause error) {
	err := fmt.Errorf("beginning a transaction on %s: %w", d.path, classify(cause))
	first.done <- err
	for {
		select {
		case r := <-d.requests:
			r.done <- err
		default:
			return
		}
	}
}

// discard drops conn's connection instead of giving it back to the pool: after
// a failed commit its state is not known.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}
