package sqlite

import (
	"context"
	"fmt"
	"time"
)

// checkpointWait is how long a checkpoint may wait for readers, and writers for it.
const checkpointWait = 250 * time.Millisecond

// EmptyLog folds the write-ahead log into the file and cuts it to nothing: until
// then the log holds pages as they were before. busy says that a reader is still
// at an older state, so that it has to be asked again.
func (d *DB) EmptyLog(ctx context.Context) (busy bool, err error) {
	// A read connection does it: it is no write to the tables.
	c, err := d.readers.Conn(ctx)
	if err != nil {
		return false, fmt.Errorf("emptying the log of %s: %w", d.path, classify(err))
	}
	defer func() { _ = c.Close() }()
	var before int64
	if err := c.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&before); err != nil {
		return false, fmt.Errorf("emptying the log of %s: %w", d.path, classify(err))
	}
	if _, err := c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", checkpointWait.Milliseconds())); err != nil {
		return false, fmt.Errorf("emptying the log of %s: %w", d.path, classify(err))
	}
	var inLog, done int64
	err = c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &done)
	if _, undo := c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", before)); err == nil {
		err = undo
	}
	if err != nil {
		return busy, fmt.Errorf("emptying the log of %s: %w", d.path, classify(err))
	}
	return busy, nil
}
