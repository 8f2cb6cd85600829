package web

import (
	"context"
	"errors"

	"github.com/leakytap/leakytap/internal/record"
)

// ErrNotFound is what a Backend answers about a case, dead letter or silence
// that is not there.
var ErrNotFound = errors.New("not found")

// Refused is an error of a Backend about something that cannot be done now. Its
// text is for people and says what can be done instead.
type Refused struct{ Message string } //nolint:errname // it is made in words: &web.Refused{...}

// Error is the message.
func (e *Refused) Error() string { return e.Message }

// Page asks for one page of a list: at most Limit rows after the row with the
// id After, which is empty for the first page.
type Page struct {
	Limit int
	After string
}

// CaseFilter says which cases to list.
type CaseFilter struct {
	Page
	// States are those wanted; empty asks for the live ones.
	States []record.State
	// Brand and Owner narrow further; empty asks for all.
	Brand string
	Owner string
}

// Cases reads and moves cases. Every method may be called by many at once.
type Cases interface {
	// Cases lists cases, worst first and of the equally bad the oldest first.
	Cases(ctx context.Context, f CaseFilter) ([]record.Case, error)
	// Dossier is all about one case, or ErrNotFound.
	Dossier(ctx context.Context, id string) (record.Dossier, error)
	// Act does a and answers with the case after it, ErrNotFound, or *Refused where
	// the case does not allow it now. An action with a Key takes effect once.
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
	// ListDead lists dead letters without their values.
	ListDead(ctx context.Context, p Page) ([]record.Dead, error)
	// Dead is one of them with its value, or ErrNotFound.
	Dead(ctx context.Context, id string) (record.Dead, error)
	// RetryDead puts it back under its old key and drops it here; ErrNotFound, or
	// *Refused for one that cannot be put back.
	RetryDead(ctx context.Context, id string) error
	// DropDead forgets it, or answers ErrNotFound.
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
// daemon, another daemon's API for the commands (web/client).
type Backend interface {
	Cases
	Recoveries
	Spiking
	Traces
	DeadLetters
	Silences
	Labels
}
