package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// Publish appends the messages in one transaction and returns nil once it is
// synced: all of them are there, or none.
func (b *Bus) Publish(ctx context.Context, topic string, msgs ...bus.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	if err := bus.CheckSizes(topic, msgs); err != nil {
		return err
	}
	t, err := b.topic(ctx, topic)
	if err != nil {
		return err
	}
	byPart := make([][]int, len(t.parts))
	for i := range msgs {
		p := t.partitionOf(msgs[i].Key)
		byPart[p] = append(byPart[p], i)
	}
	at := sqlite.Stamp(time.Now())
	err = b.db.Write(ctx, func(tx *sql.Tx) error {
		for p, indexes := range byPart {
			if len(indexes) == 0 {
				continue
			}
			if err := t.parts[p].append(ctx, tx, at, msgs, indexes); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("publishing to %s: %w", topic, err)
	}
	for p, indexes := range byPart {
		if len(indexes) > 0 {
			t.parts[p].wake.fire()
		}
	}
	return nil
}

// append writes the messages at indexes, in order. It runs on the writer
// goroutine, which alone moves next; where the transaction fails, the offsets
// that it took stay unused.
func (p *partition) append(ctx context.Context, tx *sql.Tx, at int64, msgs []bus.Message, indexes []int) error {
	stmt, err := tx.PrepareContext(ctx, p.insert) //nolint:gosec // the statement is made of two numbers
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }()
	for _, i := range indexes {
		r := row{off: p.next, at: at, key: []byte(msgs[i].Key), value: msgs[i].Value}
		p.next++
		if r.value == nil {
			r.value = []byte{}
		}
		if _, err := stmt.ExecContext(ctx, r.off, r.at, r.key, r.value, int64(r.sum())); err != nil {
			return err
		}
	}
	return nil
}
