package email

import (
	"bytes"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// pageText is a mail in HTML. It fetches nothing: no picture, style sheet or
// script, so that reading it tells nobody that it was read.
const pageText = `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="margin:0;padding:16px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45;color:#1c1e21">
{{with .Badge}}<p style="margin:0 0 8px"><span style="background:{{$.Color}};color:#ffffff;padding:3px 9px;border-radius:3px;font-weight:bold">{{.}}</span></p>
{{end}}<p style="margin:0 0 8px;font-size:17px">{{template "line" .Head}}</p>
{{if .Repeat}}<p style="margin:0 0 8px;color:#6a6f76">This may have reached you before.</p>
{{end}}{{range .Lines}}<p style="margin:0 0 6px">{{.}}</p>
{{end}}{{if .Deleted}}<p style="margin:0 0 8px;color:#6a6f76">{{.Deleted}}</p>
{{end}}{{with .Quote}}<blockquote style="margin:8px 0;padding:6px 12px;border-left:4px solid {{$.Color}};background:#f5f6f7;white-space:pre-wrap">{{.}}</blockquote>
{{end}}{{range .Facts}}<p style="margin:0 0 6px">{{template "line" .}}</p>
{{end}}{{range .Items}}<p style="margin:14px 0 4px">{{template "line" .Head}}</p>
{{if .Deleted}}<p style="margin:0 0 8px;color:#6a6f76">{{.Deleted}}</p>
{{end}}{{with .Quote}}<blockquote style="margin:4px 0;padding:4px 12px;border-left:4px solid #c8ccd1;background:#f5f6f7;white-space:pre-wrap">{{.}}</blockquote>
{{end}}{{end}}{{with .Inbox}}<p style="margin:16px 0 0">{{template "line" .}}</p>
{{end}}{{with .Foot}}<p style="margin:16px 0 0;color:#6a6f76;font-size:13px">{{.}}</p>
{{end}}</body></html>
{{define "line"}}{{range .}}{{if .Link}}<a href="{{.Link}}">{{.Text}}</a>{{else if .Bold}}<b>{{.Text}}</b>{{else}}{{.Text}}{{end}}{{end}}{{end}}`

// view is what the template shows.
type view struct {
	Title, Badge, Color  string
	Head                 []span
	Repeat               bool
	Lines                []string
	Deleted, Quote, Foot string
	Facts                [][]span
	Items                []viewItem
	// Inbox is a note's link to its case; a card has it among its facts.
	Inbox []span
}

type viewItem struct {
	Head           []span
	Deleted, Quote string
}

type span struct {
	Text string
	Link string
	Bold bool
}

// page is the message in HTML.
func (r *Receiver) page(m alert.Message) (string, error) {
	v := viewOf(m)
	v.Title = subject(m)
	var b bytes.Buffer
	if err := r.html.Execute(&b, v); err != nil {
		return "", err
	}
	return b.String(), nil
}

func viewOf(m alert.Message) view {
	if m.Dossier != nil && (m.Notice.Kind == record.NoticeCard || m.Notice.Kind == record.NoticeUpdate) {
		return cardView(m)
	}
	n := alert.NewNote(m)
	v := view{Color: "#4a5568", Head: []span{{Text: n.Title, Bold: true}}, Repeat: n.Repeat, Lines: n.Lines}
	if m.Notice.Brand != "" {
		v.Badge = m.Notice.Brand
	}
	for _, it := range n.Items {
		x := viewItem{Head: spans(it.Head, m.Now), Quote: it.Quote}
		if it.Deleted {
			x.Deleted, x.Quote = alert.DeletedWords, ""
		}
		v.Items = append(v.Items, x)
	}
	if n.More > 0 {
		v.Lines = append(v.Lines, alert.Count(int64(n.More), "post", "posts")+" more in the inbox")
	}
	if m.Notice.Case != "" {
		v.Foot = "case " + m.Notice.Case
		v.Inbox = spans(alert.InboxLine(m), m.Now)
	}
	return v
}

func cardView(m alert.Message) view {
	k := alert.NewCard(m)
	v := view{
		Badge: strings.ToUpper(string(k.Severity)), Color: colorOf(string(k.Severity)), Head: spans(k.Head, m.Now), Repeat: k.Repeat,
		Quote: k.Quote, Foot: "case " + k.Case,
	}
	if k.Deleted {
		v.Deleted, v.Quote = alert.DeletedWords, ""
	}
	for _, line := range k.Facts() {
		if len(line) > 0 {
			v.Facts = append(v.Facts, spans(line, m.Now))
		}
	}
	return v
}

// spans are a line's pieces as the template shows them.
func spans(line []alert.Span, now time.Time) []span {
	out := make([]span, 0, len(line))
	for _, s := range line {
		x := span{Text: alert.Plain([]alert.Span{s}, now), Bold: s.Bold}
		if u := alert.Link(s.Link); u != "" {
			x.Link = u
			if s.Text != "" {
				x.Text = s.Text
			}
		}
		out = append(out, x)
	}
	return out
}

// colorOf is how bad a severity looks.
func colorOf(severity string) string {
	switch severity {
	case "critical":
		return "#b00020"
	case "high":
		return "#c2410c"
	case "medium":
		return "#a16207"
	}
	return "#4a5568"
}
