package record

import (
	"encoding/json"
	"time"
)

// Seen remembers a post that ingest published, so that edits, retractions and
// second sightings find their way. It is written only after the publish is durable.
type Seen struct {
	ID           string   `json:"id"`
	Source       string   `json:"source"`
	AuthorKey    string   `json:"author_key,omitempty"`
	Conversation string   `json:"conversation"`
	Brands       []string `json:"brands,omitempty"`
	// TextHash is of title and text; a differing one at the same revision is an edit.
	TextHash  uint64    `json:"text_hash"`
	Revision  int64     `json:"revision"`
	Retracted bool      `json:"retracted,omitempty"`
	At        time.Time `json:"at"`
}

// Watch asks ingest to bring whatever a customer of a live case says next. It
// is keyed by (Platform, Conversation, AuthorKey, Brand).
type Watch struct {
	Platform string `json:"platform"`
	// Conversation or AuthorKey is set, or both (then either matches).
	Conversation string    `json:"conversation,omitempty"`
	AuthorKey    string    `json:"author_key,omitempty"`
	Brand        string    `json:"brand"`
	Case         string    `json:"case"`
	Until        time.Time `json:"until"`
}

// Silence holds back cards that match it until it ends; the mentions stay in the inbox.
type Silence struct {
	ID string `json:"id"`
	// Brand, Author, Query and Severity narrow it; an empty field matches all.
	Brand  string    `json:"brand,omitempty"`
	Author string    `json:"author,omitempty"`
	Topic  string    `json:"topic,omitempty"`
	Query  string    `json:"query,omitempty"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

// SourceStat is how a source is doing. Durations and counts are since the daemon first saw it.
type SourceStat struct {
	Source string `json:"source"`
	Type   string `json:"type"`
	// FirstAt is when the source was first started with this data.
	FirstAt time.Time `json:"first_at"`
	// LastOK is the last successful fetch, or frame of a stream; LastItem the newest post read.
	LastOK   time.Time `json:"last_ok,omitzero"`
	LastItem time.Time `json:"last_item,omitzero"`
	// LastError and Reason describe the last failure; ErrorAt is zero when none is standing.
	LastError string    `json:"last_error,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	ErrorAt   time.Time `json:"error_at,omitzero"`
	Read      int64     `json:"read"`
	Matched   int64     `json:"matched"`
	// Poll is the interval between fetches, 0 for a stream.
	Poll time.Duration `json:"poll"`
	// Blind and BlindSince are set by the housekeeping holder.
	Blind      bool      `json:"blind,omitempty"`
	BlindSince time.Time `json:"blind_since,omitzero"`
}

// Cursor is where a source continues, in that source's own form.
type Cursor struct {
	Source string          `json:"source"`
	Value  json.RawMessage `json:"value"`
	At     time.Time       `json:"at"`
}

// Lease says who may do a job that one process at a time may do.
type Lease struct {
	Name   string    `json:"name"`
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// Clock is a time at which a case changes by itself: the end of a snooze, a
// follow-up that was promised. It is a row, so that no process keeps timers.
type Clock struct {
	ID   int64  `json:"id"`
	Case string `json:"case"`
	// Kind is snooze, ack, answer, resolve, remind, promise or silence.
	Kind  string    `json:"kind"`
	DueAt time.Time `json:"due_at"`
}
