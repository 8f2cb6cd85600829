package match

// MaxHitTerms is how many terms a Hit names at most.
const MaxHitTerms = maxHitTerms

// Part is one term, phrase, filter or NEAR of a query, as Hit.Terms and
// Hit.ExcludedBy name it.
type Part struct {
	Text string
	// Column is where it first stands, in runes from 0.
	Column int
	// Excludes says that it stands under a NOT, Phrase that it is a phrase in quotes.
	Excludes bool
	Phrase   bool
	// Key is the same for parts that match the same posts, in whatever case and with
	// whatever accents they are written.
	Key string
}

// Side names a part in its query: a text may stand on both sides of a NOT.
type Side struct {
	Text     string
	Excludes bool
}

// Side is what names the part.
func (p Part) Side() Side { return Side{p.Text, p.Excludes} }

// Parts are the parts of the query in its order, each text once for each of the two sides
// of a NOT.
func (q *Query) Parts() []Part {
	var out []Part
	seen := map[Side]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if n.kind == nodeAnd || n.kind == nodeOr {
			for _, k := range n.kids {
				walk(k)
			}
			return
		}
		if k := (Side{n.raw, n.negated}); !seen[k] {
			seen[k] = true
			p := Part{Text: n.raw, Column: n.col, Excludes: n.negated, Phrase: n.kind == nodeTerm && n.term.phrase, Key: n.raw}
			if n.kind == nodeTerm {
				p.Key = n.term.key()
			}
			out = append(out, p)
		}
	}
	walk(q.root)
	return out
}

// Positive reports whether the query would match a post in which exactly the parts for
// which has says so occur, and nothing that a NOT names.
func (q *Query) Positive(has func(text string) bool) bool { return q.root.positive(has) }

func (n *node) positive(has func(string) bool) bool {
	switch n.kind {
	case nodeAnd:
		for _, k := range n.kids {
			if !k.positive(has) {
				return false
			}
		}
		return true
	case nodeOr:
		for _, k := range n.kids {
			if k.positive(has) {
				return true
			}
		}
		return false
	default:
		return n.negated || has(n.raw)
	}
}
