package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/leakytap/leakytap/pkg/vent"
)

// maxMarks is how many combining marks a letter keeps: more only paints over its neighbours.
const maxMarks = 8

// show makes a stranger's text fit to be read: no control characters, no
// characters that turn the direction of what stands beside them, no towers of
// marks. Letters of right-to-left scripts keep their own direction.
func show(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		if hidden(r) {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || (c < ' ' && c != '\n' && c != '\t') || c == 0x7f {
			return false
		}
	}
	return true
}

func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff, r == 0x00ad:
		return true
	default:
		return unicode.IsControl(r)
	}
}

// tricky reports whether s holds characters that turn the reading direction: a
// reader should know that they were taken out.
func tricky(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
	})
}

// clip cuts s to at most n runes, at a space where one is near, and says so with an ellipsis.
func clip(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)[:n]
	for i := n - 1; i > n-20 && i > 0; i-- {
		if unicode.IsSpace(runes[i]) {
			runes = runes[:i]
			break
		}
	}
	return strings.TrimRightFunc(string(runes), unicode.IsSpace) + "…"
}

// oneLine is s for a row: every run of white space is one space.
func oneLine(s string) string { return strings.Join(strings.Fields(show(s)), " ") }

// span is a part of a text, marked where a reason stands.
type span struct {
	Text string
	// Mark is "", push (towards venting) or pull.
	Mark string
	// Title says how far it pushed.
	Title string
}

// spans cuts text at its reasons. Reasons that do not fit the text (it was
// edited since) or that overlap an earlier one are left out.
func spans(text string, reasons []vent.Reason) []span {
	type cut struct {
		start, end int
		weight     float64
	}
	var cuts []cut
	for _, r := range reasons {
		if r.Start < 0 || r.End > len(text) || r.Start >= r.End || text[r.Start:r.End] != r.Text {
			continue
		}
		fits := true
		for _, c := range cuts {
			if r.Start < c.end && c.start < r.End {
				fits = false
				break
			}
		}
		if fits {
			cuts = append(cuts, cut{r.Start, r.End, r.Weight})
		}
	}
	// Few reasons: an insertion sort keeps the strongest of equals first.
	for i := 1; i < len(cuts); i++ {
		for j := i; j > 0 && cuts[j].start < cuts[j-1].start; j-- {
			cuts[j], cuts[j-1] = cuts[j-1], cuts[j]
		}
	}
	var out []span
	at := 0
	for _, c := range cuts {
		if c.start > at {
			out = append(out, span{Text: show(text[at:c.start])})
		}
		s := span{Text: show(text[c.start:c.end]), Mark: "push", Title: "speaks for a complaint"}
		if c.weight < 0 {
			s.Mark, s.Title = "pull", "speaks against a complaint"
		}
		out = append(out, s)
		at = c.end
	}
	if at < len(text) {
		out = append(out, span{Text: show(text[at:])})
	}
	return out
}

// age says how long ago t was, in the one unit that matters.
func age(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days"
	}
}

// ago is age as it stands in a sentence.
func ago(t, now time.Time) string {
	switch a := age(t, now); a {
	case "never":
		return a
	case "now":
		return "just now"
	default:
		return a + " ago"
	}
}

// lasting is how long something goes on.
func lasting(since, now time.Time) string {
	if a := age(since, now); a != "now" && a != "never" {
		return a
	}
	return "a moment"
}

// count writes n as people say it: 950, 12.4k, 3.1M.
func count(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10)
	case n < 1_000_000:
		return short(float64(n)/1000) + "k"
	default:
		return short(float64(n)/1_000_000) + "M"
	}
}

// grouped writes n with a comma after each three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func short(f float64) string {
	s := strconv.FormatFloat(f, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// webLink is raw where a browser may follow it: http or https and a host. A
// stranger wrote it, so anything else is no link.
func webLink(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return raw
}

// linkHost is where a link leads, for the eye.
func linkHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return show(strings.TrimPrefix(u.Host, "www."))
}
