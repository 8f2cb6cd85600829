package alert

import (
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// DeletedWords stand where the text of a deleted post stood.
const DeletedWords = "The author deleted this post"

// Text is the message as plain text, as a console prints it. The first line of
// a card is ALERT, severity and brand; every line of foreign text is indented
// behind a bar, so that no post can look like a line of ours.
func Text(m Message) string {
	switch m.Notice.Kind {
	case record.NoticeCard, record.NoticeUpdate:
		if m.Dossier != nil {
			return cardText(m)
		}
	case record.NoticeReply, record.NoticeRewrite, record.NoticeDigest, record.NoticeOps, record.NoticeTest, record.NoticeCanary:
	}
	return noteText(m)
}

func cardText(m Message) string {
	c := NewCard(m)
	var b strings.Builder
	word := "ALERT "
	if m.Notice.Kind == record.NoticeUpdate {
		word = "UPDATE "
	}
	b.WriteString(word + string(c.Severity) + " " + c.Brand + "\n")
	line(&b, c.Head, m.Now)
	if c.Repeat {
		b.WriteString("  (possible repeat)\n")
	}
	if c.Deleted {
		b.WriteString("  " + DeletedWords + "\n")
	} else {
		quote(&b, c.Quote)
	}
	for _, l := range c.Facts() {
		line(&b, l, m.Now)
	}
	b.WriteString("  case " + c.Case + "\n")
	return b.String()
}

func noteText(m Message) string {
	n := NewNote(m)
	var b strings.Builder
	b.WriteString(strings.ToUpper(string(m.Notice.Kind)))
	if m.Notice.Brand != "" {
		b.WriteString(" " + m.Notice.Brand)
	}
	b.WriteByte('\n')
	if n.Title != "" {
		b.WriteString("  " + n.Title + "\n")
	}
	if n.Repeat {
		b.WriteString("  (possible repeat)\n")
	}
	for _, l := range n.Lines {
		b.WriteString("  " + l + "\n")
	}
	for _, it := range n.Items {
		line(&b, it.Head, m.Now)
		if it.Deleted {
			b.WriteString("  " + DeletedWords + "\n")
		} else {
			quote(&b, it.Quote)
		}
	}
	if n.More > 0 {
		b.WriteString("  and " + Count(int64(n.More), "post", "posts") + " more in the inbox\n")
	}
	if m.Notice.Case != "" {
		b.WriteString("  case " + m.Notice.Case + "\n")
		line(&b, InboxLine(m), m.Now)
	}
	return b.String()
}

func line(b *strings.Builder, spans []Span, now time.Time) {
	if len(spans) == 0 {
		return
	}
	b.WriteString("  " + Plain(spans, now) + "\n")
}

func quote(b *strings.Builder, q string) {
	if q == "" {
		return
	}
	for l := range strings.SplitSeq(q, "\n") {
		b.WriteString("  | " + l + "\n")
	}
}

// Plain is a line of spans as plain text.
func Plain(spans []Span, now time.Time) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.Link != "":
			b.WriteString(s.Link)
		case s.User != "":
			b.WriteString(OneLine(s.User, nameLimit))
		case !s.At.IsZero() && s.Ago:
			b.WriteString(Ago(s.At, now))
		case !s.At.IsZero():
			b.WriteString(s.At.UTC().Format("2006-01-02 15:04 UTC"))
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}
