package casework

import (
	"fmt"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Word is a post that a case takes.
type Word struct {
	Mention mention.Mention
	Score   vent.Score
	Tone    record.Tone
	// Severity and Priority are those of the post's own decision.
	Severity vent.Severity
	Priority int
	// Customer says that the case's customer wrote it, Thread that it stands in the
	// case's conversation, NewAuthor that nobody of its author was in the case before.
	Customer  bool
	Thread    bool
	NewAuthor bool
	// Reason says in words why it belongs here, Also names another case that it would
	// have joined.
	Reason string
	Also   string
	// Many is what it adds to the many who tell of the same.
	Many Many
}

// Hear lets a case take a post: it joins; it reopens the case where the customer
// is still unhappy; it ends it where the customer says that all is well. The
// event's What is joined, reopened, woken, recovered or lost.
func Hear(c record.Case, w Word, now time.Time) (record.Case, record.Event) {
	e := record.Event{
		Case: c.ID, At: now, Actor: "author", What: "joined", From: c.State,
		Mention: w.Mention.ID, URL: w.Mention.URL, Detail: w.Reason,
	}
	was := c
	count(&c, w, now)
	if w.Also != "" {
		link(&c, w.Also)
		e.Detail += "; linked with case " + w.Also
	}
	if w.Customer {
		e.Actor = "customer"
		c.Service.HeardAt = now
		e.What = listen(&c, w, now)
	}
	if c.Episode > was.Episode {
		e.Detail = fmt.Sprintf("%s; episode %d", e.Detail, c.Episode)
	}
	touch(&c, now)
	e.To = c.State
	return c, e
}

// count adds the post to what the case is made of. Only a complaint makes it worse.
func count(c *record.Case, w Word, now time.Time) {
	c.Mentions++
	if w.NewAuthor {
		c.Authors++
	}
	if at := postedAt(w.Mention, now); at.After(c.LastPostAt) {
		c.LastPostAt = at
	}
	if !w.Customer {
		grow(c, w, now)
	}
	if w.Tone == record.ToneVenting || w.Tone == record.ToneLeft {
		worsen(c, w)
	}
}

func worsen(c *record.Case, w Word) {
	if w.Severity.Rank() > c.Severity.Rank() {
		c.Severity = w.Severity
	}
	c.Priority = max(c.Priority, w.Priority)
	c.Topics = union(c.Topics, w.Score.Topics)
	c.Signals = union(c.Signals, w.Score.Signals)
}

// listen moves the case by the customer's own word and says how.
func listen(c *record.Case, w Word, now time.Time) string {
	switch w.Tone {
	case record.ToneVenting:
		return unhappy(c, now)
	case record.ToneLeft:
		what := unhappy(c, now)
		if Shared(*c) {
			return what
		}
		c.Fate = record.FateLost
		return "lost"
	case record.ToneResolved, record.ToneThanks:
		if recovers(*c, w.Tone) {
			settle(c, now)
			return "recovered"
		}
	case record.ToneNeutral:
		// In their own thread, after we thought that it was settled: they wait for us.
		if c.State == record.StateResolved && w.Thread {
			reopen(c, now)
			return "reopened"
		}
	case record.TonePleased:
	}
	return "joined"
}

func unhappy(c *record.Case, now time.Time) string {
	switch c.State {
	case record.StateAnswered, record.StateResolved, record.StateDismissed:
		reopen(c, now)
		return "reopened"
	case record.StateSnoozed:
		to := record.StateOpen
		if c.Owner != "" {
			to = record.StateClaimed
		}
		move(c, to, now)
		return "woken"
	case record.StateOpen, record.StateClaimed:
	}
	return "joined"
}

// recovers reports whether the customer's word ends the case. "Sorted" always
// does; a mere thank-you only after we answered, for until then it may thank us
// for a promise. What was dismissed never was a case.
func recovers(c record.Case, t record.Tone) bool {
	if c.Fate == record.FateRecovered || c.State == record.StateDismissed || Shared(c) {
		return false
	}
	return t == record.ToneResolved || c.State == record.StateAnswered || c.State == record.StateResolved
}

func settle(c *record.Case, now time.Time) {
	at := c.ResolvedAt
	endPromise(c, now)
	move(c, record.StateResolved, now)
	if !at.IsZero() {
		c.ResolvedAt = at
	}
	c.Fate = record.FateRecovered
}

// BrandReplied notes that one of the brand's own accounts spoke in the case's
// conversation: a live case is answered, an ended one only remembers it.
func BrandReplied(c record.Case, m mention.Mention, now time.Time) (record.Case, record.Event) {
	e := record.Event{
		Case: c.ID, At: now, Actor: "brand", What: "brand_replied", From: c.State, Mention: m.ID, URL: m.URL,
	}
	if c.State.Live() {
		move(&c, record.StateAnswered, now)
	}
	touch(&c, now)
	e.To = c.State
	return c, e
}

// Edit brings the case up to a newer revision of a post that it holds. The first
// post's text, reasons and reach are replaced; severity only rises. An edit ends
// a case where it says that all is well ("EDIT: sorted") and reopens none.
func Edit(c record.Case, w Word, p Print, about string, now time.Time) (record.Case, record.Event) {
	m := w.Mention
	e := record.Event{
		Case: c.ID, At: now, Actor: "author", What: "edited", From: c.State, Mention: m.ID, URL: m.URL,
		Detail: fmt.Sprintf("revision %d", m.Revision),
	}
	if w.Customer {
		e.Actor = "customer"
	}
	if m.ID == c.Root {
		c.Text, c.URL, c.AuthorName, c.Followers = textOf(m), m.URL, nameOf(m.Author), m.Author.Followers
		c.Venting, c.Reasons, c.Simhash = w.Score.Venting, w.Score.Reasons, p.Simhash
		if about != "" {
			c.About = about
		}
	}
	if w.Tone == record.ToneVenting || w.Tone == record.ToneLeft {
		worsen(&c, w)
	}
	if w.Customer && w.Tone == record.ToneResolved && recovers(c, w.Tone) {
		settle(&c, now)
		e.What, e.Detail = "recovered", e.Detail+", edited to say that it is settled"
	}
	touch(&c, now)
	e.To = c.State
	return c, e
}

// Retract takes a post's words out of the case. Where it was the first post the
// case goes on without text: topics says what it is still about.
func Retract(c record.Case, mentionID, topics string, now time.Time) (record.Case, record.Event) {
	e := record.Event{Case: c.ID, At: now, Actor: "author", What: "retracted", From: c.State, To: c.State, Mention: mentionID}
	forget(&c, mentionID)
	if mentionID == c.Root {
		e.Actor = "customer"
		e.URL = c.URL
		c.Text, c.AuthorName, c.Followers, c.Reasons, c.Simhash = "", "", 0, nil, 0
		c.About = topics
		if c.Fate != record.FateRecovered {
			c.Fate = record.FateDeleted
		}
	}
	touch(&c, now)
	return c, e
}

// link notes another case that belongs to this one.
func link(c *record.Case, other string) {
	if other == c.ID || slices.Contains(c.Linked, other) || len(c.Linked) >= MaxLinked {
		return
	}
	c.Linked = append(slices.Clone(c.Linked), other)
}

// union keeps the order of a and adds what only b has.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return clip(out)
}
