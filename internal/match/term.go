package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxTermBytes   = 4096
	maxTermWords   = 100
	minPrefixRunes = 2
	maxPrefixBytes = 63
)

// term is one term of a query: words in a row, or a field with a value.
type term struct {
	words []word
	// field is from, lang, source, kind or is, and value its folded value.
	field string
	value string
	// phrase says that it was written in quotes.
	phrase bool
	// plain is the term's text without quotes and sign.
	plain string
}

// word is how one word of a term is looked up: a folded word, a handle with its @ or
// a tag with its #. A prefix matches every word that begins with key.
type word struct {
	key    string
	prefix bool
}

// key identifies terms that match the same posts.
func (t *term) key() string {
	if t.field != "" {
		return t.field + ":" + t.value
	}
	var b strings.Builder
	for _, w := range t.words {
		b.WriteString(w.key)
		if w.prefix {
			b.WriteByte('*')
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// signed reports whether the term is a single handle or tag.
func (t *term) signed() bool {
	return t.field == "" && len(t.words) == 1 && (t.words[0].key[0] == '@' || t.words[0].key[0] == '#')
}

func newTerm(lx lexeme) (*term, *SyntaxError) {
	if lx.kind == lexField {
		return newField(lx)
	}
	if len(lx.text) > maxTermBytes {
		return nil, errAt(lx.col, "shorten it", "the term has more than %d bytes", maxTermBytes)
	}
	t := &term{phrase: lx.kind == lexPhrase, plain: strings.Trim(lx.text, "@#* ")}
	col := lx.textCol
	for rest := lx.text; rest != ""; {
		n := strings.IndexFunc(rest, unicode.IsSpace)
		if n < 0 {
			n = len(rest)
		}
		if n == 0 {
			_, n = utf8.DecodeRuneInString(rest)
			rest, col = rest[n:], col+1
			continue
		}
		words, err := chunkWords(rest[:n], col)
		if err != nil {
			return nil, err
		}
		t.words = append(t.words, words...)
		if len(t.words) > maxTermWords {
			return nil, errAt(lx.col, "shorten it", "the phrase has more than %d words", maxTermWords)
		}
		col += utf8.RuneCountInString(rest[:n])
		rest = rest[n:]
	}
	return t, t.check(lx)
}

func (t *term) check(lx lexeme) *SyntaxError {
	switch {
	case len(t.words) == 0 && lx.kind == lexPhrase && strings.TrimSpace(lx.text) == "":
		return errAt(lx.col, "write words between the quotes or remove them", "the phrase is empty")
	case len(t.words) == 0:
		return errAt(lx.col, "matching looks at letters, digits and emoji only", "%s has nothing to look for", firstRunes(lx.raw, 40))
	case len(t.words) > 1:
		return nil
	}
	w := t.words[0]
	if r, n := utf8.DecodeRuneInString(w.key); n == len(w.key) && !w.prefix && !oneLetterWord(r) {
		return errAt(lx.col, "use a longer word, a phrase, an @handle or a #tag", "the one-letter term %s would match too much", lx.raw)
	}
	return nil
}

// oneLetterWord reports whether the single letter r is a word: Han and emoji are.
func oneLetterWord(r rune) bool {
	return 0x3400 <= r && r <= 0x9FFF || 0x20000 <= r && r <= 0x3FFFF || emoji(r)
}

// chunkWords is how a piece of a term without spaces is looked up.
func chunkWords(chunk string, col int) ([]word, *SyntaxError) {
	body, prefix := strings.CutSuffix(chunk, "*")
	if before, _, found := strings.Cut(body, "*"); found {
		return nil, errAt(col+utf8.RuneCountInString(before), "write it as refund*", "* stands only at the end of a word")
	}
	buf := fold(nil, body)
	var toks tokens
	toks.split(buf)
	words := toks.lookups(buf)
	if len(words) == 0 && (strings.HasPrefix(body, "@") || strings.HasPrefix(body, "#")) {
		return nil, errAt(col, "write a name right after it", "%s names nobody", firstRunes(chunk, 40))
	}
	if !prefix {
		return words, nil
	}
	star := col + utf8.RuneCountInString(body)
	last := len(toks.words) - 1
	if last < 0 || toks.words[last].end != len(buf) {
		return nil, errAt(star, "write it as refund*", "* needs a word right before it and would match everything")
	}
	w := &words[len(words)-1]
	r, _ := utf8.DecodeLastRuneInString(w.key)
	if solo(r) {
		return words, nil // such a word has no ends: it matches inside longer ones as it is
	}
	switch {
	case utf8.RuneCountInString(strings.TrimLeft(w.key, "@#")) < minPrefixRunes:
		return nil, errAt(col, "write more letters before the *", "%s would match too much", chunk)
	case len(w.key) > maxPrefixBytes:
		return nil, errAt(col, "write fewer letters before the *", "the prefix has more than %d bytes", maxPrefixBytes)
	}
	w.prefix = true
	return words, nil
}

// lookups are the words of a folded term: at a handle or tag its longest reading, else
// the word.
func (t *tokens) lookups(buf []byte) []word {
	var out []word
	for i := 0; i < len(t.words); {
		w := t.words[i]
		key, span := string(buf[w.start:w.end]), 1
		for _, s := range t.signs {
			if s.pos == i && s.end-s.start > len(key) {
				key, span = string(buf[s.start:s.end]), s.span
			}
		}
		out = append(out, word{key: key})
		i += span
	}
	return out
}
