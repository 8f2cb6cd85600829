package casework

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// MaxLinked bounds how many other cases a case names.
const MaxLinked = 20

// Opening is what a new case is made from.
type Opening struct {
	Mention  mention.Mention
	Decision record.Decision
	// About is what it is about, in a few words.
	About string
	Print Print
	// Linked are the author's earlier cases, newest first.
	Linked []string
}

// Open is the new case and the first event of its history.
func Open(o Opening, now time.Time) (record.Case, record.Event) {
	m, d := o.Mention, o.Decision
	c := record.Case{
		ID:    NewID(d.Brand, m.ID, m.Revision, now),
		Brand: d.Brand, State: record.StateOpen, Severity: d.Severity, Priority: d.Priority,
		About: o.About, Topics: clip(d.Score.Topics), Signals: clip(d.Score.Signals),
		Root: m.ID, Conversation: m.Conversation(), AuthorKey: m.AuthorKey(), Platform: m.Platform,
		URL: m.URL, Text: textOf(m), AuthorName: nameOf(m.Author), Followers: m.Author.Followers,
		Venting: d.Venting, Reasons: d.Score.Reasons,
		Mentions: 1, Authors: 1, Route: d.Route, Episode: 1, Version: 1, Simhash: o.Print.Simhash,
		OpenedAt: now, UpdatedAt: now, LastPostAt: postedAt(m, now), Linked: o.Linked[:min(len(o.Linked), MaxLinked)],
		Service: record.Service{Since: now, HeardAt: now},
	}
	e := record.Event{
		Case: c.ID, At: now, Actor: "customer", What: "opened", To: record.StateOpen, Mention: m.ID, URL: m.URL,
	}
	return c, e
}

// NewID is a ULID of the time and of what the case begins with: two tries at the
// same decision at the same time give the same id.
func NewID(brand, mentionID string, revision int64, now time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d", brand, mentionID, revision, now.UnixNano()))
	var id ulid.ULID
	// Times before 1970 and after 10889 have no ULID; no clock that works shows them.
	if err := id.SetTime(uint64(max(now.UnixMilli(), 0))); err != nil {
		copy(id[:], sum[10:16])
	}
	copy(id[6:], sum[:10])
	return id.String()
}

// textOf is the text as a card shows it: a review or a headline may have its
// words in the title alone.
func textOf(m mention.Mention) string {
	if m.Text == "" {
		return m.Title
	}
	return m.Text
}

func nameOf(a mention.Author) string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Handle != "":
		return "@" + a.Handle
	default:
		return ""
	}
}

// postedAt is when the post was written, never later than now: strangers' clocks
// do not keep a case alive.
func postedAt(m mention.Mention, now time.Time) time.Time {
	if m.CreatedAt.IsZero() || m.CreatedAt.After(now) {
		return now
	}
	return m.CreatedAt
}

// maxTags bounds a case's topics and signals.
const maxTags = 20

func clip(tags []string) []string { return tags[:min(len(tags), maxTags)] }
