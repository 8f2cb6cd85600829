package vent

// Severity says how bad a complaint is for the customer.
type Severity string

// The severities, from mild to grave. SeverityNone is a post that is no complaint.
const (
	SeverityNone     Severity = "none"
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// Severities lists every severity, mild first.
func Severities() []Severity {
	return []Severity{SeverityNone, SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}
}

// Rank is the position of s in Severities, -1 where s is none of them.
func (s Severity) Rank() int {
	for i, v := range Severities() {
		if v == s {
			return i
		}
	}
	return -1
}

// Reason is a span of the scored text and how far it pushed the score.
type Reason struct {
	// Start and End are byte offsets into the text as it was given: text[Start:End].
	Start int `json:"start"`
	End   int `json:"end"`
	// Text is the span itself, never empty.
	Text string `json:"text"`
	// Weight is in log-odds of venting; positive pushes towards venting.
	Weight float64 `json:"weight"`
}

// Score is what the scorer thinks of one text.
type Score struct {
	// Venting is the calibrated probability that the author is an unhappy
	// customer complaining about the brand, from 0 to 1.
	Venting float64 `json:"venting"`
	// Negative, Neutral and Positive are the polarity of the text as a whole
	// and sum to 1.
	Negative float64  `json:"negative"`
	Neutral  float64  `json:"neutral"`
	Positive float64  `json:"positive"`
	Severity Severity `json:"severity"`
	// Topics and Signals are from the fixed lists Topics() and Signals().
	Topics  []string `json:"topics"`
	Signals []string `json:"signals"`
	// Lang is en, es, fr, de, pt or und.
	Lang string `json:"lang"`
	// Model names the version of the model that scored.
	Model string `json:"model"`
	// Opinion is OpinionFirst or OpinionSecond: which of the two opinions decided.
	Opinion string `json:"opinion,omitempty"`
	// Learned is how far a Layer moved the log-odds of venting, 0 without one.
	Learned float64 `json:"learned,omitempty"`
	// Reasons are there only when asked for, strongest first.
	Reasons []Reason `json:"reasons,omitempty"`

	// unsure is set where the first opinion would ask the second.
	unsure bool
}

// The opinions that a score can be of.
const (
	OpinionFirst  = "first"
	OpinionSecond = "second"
)

// Unsure tells whether the first opinion was unsure, so that the second is worth
// asking. It is not written with the score.
func (s Score) Unsure() bool { return s.unsure }

// Input is one text with what is known about it. Only Text is needed.
type Input struct {
	Text  string
	Title string
	// Brand is the brand the question is about; empty asks about any brand.
	Brand string
	// Aliases are other names of that brand (handles, product names), without @ and #.
	Aliases []string
	// Competitors are names of rivals, Context words that speak for the brand
	// rather than its homonyms.
	Competitors []string
	Context     []string
	// Handle is the author's account, without the @.
	Handle string
	// Lang is the declared language, or empty.
	Lang string
	// Rating is a star rating from 1 to 5, 0 where there is none.
	Rating int
}

// Options choose how a text is scored.
type Options struct {
	// Explain adds reasons; it changes no score.
	Explain bool
	// Fast uses the first opinion alone.
	Fast bool
	// Layer is what labels taught, nil for nothing.
	Layer *Layer
}
