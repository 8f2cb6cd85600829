// Package ingest holds the sources: it turns what people say in public feeds
// into mentions, finds the brands they speak of and puts one record.Matched for
// each brand on the log.
//
// It promises that a source's cursor and the seen rows are saved only after
// what they stand for is durable on the log, so that a crash repeats and never
// loses; that an edit, a deletion and the deletion of an account reach every
// brand that got the post; that a broken post or a broken source is counted
// under a closed reason and holds nothing else up; and that a log that does not
// take posts stops the reading rather than dropping anything.
//
//	ingest.go    what a source is and what the package needs from others
//	config.go    a source as written in the config
//	run.go       the supervisor: starts, restarts and replaces sources
//	session.go   what a running source is given: Publish, OK, Fail
//	publish.go   a batch on its way: look up, match, publish, save
//	resolve.go   pure: what a sighting of a post means for each brand
//	watch.go     the mirror of the desk's watches
//	recent.go    answers that came a moment before their watch
//	sample.go    a bounded sample of posts that matched nothing
//	poll.go      the loop of polled sources
//	locks.go     one id at a time
//	reason.go    the closed list of what can go wrong
//	metrics.go   the metrics
//	blind.go     pure: is a source silent for longer than it should be
//
// One package for each platform is below it.
package ingest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Source turns one platform's protocol into mentions. Run blocks until ctx ends
// and then returns nil; an error or a panic has it started again after a pause.
type Source interface {
	Run(ctx context.Context, s *Session) error
}

// Batch is what a source read, in the order of the platform.
type Batch struct {
	// Posts are new posts, edited ones and retractions. A post without ObservedAt
	// was observed now.
	Posts []mention.Mention
	// GoneAuthors are the keys (mention.AuthorKey) of accounts that were deleted:
	// all their posts are retracted.
	GoneAuthors []string
	// Bad are records that could not be read; they become dead letters.
	Bad []Bad
	// Cursor is where to continue once the batch is durable; nil keeps the one before.
	Cursor json.RawMessage
	// Backlog says that the source is catching up: posts older than its max_age are late.
	Backlog bool
	// Enrich completes posts that matched, within a deadline of its own, before
	// they are published. It may change the author and nothing else. A deadline of
	// ctx is one that the batch did not know of.
	Enrich func(ctx context.Context, posts []*mention.Mention)

	// again says that the posts came before and matched nothing then.
	again bool
}

// Bad is a record that could not be read.
type Bad struct {
	Reason Reason
	// Detail says what was wrong, without the text of the post.
	Detail string
	// Key and Value are kept in the dead letter.
	Key   string
	Value []byte
}

// Hit is a brand whose query a post satisfies, or would but for ExcludedBy.
type Hit struct {
	Brand      string
	Terms      []string
	ExcludedBy string
}

// Rules are the brands as they are now: one immutable generation.
type Rules interface {
	// Match gives the brands that m speaks of.
	Match(m mention.Mention) []Hit
	// Hash is the hash of a brand, false where there is no such brand any more.
	Hash(brand string) (string, bool)
}

// Store is what ingest keeps.
type Store interface {
	LoadCursor(ctx context.Context, source string) (json.RawMessage, error)
	SaveProgress(ctx context.Context, p store.Progress) error
	SourceStats(ctx context.Context) ([]record.SourceStat, error)
	SeenByID(ctx context.Context, ids []string) (map[string]record.Seen, error)
	SeenByAuthor(ctx context.Context, authorKey, afterID string, limit int) ([]record.Seen, error)
	Watches(ctx context.Context) ([]record.Watch, error)
	WatchVersion(ctx context.Context) (int64, error)
}

// DeadLetters takes records that ingest could not handle.
type DeadLetters interface {
	Send(ctx context.Context, stage, reason string, m bus.Message, cause error) error
}

// Leases lets one process at a time run a source.
type Leases interface {
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	ReleaseLease(ctx context.Context, name, holder string) error
}

// Stage is the name of this stage in dead letters.
const Stage = "ingest"
