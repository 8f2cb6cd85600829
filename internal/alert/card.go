package alert

import (
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Span is a piece of a line. Exactly one of Text, User, Link and At says what it is.
type Span struct {
	// Text is shown as it stands, Bold where that is set.
	Text string
	Bold bool
	// User is the Slack user id or login of a person.
	User string
	// Link is a post's address, unchanged; Text is then its label, empty for the address itself.
	Link string
	// At is a time; Ago asks for its distance from now.
	At  time.Time
	Ago bool
}

// Button is what a person can do from the card.
type Button struct {
	Verb  record.Verb
	Label string
	// Primary is the button that most will want; Danger the one to think about.
	Primary, Danger bool
}

// Choice is one line of the card's menu.
type Choice struct {
	// Name is snooze_1h, assign, promise, kept, lost, why, history or more.
	Name  string
	Label string
}

// Card is a case as a person reads it, before any receiver's own form.
type Card struct {
	Case     string
	Brand    string
	Severity vent.Severity
	// Head is the first line: brand, severity, what about, age.
	Head []Span
	// Quote is the text, empty where the author deleted the post.
	Quote string
	// Deleted says that the post is gone.
	Deleted bool
	// Author is who wrote it, with reach and platform, and where.
	Author []Span
	// Reasons say why it was picked out.
	Reasons []Span
	// Also names the later posts of the case.
	Also []Span
	// Needs are lines for who answers: what the customer asks for, what they say they
	// were told, how their earlier cases ended.
	Needs [][]Span
	// State is who does what.
	State []Span
	// Service are lines about what is due and what was promised.
	Service [][]Span
	Buttons []Button
	Menu    []Choice
	// AskReason offers the reasons of a dismissal.
	AskReason bool
	Repeat    bool
	URL       string
	// Inbox is a line with the case's place in the inbox, empty where there is none.
	Inbox []Span
}

// Limits of a card at each size.
const (
	aboutLimit  = 80
	nameLimit   = 80
	reasonLimit = 60
)

func quoteLimit(s Size) int {
	switch s {
	case SizeFull:
		return 2900
	case SizeShort:
		return 600
	case SizeMinimal:
		return 120
	}
	return 120
}

func alsoLimit(s Size) int {
	switch s {
	case SizeFull:
		return 50
	case SizeShort:
		return 20
	case SizeMinimal:
		return 0
	}
	return 0
}

// NewCard draws the message's case as it is now.
func NewCard(m Message) Card {
	d := m.Dossier
	c := d.Case
	root := rootOf(d)
	k := Card{
		Case: c.ID, Brand: c.Brand, Severity: c.Severity, Repeat: m.PossibleRepeat, URL: root.URL,
		Deleted: root.Retracted || c.Fate == record.FateDeleted,
	}
	k.Head = []Span{{Text: c.Brand, Bold: true}, {Text: " · "}, {Text: string(c.Severity), Bold: true}}
	if about := OneLine(c.About, aboutLimit); about != "" && !k.Deleted {
		k.Head = append(k.Head, Span{Text: " · " + about})
	}
	if at := postedAt(root, c); !at.IsZero() {
		k.Head = append(k.Head, Span{Text: " · "}, Span{At: at, Ago: true})
	}
	if !k.Deleted {
		k.Quote = Quote(titled(root), quoteLimit(m.Size))
		if m.Size != SizeMinimal {
			k.Reasons = reasonLine(c)
		}
	}
	k.Author = authorLine(root, c, k.Deleted)
	k.Also = alsoLine(d, alsoLimit(m.Size))
	if m.Size != SizeMinimal {
		k.Also = append(crowdLine(&c, m.Now), k.Also...)
	}
	if m.Size == SizeFull {
		k.Needs = needLines(d, k.Deleted)
	}
	k.State = stateLine(d)
	k.Service = serviceLines(&c, m.Now)
	k.Buttons, k.Menu = controls(&c)
	k.Inbox = InboxLine(m)
	k.AskReason = c.State == record.StateDismissed && dismissReason(d) == ""
	return k
}

// rootOf is the post the case began with: the mention as it is now, or what the
// case itself remembers of it.
func rootOf(d *record.Dossier) mention.Mention {
	if d.Root.ID != "" {
		return d.Root
	}
	c := d.Case
	return mention.Mention{
		ID: c.Root, URL: c.URL, Text: c.Text, Platform: c.Platform,
		Author: mention.Author{Name: c.AuthorName, Followers: c.Followers},
	}
}

func postedAt(root mention.Mention, c record.Case) time.Time {
	if !root.CreatedAt.IsZero() {
		return root.CreatedAt
	}
	return c.OpenedAt
}

func titled(m mention.Mention) string {
	t := OneLine(m.Title, 200)
	if t == "" || strings.HasPrefix(m.Text, m.Title) {
		return m.Text
	}
	return t + "\n" + m.Text
}

func authorLine(m mention.Mention, c record.Case, deleted bool) []Span {
	who := "Somebody"
	if !deleted {
		who = authorName(m)
	}
	text := who
	if !deleted && m.Author.Verified {
		text += " (verified)"
	}
	if n := max(m.Author.Followers, c.Followers); n > 0 && !deleted {
		text += " · " + Count(n, "follower", "followers")
	}
	if m.Rating > 0 {
		text += " · " + strings.Repeat("★", min(m.Rating, 5)) + strings.Repeat("☆", 5-min(m.Rating, 5))
	}
	if m.Engagement.Reposts > 0 {
		text += " · " + Count(m.Engagement.Reposts, "repost", "reposts")
	}
	if p := OneLine(m.Platform, 40); p != "" {
		text += " · " + p
	}
	return append([]Span{{Text: text + " · "}}, linkTo(m.URL, ""))
}

// authorName is how a stranger is called: display name and handle.
func authorName(m mention.Mention) string {
	name, handle := OneLine(m.Author.Name, nameLimit), OneLine(m.Author.Handle, nameLimit)
	switch {
	case name != "" && handle != "" && name != handle:
		return name + " (@" + handle + ")"
	case handle != "":
		return "@" + handle
	case name != "":
		return name
	}
	return "Somebody"
}

// linkTo is a link where the address may be clicked, else the address as text.
func linkTo(u, label string) Span {
	if Link(u) != "" {
		return Span{Link: u, Text: label}
	}
	if u == "" {
		return Span{Text: "no address"}
	}
	return Span{Text: OneLine(u, 500)}
}

func reasonLine(c record.Case) []Span {
	var words []string
	for _, s := range c.Signals {
		if w := signalWords(s); w != "" {
			words = append(words, w)
		}
	}
	var said []string
	for _, r := range c.Reasons {
		if r.Weight > 0 && len(said) < 3 {
			if t := OneLine(r.Text, reasonLimit); t != "" {
				said = append(said, "“"+t+"”")
			}
		}
	}
	if len(said) > 0 {
		words = append(words, "says "+strings.Join(said, ", "))
	}
	if len(words) == 0 {
		words = append(words, "sounds like a complaint")
	}
	return []Span{{Text: "Why: " + strings.Join(words, "; ") + " (" + percent(c.Venting) + ")"}}
}

func alsoLine(d *record.Dossier, limit int) []Span {
	var out []Span
	n := len(d.Later)
	shown := d.Later[max(0, n-limit):]
	for i, m := range shown {
		if m.URL == "" {
			continue
		}
		if len(out) > 0 {
			out = append(out, Span{Text: ", "})
		}
		out = append(out, linkTo(m.URL, itoa(n-len(shown)+i+1)))
	}
	posts := max(d.Case.Mentions, n+1)
	if posts <= 1 {
		return nil
	}
	head := Count(int64(posts), "post", "posts")
	if d.Case.Authors > 1 {
		head += " by " + Count(int64(d.Case.Authors), "person", "people")
	}
	if len(out) == 0 {
		return []Span{{Text: head}}
	}
	return append([]Span{{Text: head + ", later ones: "}}, out...)
}

// Facts are the lines below the quote, in their order.
func (k *Card) Facts() [][]Span {
	out := [][]Span{k.Author, k.Reasons, k.Also}
	out = append(out, k.Needs...)
	out = append(out, k.State)
	return append(append(out, k.Service...), k.Inbox)
}

// InboxLine is a link to the message's case in the inbox, nothing where there is none.
func InboxLine(m Message) []Span {
	if Link(m.Inbox) == "" {
		return nil
	}
	return []Span{{Link: m.Inbox, Text: "Open the case in the inbox"}}
}

func controls(c *record.Case) ([]Button, []Choice) {
	claim := Button{Verb: record.VerbClaim, Label: "Claim", Primary: true}
	answer := Button{Verb: record.VerbAnswer, Label: "Answered", Primary: true}
	resolve := Button{Verb: record.VerbResolve, Label: "Resolve"}
	dismiss := Button{Verb: record.VerbDismiss, Label: "Not a complaint", Danger: true}
	live := []Choice{
		{"snooze_1h", "Snooze 1 hour"},
		{"assign", "Assign to…"},
		{"promise", "Follow-up promised…"},
		{"why", "Why this?"},
		{"more", "More…"},
	}
	if c.Service.Promise.Open() {
		live[2] = Choice{"kept", "Promise kept"}
	}
	ended := []Choice{{"why", "Why this?"}, {"history", "History"}}
	if c.State == record.StateResolved && c.Fate != record.FateLost {
		ended = append(ended, Choice{"lost", "The customer has left"})
	}
	switch c.State {
	case record.StateOpen, record.StateSnoozed:
		return []Button{claim, resolve, dismiss}, live
	case record.StateClaimed:
		return []Button{answer, resolve, dismiss}, live
	case record.StateAnswered:
		resolve.Primary = true
		return []Button{resolve, dismiss}, live
	case record.StateResolved, record.StateDismissed:
		return []Button{{Verb: record.VerbReopen, Label: "Reopen"}}, ended
	}
	return nil, ended
}
