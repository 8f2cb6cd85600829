package record

import "time"

// Stratum is a kind of decided post that is sampled by itself.
type Stratum string

// The strata. What own accounts said, what a silence or an incident holds back on
// purpose and what the query does not match any more is in none.
const (
	// StratumReached are posts that reached people by themselves: cards and joins.
	StratumReached Stratum = "reached"
	// StratumDeferred are those that went into a digest.
	StratumDeferred Stratum = "deferred"
	// StratumNear, StratumLow and StratumLowest are below the threshold, by their score.
	StratumNear   Stratum = "near"
	StratumLow    Stratum = "low"
	StratumLowest Stratum = "lowest"
	// StratumExcludedHigh and StratumExcludedLow were kept away by an exclusion.
	StratumExcludedHigh Stratum = "excluded_high"
	StratumExcludedLow  Stratum = "excluded_low"
)

// Strata lists them.
func Strata() []Stratum {
	return []Stratum{
		StratumReached, StratumDeferred, StratumNear, StratumLow, StratumLowest, StratumExcludedHigh, StratumExcludedLow,
	}
}

// Draw is a random sample of one stratum of a brand's posts of a time.
type Draw struct {
	Brand   string  `json:"brand"`
	Stratum Stratum `json:"stratum"`
	// From and To bound the time of the decisions.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Posts is how many there were, Drawn how many of them are in the sample: each
	// stands for Posts / Drawn.
	Posts int `json:"posts"`
	Drawn int `json:"drawn"`
}

// Sampled is a post that was drawn, as it is offered to people.
type Sampled struct {
	Brand   string  `json:"brand"`
	Mention string  `json:"mention"`
	Stratum Stratum `json:"stratum"`
	Outcome Outcome `json:"outcome"`
	Venting float64 `json:"venting"`
	// To is the end of the draw that it belongs to.
	To time.Time `json:"to"`
	// URL, Text and Author are those of the post as it is stored, empty where it is gone.
	URL    string `json:"url,omitempty"`
	Text   string `json:"text,omitempty"`
	Author string `json:"author,omitempty"`
	// Weight is how many posts it stands for.
	Weight float64 `json:"weight"`
	// Label is what people said last, nil where nobody did.
	Label *bool `json:"label,omitempty"`
}
