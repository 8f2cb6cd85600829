package encoder

import (
	"unicode/utf8"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// The marks stand for what must not be read as words: whom a post speaks of and
// what is a link. Each is a piece of its own.
const (
	// MarkName is the brand's name with a capital, or as a hashtag.
	MarkName = "[unused1]"
	// MarkLower is the brand's name in small letters.
	MarkLower = "[unused2]"
	// MarkHandle is the brand's handle.
	MarkHandle = "[unused3]"
	// MarkUser is another handle.
	MarkUser = "[unused4]"
	// MarkLink is a link.
	MarkLink = "[unused5]"
	// MarkPicture is an emoji that has no word.
	MarkPicture = "[unused6]"
)

// Word is one word of a text as the encoder reads it, and the tokens it comes from.
type Word struct {
	Text string
	// From and To are the tokens, To excluded.
	From, To int32
	// Mark is set where Text is one of the marks.
	Mark bool
}

// edge is how many tokens at each end of a text are read: no more can fit.
const edge = 2 * MaxPieces

// Words appends the words of d to dst. The brand's name must be marked in d. Of a
// text that is too long to be read whole, the beginning and the end are.
func Words(d *text.Doc, dst []Word) []Word {
	n := len(d.Tokens)
	if n <= 2*edge {
		return words(d, 0, n, dst)
	}
	return words(d, n-edge, n, words(d, 0, edge, dst))
}

func words(d *text.Doc, from, to int, dst []Word) []Word {
	for i := from; i < to; {
		end := i + 1
		w := Word{From: int32(i)}
		if d.Tokens[i].Has(text.Brand) {
			w.Text, end = brandAt(d, i, to)
			w.Mark = true
		} else {
			w.Text, w.Mark = wordAt(d, i)
		}
		w.To = int32(end)
		dst = append(dst, w)
		i = end
	}
	return dst
}

// brandAt is the mark for the brand's name at token i, and where the name ends.
func brandAt(d *text.Doc, i, to int) (mark string, end int) {
	if d.Tokens[i].Kind == text.User {
		return MarkHandle, i + 1
	}
	mark = MarkLower
	for end = i; end < to; end++ {
		t := &d.Tokens[end]
		if !t.Has(text.Brand) || t.Kind == text.User {
			break
		}
		if t.Has(text.Title) || t.Has(text.Caps) || t.Has(text.Tag) {
			mark = MarkName
		}
	}
	return mark, end
}

func wordAt(d *text.Doc, i int) (word string, mark bool) {
	form := d.Form(i)
	switch d.Tokens[i].Kind {
	case text.User:
		return MarkUser, true
	case text.URL:
		return MarkLink, true
	case text.Emoji:
		if w := picture(form); w != "" {
			return w, false
		}
		return MarkPicture, true
	case text.Emoticon:
		return face(form), false
	case text.Punct:
		if r, _ := utf8.DecodeRune(form); r == text.Interrobang {
			return "?!", false
		}
	case text.Word, text.Number:
	}
	return string(form), false
}
