package record

import "time"

// StreamPost is a complaint that would get a card of its own were there no budget.
type StreamPost struct {
	At      time.Time `json:"at"`
	Venting float64   `json:"venting"`
	// Critical ones are never held back.
	Critical bool `json:"critical,omitempty"`
}

// Plan is how a brand's budget is spread over the rest of a day: the threshold that
// is asked for from At on, and what it was worked out from.
type Plan struct {
	Brand string `json:"brand"`
	// At is the beginning of the hour for which it was made, in the brand's own day.
	At time.Time `json:"at"`
	// Budget, Floor and Zone are the brand's budget, threshold and timezone.
	Budget int     `json:"budget"`
	Floor  float64 `json:"floor"`
	Zone   string  `json:"zone,omitempty"`
	// Spent counts the cards of the day before At.
	Spent int `json:"spent"`
	// Days is how long the stream before At was looked at, Posts and Critical how many
	// complaints were in it. Too short a stream gives no plan: the threshold is the floor.
	Days     float64 `json:"days"`
	Posts    int     `json:"posts"`
	Critical int     `json:"critical"`
	// Rest is the part of a day's complaints that comes after At, by the hours of the
	// stream, and Expected how many cards the threshold lets through in it.
	Rest     float64 `json:"rest"`
	Expected float64 `json:"expected"`
	// Threshold is the venting probability that is asked for; it is never below Floor.
	Threshold float64 `json:"threshold"`
	// Deferred is the part of the real complaints of such a stream that waits for the
	// digest: the sum of the probabilities of what is below the threshold by that of all.
	Deferred float64 `json:"deferred"`
}

// Raised reports whether the plan asks for more than the brand's threshold.
func (p Plan) Raised() bool { return p.Threshold > p.Floor }

// Holds reports whether the plan was made for this budget, threshold and timezone.
func (p Plan) Holds(budget int, floor float64, zone string) bool {
	return p.Budget == budget && p.Floor == floor && p.Zone == zone && !p.At.IsZero()
}
