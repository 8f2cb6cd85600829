package alert

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one character keeps.
const maxMarks = 8

// Clean makes foreign text fit to show: no control characters, no marks that
// turn the direction of what stands around them, nothing invisible, at most
// eight combining marks on a character, and one kind of line break. It changes
// no visible character.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	b.Grow(len(s))
	marks := 0
	var prev rune
	rs := []rune(s)
	for i, r := range rs {
		switch {
		case r >= ' ' && r < 0x7f:
			b.WriteByte(byte(r))
			prev, marks = r, 0
			continue
		case r == '\r':
			if i+1 < len(rs) && rs[i+1] == '\n' {
				continue
			}
			r = '\n'
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || r == '\v' || r == '\f':
			r = '\n'
		case r == '\t':
			r = ' '
		case r == '\u200d':
			// A joiner holds an emoji together; anywhere else it hides in a word.
			if !pictograph(prev) || i+1 >= len(rs) || !pictograph(rs[i+1]) {
				continue
			}
		case r == '\u200c':
			if !joining(prev) || i+1 >= len(rs) || !joining(rs[i+1]) {
				continue
			}
		case r != '\n' && hidden(r):
			continue
		}
		if unicode.Is(unicode.M, r) && !variation(r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

// hidden reports whether a character shows nothing or turns the text around it.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case unicode.Is(unicode.Cf, r):
		// Every format character: bidi marks, embeddings, overrides and isolates,
		// zero-width spaces, soft hyphens, tags.
		return true
	case unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r):
		return true
	case r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u034f' || r == '\u2800':
		return true
	default:
		return r >= 0xFFF0 && r <= 0xFFFB || r&0xFFFE == 0xFFFE
	}
}

func variation(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F }

// pictograph reports whether r may stand beside a joiner inside an emoji.
func pictograph(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || variation(r) || r == '\u2640' || r == '\u2642'
}

// joining reports whether r is of a script that writes with a non-joiner.
func joining(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Devanagari, unicode.Bengali, unicode.Malayalam,
		unicode.Kannada, unicode.Telugu, unicode.Tamil, unicode.Gujarati, unicode.Gurmukhi, unicode.Oriya, unicode.Sinhala, unicode.Mongolian)
}

// OneLine is Clean on one line, cut to limit characters.
func OneLine(s string, limit int) string {
	return cut(strings.Join(strings.Fields(Clean(head(s, limit))), " "), limit)
}

// head is as much of s as can matter for limit characters that are shown: what
// is cut away later need not be cleaned first.
func head(s string, limit int) string {
	most := 8*max(limit, 0) + 1024
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// cut shortens s to at most limit characters, the last of them an ellipsis.
func cut(s string, limit int) string {
	if limit <= 0 {
		return ""
	}
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	rs := []rune(s)
	return strings.TrimRightFunc(string(rs[:limit-1]), unicode.IsSpace) + "…"
}

// quoteLines is how many lines of a post are shown.
const quoteLines = 10

// Quote is a post's text as it is shown: clean, without runs of empty lines, at
// most ten lines, and within limit characters once &, < and > are escaped.
func Quote(s string, limit int) string {
	var lines []string
	blank := false
	for l := range strings.SplitSeq(Clean(head(s, limit)), "\n") {
		l = strings.TrimRightFunc(l, unicode.IsSpace)
		if l == "" {
			blank = len(lines) > 0
			continue
		}
		if blank {
			lines, blank = append(lines, ""), false
		}
		lines = append(lines, l)
	}
	note := ""
	if len(lines) > quoteLines {
		lines, note = lines[:quoteLines], "\n… more in the inbox"
	}
	out := strings.Join(lines, "\n")
	if EscapedLen(out)+len(note) <= limit {
		return out + note
	}
	limit -= len("… more in the inbox") + 1
	n := 0
	for i, r := range out {
		if n += EscapedLen(string(r)); n > limit {
			return strings.TrimRightFunc(out[:i], unicode.IsSpace) + "… more in the inbox"
		}
	}
	return out
}

// EscapedLen is how many characters s has once &, < and > are escaped.
func EscapedLen(s string) int {
	return utf8.RuneCountInString(s) + 4*strings.Count(s, "&") + 3*(strings.Count(s, "<")+strings.Count(s, ">"))
}

// Link is u if it is an http or https address that may be made clickable, else empty.
func Link(u string) string {
	if !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
		return ""
	}
	for _, r := range u {
		if r <= ' ' || r == utf8.RuneError || hidden(r) {
			return ""
		}
	}
	return u
}
