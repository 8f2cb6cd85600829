package match

import (
	"slices"
	"strconv"
	"strings"

	"github.com/leakytap/leakytap/internal/setting"
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
	if near := setting.Nearest(value, allowed); near != "" {
		return errAt(lx.textCol, "did you mean "+name+":"+near+"?", "%s: knows %s only", name, list)
	}
	return errAt(lx.textCol, "", "%s: knows %s only", name, list)
}

func unknownField(lx lexeme) *SyntaxError {
	hint := "put it in quotes if the colon belongs to the text"
	if near := setting.Nearest(lx.field, fieldNames()); near != "" {
		hint = "did you mean " + near + ":?"
	}
	return errAt(lx.col, hint, "unknown field %s", strconv.Quote(firstRunes(lx.field, 40)))
}

// foldValue is a field's value, or the value in a post, as they are compared.
func foldValue(s string) string { return string(appendValue(nil, s)) }

func appendValue(dst []byte, s string) []byte {
	return fold(dst, strings.TrimLeft(strings.TrimSpace(s), "@"))
}
