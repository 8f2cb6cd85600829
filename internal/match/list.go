package match

import (
	"strings"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/setting"
)

// Spliced is a query whose term lists are filled in: where it said $delays stand the
// list's terms, (late OR "still waiting").
type Spliced struct {
	// Text is the query as it is parsed, Lists the names of the lists in it, each once.
	Text  string
	Lists []string

	parts []splice
}

// splice is a part of the text, and where it comes from, in runes. A part of a list
// stands as a whole for the place where the list is named.
type splice struct {
	at, from int
	list     string
}

// Splice fills the term lists into a query. terms gives the terms of a list as Entry
// gives them, and names all there are, for the hint. A mistake in the query beside its
// lists is left to Parse.
func Splice(query string, terms func(list string) ([]string, bool), names []string) (*Spliced, *SyntaxError) {
	s := &Spliced{}
	if !strings.Contains(query, "$") {
		s.Text = query
		return s, nil
	}
	var out strings.Builder
	at, done, doneCol, count := 0, 0, 0, 0
	add := func(text string, from int, list string) {
		if text != "" {
			s.parts = append(s.parts, splice{at: at, from: from, list: list})
			out.WriteString(text)
			at += utf8.RuneCountInString(text)
		}
	}
	seen := map[string]bool{}
	lex := lexer{src: query}
	for more := true; more; {
		lx, broken := lex.next()
		more = broken == nil && lx.kind != lexEnd
		if lx.kind != lexList {
			continue
		}
		list, ok := terms(lx.text)
		if !ok {
			return nil, noList(lx, names)
		}
		if count += len(list); count > MaxTerms {
			return nil, errAt(lx.col, "split the brand in two", "with the list $%s the query has more than %d terms", lx.text, MaxTerms)
		}
		if !seen[lx.text] {
			seen[lx.text] = true
			s.Lists = append(s.Lists, lx.text)
		}
		begin := lex.pos - len(lx.raw)
		add(query[done:begin], doneCol, "")
		add("("+strings.Join(list, " OR ")+")", lx.col, lx.text)
		done, doneCol = lex.pos, lex.col
		if out.Len() > MaxQueryBytes {
			return nil, errAt(lx.col, "split the brand in two", "with its lists the query has more than %d MiB", MaxQueryBytes>>20)
		}
	}
	add(query[done:], doneCol, "")
	s.Text = out.String()
	return s, nil
}

// Place is where in the query as it was written a column of Text comes from, and the
// list that it comes from, empty for none. Columns are runes from 0.
func (s *Spliced) Place(column int) (written int, list string) {
	written = column
	for _, p := range s.parts {
		if p.at > column {
			break
		}
		written, list = p.from, p.list
		if p.list == "" {
			written += column - p.at
		}
	}
	return written, list
}

func noList(lx lexeme, names []string) *SyntaxError {
	hint := `put the word in quotes if the $ belongs to it`
	if near := setting.Nearest(lx.text, names); near != "" {
		hint = "did you mean $" + near + "?"
	} else if len(names) > 0 {
		known := "$" + strings.Join(names[:min(len(names), 20)], " $")
		hint = "there are " + known + "; " + hint
	}
	return errAt(lx.col, hint, "there is no term list called $%s", firstRunes(lx.text, 40))
}

// Entry reads one entry of a term list and gives it as it is written in a query. Words
// with spaces between them are a phrase, with quotes or without.
func Entry(entry string) (string, *SyntaxError) {
	const hint = `write one term an entry: a word, a "phrase", an @handle, a #tag or a prefix*`
	entry = strings.TrimSpace(entry)
	if entry == "" {
		return "", errAt(0, hint, "the entry is empty")
	}
	if !utf8.ValidString(entry) {
		return "", errAt(0, "save the file as UTF-8", "the entry is not valid UTF-8")
	}
	lex := lexer{src: entry}
	first, err := lex.next()
	if err != nil {
		return "", err
	}
	words := 1
	for lx := first; ; words++ {
		switch lx.kind {
		case lexWord, lexPhrase, lexField:
		case lexList:
			return "", errAt(lx.col, "write its terms here", "a term list holds no other list, and here stands %s", lx.raw)
		default:
			return "", errAt(lx.col, hint, "%s has no place in a term list", firstRunes(lx.raw, 20))
		}
		if lx.kind != lexWord && words > 1 {
			return "", errAt(lx.col, hint, "two terms stand in one entry")
		}
		next, err := lex.next()
		if err != nil {
			return "", err
		}
		if next.kind == lexEnd {
			break
		}
		if lx.kind != lexWord {
			return "", errAt(next.col, hint, "two terms stand in one entry")
		}
		lx = next
	}
	if words > 1 {
		entry = `"` + entry + `"`
		first = lexeme{kind: lexPhrase, raw: entry, text: entry[1 : len(entry)-1]}
	}
	_, err = newTerm(first)
	return entry, err
}
