package demo

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

// block is what of Block Kit a terminal can show.
type block struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	URL      string          `json:"url"`
	Name     string          `json:"name"`
	UserID   string          `json:"user_id"`
	Fallback string          `json:"fallback"`
	Elements []block         `json:"elements"`
	Fields   []block         `json:"fields"`
}

// label is the text of a text object or of a plain text field.
func (b block) label() string {
	var s string
	if json.Unmarshal(b.Text, &s) == nil {
		return s
	}
	var o struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(b.Text, &o) == nil {
		return o.Text
	}
	return ""
}

// Screen shows an event at Slack as a person reads it. The first line of a
// card that was just posted is ALERT, its severity and its brand.
func Screen(e slack.Event) string {
	var md struct {
		Payload struct {
			Brand    string `json:"brand"`
			Severity string `json:"severity"`
			Kind     string `json:"kind"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal(e.Message.Metadata, &md)
	var b strings.Builder
	switch {
	case e.Kind == "updated":
		b.WriteString("UPDATE " + md.Payload.Severity + " " + md.Payload.Brand + "\n")
	case e.Message.ThreadTS != "" && e.Message.ThreadTS != e.Message.TS:
		b.WriteString("IN THE THREAD " + md.Payload.Brand + "\n")
	case md.Payload.Kind == "card":
		b.WriteString("ALERT " + md.Payload.Severity + " " + md.Payload.Brand + "\n")
	default:
		b.WriteString(strings.ToUpper(md.Payload.Kind) + "\n")
	}
	var blocks []block
	if json.Unmarshal(e.Message.Blocks, &blocks) != nil || len(blocks) == 0 {
		b.WriteString(indent(clean(e.Message.Text)))
		return b.String()
	}
	for _, bl := range blocks {
		b.WriteString(indent(clean(draw(bl))))
	}
	return b.String()
}

func draw(b block) string {
	switch b.Type {
	case "rich_text":
		return join(b.Elements, "\n")
	case "rich_text_section", "rich_text_preformatted":
		return join(b.Elements, "")
	case "rich_text_quote":
		return "| " + strings.ReplaceAll(join(b.Elements, ""), "\n", "\n| ")
	case "link":
		if t := b.label(); t != "" && t != b.URL {
			return t + " " + b.URL
		}
		return b.URL
	case "emoji":
		return ""
	case "user":
		return "@" + b.UserID
	case "date":
		return b.Fallback
	case "actions":
		return join(b.Elements, " ")
	case "button":
		return "[" + b.label() + "]"
	case "overflow":
		return "[...]"
	case "static_select":
		return "[why not?]"
	case "divider":
		return ""
	case "section":
		return b.label() + join(b.Fields, " ")
	case "context":
		return join(b.Elements, " ")
	default:
		return b.label()
	}
}

func join(list []block, sep string) string {
	parts := make([]string, 0, len(list))
	for _, b := range list {
		if s := draw(b); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, sep)
}

func indent(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return "  " + strings.ReplaceAll(strings.Trim(s, "\n"), "\n", "\n  ") + "\n"
}

// clean keeps a stranger's text from steering the terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) {
			return r
		}
		return -1
	}, s)
}
