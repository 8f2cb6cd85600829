package web

import (
	"context"
	"errors"

	"github.com/leakytap/leakytap/internal/record"
)

// ErrNotFound is what a Backend answers about a case, dead letter or silence
// that is not there. An action that a case does not allow now is answered with a
// casework.ErrIllegal, whose text is for people and says what is allowed.
var ErrNotFound = errors.New("not found")

// Page asks for one page of a list: at most Limit rows. After is the Next of
// the page before, empty for the first.
type Page struct {
	Limit int
	After string
}

// List is one page of a list, in the API too. Next is After of the page that
// follows, empty at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// CaseFilter says which cases to list.
type CaseFilter struct {
	Page
	// States are those wanted, at least one.
	States []record.State
	// Brand is the one wanted; empty asks for all.
	Brand string
}

// Cases reads and moves cases. Every method may be called by many at once.
type Cases interface {
	// Cases lists cases, worst and oldest first.
	Cases(ctx context.Context, f CaseFilter) (List[record.Case], error)
	// Dossier is all about one case, or ErrNotFound.
	Dossier(ctx context.Context, id string) (record.Dossier, error)
	// Act does a and answers with the case after it, ErrNotFound or a
	// casework.ErrIllegal. It is idempotent for actions with a Key.
	Act(ctx context.Context, a record.Action) (record.Case, error)
}

// Traces tells what became of mentions, and how the sources that bring them are doing.
type Traces interface {
	// Decisions are those about one mention, by id or URL, for all brands and
	// revisions; none where the mention was never collected.
	Decisions(ctx context.Context, idOrURL string) ([]record.Decision, error)
	// Sources are all configured sources.
	Sources(ctx context.Context) ([]record.SourceStat, error)
}

// DeadLetters handles the records that a stage could not.
type DeadLetters interface {
	// ListDead lists dead letters, newest first, each without its value.
	ListDead(ctx context.Context, p Page) (List[record.Dead], error)
	// Dead is one of them with its value, or ErrNotFound.
	Dead(ctx context.Context, id string) (record.Dead, error)
	// RetryDead puts it back under its old key and drops it here, or ErrNotFound.
	RetryDead(ctx context.Context, id string) error
	// DropDead forgets it, or ErrNotFound.
	DropDead(ctx context.Context, id string) error
}

// Silences handles what holds back cards.
type Silences interface {
	// ListSilences lists the silences that have not ended.
	ListSilences(ctx context.Context) ([]record.Silence, error)
	// AddSilence stores s and answers with it, its ID and From filled in.
	AddSilence(ctx context.Context, s record.Silence) (record.Silence, error)
	// ExpireSilence ends it now, or answers ErrNotFound.
	ExpireSilence(ctx context.Context, id string) error
}

// Backend is what the inbox and the API stand on: the store and the desk in the
// daemon, another daemon's API for the commands.
type Backend interface {
	Cases
	Traces
	DeadLetters
	Silences
}
