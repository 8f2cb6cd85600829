package record

import (
	"encoding/json"
	"time"
)

// The kinds of journal entries.
const (
	// JournalBlind is a BlindWindow; its key is the source.
	JournalBlind = "blind"
	// JournalConfig is a ConfigChange.
	JournalConfig = "config"
	// JournalShadow is a Shadow.
	JournalShadow = "shadow"
	// JournalDifference is a Difference; its key is the number of the shadow.
	JournalDifference = "difference"
)

// JournalEntry is a line about the daemon itself and its rules.
type JournalEntry struct {
	// N is the line's number, in the order of writing.
	N    int64           `json:"n"`
	Kind string          `json:"kind"`
	Key  string          `json:"key"`
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// BlindWindow is a time in which a source heard nothing though it should have.
type BlindWindow struct {
	Source string    `json:"source"`
	From   time.Time `json:"from"`
	// Until is zero while it lasts.
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// ConfigChange is a generation of the config that was loaded, and what differs from the
// one before.
type ConfigChange struct {
	N    int64     `json:"n"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash"`
	// Start says that it was loaded at a start.
	Start  bool          `json:"start,omitempty"`
	Brands []BrandChange `json:"brands"`
	// Other says that something beside the brands differs.
	Other bool `json:"other,omitempty"`
}

// BrandChange is what changed of one brand.
type BrandChange struct {
	Brand string `json:"brand"`
	// What is added, removed or changed, and Lines are the lines that differ, each with - or
	// + before it.
	What  string   `json:"what"`
	Lines []string `json:"lines,omitempty"`
	// File is the brand's file and Who changed it, as far as its owner or its repository tells.
	File string `json:"file,omitempty"`
	Who  string `json:"who,omitempty"`
	// Stale says that an earlier version runs, since the file is broken.
	Stale bool `json:"stale,omitempty"`
}

// Shadow is a candidate that runs beside the config and sends nothing.
type Shadow struct {
	N int64 `json:"n"`
	// Brand is the brand that it is about, YAML its file.
	Brand string `json:"brand"`
	YAML  []byte `json:"yaml"`
	// By started it; StoppedAt is zero while it runs.
	By        string    `json:"by"`
	StartedAt time.Time `json:"started_at"`
	StoppedAt time.Time `json:"stopped_at,omitzero"`
	// Posts were judged by both, Differences of them otherwise; Missed went by unjudged.
	Posts       int64            `json:"posts"`
	Differences map[string]int64 `json:"differences"`
	Missed      int64            `json:"missed,omitempty"`
}

// Difference is a post that the candidate judges otherwise. It holds none of its words.
type Difference struct {
	Mention string `json:"mention"`
	Brand   string `json:"brand"`
	URL     string `json:"url,omitempty"`
	// Kind is newly_alerting, lost, severity, route or other.
	Kind           string    `json:"kind"`
	Was            Outcome   `json:"was"`
	Now            Outcome   `json:"now"`
	Severity       string    `json:"severity"`
	SeverityBefore string    `json:"severity_before,omitempty"`
	Route          string    `json:"route,omitempty"`
	RouteBefore    string    `json:"route_before,omitempty"`
	Venting        float64   `json:"venting"`
	At             time.Time `json:"at"`
}

// DifferenceKinds are the kinds of differences, a closed list: they are a metric's label.
func DifferenceKinds() []string {
	return []string{"newly_alerting", "lost", "severity", "route", "other"}
}
