package web

import (
	"context"
	"time"

	"github.com/leakytap/leakytap/internal/tune"
)

// Shadows runs a candidate beside the config.
type Shadows interface {
	// Shadow is the candidate that runs, or the last one.
	Shadow(ctx context.Context) (tune.ShadowReport, error)
	// StartShadow begins one from a brand file, in the place of one that runs; *Refused
	// says what is wrong with the file, a line each.
	StartShadow(ctx context.Context, file []byte, by string) (tune.ShadowReport, error)
	// StopShadow ends it; where none runs that is no error.
	StopShadow(ctx context.Context) (tune.ShadowReport, error)
}

// Tuning is what the tuning pages stand on. Every method may be called by many at once.
type Tuning interface {
	Shadows
	// Brands are the configured brands.
	Brands() []string
	// Ledger is what each part of the queries did, of one brand or of all.
	Ledger(ctx context.Context, brand string, since time.Time) ([]tune.BrandLedger, error)
	// StartBacktest begins to hold a brand file against the running config; *Refused says
	// what is wrong with the file, or that one runs already.
	StartBacktest(ctx context.Context, file []byte, since time.Time) error
	// Backtest is the one that runs, or the last one.
	Backtest() BacktestState
	// History are the newest changes of the config with their effect.
	History(ctx context.Context) ([]tune.Effect, error)
	// Explain is what each brand makes of a text, or the one named.
	Explain(ctx context.Context, brand, text string) ([]tune.Explained, error)
	// Unseen says why a post was never collected; its words may be empty.
	Unseen(ctx context.Context, asked, text string) (tune.Unseen, error)
	// Trace is what is kept of a post for a brand.
	Trace(ctx context.Context, brand, id string) (tune.Trace, error)
}

// BacktestState is how far a backtest is.
type BacktestState struct {
	// Brand is what it is about, empty where there was none yet.
	Brand   string    `json:"brand"`
	Running bool      `json:"running"`
	Done    int       `json:"done"`
	Total   int       `json:"total"`
	Since   time.Time `json:"since,omitzero"`
	// Failed says in words why it ended without a report.
	Failed string       `json:"failed,omitempty"`
	Report *tune.Report `json:"report,omitempty"`
}
