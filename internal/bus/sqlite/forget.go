package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/sqlite"
)

// forgetting is the table of keys whose messages are to go: those up to an
// offset of a partition, once every group has done them.
const forgetting = `
CREATE TABLE forget (
	topic INTEGER NOT NULL REFERENCES topic(id),
	part INTEGER NOT NULL,
	key BLOB NOT NULL,
	upto INTEGER NOT NULL,
	PRIMARY KEY (topic, part, key)
) WITHOUT ROWID;
`

// forgetEvery is how often keys are looked at that could not be forgotten yet.
const forgetEvery = time.Second

// Forget erases every message that is there now under these keys, in all topics,
// as soon as every group has done it: what an author took back does not stay in
// the file. It returns once the order is durable; the erasing follows within
// seconds.
func (b *Bus) Forget(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		for _, t := range b.known() {
			for _, key := range keys {
				part := t.partitionOf(key)
				var first, last sql.NullInt64
				if err := tx.QueryRowContext(ctx, t.parts[part].bounds).Scan(&first, &last); err != nil {
					return err
				}
				if !last.Valid {
					continue
				}
				_, err := tx.ExecContext(ctx, "INSERT INTO forget (topic, part, key, upto) VALUES (?, ?, ?, ?)"+
					" ON CONFLICT (topic, part, key) DO UPDATE SET upto = excluded.upto", t.id, part, []byte(key), last.Int64)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forgetting messages: %w", err)
	}
	b.forgetting.fire()
	return nil
}

// known are the topics so far.
func (b *Bus) known() []*topic {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]*topic, 0, len(b.topics))
	for _, t := range b.topics {
		out = append(out, t)
	}
	return out
}

// forget carries the orders out until ctx ends.
func (b *Bus) forget(ctx context.Context) {
	dirty := false // the file's log may still hold what was erased
	for ctx.Err() == nil {
		wake := b.forgetting.next()
		left, erased, err := b.forgetDue(ctx)
		dirty = dirty || erased
		if dirty && err == nil {
			var busy bool
			busy, err = b.db.EmptyLog(context.WithoutCancel(ctx))
			dirty = busy || err != nil
		}
		if err != nil && ctx.Err() == nil {
			b.log.Warn("erasing messages from the bus failed, trying again", zap.Error(err))
		}
		if left || dirty || err != nil {
			rest(ctx, forgetEvery)
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		}
	}
}

// forgetDue erases what every group has done. left says that orders remain.
func (b *Bus) forgetDue(ctx context.Context) (left, erased bool, err error) {
	for _, t := range b.known() {
		for part := range t.parts {
			more, some, err := b.forgetIn(ctx, t, part)
			left, erased = left || more, erased || some
			if err != nil {
				return left, erased, fmt.Errorf("erasing from %s: %w", t.name, sqlite.Classify(err))
			}
		}
	}
	return left, erased, nil
}

func (b *Bus) forgetIn(ctx context.Context, t *topic, part int) (left, erased bool, err error) {
	db := b.db.Read()
	keys, upto, err := b.orders(ctx, t, part)
	if err != nil || len(keys) == 0 {
		return false, false, err
	}
	var done sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT min(next) FROM progress WHERE topic = ? AND part = ?", t.id, part).Scan(&done); err != nil {
		return true, false, err
	}
	if done.Valid && done.Int64 <= upto {
		return true, false, nil
	}
	offs, err := t.offsets(ctx, db, part, upto, keys)
	if err != nil {
		return true, false, err
	}
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		// The bytes themselves go, not only the way to them.
		if _, err := tx.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
			return err
		}
		for _, off := range offs {
			if _, err := tx.ExecContext(ctx, t.parts[part].remove, off); err != nil {
				return err
			}
		}
		// An order that was renewed meanwhile reaches further and stays.
		_, err := tx.ExecContext(ctx, "DELETE FROM forget WHERE topic = ? AND part = ? AND upto <= ?", t.id, part, upto)
		return err
	})
	return err != nil, len(offs) > 0, err
}

// orders are the keys to forget in a partition and the furthest offset of them.
func (b *Bus) orders(ctx context.Context, t *topic, part int) (keys map[string]bool, upto int64, err error) {
	rows, err := b.db.Read().QueryContext(ctx, "SELECT key, upto FROM forget WHERE topic = ? AND part = ?", t.id, part)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }()
	keys = map[string]bool{}
	for rows.Next() {
		var key []byte
		var last int64
		if err := rows.Scan(&key, &last); err != nil {
			return nil, 0, err
		}
		keys[string(key)], upto = true, max(upto, last)
	}
	return keys, upto, rows.Err()
}

// offsets are those of the messages under keys, up to an offset. A key has no
// index: it is asked for only when someone takes a post back.
func (t *topic) offsets(ctx context.Context, db *sql.DB, part int, upto int64, keys map[string]bool) ([]int64, error) {
	var out []int64
	for from, n := int64(0), forgetPage; n == forgetPage; {
		rows, err := db.QueryContext(ctx, t.parts[part].keys, from, upto, forgetPage)
		if err != nil {
			return nil, err
		}
		for n = 0; rows.Next(); n++ {
			var key []byte
			var off int64
			if err := rows.Scan(&off, &key); err != nil {
				_ = rows.Close()
				return nil, err
			}
			if from = off + 1; keys[string(key)] {
				out = append(out, off)
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// forgetPage is how many rows are looked at in one read.
const forgetPage = 5000
