package match

// broadAnchor is the cost of an anchor that occurs in all posts of a source.
const broadAnchor = 1_000_000

// anchors are leaves of which at least one occurs in every post that the
// expression n matches, chosen so that as few brands as possible share them: a
// post that has none of a brand's anchors costs nothing for that brand.
func (c *compiler) anchors(n *node) []int32 {
	ids, _ := c.cheapest(n)
	return ids
}

// cheapest gives the anchors of n and their cost; no anchors where n can match without any.
func (c *compiler) cheapest(n *node) (ids []int32, cost int) {
	switch n.kind {
	case nodeAnd:
		for _, k := range n.kids {
			kid, price := c.cheapest(k)
			if kid != nil && (ids == nil || price < cost) {
				ids, cost = kid, price
			}
		}
		return ids, cost
	case nodeOr:
		for _, k := range n.kids {
			kid, price := c.cheapest(k)
			if kid == nil {
				return nil, 0
			}
			ids, cost = append(ids, kid...), cost+price
		}
		return ids, cost
	default:
		if n.negated || n.kind == nodeTerm && broadField(n.term.field) {
			return nil, 0
		}
		id := c.leaf(n)
		cost = len(c.set.leaves[id].uses)
		if n.kind == nodeTerm && n.term.field == fieldSource {
			cost += broadAnchor
		}
		return []int32{id}, cost
	}
}

// triggers lists each near under the terms of the side that fewer nears share, so that a
// word in very many nears wakes only those whose other side may be there.
func (c *compiler) triggers() {
	s := c.set
	shared := make([]int, len(s.leaves))
	for _, n := range s.nears {
		for _, side := range [][]int32{n.left, n.right} {
			for _, id := range side {
				shared[id]++
			}
		}
	}
	total := func(side []int32) (sum int) {
		for _, id := range side {
			sum += shared[id]
		}
		return sum
	}
	for i, n := range s.nears {
		side := n.left
		if total(n.right) < total(n.left) {
			side = n.right
		}
		for _, id := range side {
			s.leaves[id].triggers = append(s.leaves[id].triggers, int32(i))
		}
	}
}
