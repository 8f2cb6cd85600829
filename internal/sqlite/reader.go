package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// OpenReader opens a file that is there for reading alone, beside a process that may
// be writing it: nothing is created, migrated or changed. Read in pages by key, as
// DB.Read says. The caller closes it.
func OpenReader(ctx context.Context, path string, opt Options) (*sql.DB, error) {
	abs, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(abs)
	}
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if opt.Readers <= 0 {
		opt.Readers = defaultReaders
	}
	if opt.BusyTimeout <= 0 {
		opt.BusyTimeout = busyTimeout
	}
	db, err := openPool(dsn(abs, opt, false), opt.Readers, false)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if err := probe(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", path, err), db.Close())
	}
	return db, nil
}
