package match

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError is a mistake in a query.
type SyntaxError struct {
	// Column is where it stands, in runes from 0. It is at most the query's length.
	Column int
	// Msg says what is wrong and Hint, if any, what to write instead.
	Msg  string
	Hint string
}

// Error is the message and the hint.
func (e *SyntaxError) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + "; " + e.Hint
}

func errAt(column int, hint, format string, args ...any) *SyntaxError {
	return &SyntaxError{Column: column, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// lexKind is what a lexeme is. It is an int by another name: most code asks for
// one or two kinds and treats all others alike.
type lexKind = int

const (
	lexEnd lexKind = iota
	lexOpen
	lexClose
	lexAnd
	lexOr
	lexNot
	lexNear
	lexWord
	lexPhrase
	lexField
	lexList
)

// lexeme is one token of a query. raw is what stands there; text is a word, a
// phrase without its quotes, a field's value or the name of a term list, and textCol
// where that begins.
type lexeme struct {
	kind    lexKind
	raw     string
	text    string
	field   string
	near    int
	col     int
	textCol int
}

// lexer cuts a query into lexemes, one at a time.
type lexer struct {
	src string
	pos int // in bytes
	col int // in runes
}

// opensPhrase and closesPhrase hold for straight and for typographic quotes, which word
// processors put in their place.
func opensPhrase(r rune) bool  { return r == '"' || r == '“' || r == '„' || r == '”' }
func closesPhrase(r rune) bool { return r == '"' || r == '”' || r == '“' }

func (l *lexer) next() (lexeme, *SyntaxError) {
	l.skipSpace()
	if l.pos == len(l.src) {
		return lexeme{kind: lexEnd, col: l.col}, nil
	}
	r, n := utf8.DecodeRuneInString(l.src[l.pos:])
	switch {
	case r == '(':
		return l.take(lexOpen, n), nil
	case r == ')':
		return l.take(lexClose, n), nil
	case opensPhrase(r):
		return l.phrase()
	default:
		return l.word()
	}
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		l.pos += n
		l.col++
	}
}

// take makes a lexeme of the next n bytes.
func (l *lexer) take(kind lexKind, n int) lexeme {
	raw := l.src[l.pos : l.pos+n]
	lx := lexeme{kind: kind, raw: raw, text: raw, col: l.col, textCol: l.col}
	l.pos += n
	l.col += utf8.RuneCountInString(raw)
	return lx
}

func (l *lexer) phrase() (lexeme, *SyntaxError) {
	_, first := utf8.DecodeRuneInString(l.src[l.pos:])
	for i, r := range l.src[l.pos+first:] {
		if closesPhrase(r) {
			lx := l.take(lexPhrase, first+i+utf8.RuneLen(r))
			lx.text = lx.raw[first : first+i]
			lx.textCol++
			return lx, nil
		}
	}
	return lexeme{}, errAt(l.col, `close the phrase with another "`, "quote is never closed")
}

// word takes what reaches to the next space, parenthesis or quote: an operator, a
// field or a word.
func (l *lexer) word() (lexeme, *SyntaxError) {
	rest := l.src[l.pos:]
	n := strings.IndexFunc(rest, func(r rune) bool {
		return unicode.IsSpace(r) || r == '(' || r == ')' || opensPhrase(r)
	})
	if n < 0 {
		n = len(rest)
	}
	raw := rest[:n]
	switch raw {
	case "AND":
		return l.take(lexAnd, n), nil
	case "OR":
		return l.take(lexOr, n), nil
	case "NOT":
		return l.take(lexNot, n), nil
	}
	if raw == "NEAR" || strings.HasPrefix(raw, "NEAR/") {
		return l.near(n)
	}
	if hint := foreignOperator(raw); hint != "" {
		return lexeme{}, errAt(l.col, hint, "%s is no operator", strconv.Quote(firstRunes(raw, 20)))
	}
	if i := strings.IndexAny(raw, `[]{}\^|`); i >= 0 {
		hint := "there are no regular expressions here; put the word in quotes if the character belongs to the name"
		if raw[i] == '|' {
			hint = "write OR"
		}
		return lexeme{}, errAt(l.col+utf8.RuneCountInString(raw[:i]), hint, "%c has no meaning in a query", raw[i])
	}
	if i := strings.IndexByte(raw, ':'); i > 0 && isFieldName(raw[:i]) && !strings.HasPrefix(raw[i:], "://") {
		return l.fieldAt(i, n)
	}
	if len(raw) > 1 && raw[0] == '$' && isListName(raw[1:]) {
		lx := l.take(lexList, n)
		lx.text = raw[1:]
		return lx, nil
	}
	return l.take(lexWord, n), nil
}

// isListName reports whether s can be the name of a term list. It begins with a letter, so
// that $40 stays a word.
func isListName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '-' && c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// ListName reports whether a term list may have this name.
func ListName(s string) bool { return isListName(s) }

const maxNear = 100

func (l *lexer) near(n int) (lexeme, *SyntaxError) {
	lx := l.take(lexNear, n)
	digits := strings.TrimPrefix(strings.TrimPrefix(lx.raw, "NEAR"), "/")
	v, err := strconv.Atoi(digits)
	if err != nil || v < 1 || v > maxNear || digits[0] == '+' {
		hint := "write NEAR/5 for at most 5 words in between, from 1 to " + strconv.Itoa(maxNear)
		if digits == "" {
			return lexeme{}, errAt(lx.col, hint, "NEAR has no number")
		}
		return lexeme{}, errAt(lx.col, hint, "NEAR has a wrong number")
	}
	lx.near = v
	return lx, nil
}

// foreignOperator is a hint for what other query languages would write there, or empty.
func foreignOperator(raw string) string {
	switch raw {
	case "&", "&&", "+":
		return "write AND"
	case "|", "||":
		return "write OR"
	case "!", "-":
		return "write NOT"
	}
	switch {
	case len(raw) > 1 && (raw[0] == '-' || raw[0] == '!' || raw[0] == '+'):
		if raw[0] == '+' {
			return "leave the + out: terms side by side must all occur"
		}
		return "write NOT " + firstRunes(raw[1:], 20)
	case raw == "/" || len(raw) > 2 && raw[0] == '/' && raw[len(raw)-1] == '/':
		return "there are no regular expressions here; use words, phrases, prefix* and NEAR/5"
	default:
		return ""
	}
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// fieldAt takes name:value, where the value may be a quoted phrase.
func (l *lexer) fieldAt(colon, n int) (lexeme, *SyntaxError) {
	rest := l.src[l.pos:]
	name := rest[:colon]
	if n == colon+1 && n < len(rest) {
		if r, _ := utf8.DecodeRuneInString(rest[n:]); opensPhrase(r) {
			sub := lexer{src: l.src, pos: l.pos + n, col: l.col + n}
			ph, err := sub.phrase()
			if err != nil {
				return lexeme{}, err
			}
			lx := l.take(lexField, n+len(ph.raw))
			lx.field, lx.text, lx.textCol = name, ph.text, lx.col+n+1
			return lx, nil
		}
	}
	lx := l.take(lexField, n)
	lx.field, lx.text, lx.textCol = name, rest[colon+1:n], lx.col+colon+1
	return lx, nil
}

// firstRunes is s, cut to n runes.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "..."
		}
		n--
	}
	return s
}
