package record

import (
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Outcome is what became of a mention for one brand.
type Outcome string

// The outcomes, a closed list: they are also a metric's label.
const (
	OutcomeAlert          Outcome = "alert"
	OutcomeJoined         Outcome = "joined"
	OutcomeDigest         Outcome = "digest"
	OutcomeSilenced       Outcome = "silenced"
	OutcomeInhibited      Outcome = "inhibited"
	OutcomeBelowThreshold Outcome = "below_threshold"
	OutcomeOverBudget     Outcome = "over_budget"
	OutcomeExcluded       Outcome = "excluded"
	OutcomeNotMatched     Outcome = "not_matched"
	OutcomeOwnAccount     Outcome = "own_account"
	OutcomeAlreadyHandled Outcome = "already_handled"
	OutcomeDuplicate      Outcome = "duplicate"
	OutcomeRetracted      Outcome = "retracted"
)

// Outcomes lists every outcome.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeAlert, OutcomeJoined, OutcomeDigest, OutcomeSilenced, OutcomeInhibited,
		OutcomeBelowThreshold, OutcomeOverBudget, OutcomeExcluded, OutcomeNotMatched,
		OutcomeOwnAccount, OutcomeAlreadyHandled, OutcomeDuplicate, OutcomeRetracted,
	}
}

// Decision is what was decided about one mention and brand, and why. Its
// identity is (Brand, ID, Revision). The fields with JSON names that the
// contract shows are the decision line; the rest is what `why` and `backtest` read.
type Decision struct {
	ID       string        `json:"id"`
	Brand    string        `json:"brand,omitempty"`
	Outcome  Outcome       `json:"outcome"`
	Severity vent.Severity `json:"severity"`
	Venting  float64       `json:"venting"`
	// Priority is from 0 to 100.
	Priority int `json:"priority"`
	// Case is the id of the case that took the mention, or empty.
	Case string `json:"case,omitempty"`
	// Route is the receiver that the case's messages go to, or empty.
	Route string `json:"route,omitempty"`
	// Why is the decision in words, one step a line.
	Why []string `json:"why"`

	Revision int64 `json:"revision,omitempty"`
	// Seq is the position of the decision in the brand's own order of decisions and actions.
	Seq int64 `json:"seq,omitempty"`
	// Now is the time at which it was decided; the pure code saw this time and no other.
	Now        time.Time `json:"now,omitzero"`
	BrandHash  string    `json:"brand_hash,omitempty"`
	ConfigHash string    `json:"config_hash,omitempty"`
	// Threshold is the venting probability that was asked for.
	Threshold  float64    `json:"threshold,omitempty"`
	Terms      []string   `json:"terms,omitempty"`
	ExcludedBy string     `json:"excluded_by,omitempty"`
	Match      string     `json:"match,omitempty"`
	Score      vent.Score `json:"score,omitzero"`
	Layer      int64      `json:"layer,omitempty"`
}

// Stored is a mention as the store keeps it, for one brand.
type Stored struct {
	Brand   string          `json:"brand"`
	Mention mention.Mention `json:"mention"`
	// Simhash is the fingerprint of the text for near-copies, 0 where it is too short.
	Simhash uint64 `json:"-"`
	Case    string `json:"case,omitempty"`
}
