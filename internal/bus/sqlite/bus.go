// Package sqlite is the embedded bus: a durable log in one SQLite file, for a
// daemon that needs no other process.
//
// A topic has a fixed number of partitions, and each partition is a table of its
// own, so that publishing only ever appends. Offsets grow and are never used
// twice, but may have holes. Each row carries a checksum. Consumers wait on a
// signal in memory, not on a clock, so a message is handed on within
// milliseconds; the file belongs to one process.
//
//	bus.go      Open, Close, Ping, Lag
//	topic.go    topics, partitions and the signals that wake consumers
//	publish.go  appending
//	consume.go  one loop for each partition; offsets of groups
//	rows.go     reading pages of rows, checksums, damage
//	retain.go   dropping what is done and old
//	forget.go   erasing what an author took back
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// Options are what Open needs; Path is the only one without a default.
type Options struct {
	// Path is the file, bus.db in the data_dir.
	Path string
	// Partitions is how many partitions a topic gets when it is first used; 0 is
	// bus.DefaultPartitions. A topic keeps the number that it began with.
	Partitions int
	// Retention is how long messages are kept after every group has done them; 0
	// is bus.DefaultRetention.
	Retention time.Duration
	// MaxBytes is how large the log grows before messages that every group has
	// done go early; 0 is bus.DefaultMaxBytes.
	MaxBytes int64
	// Unsynced leaves out every fsync: for dry runs alone.
	Unsynced bool
	Log      *zap.Logger
	// Reg gets the metrics; nil registers none.
	Reg prometheus.Registerer
}

// Bus is the embedded log. It is safe for concurrent use.
type Bus struct {
	db  *sqlite.DB
	opt Options
	log *zap.Logger

	damaged *prometheus.CounterVec

	mu        sync.Mutex
	topics    map[string]*topic
	consumers map[consumer]bool

	// forgetting wakes the one who erases.
	forgetting signal

	stop       context.CancelFunc
	background sync.WaitGroup
}

// consumer is a topic that is being consumed for a group.
type consumer struct{ topic, group string }

var _ bus.Bus = (*Bus)(nil)

// schema has the tables that are there before any topic is.
const schema = `
CREATE TABLE topic (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	partitions INTEGER NOT NULL
);
CREATE TABLE progress (
	grp TEXT NOT NULL,
	topic INTEGER NOT NULL REFERENCES topic(id),
	part INTEGER NOT NULL,
	next INTEGER NOT NULL,
	PRIMARY KEY (topic, part, grp)
) WITHOUT ROWID;
`

// Open opens or creates the log, and drops what is old in the background until
// Close.
func Open(ctx context.Context, opt Options) (*Bus, error) {
	if opt.Partitions <= 0 {
		opt.Partitions = bus.DefaultPartitions
	}
	if opt.Retention <= 0 {
		opt.Retention = bus.DefaultRetention
	}
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = bus.DefaultMaxBytes
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	db, err := sqlite.Open(ctx, opt.Path, sqlite.Options{Unsynced: opt.Unsynced, Readers: readers})
	if err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	b := &Bus{
		db:  db,
		opt: opt,
		log: opt.Log,
		damaged: promauto.With(opt.Reg).NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_bus_damaged_total",
			Help: "Records of the bus that were found damaged and skipped.",
		}, []string{"topic"}),
		topics:    map[string]*topic{},
		consumers: map[consumer]bool{},
	}
	for _, name := range []string{bus.TopicMentions, bus.TopicScored, bus.TopicDead} {
		b.damaged.WithLabelValues(name)
	}
	if err := b.load(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	b.background.Go(func() { b.retain(background) })
	b.background.Go(func() { b.forget(background) })
	return b, nil
}

// readers is the size of the read pool: partitions are read in turns.
const readers = 4

// load brings the schema up to date and reads the topics.
func (b *Bus) load(ctx context.Context) error {
	if err := b.db.Migrate(ctx, schema, forgetting); err != nil {
		return err
	}
	rows, err := b.db.Read().QueryContext(ctx, "SELECT id, name, partitions FROM topic")
	if err != nil {
		return sqlite.Classify(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var name string
		var parts int
		if err := rows.Scan(&id, &name, &parts); err != nil {
			return err
		}
		b.topics[name] = newTopic(id, name, parts)
	}
	if err := rows.Err(); err != nil {
		return sqlite.Classify(err)
	}
	for _, t := range b.topics {
		if err := t.loadNext(ctx, b.db.Read()); err != nil {
			return err
		}
	}
	return nil
}

// Lag is how many messages of topic the group has still to do. Holes in the
// offsets count until the group is past them.
func (b *Bus) Lag(ctx context.Context, topic, group string) (int64, error) {
	t, err := b.topic(ctx, topic)
	if err != nil {
		return 0, err
	}
	var lag int64
	for p := range t.parts {
		n, err := t.lag(ctx, b.db.Read(), p, group)
		if err != nil {
			return 0, fmt.Errorf("reading the lag of %s on %s: %w", group, topic, sqlite.Classify(err))
		}
		lag += n
	}
	return lag, nil
}

// lag is the lag of one partition.
func (t *topic) lag(ctx context.Context, db *sql.DB, part int, group string) (int64, error) {
	var first, last sql.NullInt64
	if err := db.QueryRowContext(ctx, t.parts[part].bounds).Scan(&first, &last); err != nil {
		return 0, err
	}
	if !last.Valid {
		return 0, nil
	}
	next := first.Int64
	done, err := t.progress(ctx, db, part, group)
	if err != nil {
		return 0, err
	}
	return last.Int64 + 1 - max(next, done), nil
}

// Ping reports whether the file can be read.
func (b *Bus) Ping(ctx context.Context) error {
	var n int
	if err := b.db.Read().QueryRowContext(ctx, "SELECT count(*) FROM topic").Scan(&n); err != nil {
		return fmt.Errorf("reading the bus: %w", sqlite.Classify(err))
	}
	return nil
}

// Close closes the file. Every Consume must have returned.
func (b *Bus) Close() error {
	b.stop()
	b.background.Wait()
	return b.db.Close()
}
