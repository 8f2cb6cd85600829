package match

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// asciiFold maps an ASCII character to what it is after folding: letters in
// lower case, digits and the characters that names are made of stay, all else
// separates words.
var asciiFold = buildASCIIFold()

func buildASCIIFold() (t [utf8.RuneSelf]byte) {
	for c := range t {
		switch b := byte(c); {
		case 'A' <= b && b <= 'Z':
			t[c] = b + 'a' - 'A'
		case 'a' <= b && b <= 'z', '0' <= b && b <= '9':
			t[c] = b
		case b == '@', b == '#', b == '_', b == '-', b == '.':
			t[c] = b
		default:
			t[c] = ' '
		}
	}
	return t
}

// fold appends s to dst in the form in which texts and terms are compared:
// NFKD without accents, lower case, without invisible characters, and with a
// space for everything that separates words. Kana and Hangul stay composed:
// their marks make other letters, they are no accents.
func fold(dst []byte, s string) []byte {
	start := len(dst)
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = append(dst, asciiFold[c])
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if wantsComposing(r) {
			return foldRunes(dst[:start], norm.NFKC.String(s))
		}
		dst = foldRune(dst, r)
		i += n
	}
	return dst
}

func foldRunes(dst []byte, s string) []byte {
	for _, r := range s {
		dst = foldRune(dst, r)
	}
	return dst
}

// wantsComposing reports whether r is a piece of a letter that is written in
// several code points: halfwidth kana, kana marks, conjoining jamo.
func wantsComposing(r rune) bool {
	switch {
	case r < 0x1100:
		return false
	case r <= 0x11FF, r == 0x3099, r == 0x309A:
		return true
	default:
		return 0xFF65 <= r && r <= 0xFF9F
	}
}

func foldRune(dst []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return append(dst, asciiFold[r])
	case invisible(r):
		return dst
	case r == 0x2120, r == 0x2122: // service mark and trade mark, which NFKD would glue to the name
		return append(dst, ' ')
	case composed(r):
		return utf8.AppendRune(dst, r)
	}
	var tmp [utf8.UTFMax]byte
	n := utf8.EncodeRune(tmp[:], r)
	d := norm.NFKD.Properties(tmp[:n]).Decomposition()
	if d == nil {
		return foldLetter(dst, r)
	}
	for len(d) > 0 {
		p, size := utf8.DecodeRune(d)
		dst = foldLetter(dst, p)
		d = d[size:]
	}
	return dst
}

// composed reports whether r is a letter that is compared as it is: kana,
// Hangul syllables and Han.
func composed(r rune) bool {
	return 0x3041 <= r && r <= 0x30FF && r != 0x3099 && r != 0x309A && r != 0x309F && r != 0x30A0 && r != 0x30FB && r != 0x30FF ||
		0x3400 <= r && r <= 0x4DBF || 0x4E00 <= r && r <= 0x9FFF || 0xAC00 <= r && r <= 0xD7A3
}

// foldLetter appends one code point of a decomposition.
func foldLetter(dst []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return append(dst, asciiFold[r])
	case invisible(r), accent(r):
		return dst
	}
	if plain := plainLetter(r); plain != "" {
		return append(dst, plain...)
	}
	if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || emoji(r) {
		return utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return append(dst, ' ')
}

// plainLetter is how letters are commonly typed that Unicode does not decompose.
func plainLetter(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ħ', 'Ħ':
		return "h"
	case 'ŧ', 'Ŧ':
		return "t"
	case 'þ', 'Þ':
		return "th"
	case 'ı':
		return "i"
	case 'ς':
		return "σ"
	default:
		return ""
	}
}

// accent reports whether r is a mark that people leave out when they type:
// diacritics of alphabets, Hebrew points and Arabic vowel signs. The vowel signs of Indic
// scripts and of Thai are marks as well, yet a word without them is another word.
func accent(r rune) bool {
	switch {
	case r < 0x0300:
		return false
	case r <= 0x036F, 0x0483 <= r && r <= 0x0489, 0x0591 <= r && r <= 0x05C7:
		return true
	case r == 0x0640, 0x0610 <= r && r <= 0x061A, 0x064B <= r && r <= 0x065F, r == 0x0670, 0x06D6 <= r && r <= 0x06ED:
		return unicode.IsMark(r) || r == 0x0640
	case 0x1AB0 <= r && r <= 0x1AFF, 0x1DC0 <= r && r <= 0x1DFF, 0x20D0 <= r && r <= 0x20FF, 0xFE20 <= r && r <= 0xFE2F:
		return true
	default:
		return false
	}
}

// invisible reports whether r is there without being seen: format characters, bidi
// controls, fillers, variation selectors and the skin tones of emoji.
func invisible(r rune) bool {
	switch {
	case r < 0x00AD:
		return false
	case r == 0x00AD, r == 0x034F, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5, r == 0x3164, r == 0xFFA0:
		return true
	case 0x180B <= r && r <= 0x180F, 0xFE00 <= r && r <= 0xFE0F, 0xE0000 <= r && r <= 0xE0FFF, 0x1F3FB <= r && r <= 0x1F3FF:
		return true
	case r < 0x0600:
		return false
	default:
		return unicode.Is(unicode.Cf, r)
	}
}

// emoji reports whether r is a symbol that stands for a word.
func emoji(r rune) bool { return r >= 0x2190 && unicode.Is(unicode.So, r) }

// solo reports whether r, in folded text, is a word of its own: scripts that put no
// spaces between words, Hangul, whose particles cling to the word, and emoji.
func solo(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r <= 0x109F: // Thai, Lao, Tibetan, Myanmar
		return true
	case 0x1780 <= r && r <= 0x17FF, 0x19E0 <= r && r <= 0x19FF: // Khmer
		return true
	case r < 0x2190:
		return false
	case 0x3005 <= r && r <= 0x3007, 0x3041 <= r && r <= 0x31FF, 0x3400 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3:
		return true
	case 0x20000 <= r && r <= 0x3FFFF:
		return true
	default:
		return emoji(r)
	}
}
