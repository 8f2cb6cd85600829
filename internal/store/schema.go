package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/leakytap/leakytap/internal/sqlite"
)

// applicationID marks the file as ours: "LTAP".
const applicationID = 0x4c544150

//go:embed schema/*.sql
var schemaFiles embed.FS

// migrate brings the schema up to date, and refuses a file that is somebody
// else's or newer than this program.
func migrate(ctx context.Context, db *sqlite.DB) error {
	steps, err := schemaSteps()
	if err != nil {
		return err
	}
	if err := refuseForeign(ctx, db); err != nil {
		return err
	}
	return db.Migrate(ctx, steps...)
}

// schemaSteps are the files of schema/ in order.
func schemaSteps() ([]string, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]string, 0, len(names))
	for _, name := range names {
		b, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		steps = append(steps, string(b))
	}
	return steps, nil
}

// refuseForeign refuses a database that some other program made: adding our
// tables to it would harm both.
func refuseForeign(ctx context.Context, db *sqlite.DB) error {
	var id, tables int64
	if err := db.Read().QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return fmt.Errorf("reading the file's mark: %w", sqlite.Classify(err))
	}
	if err := db.Read().QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("reading the file's schema: %w", sqlite.Classify(err))
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return fmt.Errorf("%s is a database of another program; move it away or choose another data_dir", db.Path())
	}
	return nil
}
