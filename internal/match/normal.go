package match

// normal is n with every NOT pushed down to the terms, and ANDs within ANDs and
// ORs within ORs joined.
func normal(n *node, negate bool) *node {
	switch n.kind {
	case nodeNot:
		return normal(n.kids[0], !negate)
	case nodeAnd, nodeOr:
		out := &node{kind: n.kind, col: n.col, raw: n.raw}
		if negate {
			out.kind = nodeAnd + nodeOr - n.kind
		}
		for _, k := range n.kids {
			kid := normal(k, negate)
			if kid.kind == out.kind {
				out.kids = append(out.kids, kid.kids...)
			} else {
				out.kids = append(out.kids, kid)
			}
		}
		return out
	default:
		out := *n
		out.negated = negate
		return &out
	}
}

// unanchored is a term that lets the query in normal form match although none of its
// terms that narrow anything occurs, or nil where there is none.
func unanchored(n *node) *node {
	switch n.kind {
	case nodeAnd:
		var at *node
		for _, k := range n.kids {
			u := unanchored(k)
			if u == nil {
				return nil
			}
			if at == nil {
				at = u
			}
		}
		return at
	case nodeOr:
		for _, k := range n.kids {
			if u := unanchored(k); u != nil {
				return u
			}
		}
		return nil
	default:
		if n.negated || n.kind == nodeTerm && broadField(n.term.field) {
			return n
		}
		return nil
	}
}

// broadField reports whether a field's filter lets through a large part of all posts.
func broadField(field string) bool {
	return field == fieldLang || field == fieldKind || field == fieldIs
}
