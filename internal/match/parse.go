package match

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of one query.
const (
	// MaxTerms is the number of terms that one query may have.
	MaxTerms = 10_000
	// MaxDepth is how deep parentheses and NOTs may stand in one another.
	MaxDepth = 200
	// MaxQueryBytes is the length of a query in bytes.
	MaxQueryBytes = 16 << 20
)

// Query is a parsed query. It does not change and may be shared.
type Query struct {
	src      string
	root     *node // in normal form: NOT stands at terms alone
	terms    int
	warnings []Warning
	sources  []SourceRef
}

// Warning is something legal in a query that its author probably did not mean.
type Warning struct {
	// Column is where it stands, in runes from 0.
	Column int
	Msg    string
}

// SourceRef is a name that a query's source: filter asks for.
type SourceRef struct {
	Column int
	Name   string
}

// Terms is the number of terms in the query.
func (q *Query) Terms() int { return q.terms }

// Warnings are what is legal but unwise in the query, in its order.
func (q *Query) Warnings() []Warning { return q.warnings }

// Sources are the names that source: filters ask for: sources or platforms.
func (q *Query) Sources() []SourceRef { return q.sources }

// nodeKind is what a node is, an int by another name as lexKind is.
type nodeKind = int

const (
	nodeAnd nodeKind = iota
	nodeOr
	nodeNot
	nodeTerm
	nodeNear
)

// node is a part of a query. Only normal form has negated set, on terms and nears.
type node struct {
	kind    nodeKind
	kids    []*node
	negated bool
	// term is set on nodeTerm; near is the distance of a nodeNear, whose two kids
	// are a term or an OR of terms each.
	term *term
	near int
	raw  string
	col  int
	// explicit says that an AND was written out and not only left between two terms.
	explicit bool
}

// Parse reads a query. The error is a *SyntaxError. Term lists must have been filled
// in by Splice.
//
//	query = and { "OR" and }
//	and   = not { [ "AND" ] not }
//	not   = "NOT" not | near
//	near  = atom { "NEAR/n" atom }
//	atom  = "(" query ")" | word | prefix* | "phrase" | @handle | #tag | field:value
func Parse(query string) (*Query, error) {
	q, err := parse(query)
	if err != nil {
		err.Column = min(err.Column, utf8.RuneCountInString(query))
		return nil, err
	}
	return q, nil
}

func parse(query string) (*Query, *SyntaxError) {
	if len(query) > MaxQueryBytes {
		return nil, errAt(0, "split the brand in two", "the query has more than %d MiB", MaxQueryBytes>>20)
	}
	if !utf8.ValidString(query) {
		col := utf8.RuneCountInString(query[:firstInvalid(query)])
		return nil, errAt(col, "save the file as UTF-8", "the query is not valid UTF-8")
	}
	if strings.TrimSpace(query) == "" {
		return nil, errAt(0, `write the brand's names, such as "acme air" OR @acmeair`, "the query is empty")
	}
	p := &parser{lex: lexer{src: query}, q: &Query{src: query}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.cur.kind != lexEnd {
		return nil, errAt(p.cur.col, `remove it or write "(" before`, `")" closes nothing`)
	}
	p.q.root = normal(root, false)
	if at := unanchored(p.q.root); at != nil {
		return nil, matchesEverything(root, at)
	}
	p.q.warn(root)
	return p.q, nil
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return len(s)
}

func matchesEverything(root, at *node) *SyntaxError {
	const hint = "add a term that must occur"
	switch {
	case at.negated && root.kind == nodeNot:
		return errAt(at.col, hint, "the query only says NOT and would match everything else")
	case at.negated:
		return errAt(at.col, hint+" beside the NOT, inside the same parentheses or OR",
			"NOT %s alone matches nearly everything", firstRunes(at.raw, 40))
	default:
		return errAt(at.col, hint+" beside it", "%s alone matches nearly everything", firstRunes(at.raw, 40))
	}
}

type parser struct {
	lex   lexer
	cur   lexeme
	depth int
	q     *Query
}

func (p *parser) advance() *SyntaxError {
	lx, err := p.lex.next()
	p.cur = lx
	return err
}

// deeper counts a level of nesting.
func (p *parser) deeper() *SyntaxError {
	p.depth++
	if p.depth > MaxDepth {
		return errAt(p.cur.col, "write it flatter", "more than %d levels of parentheses and NOT", MaxDepth)
	}
	return nil
}

func (p *parser) or() (*node, *SyntaxError) {
	col := p.cur.col
	first, err := p.and()
	if err != nil {
		return nil, err
	}
	if p.cur.kind != lexOr {
		return first, nil
	}
	n := &node{kind: nodeOr, kids: []*node{first}, col: col}
	for p.cur.kind == lexOr {
		op := p.cur
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.startsTerm() {
			return nil, missingOperand(op, "right")
		}
		kid, err := p.and()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	return n, nil
}

func (p *parser) and() (*node, *SyntaxError) {
	col := p.cur.col
	first, err := p.not()
	if err != nil {
		return nil, err
	}
	n := &node{kind: nodeAnd, kids: []*node{first}, col: col}
	for p.cur.kind == lexAnd || p.startsTerm() {
		if op := p.cur; op.kind == lexAnd {
			n.explicit = true
			if err := p.advance(); err != nil {
				return nil, err
			}
			if !p.startsTerm() {
				return nil, missingOperand(op, "right")
			}
		}
		kid, err := p.not()
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
	if len(n.kids) == 1 {
		return first, nil
	}
	return n, nil
}

// startsTerm reports whether an operand can begin at the current lexeme.
func (p *parser) startsTerm() bool {
	switch p.cur.kind {
	case lexOpen, lexNot, lexWord, lexPhrase, lexField, lexList:
		return true
	default:
		return false
	}
}

func missingOperand(op lexeme, side string) *SyntaxError {
	return errAt(op.col, `put the word in quotes if "`+strings.ToLower(op.raw)+`" is part of a name`,
		"%s has nothing on its %s", op.raw, side)
}

func (p *parser) not() (*node, *SyntaxError) {
	if p.cur.kind != lexNot {
		return p.near()
	}
	op := p.cur
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.startsTerm() {
		return nil, missingOperand(op, "right")
	}
	kid, err := p.not()
	if err != nil {
		return nil, err
	}
	return &node{kind: nodeNot, kids: []*node{kid}, col: op.col}, nil
}

// near reads a NEAR/n b; a NEAR/n b NEAR/m c means that both pairs are near.
func (p *parser) near() (*node, *SyntaxError) {
	left, err := p.atom()
	if err != nil {
		return nil, err
	}
	var pairs []*node
	for p.cur.kind == lexNear {
		op := p.cur
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.startsTerm() || p.cur.kind == lexNot {
			return nil, missingOperand(op, "right")
		}
		right, err := p.atom()
		if err != nil {
			return nil, err
		}
		for _, side := range []*node{left, right} {
			if !isTerms(side) {
				return nil, errAt(side.col, `write it as (refund OR money) NEAR/5 "acme air"`,
					"%s takes words and phrases, or an OR of them in parentheses", op.raw)
			}
		}
		pairs = append(pairs, &node{
			kind: nodeNear, kids: []*node{left, right}, near: op.near, col: left.col,
			raw: left.raw + " NEAR/" + strconv.Itoa(op.near) + " " + right.raw,
		})
		left = right
	}
	switch len(pairs) {
	case 0:
		return left, nil
	case 1:
		return pairs[0], nil
	default:
		return &node{kind: nodeAnd, kids: pairs, col: pairs[0].col}, nil
	}
}

// isTerms reports whether n is a term with a position in the text, or an OR of such.
func isTerms(n *node) bool {
	switch n.kind {
	case nodeTerm:
		return n.term.field == ""
	case nodeOr:
		for _, k := range n.kids {
			if k.kind != nodeTerm || k.term.field != "" {
				return false
			}
		}
		return true
	default:
		return false
	}
}

func (p *parser) atom() (*node, *SyntaxError) {
	lx := p.cur
	switch lx.kind {
	case lexOpen:
		return p.group()
	case lexClose:
		return nil, errAt(lx.col, `remove it or write "(" before`, `")" closes nothing`)
	case lexEnd:
		return nil, errAt(lx.col, "", "the query ends where a term should stand")
	case lexAnd, lexOr, lexNear:
		return nil, missingOperand(lx, "left")
	case lexList:
		return nil, noList(lx, nil)
	}
	t, err := newTerm(lx)
	if err != nil {
		return nil, err
	}
	p.q.terms++
	if p.q.terms > MaxTerms {
		return nil, errAt(lx.col, "split the brand in two", "the query has more than %d terms", MaxTerms)
	}
	if t.field == fieldSource {
		p.q.sources = append(p.q.sources, SourceRef{Column: lx.textCol, Name: lx.text})
	}
	return &node{kind: nodeTerm, term: t, raw: lx.raw, col: lx.col}, p.advance()
}

func (p *parser) group() (*node, *SyntaxError) {
	open, from := p.cur, p.lex.pos-1
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.cur.kind == lexClose {
		return nil, errAt(open.col, "write a term inside or remove them", "the parentheses are empty")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.cur.kind != lexClose {
		return nil, errAt(p.cur.col, `close the "(" of column `+strconv.Itoa(open.col+1), `missing ")"`)
	}
	if n.raw == "" {
		n.raw = p.lex.src[from:p.lex.pos]
	}
	return n, p.advance()
}
