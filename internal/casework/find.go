package casework

import (
	"cmp"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// CopyFor is how long a near-copy joins the case of the first.
const CopyFor = 24 * time.Hour

// Candidates are the cases of one brand that a post might belong to.
type Candidates struct {
	// Thread are those of the post's conversation, and those that hold a post which it answers.
	Thread []record.Case
	// Author are those that its author began or wrote a post of.
	Author []record.Case
	// Near is the live case that a near-copy of it opened, nil where there is none;
	// Reworded says that it is the same text in other words.
	Near     *record.Case
	Reworded bool
}

// Found is the case that a post belongs to.
type Found struct {
	Case record.Case
	// Reason says in words what they share.
	Reason   string
	Customer bool
	Thread   bool
	// Also is another live case that it would have joined, or empty.
	Also string
	// Copy says that its text is nearly that of the case's first post, Fault names
	// what it shares with the case where that is the same fault told by many, and
	// Recent counts the people who told of it in the last quarter of an hour.
	Copy   bool
	Fault  []string
	Recent int
}

// Find says which case a post belongs to: the live case of its conversation, else
// the live one of its author, else the author's that ended lately, else the live
// one of a near-copy. Newer cases come first.
func Find(c Candidates, m mention.Mention, now time.Time) (Found, bool) {
	hits := allHits(c, m, now)
	if len(hits) == 0 {
		return Found{}, false
	}
	f := hits[0]
	for _, h := range hits[1:] {
		if h.Case.ID != f.Case.ID && h.Case.State.Live() {
			f.Also = h.Case.ID
			break
		}
	}
	return f, true
}

// allHits are the cases it may join, best first: live ones before ended ones, a near-copy's last.
func allHits(c Candidates, m mention.Mention, now time.Time) []Found {
	var live, ended []Found
	for _, k := range newestFirst(c.Thread) {
		customer := SameAuthor(k.AuthorKey, m.AuthorKey())
		switch {
		case k.State.Live():
			live = append(live, Found{Case: k, Reason: "same conversation", Customer: customer, Thread: true})
		case customer && now.Sub(k.UpdatedAt) <= WatchFor:
			ended = append(ended, Found{Case: k, Reason: "same conversation", Customer: true, Thread: true})
		}
	}
	for _, k := range newestFirst(c.Author) {
		customer := k.AuthorKey == m.AuthorKey()
		f := Found{Case: k, Reason: "same author", Customer: customer, Thread: k.Conversation == m.Conversation()}
		switch {
		case Shared(k) && !customer && now.Sub(k.LastPostAt) > crowd.FaultFor:
			// One of many told of a fault that is over: their next word is about something else.
		case k.State.Live() && now.Sub(k.LastPostAt) <= WatchFor:
			live = append(live, f)
		case customer && !k.State.Live() && now.Sub(k.UpdatedAt) <= WatchFor:
			ended = append(ended, f)
		}
	}
	out := append(live, ended...)
	if c.Near != nil && c.Near.State.Live() {
		reason := "nearly the same text"
		if c.Reworded {
			reason = "the same text in other words"
		}
		out = append(out, Found{Case: *c.Near, Reason: reason, Copy: true})
	}
	return out
}

// SameAuthor reports whether a post's author is the customer of a case. Where a
// platform names no authors, whoever speaks in the conversation counts as one.
func SameAuthor(caseAuthor, postAuthor string) bool { return caseAuthor == postAuthor }

// Copied reports whether a text whose print is p is nearly a copy of the first
// post of a live case, whose last post is not older than CopyFor.
func Copied(c record.Case, p Print, now time.Time) bool {
	return c.State.Live() && now.Sub(c.LastPostAt) <= CopyFor && p.Near(PrintOfCase(c))
}

func newestFirst(cases []record.Case) []record.Case {
	out := slices.Clone(cases)
	slices.SortStableFunc(out, func(a, b record.Case) int {
		return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(b.ID, a.ID))
	})
	return out
}
