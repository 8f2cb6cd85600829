package match

import (
	"slices"
	"strings"
)

// maxNames bounds what Names returns.
const maxNames = 200

// Names are the names that a query asks for, without signs and quotes, in its
// order: of ("acme air" OR @acmeair) AND refund they are "acme air" and
// "acmeair". Where terms must occur together, the part with an @handle or a #tag
// counts as the name, else the part written first. It is empty for a query that is
// broken.
func Names(query string) []string {
	q, err := Parse(query)
	if err != nil {
		return nil
	}
	var names []string
	seen := map[string]bool{}
	for _, n := range namers(q.root) {
		name := n.term.plain
		if key := foldValue(name); name != "" && !seen[key] && len(names) < maxNames {
			seen[key] = true
			names = append(names, name)
		}
	}
	return names
}

// namers are the terms of which at least one occurs in each post that the query matches.
func namers(n *node) []*node {
	switch n.kind {
	case nodeAnd:
		var first []*node
		for _, k := range n.kids {
			terms := namers(k)
			if slices.ContainsFunc(terms, func(t *node) bool { return t.term.signed() }) {
				return terms
			}
			if first == nil {
				first = terms
			}
		}
		return first
	case nodeOr:
		var all []*node
		for _, k := range n.kids {
			all = append(all, namers(k)...)
		}
		return all
	case nodeNear:
		if n.negated {
			return nil
		}
		return namers(&node{kind: nodeAnd, kids: n.kids})
	default:
		if n.negated || n.term.field != "" || strings.TrimSpace(n.term.plain) == "" {
			return nil
		}
		return []*node{n}
	}
}
