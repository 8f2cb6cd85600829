// Package sqlite opens a SQLite file the one way in which it is safe and fast
// under this daemon, and is the only place that knows the driver.
//
// A DB has one writer goroutine and a pool of readers. Callers of Write share
// transactions: whoever waits while one commit is being synced is in the next,
// so that a thousand small writes cost a few syncs. Each caller has a savepoint
// of its own, so that an error undoes its work and nobody else's.
//
//	sqlite.go   Open, Close, the DSN with its pragmas, file modes
//	write.go    the writer goroutine: groups, savepoints, the commit
//	empty.go    cutting the write-ahead log down to nothing
//	conn.go     the driver's connection, shielded from cancelled contexts
//	migrate.go  schema steps under user_version
//	errors.go   the errors that callers tell apart
//	time.go     times as integers
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a connection waits for a lock that another process
// holds before it gives up with ErrLocked.
const busyTimeout = 5 * time.Second

// defaultReaders is the size of the read pool where Options names none.
const defaultReaders = 4

// Options change how Open opens a file; the zero value is right for data that
// must outlive a power cut.
type Options struct {
	// Unsynced leaves out every fsync. Only for scratch files that nobody needs
	// after this process: dry runs.
	Unsynced bool
	// Readers is the number of read connections; 0 is 4.
	Readers int
	// BusyTimeout is how long to wait for another process's lock; 0 is 5 s.
	BusyTimeout time.Duration
}

// DB is one SQLite file, open for reading by many and for writing by one
// goroutine. It is safe for concurrent use.
type DB struct {
	path    string
	writer  *sql.DB
	readers *sql.DB

	requests chan *request
	closing  chan struct{}
	stopped  chan struct{}
	closed   sync.Once
}

// Open opens or creates the file at path, makes its folder (mode 0700) and
// keeps the file to its owner (mode 0600). A file that is not a database or is
// damaged gives ErrCorrupt. Close must be called.
func Open(ctx context.Context, path string, opt Options) (*DB, error) {
	// fdatasync writes the data and the size and leaves out the timestamps, as
	// SQLite's own builds do on Linux; where it is not to be had, fsync it is.
	_, _ = sqlite.Fdatasync(true)
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if err := prepareFile(abs); err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if opt.Readers <= 0 {
		opt.Readers = defaultReaders
	}
	if opt.BusyTimeout <= 0 {
		opt.BusyTimeout = busyTimeout
	}
	writer, err := openPool(dsn(abs, opt, true), 1, true)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	// The writer goes first: it turns on WAL, which a query-only reader cannot.
	if err := probe(ctx, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", path, err), writer.Close())
	}
	readers, err := openPool(dsn(abs, opt, false), opt.Readers, false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", path, err), writer.Close())
	}
	d := &DB{
		path:     path,
		writer:   writer,
		readers:  readers,
		requests: make(chan *request),
		closing:  make(chan struct{}),
		stopped:  make(chan struct{}),
	}
	go d.run(context.WithoutCancel(ctx))
	return d, nil
}

// Path is the path that the file was opened under.
func (d *DB) Path() string { return d.path }

// Read is the pool of read connections. Read in pages by key: an open *sql.Rows
// or read transaction keeps the WAL from being reused, so it must be short.
func (d *DB) Read() *sql.DB { return d.readers }

// Size is the space that the file, its WAL and its index take on disk.
func (d *DB) Size() (int64, error) {
	var n int64
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(d.path + suffix)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return 0, fmt.Errorf("sizing database %s: %w", d.path, err)
		default:
			n += info.Size()
		}
	}
	return n, nil
}

// Close finishes the group that is being written, refuses everything later with
// ErrClosed and closes the file.
func (d *DB) Close() error {
	var err error
	d.closed.Do(func() {
		close(d.closing)
		<-d.stopped
		// The writer goes last: the last connection to close folds the WAL into the file.
		err = errors.Join(d.readers.Close(), d.writer.Close())
		if err != nil {
			err = fmt.Errorf("closing database %s: %w", d.path, classify(err))
		}
	})
	return err
}

// openPool opens a pool of n connections to dsn, which live until Close.
func openPool(dsn string, n int, shielded bool) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	if shielded {
		c = shieldConnector{c}
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// probe makes the first connection and reads the schema, so that a file that is
// no database is told at the start and not by the first write.
func probe(ctx context.Context, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return classify(err)
	}
	return nil
}

// dsn is path with everything that must hold on each connection; a PRAGMA by
// Exec would reach one connection of the pool alone.
func dsn(path string, opt Options, write bool) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	sync := "FULL"
	if opt.Unsynced {
		sync = "OFF"
	}
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", opt.BusyTimeout.Milliseconds()))
	q.Add("_pragma", "foreign_keys(ON)")
	q.Add("_pragma", "temp_store(MEMORY)")
	if write {
		// An immediate transaction takes the write lock at BEGIN, where busy_timeout
		// counts; a deferred one that reads first fails at once when it then writes.
		q.Set("_txlock", "immediate")
		q.Add("_pragma", "journal_mode(WAL)")
		q.Add("_pragma", "synchronous("+sync+")")
		// A checkpoint leaves the WAL at its longest; this cuts it down again.
		q.Add("_pragma", "journal_size_limit(67108864)")
		// Every 4000 pages (16 MiB): each checkpoint syncs the file twice.
		q.Add("_pragma", "wal_autocheckpoint(4000)")
	} else {
		q.Set("_txlock", "deferred")
		q.Add("_pragma", "query_only(ON)")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// prepareFile makes the folder and the file, both for their owner alone. SQLite
// gives the WAL and the index the mode of the file.
func prepareFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if info, statErr := f.Stat(); statErr == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	return errors.Join(err, f.Close(), syncDir(dir))
}

// syncDir makes a new name in dir durable. Where the system cannot sync a
// folder there is nothing to make durable.
func syncDir(dir string) error {
	f, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !os.IsPermission(err) {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
