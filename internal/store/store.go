// Package store keeps everything that LeakyTap has to remember beyond the log:
// where each source stands, what was seen and decided, the cases and what
// happened to them, and the outbox. Today it is one SQLite file, leakytap.db in
// data_dir; the suite in store/storetest says what any other store owes.
//
// What it promises: Update is one transaction, all or nothing, and returns only
// once it is on the disk. A row of the outbox is claimed by one claimer at a
// time, in the order of its case, and one whose fate is not known is handed out
// as such. A retracted post's words are erased from every row. Pruning never
// takes what is still owed or live.
//
//	store.go      Config, Open, Close, Write
//	schema.go     migrations, whose SQL is in schema/
//	sql.go        statements prepared once; lists, severities and hashes as columns
//	tx.go         Update and Tx: the desk's transaction
//	cursor.go     where a source continues, and SaveProgress
//	seen.go       posts that were published, and to whom
//	source.go     how sources are doing
//	watch.go      whose next words to bring
//	unmatched.go  the sample of posts that matched nothing
//	mention.go    posts, once for each brand
//	decision.go   what was decided, and why; decided.go reads it for a backtest
//	budget.go     how budgets are spread
//	drawn.go      random samples of decided posts, which people label
//	case.go       cases; caselist.go lists and counts them; dossier.go all about one
//	recovery.go   what became of many cases
//	complaint.go  the posts that asked for a card, and incidents
//	event.go      a case's history, and the keys of actions done
//	notice.go     the outbox's rows; outbox.go claims and marks them
//	clock.go      times at which a case changes by itself
//	label.go      what people taught
//	layer.go      what was learned from it
//	silence.go    what is held back for now
//	dead.go       records that a stage could not handle
//	lease.go      who may do what one at a time may do
//	meta.go       single values, and the last good version of each brand
//	erase.go      a retracted post leaves; scrub.go takes its words out of ours
//	prune.go      retention
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/sqlite"
)

// The errors that callers tell apart.
var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrExists says that a decision of that identity is already stored: the
	// caller did not look first.
	ErrExists = errors.New("exists already")
	// ErrStale says that the row changed hands since it was claimed.
	ErrStale = errors.New("no longer held by this claim")
)

// FileName is the name of the store's file in data_dir.
const FileName = "leakytap.db"

// minRetention is the shortest retention that Validate accepts.
const minRetention = 24 * time.Hour

// Config says where the store is and how long it remembers.
type Config struct {
	// URL is sqlite, for a file in data_dir.
	URL setting.Secret `yaml:"url" json:"url"`
	// URLFile is the path of a file that holds the URL.
	URLFile string `yaml:"url_file" json:"url_file,omitempty"`
	// Retention is how long mentions, decisions, ended cases and sent notices stay.
	Retention setting.Duration `yaml:"retention" json:"retention"`
}

// Default is what a config has where nothing is written.
func Default() Config {
	return Config{URL: "sqlite", Retention: setting.Duration(90 * 24 * time.Hour)}
}

// Validate lists the mistakes in c.
func (c Config) Validate() []setting.Problem {
	var ps []setting.Problem
	switch u := c.URL.Reveal(); {
	case u == "sqlite":
	case strings.HasPrefix(u, "postgres:"), strings.HasPrefix(u, "postgresql:"):
		ps = append(ps, setting.Problem{Path: "url", Msg: "PostgreSQL is not supported yet; write sqlite"})
	default:
		ps = append(ps, setting.Problem{Path: "url", Msg: "is no store that leakytap knows; write sqlite"})
	}
	if c.Retention.D() < minRetention {
		ps = append(ps, setting.Problem{Path: "retention", Msg: fmt.Sprintf("%s is too short; write at least 1d", c.Retention)})
	}
	return ps
}

// Store is the open store. It is safe for concurrent use.
type Store struct {
	db        *sqlite.DB
	retention time.Duration
	log       *zap.Logger

	reads  readConn
	writes writeConn

	// salt makes the sample of unmatched posts unpredictable to their authors.
	salt string
	// scrub asks for the log of the file to be emptied: an erased text may still be in it.
	scrub scrubFlag
}

// Open opens or creates the store in dataDir and brings its schema up to date.
// The zero Config is Default.
func Open(ctx context.Context, cfg Config, dataDir string, log *zap.Logger) (*Store, error) {
	return open(ctx, cfg, dataDir, log, sqlite.Options{})
}

// OpenScratch opens a store that need not outlive the process: nothing is
// synced. For dry runs and benchmarks.
func OpenScratch(ctx context.Context, cfg Config, dataDir string, log *zap.Logger) (*Store, error) {
	return open(ctx, cfg, dataDir, log, sqlite.Options{Unsynced: true})
}

func open(ctx context.Context, cfg Config, dataDir string, log *zap.Logger, opt sqlite.Options) (*Store, error) {
	def := Default()
	if cfg.URL == "" {
		cfg.URL = def.URL
	}
	if cfg.Retention == 0 {
		cfg.Retention = def.Retention
	}
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("opening store: %w", ps[0])
	}
	if log == nil {
		log = zap.NewNop()
	}
	db, err := sqlite.Open(ctx, filepath.Join(dataDir, FileName), opt)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", err)
	}
	s := &Store{db: db, retention: cfg.Retention.D(), log: log}
	s.reads = readConn{db: db.Read(), stmts: map[string]*sql.Stmt{}, mu: &sync.RWMutex{}}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store: %w", err), db.Close())
	}
	return s, nil
}

// prepare migrates and reads what a Store holds in memory.
func (s *Store) prepare(ctx context.Context) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	return s.loadSalt(ctx)
}

// Close finishes what is being written and closes the file. The store must not
// be used afterwards.
func (s *Store) Close() error {
	s.emptyLog(context.Background())
	return errors.Join(s.reads.close(), s.db.Close())
}

// Ping reports whether the store can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.db.Read().QueryRowContext(ctx, "SELECT 1 FROM counters LIMIT 1").Scan(&one); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading the store: %w", sqlite.Classify(err))
	}
	return nil
}

// Size is how many bytes the store takes on the disk, with its log.
func (s *Store) Size(context.Context) (int64, error) { return s.db.Size() }

// write runs fn in a transaction of the one writer.
func (s *Store) write(ctx context.Context, fn func(c conn) error) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		c, err := s.writes.begin(context.WithoutCancel(ctx), tx)
		if err != nil {
			return err
		}
		return fn(c)
	})
}
