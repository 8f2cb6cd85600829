package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/sqlite"
)

// How often retention looks, and how many rows it drops in one transaction so
// that no publisher waits long.
const (
	retainEvery = time.Minute
	pruneRows   = 500
)

// retain drops what is old until ctx ends.
func (b *Bus) retain(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		if err := b.Prune(ctx, time.Now()); err != nil && ctx.Err() == nil {
			b.log.Error("dropping old messages from the bus failed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Prune drops the messages that every group has done and that are older than
// the retention at now; and, while the log is larger than it may be, the oldest
// that every group has done, whatever their age. What a group has still to do is
// kept, however old and large: then the log grows, and says so.
func (b *Bus) Prune(ctx context.Context, now time.Time) error {
	cutoff := sqlite.Stamp(now.Add(-b.opt.Retention))
	topics := b.known()
	for _, t := range topics {
		for p := range t.parts {
			for {
				n, err := b.prune(ctx, t, p, cutoff)
				if err != nil {
					return err
				}
				if n < pruneRows {
					break
				}
			}
		}
	}
	return b.pruneBytes(ctx, topics)
}

// pruneBytes drops rows that are done, a few of each partition in turn, until
// the log is no larger than it may be.
func (b *Bus) pruneBytes(ctx context.Context, topics []*topic) error {
	for {
		used, err := b.used(ctx)
		if err != nil {
			return err
		}
		if used <= b.opt.MaxBytes {
			return nil
		}
		dropped := int64(0)
		for _, t := range topics {
			for p := range t.parts {
				n, err := b.prune(ctx, t, p, math.MaxInt64)
				if err != nil {
					return err
				}
				dropped += n
			}
		}
		if dropped == 0 {
			b.log.Warn("the bus is larger than it may be and all of it is still to be done; a stage is behind or stopped",
				zap.Int64("bytes", used), zap.Int64("max_bytes", b.opt.MaxBytes))
			return nil
		}
	}
}

// prune drops up to pruneRows rows of a partition that every group has done and
// that are older than cutoff. It looks first, so that nothing to do is no write.
func (b *Bus) prune(ctx context.Context, t *topic, part int, cutoff int64) (int64, error) {
	n, err := b.pruneBelow(ctx, t, part, cutoff)
	if err != nil {
		return 0, fmt.Errorf("dropping old messages of %s: %w", t.name, sqlite.Classify(err))
	}
	return n, nil
}

func (b *Bus) pruneBelow(ctx context.Context, t *topic, part int, cutoff int64) (int64, error) {
	db := b.db.Read()
	var done sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT min(next) FROM progress WHERE topic = ? AND part = ?", t.id, part).Scan(&done); err != nil {
		return 0, err
	}
	below := done.Int64
	switch {
	case done.Valid:
	case cutoff == math.MaxInt64:
		return 0, nil // nobody has read this topic yet, so nothing of it is done
	default:
		below = math.MaxInt64 // age alone counts
	}
	var first, at int64
	err := db.QueryRowContext(ctx, t.parts[part].oldest).Scan(&first, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	case first >= below || at >= cutoff:
		return 0, nil
	}
	var n int64
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		// A group that joined since stands at the oldest row: it keeps everything.
		if err := tx.QueryRowContext(ctx, "SELECT min(next) FROM progress WHERE topic = ? AND part = ?", t.id, part).Scan(&done); err != nil {
			return err
		}
		if done.Valid {
			below = min(below, done.Int64)
		}
		res, err := tx.ExecContext(ctx, t.parts[part].prune, below, pruneRows, cutoff)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// used is how many bytes of the file hold something.
func (b *Bus) used(ctx context.Context) (int64, error) {
	var size, pages, free int64
	db := b.db.Read()
	err := errors.Join(
		db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size),
		db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages),
		db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free))
	if err != nil {
		return 0, fmt.Errorf("sizing the bus: %w", sqlite.Classify(err))
	}
	return (pages - free) * size, nil
}
