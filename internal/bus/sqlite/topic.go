package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
)

// topic is a topic with its partitions, as this process knows it.
type topic struct {
	id    int64
	name  string
	parts []*partition
}

// partition is one ordered log. Its statements are written out once, since the
// name of its table is part of them.
type partition struct {
	// next is the offset of the next message. Only the writer goroutine uses it.
	next int64

	wake signal

	create, insert, page, one, oldest, bounds, prune, keys, remove string
}

func newTopic(id int64, name string, parts int) *topic {
	t := &topic{id: id, name: name}
	for p := range parts {
		table := fmt.Sprintf("log_%d_%d", id, p)
		t.parts = append(t.parts, &partition{
			next:   1,
			create: "CREATE TABLE IF NOT EXISTS " + table + " (off INTEGER PRIMARY KEY, at INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, crc INTEGER NOT NULL)",
			insert: "INSERT INTO " + table + " (off, at, key, value, crc) VALUES (?, ?, ?, ?, ?)",
			page:   "SELECT off, at, key, value, crc FROM " + table + " WHERE off >= ? ORDER BY off LIMIT ?",
			one:    "SELECT off, at, key, value, crc FROM " + table + " WHERE off = ?",
			oldest: "SELECT off, at FROM " + table + " ORDER BY off LIMIT 1",
			bounds: "SELECT (SELECT min(off) FROM " + table + "), (SELECT max(off) FROM " + table + ")",
			// The newest row stays: the next offset is known by it.
			prune: "DELETE FROM " + table + " WHERE off IN (SELECT off FROM " + table + " WHERE off < ? ORDER BY off LIMIT ?) AND at < ?" +
				" AND off < (SELECT max(off) FROM " + table + ")",
			keys:   "SELECT off, key FROM " + table + " WHERE off >= ? AND off <= ? ORDER BY off LIMIT ?",
			remove: "DELETE FROM " + table + " WHERE off = ?",
		})
	}
	return t
}

// partitionOf is where messages of key go.
func (t *topic) partitionOf(key string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return int(h.Sum32() % uint32(len(t.parts))) //nolint:gosec // a topic has 1 to 256 partitions
}

// loadNext finds where each partition goes on: after its newest row, and after
// what any group has done.
func (t *topic) loadNext(ctx context.Context, db *sql.DB) error {
	for i, p := range t.parts {
		var first, last, done sql.NullInt64
		if err := db.QueryRowContext(ctx, p.bounds).Scan(&first, &last); err != nil {
			return fmt.Errorf("reading topic %s: %w", t.name, err)
		}
		if err := db.QueryRowContext(ctx, "SELECT max(next) FROM progress WHERE topic = ? AND part = ?", t.id, i).Scan(&done); err != nil {
			return fmt.Errorf("reading progress on %s: %w", t.name, err)
		}
		p.next = max(1, last.Int64+1, done.Int64)
	}
	return nil
}

// progress is the first offset that group has still to do, 0 for a new group.
func (t *topic) progress(ctx context.Context, db *sql.DB, part int, group string) (int64, error) {
	var next int64
	err := db.QueryRowContext(ctx, "SELECT next FROM progress WHERE topic = ? AND part = ? AND grp = ?", t.id, part, group).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return next, err
}

// topic is the topic called name, made on first use.
func (b *Bus) topic(ctx context.Context, name string) (*topic, error) {
	b.mu.Lock()
	t := b.topics[name]
	b.mu.Unlock()
	if t != nil {
		return t, nil
	}
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		var id int64
		parts := b.opt.Partitions
		err := tx.QueryRowContext(ctx, "SELECT id, partitions FROM topic WHERE name = ?", name).Scan(&id, &parts)
		if err == nil {
			t = newTopic(id, name, parts)
			return nil // another caller was first
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		row := tx.QueryRowContext(ctx, "INSERT INTO topic (name, partitions) VALUES (?, ?) RETURNING id", name, parts)
		if err := row.Scan(&id); err != nil {
			return err
		}
		t = newTopic(id, name, parts)
		for _, p := range t.parts {
			if _, err := tx.ExecContext(ctx, p.create); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("making topic %s: %w", name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := b.topics[name]; known != nil {
		return known, nil
	}
	b.topics[name] = t
	return t, nil
}

// signal wakes everyone who waits, without a clock.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// next is closed at the next fire. Take it before looking whether there is work,
// so that what comes in between is not missed.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
