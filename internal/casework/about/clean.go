package about

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how much of a text is read.
const maxText = 1 << 10

// clean cuts the text, takes out links and @names, opens #tags and leaves one sign
// of each run of signs.
func clean(text string) string {
	if len(text) > maxText {
		cut := maxText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	var b strings.Builder
	for field := range strings.FieldsSeq(strings.ToValidUTF8(text, " ")) {
		if strings.HasPrefix(field, "@") || strings.Contains(field, "://") || strings.HasPrefix(field, "www.") {
			// A stop keeps the words before and after it from making one phrase.
			b.WriteString(" . ")
			continue
		}
		collapse(&b, strings.TrimPrefix(field, "#"))
		b.WriteByte(' ')
	}
	return b.String()
}

// collapse writes the field with one sign of each run of signs, and with symbols
// and emoji as spaces.
func collapse(b *strings.Builder, field string) {
	sign := false
	for _, r := range field {
		switch {
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			b.WriteRune(r)
			sign = false
		case sign:
		case r == '\'' || r == '’':
			b.WriteByte('\'')
			sign = true
		case strings.ContainsRune("-&/", r):
			b.WriteRune(r)
			sign = true
		default:
			// Whatever else ends a phrase.
			b.WriteString(" . ")
			sign = true
		}
	}
}
