package alert

import (
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// MaxItems is how many posts a digest or reply names; whoever writes a longer
// one splits it over several notices.
const MaxItems = 25

// Note is a reply, digest, ops note or test message as a person reads it.
type Note struct {
	Title string
	Lines []string
	Items []NoteItem
	// More is how many posts found no room.
	More   int
	Repeat bool
	// Ask asks of each post whether it is a complaint, and Undo is the label that can be
	// taken back, 0 for none.
	Ask  bool
	Undo int64
}

// NoteItem is one post that a note names.
type NoteItem struct {
	// Head says who, how bad and where; its last span is the link.
	Head []Span
	// Quote is the text, cut; empty where it was deleted or there is no room.
	Quote   string
	Deleted bool
	// Mention is its id.
	Mention string
}

// NewNote draws a notice that is no card.
func NewNote(m Message) Note {
	n := Note{Title: OneLine(m.Notice.Body.Title, 200), Repeat: m.PossibleRepeat, Ask: m.Notice.Body.Ask, Undo: m.Notice.Body.Undo}
	switch m.Notice.Kind {
	case record.NoticeOps:
		n.Title = "LeakyTap: " + n.Title
	case record.NoticeTest:
		n.Title = "LeakyTap test message: " + n.Title
	case record.NoticeReply, record.NoticeDigest, record.NoticeCard, record.NoticeUpdate, record.NoticeRewrite, record.NoticeCanary:
	}
	for _, l := range m.Notice.Body.Lines {
		if len(n.Lines) < 20 && m.Size != SizeMinimal {
			n.Lines = append(n.Lines, OneLine(l, 300))
		}
	}
	items := noteItems(m)
	if len(items) > MaxItems {
		n.More, items = len(items)-MaxItems, items[:MaxItems]
	}
	for _, it := range items {
		n.Items = append(n.Items, noteItem(it, m, itemLimit(m.Size, len(items))))
	}
	return n
}

// itemLimit shares the room for text among the posts.
func itemLimit(s Size, items int) int {
	switch s {
	case SizeFull:
		return max(100, min(1500, 5000/max(items, 1)))
	case SizeShort:
		return max(40, min(400, 1500/max(items, 1)))
	case SizeMinimal:
	}
	return 0
}

// authorLimit is how much of an author's name a note shows of each post.
func authorLimit(s Size) int {
	switch s {
	case SizeFull:
		return 2 * nameLimit
	case SizeShort:
		return nameLimit / 2
	case SizeMinimal:
	}
	return 0
}

// post is what is known of one post that a note names.
type post struct {
	id, url, author, text, severity, platform string
	deleted                                   bool
}

// noteItems are the posts that the notice stands for, as they are now where the
// case still knows them.
func noteItems(m Message) []post {
	var out []post
	named := map[string]bool{}
	for _, it := range m.Notice.Body.Items {
		p := post{url: it.URL, author: it.Author, text: it.Text, severity: it.Severity}
		if mm, ok := find(m.Dossier, it.Mention); ok {
			p = fromMention(mm, it.Severity)
		}
		p.id = it.Mention
		named[it.Mention] = true
		out = append(out, p)
	}
	if id := m.Notice.Mention; id != "" && !named[id] {
		if mm, ok := find(m.Dossier, id); ok {
			out = append(out, fromMention(mm, ""))
		}
	}
	return out
}

func fromMention(m mention.Mention, severity string) post {
	p := post{url: m.URL, severity: severity, platform: m.Platform, deleted: m.Retracted}
	if !m.Retracted {
		p.author, p.text = authorName(m), titled(m)
	}
	return p
}

func find(d *record.Dossier, id string) (mention.Mention, bool) {
	if d == nil || id == "" {
		return mention.Mention{}, false
	}
	if d.Root.ID == id {
		return d.Root, true
	}
	for _, m := range d.Later {
		if m.ID == id {
			return m, true
		}
	}
	return mention.Mention{}, false
}

func noteItem(p post, m Message, limit int) NoteItem {
	it := NoteItem{Mention: p.id, Deleted: p.deleted || (m.Rewritten && p.text == "" && p.author == "")}
	head := ""
	if p.severity != "" && m.Notice.Kind == record.NoticeDigest {
		head = OneLine(p.severity, 10) + " · "
	}
	if a := OneLine(p.author, authorLimit(m.Size)); a != "" {
		head += a + " · "
	}
	if p.platform != "" && m.Size != SizeMinimal {
		head += OneLine(p.platform, 40) + " · "
	}
	if head != "" {
		it.Head = append(it.Head, Span{Text: head})
	}
	it.Head = append(it.Head, linkTo(p.url, ""))
	if !it.Deleted && limit > 0 {
		it.Quote = Quote(p.text, limit)
	}
	return it
}
