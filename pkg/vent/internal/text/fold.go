package text

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// next reads the rune at s[i:]. It undoes the escapes that feeds leave behind
// (&amp; and \u2019), and returns how many bytes it took. A broken byte is
// utf8.RuneError with size 1.
func next(s string, i int) (rune, int) {
	c := s[i]
	if c < utf8.RuneSelf {
		switch c {
		case '&':
			return entity(s, i)
		case '\\':
			return escape(s, i)
		}
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

func entity(s string, i int) (rune, int) {
	rest := s[i:]
	if len(rest) > 8 {
		rest = rest[:8]
	}
	switch {
	case hasPrefix(rest, "&amp;"):
		return '&', 5
	case hasPrefix(rest, "&lt;"):
		return '<', 4
	case hasPrefix(rest, "&gt;"):
		return '>', 4
	case hasPrefix(rest, "&quot;"):
		return '"', 6
	case hasPrefix(rest, "&#39;"):
		return '\'', 5
	case hasPrefix(rest, "&nbsp;"):
		return ' ', 6
	}
	return '&', 1
}

func escape(s string, i int) (rune, int) {
	if len(s) >= i+6 && s[i+1] == 'u' {
		if v, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil && v >= 0x20 && (v < 0xD800 || v > 0xDFFF) {
			return rune(v), 6
		}
	}
	return '\\', 1
}

func hasPrefix(s, p string) bool { return len(s) >= len(p) && s[:len(p)] == p }

// plain maps a punctuation mark or space of any script to the ASCII one that
// means the same; other runes stay.
func plain(r rune) rune {
	switch r {
	case '\u2018', '\u2019', '\u201b', '\u02bc', '\u00b4', '`', '\uff07':
		return '\''
	case '\u201c', '\u201d', '\u201e', '\u00ab', '\u00bb', '\uff02':
		return '"'
	case '\u2013', '\u2014', '\u2212', '\u2010', '\u2011':
		return '-'
	case '\uff01', '\u00a1':
		return '!'
	case '\uff1f', '\u00bf':
		return '?'
	case '\u2026':
		return '.'
	case '\uff20':
		return '@'
	case '\uff03':
		return '#'
	}
	return r
}

// ignored tells whether r is invisible and does not end a word.
func ignored(r rune) bool {
	switch {
	case r == 0xAD, r >= 0x200B && r <= 0x200D, r >= 0x2060 && r <= 0x2064, r == 0xFEFF:
		return true
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF, r == 0x20E3:
		return true
	case r >= 0xE0000 && r <= 0xE007F, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r >= 0x300 && unicode.Is(unicode.Mn, r)
}

// appendFolded adds the normal form of the letter or digit r to b: lower case,
// without accents, in plain width.
func appendFolded(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(b, byte(r))
	}
	switch r {
	case 'ß':
		return append(b, "ss"...)
	case 'æ', 'Æ':
		return append(b, "ae"...)
	case 'ø', 'Ø':
		return append(b, 'o')
	case 'ł', 'Ł':
		return append(b, 'l')
	}
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], r)
	d := norm.NFKD.Properties(buf[:n]).Decomposition()
	if d == nil {
		return utf8.AppendRune(b, unicode.ToLower(r))
	}
	for len(d) > 0 {
		c, k := utf8.DecodeRune(d)
		d = d[k:]
		if unicode.Is(unicode.Mn, c) {
			continue
		}
		b = utf8.AppendRune(b, unicode.ToLower(c))
	}
	return b
}

// lone tells whether r is of a script that is written without spaces, where each
// rune is a token of its own.
func lone(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// pictured tells whether r is an emoji or another picture.
func pictured(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2600 && r <= 0x27BF, r >= 0x2B00 && r <= 0x2BFF, r >= 0x2190 && r <= 0x21FF:
		return true
	}
	return r == 0x203C || r == 0x2049 || r >= 0x2300 && r <= 0x23FF
}
