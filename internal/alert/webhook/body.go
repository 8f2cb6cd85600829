package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// event is the body of a call, as Standard Webhooks suggests it.
type event struct {
	// Type is leakytap. and the kind of message.
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Kind record.NoticeKind `json:"kind"`
	// Key is the message's own. A second call with the same key is the same message.
	Key string `json:"key"`
	// Root is the key of the case's root message, Rewrites that of the message that
	// this one replaces.
	Root           string    `json:"root,omitempty"`
	Rewrites       string    `json:"rewrites,omitempty"`
	PossibleRepeat bool      `json:"possible_repeat"`
	Receiver       string    `json:"receiver"`
	Brand          string    `json:"brand,omitempty"`
	Title          string    `json:"title,omitempty"`
	Lines          []string  `json:"lines,omitempty"`
	Case           *caseData `json:"case,omitempty"`
	Posts          []post    `json:"posts,omitempty"`
	// URLs name every post that the message stands for.
	URLs []string `json:"urls,omitempty"`
	// Text is all of it as a person reads it.
	Text string `json:"text"`
}

type caseData struct {
	ID         string       `json:"id"`
	Brand      string       `json:"brand"`
	State      record.State `json:"state"`
	Fate       record.Fate  `json:"fate,omitempty"`
	Severity   string       `json:"severity"`
	Priority   int          `json:"priority"`
	Episode    int          `json:"episode"`
	Version    int64        `json:"version"`
	Owner      string       `json:"owner"`
	About      string       `json:"about"`
	Topics     []string     `json:"topics,omitempty"`
	Signals    []string     `json:"signals,omitempty"`
	Venting    float64      `json:"venting"`
	Mentions   int          `json:"mentions"`
	Authors    int          `json:"authors"`
	Platform   string       `json:"platform"`
	URL        string       `json:"url"`
	OpenedAt   time.Time    `json:"opened_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
	ClaimedAt  time.Time    `json:"claimed_at,omitzero"`
	AnsweredAt time.Time    `json:"answered_at,omitzero"`
	ResolvedAt time.Time    `json:"resolved_at,omitzero"`
}

type post struct {
	ID        string    `json:"id,omitempty"`
	URL       string    `json:"url"`
	Author    string    `json:"author,omitempty"`
	Text      string    `json:"text,omitempty"`
	Severity  string    `json:"severity,omitempty"`
	Deleted   bool      `json:"deleted,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// textLimit is how much of a post's text is sent at each size.
func textLimit(s alert.Size) int {
	switch s {
	case alert.SizeFull:
		return 8000
	case alert.SizeShort:
		return 600
	case alert.SizeMinimal:
	}
	return 0
}

func newEvent(m alert.Message, key, root string, now time.Time) event {
	n := m.Notice
	d := data{
		Kind: n.Kind, Key: key, Root: root, PossibleRepeat: m.PossibleRepeat, Receiver: n.Receiver, Brand: n.Brand,
		Title: alert.OneLine(n.Body.Title, 200), Text: alert.Text(m),
	}
	if m.Rewritten {
		d.Kind, d.Root, d.Rewrites = record.NoticeRewrite, "", n.Key
	}
	for _, l := range n.Body.Lines {
		d.Lines = append(d.Lines, alert.OneLine(l, 300))
	}
	limit := textLimit(m.Size)
	if m.Dossier != nil {
		d.Case = newCase(m.Dossier)
		d.Brand = d.Case.Brand
		if n.Kind == record.NoticeCard || n.Kind == record.NoticeUpdate {
			d.add(fromMention(rootOf(m.Dossier), limit))
			for _, later := range m.Dossier.Later {
				d.add(fromMention(later, limit))
			}
		}
	}
	for _, it := range n.Body.Items {
		p := post{ID: it.Mention, URL: it.URL, Author: alert.OneLine(it.Author, 200), Text: alert.Quote(it.Text, limit), Severity: it.Severity}
		p.Deleted = m.Rewritten && it.Text == "" && it.Author == ""
		d.add(p)
	}
	return event{Type: "leakytap." + string(d.Kind), Timestamp: now.UTC(), Data: d}
}

// address is a post's address, unchanged where it is one; what only claims to
// be one is cleaned like any other text.
func address(u string) string {
	if alert.Link(u) != "" {
		return u
	}
	return alert.OneLine(u, 500)
}

func (d *data) add(p post) {
	p.URL = address(p.URL)
	d.Posts = append(d.Posts, p)
	if p.URL != "" {
		d.URLs = append(d.URLs, p.URL)
	}
}

func fromMention(m mention.Mention, limit int) post {
	p := post{ID: m.ID, URL: m.URL, CreatedAt: m.CreatedAt, Deleted: m.Retracted}
	if !m.Retracted {
		p.Author, p.Text = alert.OneLine(firstOf(m.Author.Handle, m.Author.Name), 200), alert.Quote(m.Text, limit)
	}
	return p
}

// rootOf is the case's first post as it is now, or what the case remembers of it.
func rootOf(d *record.Dossier) mention.Mention {
	if d.Root.ID != "" {
		return d.Root
	}
	return mention.Mention{
		ID: d.Case.Root, URL: d.Case.URL, Text: d.Case.Text, Author: mention.Author{Name: d.Case.AuthorName},
		Retracted: d.Case.Fate == record.FateDeleted,
	}
}

func newCase(d *record.Dossier) *caseData {
	c := d.Case
	root := rootOf(d)
	out := &caseData{
		ID: c.ID, Brand: c.Brand, State: c.State, Fate: c.Fate, Severity: string(c.Severity), Priority: c.Priority, Episode: c.Episode,
		Version: c.Version, Owner: c.Owner, Topics: c.Topics, Signals: c.Signals, Venting: c.Venting, Mentions: c.Mentions, Authors: c.Authors,
		Platform: alert.OneLine(c.Platform, 40), URL: address(firstOf(root.URL, c.URL)), OpenedAt: c.OpenedAt, UpdatedAt: c.UpdatedAt,
		ClaimedAt: c.ClaimedAt, AnsweredAt: c.AnsweredAt, ResolvedAt: c.ResolvedAt,
	}
	if !root.Retracted {
		out.About = alert.OneLine(c.About, 80)
	}
	return out
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func encode(e event) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	return body, nil
}
