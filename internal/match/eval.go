package match

import "slices"

// judge evaluates the expression of brand b for the leaves that were found.
func (sc *scratch) judge(b int32, lang string) (Hit, bool) {
	cb := &sc.set.brands[b]
	sc.mark(b, cb)
	sc.terms = sc.terms[:0]
	v := sc.eval(cb, 0)
	if !v.positive {
		return Hit{}, false
	}
	hit := Hit{Brand: cb.name, Terms: uniqueTerms(sc.terms)}
	switch {
	case !v.actual:
		hit.ExcludedBy = sc.set.nodes[cb.base+v.blame].raw
	case !keepsLang(cb.langs, lang):
		hit.ExcludedBy = "languages: " + lang
	}
	return hit, true
}

func uniqueTerms(terms []string) []string {
	out := make([]string, 0, min(len(terms), maxHitTerms))
	for _, t := range terms {
		if len(out) < maxHitTerms && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// mark links, for the brand at hand, each node that has a found leaf below it
// to its parent. All other nodes are what they are when nothing occurs.
func (sc *scratch) mark(b int32, cb *compiled) {
	sc.turn++
	if sc.turn == 0 {
		clear(sc.nodeTurn)
		sc.turn = 1
	}
	sc.marked = sc.marked[:0]
	for _, id := range sc.found {
		uses := sc.set.leaves[id].uses
		i, _ := slices.BinarySearchFunc(uses, b, func(u use, b int32) int { return int(u.brand) - int(b) })
		for ; i < len(uses) && uses[i].brand == b; i++ {
			sc.marked = append(sc.marked, uses[i].node)
		}
	}
	// From the last to the first, each put in front: kids end up in the query's order.
	slices.Sort(sc.marked)
	for _, at := range slices.Backward(sc.marked) {
		sc.kidHead[at] = -1
		for sc.nodeTurn[at] != sc.turn {
			sc.nodeTurn[at] = sc.turn
			parent := sc.set.nodes[cb.base+at].parent
			if parent < 0 {
				break
			}
			if sc.nodeTurn[parent] != sc.turn {
				sc.kidHead[parent] = -1
			}
			sc.kidNext[at] = sc.kidHead[parent]
			sc.kidHead[parent] = at
			at = parent
		}
	}
}

// verdict is the value of a node: positive with NOTs taken as satisfied, actual as written,
// and blame the negated term that makes the difference.
type verdict struct {
	positive, actual bool
	blame            int32
}

// eval gives the value of a node and appends the terms that make it positive.
func (sc *scratch) eval(cb *compiled, at int32) verdict {
	n := &sc.set.nodes[cb.base+at]
	if sc.nodeTurn[at] != sc.turn {
		return verdict{n.holds, n.holds, -1}
	}
	if n.kind != nodeAnd && n.kind != nodeOr {
		if n.negated {
			return verdict{true, false, at}
		}
		sc.terms = append(sc.terms, n.raw)
		return verdict{true, true, -1}
	}
	mark := len(sc.terms)
	positive, actual, blame := n.holding, n.holding, int32(-1)
	for kid := sc.kidHead[at]; kid >= 0; kid = sc.kidNext[kid] {
		v := sc.eval(cb, kid)
		if sc.set.nodes[cb.base+kid].holds {
			positive, actual = positive-1, actual-1
		}
		if v.positive {
			positive++
		}
		if v.actual {
			actual++
		}
		if blame < 0 && v.positive && !v.actual {
			blame = v.blame
		}
	}
	need := int32(1)
	if n.kind == nodeAnd {
		need = n.kids
	}
	v := verdict{positive >= need, actual >= need, blame}
	if !v.positive {
		sc.terms = sc.terms[:mark]
	}
	return v
}
