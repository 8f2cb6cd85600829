package match

import (
	"strings"
)

// Outline is a query as most are written: what is asked for, of which any will do, and
// what is kept away.
type Outline struct {
	Any []string
	Not []string
}

// OutlineOf takes a query apart. It gives false for one that is not written like
// (a OR "b c") NOT d NOT (e OR f), or that is broken.
func OutlineOf(query string) (Outline, bool) {
	if _, err := Parse(query); err != nil {
		return Outline{}, false
	}
	if whole, _ := split(query, lexOr); len(whole) > 1 {
		return Outline{Any: whole}, true // a NOT beside an OR is part of one of its sides
	}
	pieces, ok := split(query, lexNot)
	out := Outline{Not: pieces[1:]}
	if !ok || pieces[0] == "" {
		return Outline{}, false
	}
	for _, p := range out.Not {
		if !single(p) {
			return Outline{}, false // something is asked for behind the NOT
		}
	}
	asked := pieces[0]
	for single(asked) && asked[0] == '(' {
		asked = strings.TrimSpace(asked[1 : len(asked)-1])
	}
	out.Any, _ = split(asked, lexOr)
	return out, true
}

// Query writes the outline as a query again.
func (o Outline) Query() string {
	var b strings.Builder
	b.WriteString("(" + strings.Join(o.Any, " OR ") + ")")
	for _, n := range o.Not {
		b.WriteString(" NOT " + n)
	}
	return b.String()
}

// split cuts a query at the operators of a kind that stand outside of all parentheses.
// An AND before one of them goes with it.
func split(query string, at lexKind) ([]string, bool) {
	l := lexer{src: query}
	var out []string
	depth, from, and := 0, 0, -1
	for {
		x, err := l.next()
		if err != nil {
			return nil, false
		}
		begin := l.pos - len(x.raw)
		switch {
		case x.kind == lexEnd:
			return append(out, strings.TrimSpace(query[from:])), true
		case x.kind == lexOpen:
			depth++
		case x.kind == lexClose:
			depth--
		case x.kind == at && depth == 0:
			if and >= 0 {
				begin = and
			}
			out = append(out, strings.TrimSpace(query[from:begin]))
			from = l.pos
		}
		if and = -1; x.kind == lexAnd {
			and = begin
		}
	}
}

// single reports whether a part of a query is one term or one group.
func single(part string) bool {
	l := lexer{src: part}
	depth, operands := 0, 0
	for {
		x, err := l.next()
		switch {
		case err != nil:
			return false
		case x.kind == lexEnd:
			return operands == 1
		case x.kind == lexClose:
			depth--
			continue
		case depth == 0:
			operands++
		}
		if x.kind == lexOpen {
			depth++
		}
	}
}
