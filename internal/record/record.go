// Package record holds the envelopes and rows that the parts of LeakyTap hand
// each other. They are plain structs: no method here does I/O or reads a clock.
//
//	record.go    envelopes on the bus: Matched, Scored, Dead
//	decision.go  what was decided about a mention, and why
//	case.go      a customer's case, what happened to it, actions on it
//	notice.go    a row of the outbox
//	rows.go      the smaller rows: Seen, Watch, Silence, SourceStat, ...
//	label.go     what people taught, and what was learned from it
//	tone.go      what a post says to a case that it belongs to
//	crowd.go     the many who tell of one fault, and spikes
//	card.go      a case as a card or an inbox page shows it
package record

import (
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Version is the schema version written into envelopes. A reader refuses a
// newer one as bad_record rather than guess.
const Version = 1

// Matched is one mention for one brand: the value on the topic <prefix>.mentions.
type Matched struct {
	V         int    `json:"v"`
	Brand     string `json:"brand"`
	BrandHash string `json:"brand_hash"`
	// Mention is the post. Its text is already cut to the limits.
	Mention mention.Mention `json:"mention"`
	// Terms are the parts of the brand's query that matched, as written there.
	Terms []string `json:"terms,omitempty"`
	// ExcludedBy is the NOT term that removed a hit of the positive part, or empty.
	ExcludedBy string `json:"excluded_by,omitempty"`
	// Match is "query", "watched" (a post in a watched conversation or by a
	// watched author; it may move a case and never opens one), "seen" (an edit or
	// retraction that no longer matches) or "canary".
	Match string `json:"match"`
	// Late says that the post is older than the source's max_age: it goes into a digest.
	Late bool `json:"late,omitempty"`
}

// The values of Matched.Match.
const (
	MatchQuery   = "query"
	MatchWatched = "watched"
	MatchSeen    = "seen"
	MatchCanary  = "canary"
)

// Key is the partition key of the envelope: brand and conversation, so that one
// conversation stays in order.
func (m Matched) Key() string { return m.Brand + "/" + m.Mention.Conversation() }

// Scored is a Matched with what the scorer said: the value on <prefix>.scored.
type Scored struct {
	Matched
	Score vent.Score `json:"score"`
	// Layer is the version of the brand's learned top layer, 0 for none.
	Layer int64 `json:"layer,omitempty"`
}

// Dead is a record that a stage could not handle: the value on <prefix>.dead.
type Dead struct {
	// ID is unique for each dead letter (a ULID).
	ID string `json:"id"`
	// Stage is ingest, score or alert.
	Stage string `json:"stage"`
	// Reason is from a closed list: bad_record, newer_version, panic, failed, too_large, bad_line.
	Reason string `json:"reason"`
	// Detail says in words what was wrong, without the post's text.
	Detail string `json:"detail"`
	// Topic and Key say where a retry puts the value back.
	Topic string    `json:"topic"`
	Key   string    `json:"key"`
	Value []byte    `json:"value"`
	At    time.Time `json:"at"`
}

// MatchOps marks an envelope that is no mention: a note of the daemon about
// itself for ops_receiver. The mention's title is its first line, its text the rest.
const MatchOps = "ops"

// The brands of envelopes that belong to no brand. No operator's brand may
// begin with an underscore.
const (
	BrandCanary = "_canary"
	BrandOps    = "_ops"
	// ReceiverCanary is the receiver of canaries: they are taken from the outbox
	// and sent nowhere.
	ReceiverCanary = "_canary"
)
