package match

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The fields that a query may filter by.
const (
	fieldFrom   = "from"
	fieldLang   = "lang"
	fieldSource = "source"
	fieldKind   = "kind"
	fieldIs     = "is"
)

func fieldNames() []string {
	return []string{fieldFrom, fieldLang, fieldSource, fieldKind, fieldIs}
}

func kindValues() []string { return []string{"post", "reply", "comment", "review"} }

func newField(lx lexeme) (*term, *SyntaxError) {
	name := strings.ToLower(lx.field)
	t := &term{field: name, value: foldValue(lx.text), plain: lx.text}
	if strings.Contains(lx.text, "*") {
		return nil, errAt(lx.textCol, "write the value in full", "%s: takes no *", name)
	}
	switch name {
	case fieldFrom, fieldSource:
	case fieldLang:
		t.value = baseLang(lx.text)
		if lx.text != "" && t.value == "" {
			return nil, errAt(lx.textCol, "write it as lang:en, or lang:und for posts whose language is not known", "%s is no language", firstRunes(lx.text, 40))
		}
	case fieldKind:
		if err := oneOf(lx, name, t.value, kindValues()); err != nil {
			return nil, err
		}
	case fieldIs:
		if err := oneOf(lx, name, t.value, []string{"reply"}); err != nil {
			return nil, err
		}
	default:
		return nil, unknownField(lx)
	}
	if t.value == "" {
		return nil, errAt(lx.col, "write it as "+name+":value, without a space", "%s: has no value", name)
	}
	return t, nil
}

func oneOf(lx lexeme, name, value string, allowed []string) *SyntaxError {
	if slices.Contains(allowed, value) {
		return nil
	}
	list := strings.Join(allowed, ", ")
	if near := nearest(value, allowed); near != "" {
		return errAt(lx.textCol, "did you mean "+name+":"+near+"?", "%s: knows %s only", name, list)
	}
	return errAt(lx.textCol, "", "%s: knows %s only", name, list)
}

func unknownField(lx lexeme) *SyntaxError {
	hint := "put it in quotes if the colon belongs to the text"
	if near := nearest(strings.ToLower(lx.field), fieldNames()); near != "" {
		hint = "did you mean " + near + ":?"
	}
	return errAt(lx.col, hint, "unknown field %s", strconv.Quote(firstRunes(lx.field, 40)))
}

// foldValue is a field's value, or the value in a post, as they are compared.
func foldValue(s string) string { return string(appendValue(nil, s)) }

func appendValue(dst []byte, s string) []byte {
	return fold(dst, strings.TrimLeft(strings.TrimSpace(s), "@"))
}

// nearest is the one of names that s is most likely a typing error for, or empty.
func nearest(s string, names []string) string {
	best, found := 3, ""
	if utf8.RuneCountInString(s) < 4 {
		best = 2
	}
	for _, n := range names {
		if d := distance(s, n); d < best {
			best, found = d, n
		}
	}
	return found
}

// distance is the number of edits between two short words, with neighbours
// swapped as one edit.
func distance(a, b string) int {
	if len(a) > 32 || len(b) > 32 {
		return 99
	}
	before, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], before[j-1]+1)
			}
		}
		before, prev = prev, cur
	}
	return prev[len(b)]
}
