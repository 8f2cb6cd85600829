package slack

import (
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/pkg/vent"
)

// escape makes text inert where Slack reads markup.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// section is lines of spans as one rich text section.
func section(now time.Time, lines ...[]alert.Span) *slackgo.RichTextSection {
	s := &slackgo.RichTextSection{Type: slackgo.RTESection}
	for _, l := range lines {
		if len(l) == 0 {
			continue
		}
		if len(s.Elements) > 0 {
			s.Elements = append(s.Elements, text("\n", false))
		}
		for _, sp := range l {
			// Slack refuses an empty text element.
			if sp != (alert.Span{}) && sp != (alert.Span{Bold: true}) {
				s.Elements = append(s.Elements, element(sp, now))
			}
		}
	}
	return s
}

// element is a span as a rich text element. Text in it is never read as markup.
func element(s alert.Span, now time.Time) slackgo.RichTextSectionElement {
	switch {
	case s.Link != "":
		return slackgo.NewRichTextSectionLinkElement(s.Link, s.Text, nil)
	case s.User != "":
		if slackUser(s.User) {
			return slackgo.NewRichTextSectionUserElement(s.User, nil)
		}
		return text(alert.OneLine(s.User, 80), false)
	case !s.At.IsZero():
		fallback := alert.Plain([]alert.Span{s}, now)
		format := "{date_short_pretty} {time}"
		if s.Ago {
			format = "{ago}"
		}
		return slackgo.NewRichTextSectionDateElement(s.At.Unix(), format, nil, &fallback)
	}
	return text(s.Text, s.Bold)
}

func text(s string, bold bool) *slackgo.RichTextSectionTextElement {
	var style *slackgo.RichTextSectionTextStyle
	if bold {
		style = &slackgo.RichTextSectionTextStyle{Bold: true}
	}
	return slackgo.NewRichTextSectionTextElement(s, style)
}

// quoteOf is foreign text, set apart.
func quoteOf(s string) *slackgo.RichTextQuote {
	return &slackgo.RichTextQuote{
		Type:     slackgo.RTEQuote,
		Elements: []slackgo.RichTextSectionElement{text(s, false)},
	}
}

func plain(s string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, s, false, false)
}

// lamp is the colour of a severity.
func lamp(s vent.Severity) string {
	switch s {
	case vent.SeverityCritical:
		return "🔴 "
	case vent.SeverityHigh:
		return "🟠 "
	case vent.SeverityMedium:
		return "🟡 "
	case vent.SeverityLow, vent.SeverityNone:
	}
	return "⚪ "
}

// slackUser reports whether s is an id of a Slack user.
func slackUser(s string) bool {
	if len(s) < 7 || len(s) > 20 || (s[0] != 'U' && s[0] != 'W') {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
}
