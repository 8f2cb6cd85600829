package encoder

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	pieceCLS     = "[CLS]"
	pieceSEP     = "[SEP]"
	pieceUnknown = "[UNK]"
	pieceMask    = "[MASK]"
	// inside begins a piece that continues a word.
	inside = "##"
	// maxWord is the longest word in runes that is cut into pieces; a longer one is unknown.
	maxWord = 100
)

// vocabulary is the pieces by name. It is read-only.
type vocabulary struct {
	ids                     map[string]int32
	cls, sep, unknown, mask int32
	// longest is the longest piece in bytes, without ##.
	longest int
}

// splitter cuts words into pieces. It reuses its buffers and is for one goroutine.
type splitter struct {
	folded []byte
	key    []byte
}

// split appends the pieces of one word to dst: folded as BERT's uncased models were
// trained, cut at punctuation, each part as the longest pieces that there are.
func (s *splitter) split(v *vocabulary, word string, dst []int32) []int32 {
	s.folded = s.folded[:0]
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		i += n
		switch {
		case r == 0 || r == utf8.RuneError || unicode.Is(unicode.C, r) && r != '\t' && r != '\n' && r != '\r':
			continue
		case unicode.IsSpace(r):
			dst = s.flush(v, dst)
		case punctuation(r) || chinese(r):
			dst = s.flush(v, dst)
			s.folded = utf8.AppendRune(s.folded, unicode.ToLower(r))
			dst = s.flush(v, dst)
		default:
			s.fold(r)
		}
		if len(s.folded) > maxWord*utf8.UTFMax {
			return append(dst, v.unknown)
		}
	}
	return s.flush(v, dst)
}

// fold appends r in lower case, without accents.
func (s *splitter) fold(r rune) {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		s.folded = append(s.folded, byte(r))
		return
	}
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], r)
	d := norm.NFD.Properties(buf[:n]).Decomposition()
	if d == nil {
		d = buf[:n]
	}
	for len(d) > 0 {
		c, k := utf8.DecodeRune(d)
		d = d[k:]
		if !unicode.Is(unicode.Mn, c) {
			s.folded = utf8.AppendRune(s.folded, unicode.ToLower(c))
		}
	}
}

// flush cuts what was folded into pieces, longest first. A part that does not cut
// into pieces is unknown as a whole.
func (s *splitter) flush(v *vocabulary, dst []int32) []int32 {
	word := s.folded
	s.folded = s.folded[:0]
	if len(word) == 0 {
		return dst
	}
	if utf8.RuneCount(word) > maxWord {
		return append(dst, v.unknown)
	}
	start := len(dst)
	for at := 0; at < len(word); {
		end := min(len(word), at+v.longest)
		id, ok := int32(0), false
		for ; end > at; end-- {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			if at == 0 {
				id, ok = v.ids[string(word[:end])]
			} else {
				s.key = append(append(s.key[:0], inside...), word[at:end]...)
				id, ok = v.ids[string(s.key)]
			}
			if ok {
				break
			}
		}
		if !ok {
			return append(dst[:start], v.unknown)
		}
		dst = append(dst, id)
		at = end
	}
	return dst
}

// punctuation tells whether BERT cuts at r: all of ASCII that is no letter or digit,
// and punctuation of any script.
func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
	}
	return unicode.IsPunct(r)
}

// chinese tells whether r is an ideograph, each of which is a word.
func chinese(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r >= 0x4E00 && r <= 0x9FFF, r <= 0x4DBF, r >= 0x20000 && r <= 0x2CEAF, r >= 0xF900 && r <= 0xFAFF, r >= 0x2F800 && r <= 0x2FA1F:
		return true
	}
	return false
}
