package match

import "unicode/utf8"

// token is one word of a folded text: buf[start:end].
type token struct{ start, end int }

// sign is one reading of an @handle or a #tag in a folded text: buf[start:end] with
// its sign. The whole handle begins at the word pos and spans that many words.
type sign struct{ start, end, pos, span int }

// maxLabels bounds the parts of a handle that are looked up: @jo, @jo.example, ...
const maxLabels = 6

// tokens are the words and signs of one folded text.
type tokens struct {
	words []token
	signs []sign
}

// split finds the words and signs of a folded text. Words are runs of letters,
// digits and inner underscores; a code point of a script without spaces is a word of
// its own. A handle in the text has several readings, each a sign: @jo.example
// is also @jo, and @jo_ is also @jo.
func (t *tokens) split(buf []byte) {
	t.words, t.signs = t.words[:0], t.signs[:0]
	glued := false // the code point before belongs to a word that a sign may not follow
	for i := 0; i < len(buf); {
		switch c := buf[i]; {
		case c == '@' && !glued:
			t.handle(buf, i)
			i++
		case c == '#' && !glued:
			t.tag(buf, i)
			i++
		case wordByte(c):
			end := wordEnd(buf, i)
			if end == i { // a word of its own
				_, n := utf8.DecodeRune(buf[i:])
				t.words = append(t.words, token{i, i + n})
				i += n
				glued = false
				continue
			}
			glued = t.word(buf, i, end)
			i = end
			continue
		default:
			i++
		}
		glued = false
	}
	t.measure()
}

// word adds buf[i:end] without the underscores around it and reports whether anything is left.
func (t *tokens) word(buf []byte, i, end int) bool {
	for i < end && buf[i] == '_' {
		i++
	}
	for i < end && buf[end-1] == '_' {
		end--
	}
	if i < end {
		t.words = append(t.words, token{i, end})
	}
	return i < end
}

// handle adds the readings of the handle whose @ is at i.
func (t *tokens) handle(buf []byte, i int) {
	j := i + 1
	for range maxLabels {
		end := labelEnd(buf, j, true)
		name := end
		for name > j && buf[name-1] == '-' {
			name--
		}
		if name == j {
			return
		}
		t.sign(buf, i, j, name)
		if name != end || end+1 >= len(buf) || buf[end] != '.' && buf[end] != '@' {
			return
		}
		j = end + 1
	}
}

// tag adds the readings of the tag whose # is at i.
func (t *tokens) tag(buf []byte, i int) {
	if end := labelEnd(buf, i+1, false); end > i+1 {
		t.sign(buf, i, i+1, end)
	}
}

// sign adds buf[i:end], whose last part begins at from, and the same without the
// underscores at its end, which may be markup.
func (t *tokens) sign(buf []byte, i, from, end int) {
	name := end
	for name > from && buf[name-1] == '_' {
		name--
	}
	if name > from && name != end {
		t.signs = append(t.signs, sign{i, name, len(t.words), 0})
	}
	t.signs = append(t.signs, sign{i, end, len(t.words), 0})
}

// measure counts the words that each handle or tag spans and drops those that span none.
func (t *tokens) measure() {
	kept := t.signs[:0]
	for i := 0; i < len(t.signs); {
		first, last := t.signs[i], i // the readings of one handle follow each other, the longest last
		for last+1 < len(t.signs) && t.signs[last+1].start == first.start {
			last++
		}
		span := 0
		for first.pos+span < len(t.words) && t.words[first.pos+span].start < t.signs[last].end {
			span++
		}
		for ; i <= last; i++ {
			s := t.signs[i]
			s.span = span
			if span > 0 {
				kept = append(kept, s)
			}
		}
	}
	t.signs = kept
}

// wordByte reports whether a code point that begins with c may belong to a word;
// in folded text every byte beyond ASCII does.
func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c >= utf8.RuneSelf
}

// wordEnd is the end of the word that begins at i, or i where the code point
// there is a word of its own.
func wordEnd(buf []byte, i int) int {
	for i < len(buf) && wordByte(buf[i]) {
		if buf[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(buf[i:])
		if solo(r) {
			break
		}
		i += n
	}
	return i
}

// labelEnd is the end of the name after a sign. A tag takes letters of every
// script. A handle that begins in an alphabet ends where a script without
// spaces begins, since no space need follow it there; only handles hold dashes.
func labelEnd(buf []byte, i int, handle bool) int {
	alone := !handle
	for begin := i; i < len(buf); {
		c := buf[i]
		if c < utf8.RuneSelf {
			if !wordByte(c) && (c != '-' || !handle) {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(buf[i:])
		if handle && i == begin {
			alone = solo(r)
		}
		if emoji(r) || solo(r) && !alone {
			break
		}
		i += n
	}
	return i
}
