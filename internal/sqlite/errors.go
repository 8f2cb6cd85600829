package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The errors that callers tell apart, beside those of package sql.
var (
	// ErrClosed says that the DB was closed before the work began.
	ErrClosed = errors.New("the database is closed")
	// ErrCorrupt says that the file is no database or is damaged.
	ErrCorrupt = errors.New("the file is damaged or is no SQLite database; restore it from a backup, or move it away to start empty")
	// ErrFull says that there is no space left for what was to be written.
	ErrFull = errors.New("the disk is full")
	// ErrLocked says that another process holds the file.
	ErrLocked = errors.New("another process holds the database; stop it, or use a data_dir of its own")
	// ErrConflict says that a UNIQUE, PRIMARY KEY, CHECK or FOREIGN KEY rule of the schema was broken.
	ErrConflict = errors.New("a rule of the schema was broken")

	errGoexit = errors.New("the function ended its goroutine")
)

// PanicError is a panic of a function given to Write.
type PanicError struct {
	Value any
	Stack []byte
}

// Error is the panic's value and where it happened.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic in a transaction: %v\n%s", e.Value, e.Stack)
}

// classify puts the sentinel that says what to do before an error of the
// driver. Other errors pass unchanged.
func classify(err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	var kind error
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		kind = ErrCorrupt
	case sqlite3.SQLITE_FULL:
		kind = ErrFull
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		kind = ErrLocked
	case sqlite3.SQLITE_CONSTRAINT:
		kind = ErrConflict
	default:
		return err
	}
	if errors.Is(err, kind) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// Classify puts ErrCorrupt, ErrFull, ErrLocked or ErrConflict before an error
// of the read pool that means it; other errors pass unchanged. Write does so
// by itself.
func Classify(err error) error { return classify(err) }
