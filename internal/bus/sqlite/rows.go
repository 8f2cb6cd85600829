package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// row is a message as it is stored.
type row struct {
	off, at    int64
	key, value []byte
}

// castagnoli is the polynomial that processors compute in hardware; crc32 makes
// the table for it once.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// sum is the checksum over everything that the row holds.
func (r row) sum() uint32 {
	var head [24]byte
	binary.LittleEndian.PutUint64(head[0:], uint64(r.off)) //nolint:gosec // the bits, whatever they mean
	binary.LittleEndian.PutUint64(head[8:], uint64(r.at))  //nolint:gosec // the bits, whatever they mean
	binary.LittleEndian.PutUint64(head[16:], uint64(len(r.key)))
	c := crc32.Update(0, castagnoli(), head[:])
	c = crc32.Update(c, castagnoli(), r.key)
	return crc32.Update(c, castagnoli(), r.value)
}

// page is some messages of a partition in order, and the offset to go on from
// once they are done. next grows also where rows were skipped as damaged.
type page struct {
	msgs []bus.Message
	next int64
}

// read reads the messages from offset next on, within the bounds of a batch.
func (b *Bus) read(ctx context.Context, t *topic, part int, next int64) (page, error) {
	pg, err := b.readPage(ctx, t, part, next)
	if err == nil || !errors.Is(err, sqlite.ErrCorrupt) {
		return pg, err
	}
	return b.readSingly(ctx, t, part, next, err)
}

func (b *Bus) readPage(ctx context.Context, t *topic, part int, next int64) (page, error) {
	pg := page{next: next}
	rows, err := b.db.Read().QueryContext(ctx, t.parts[part].page, next, bus.MaxBatch)
	if err != nil {
		return pg, sqlite.Classify(err)
	}
	defer func() { _ = rows.Close() }()
	size := 0
	for size < bus.MaxBatchBytes && rows.Next() {
		m, ok, err := b.scan(rows, t, part)
		if err != nil {
			return pg, sqlite.Classify(err)
		}
		pg.next = m.Offset + 1
		if ok {
			pg.msgs = append(pg.msgs, m)
			size += len(m.Key) + len(m.Value)
		}
	}
	return pg, sqlite.Classify(rows.Err())
}

// scan reads one row; false says that it is damaged and was reported.
func (b *Bus) scan(rows interface{ Scan(dest ...any) error }, t *topic, part int) (bus.Message, bool, error) {
	var r row
	var crc int64
	if err := rows.Scan(&r.off, &r.at, &r.key, &r.value, &crc); err != nil {
		return bus.Message{}, false, err
	}
	m := bus.Message{
		Key: string(r.key), Value: r.value,
		Topic: t.name, Partition: part, Offset: r.off, Time: sqlite.Time(r.at),
	}
	if int64(r.sum()) != crc {
		b.reportDamage(t, part, r.off, errors.New("the checksum does not fit"))
		return m, false, nil
	}
	return m, true, nil
}

// readSingly reads around a damaged page of the file: each row by itself, so
// that only those that cannot be read are lost. cause is what reading the page
// gave; where the partition's bounds cannot be read either, nothing is skipped.
func (b *Bus) readSingly(ctx context.Context, t *topic, part int, next int64, cause error) (page, error) {
	pg := page{next: next}
	var first, last sql.NullInt64
	if err := b.db.Read().QueryRowContext(ctx, t.parts[part].bounds).Scan(&first, &last); err != nil {
		return pg, errors.Join(cause, sqlite.Classify(err))
	}
	end := min(last.Int64, next+bus.MaxBatch-1)
	for off := next; off <= end; off++ {
		m, ok, err := b.scan(b.db.Read().QueryRowContext(ctx, t.parts[part].one, off), t, part)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case errors.Is(sqlite.Classify(err), sqlite.ErrCorrupt):
			b.reportDamage(t, part, off, err)
		case err != nil:
			return page{next: next}, err
		case ok:
			pg.msgs = append(pg.msgs, m)
		}
		pg.next = off + 1
	}
	return pg, nil
}

func (b *Bus) reportDamage(t *topic, part int, off int64, cause error) {
	b.damaged.WithLabelValues(t.name).Inc()
	b.log.Error("damaged record on the bus skipped", zap.String("topic", t.name),
		zap.Int("partition", part), zap.Int64("offset", off), zap.Error(cause))
}
