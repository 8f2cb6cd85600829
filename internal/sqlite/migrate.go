package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// Migrate brings the schema up to date: steps[i] takes a file of version i to
// i+1. Each step and the version that it leads to are one transaction, so that
// a crash restarts at the step that was under way. A file of a later version
// than steps know is refused. Steps that were released must never change.
func (d *DB) Migrate(ctx context.Context, steps ...string) error {
	for {
		var version int
		done := false
		err := d.Write(ctx, func(tx *sql.Tx) error {
			if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
				return fmt.Errorf("reading the schema version: %w", err)
			}
			switch {
			case version > len(steps):
				return fmt.Errorf("schema version %d is newer than this program knows (%d); run the newer leakytap, or restore a backup of before the upgrade",
					version, len(steps))
			case version == len(steps):
				done = true
				return nil
			}
			if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
				return fmt.Errorf("schema step %d: %w", version+1, err)
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil {
			return fmt.Errorf("migrating %s: %w", d.path, err)
		}
		if done {
			return nil
		}
	}
}
