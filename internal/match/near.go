package match

import (
	"cmp"
	"slices"
)

// isNear reports whether some place of the left side and some place of the right side have
// at most n.distance words in between.
func (sc *scratch) isNear(n *near) bool {
	if sc.leafPass[n.leaf] == sc.pass {
		return false
	}
	sc.nearLeft = sc.collect(sc.nearLeft[:0], n.left)
	if len(sc.nearLeft) == 0 {
		return false
	}
	sc.nearRight = sc.collect(sc.nearRight[:0], n.right)
	return follows(sc.nearLeft, sc.nearRight, n.distance) || follows(sc.nearRight, sc.nearLeft, n.distance)
}

// collect appends the places of the leaves of side that occur, by their start.
func (sc *scratch) collect(dst []span, side []int32) []span {
	if len(side) < len(sc.found) {
		for _, id := range side {
			dst = sc.placesOf(dst, id)
		}
	} else {
		for _, id := range sc.found {
			if _, ok := slices.BinarySearch(side, id); ok {
				dst = sc.placesOf(dst, id)
			}
		}
	}
	slices.SortFunc(dst, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return dst
}

func (sc *scratch) placesOf(dst []span, id int32) []span {
	if sc.leafPass[id] != sc.pass {
		return dst
	}
	for i := sc.placeHead[id]; i >= 0; i = sc.places[i].next {
		dst = append(dst, sc.places[i].span)
	}
	return dst
}

// follows reports whether a place of b begins at most distance words after one of a ends.
// Both are sorted by start.
func follows(a, b []span, distance int32) bool {
	for _, x := range a {
		i, _ := slices.BinarySearchFunc(b, x.end, func(s span, end int32) int { return cmp.Compare(s.start, end) })
		if i < len(b) && b[i].start-x.end <= distance {
			return true
		}
	}
	return false
}
