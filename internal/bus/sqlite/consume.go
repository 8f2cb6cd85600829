package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
)

// readPause is how long a partition rests after its file could not be read or
// its progress not be written.
const readPause = time.Second

// Consume hands the topic's messages to h until ctx ends. One process consumes
// a topic for a group once; a second call gives bus.ErrConsumed.
func (b *Bus) Consume(ctx context.Context, topic, group string, h bus.Handler) error {
	if group == "" {
		return fmt.Errorf("consuming %s: a group needs a name", topic)
	}
	if ctx.Err() != nil {
		return nil
	}
	t, err := b.topic(ctx, topic)
	if err != nil {
		return endOrError(ctx, err)
	}
	if !b.enter(topic, group) {
		return fmt.Errorf("consuming %s for %s: %w", topic, group, bus.ErrConsumed)
	}
	defer b.leave(topic, group)
	next, err := b.join(ctx, t, group)
	if err != nil {
		return endOrError(ctx, fmt.Errorf("consuming %s for %s: %w", topic, group, err))
	}
	var wg sync.WaitGroup
	for p := range t.parts {
		wg.Go(func() { b.consume(ctx, t, p, group, next[p], h) })
	}
	wg.Wait()
	return nil
}

// endOrError is err, or nil where it only says that ctx ended.
func endOrError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // an end that was asked for is no error
	}
	return err
}

func (b *Bus) enter(topic, group string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := consumer{topic, group}
	if b.consumers[c] {
		return false
	}
	b.consumers[c] = true
	return true
}

func (b *Bus) leave(topic, group string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.consumers, consumer{topic, group})
}

// join makes the group known, so that retention keeps what it has still to do,
// and gives the offset at which it goes on in each partition.
func (b *Bus) join(ctx context.Context, t *topic, group string) ([]int64, error) {
	next := make([]int64, len(t.parts))
	err := b.db.Write(ctx, func(tx *sql.Tx) error {
		for p := range t.parts {
			if _, err := tx.ExecContext(ctx,
				"INSERT INTO progress (grp, topic, part, next) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING", group, t.id, p); err != nil {
				return err
			}
			row := tx.QueryRowContext(ctx, "SELECT next FROM progress WHERE grp = ? AND topic = ? AND part = ?", group, t.id, p)
			if err := row.Scan(&next[p]); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}

// consume is the loop of one partition.
func (b *Bus) consume(ctx context.Context, t *topic, part int, group string, next int64, h bus.Handler) {
	log := b.log.With(zap.String("group", group))
	for ctx.Err() == nil {
		wake := t.parts[part].wake.next()
		pg, err := b.read(ctx, t, part, next)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("reading the bus failed", zap.String("topic", t.name), zap.Int("partition", part), zap.Error(err))
			rest(ctx, readPause)
			continue
		case pg.next == next:
			select {
			case <-ctx.Done():
			case <-wake:
			}
			continue
		}
		if len(pg.msgs) > 0 {
			if err := bus.Deliver(ctx, h, pg.msgs, log); err != nil {
				log.Info("messages left for the next start", zap.String("topic", t.name), zap.Int("partition", part), zap.Error(err))
				return
			}
		}
		if !b.commit(ctx, t, part, group, pg.next, log) {
			return
		}
		next = pg.next
	}
}

// commit stores that the group has done everything before next. It tries until
// it can: what is done must be told before more is. When ctx has ended one
// failure is enough; the messages come again at the next start.
func (b *Bus) commit(ctx context.Context, t *topic, part int, group string, next int64, log *zap.Logger) bool {
	write := context.WithoutCancel(ctx)
	for {
		err := b.db.Write(write, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(write,
				"INSERT INTO progress (grp, topic, part, next) VALUES (?, ?, ?, ?)"+
					" ON CONFLICT (topic, part, grp) DO UPDATE SET next = excluded.next WHERE excluded.next > progress.next",
				group, t.id, part, next)
			return err
		})
		if err == nil {
			return true
		}
		log.Error("storing progress on the bus failed", zap.String("topic", t.name),
			zap.Int("partition", part), zap.Int64("next", next), zap.Error(err))
		if ctx.Err() != nil || errors.Is(err, context.Canceled) {
			return false
		}
		rest(ctx, readPause)
	}
}

// rest waits for d or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
