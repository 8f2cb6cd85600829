package match

import (
	"slices"

	"github.com/leakytap/leakytap/pkg/mention"
)

// Hit is a brand that a post speaks of.
type Hit struct {
	Brand string
	// Terms are the parts of the query that matched, as written there, at most 20.
	Terms []string
	// ExcludedBy is empty for a match. Else the post satisfies the query with its NOTs left
	// out, and this is what removed it: the term under a NOT, as written, or
	// "languages: de" where the brand asks for other languages.
	ExcludedBy string
}

const maxHitTerms = 20

// Match gives the brands whose query m satisfies, and those whose query it would satisfy
// but for a NOT or the brand's languages, in the order in which they were compiled.
func (s *Set) Match(m mention.Mention) []Hit {
	sc := s.scratch()
	defer s.pool.Put(sc)
	sc.scan(m)
	if len(sc.touched) == 0 {
		return nil
	}
	slices.Sort(sc.touched)
	lang := knownLang(m.Lang)
	var hits []Hit
	for _, b := range sc.touched {
		if hit, ok := sc.judge(b, lang); ok {
			hits = append(hits, hit)
		}
	}
	return hits
}

// Len is the number of brands in the set.
func (s *Set) Len() int { return len(s.brands) }

// scratch is what one pass needs; passes reuse it. The stamps say which
// entries belong to the pass or the brand at hand, so that nothing is cleared.
type scratch struct {
	set  *Set
	buf  []byte
	key  []byte
	toks tokens
	// ids are the ids of the words of toks, ranges[i] those that begin at word i.
	ids    []wordID
	ranges []int32

	pass      uint32
	leafPass  []uint32 // by leaf: the pass in which it occurred
	found     []int32  // leaves that occurred
	brandPass []uint32
	touched   []int32 // brands with an anchor that occurred
	// Places of leaves that nears ask for, as lists that begin at placeHead.
	places    []place
	placeHead []int32
	nearLeft  []span
	nearRight []span

	turn     uint32
	nodeTurn []uint32 // by node: the brand's turn in which it was marked
	kidHead  []int32
	kidNext  []int32
	marked   []int32
	terms    []string
}

type wordID struct{ id, span int32 }

type span struct{ start, end int32 }

type place struct {
	span
	next int32
}

func (s *Set) scratch() *scratch {
	if sc, ok := s.pool.Get().(*scratch); ok {
		return sc
	}
	return &scratch{
		set:       s,
		leafPass:  make([]uint32, len(s.leaves)),
		placeHead: make([]int32, len(s.leaves)),
		brandPass: make([]uint32, len(s.brands)),
		nodeTurn:  make([]uint32, s.maxNodes),
		kidHead:   make([]int32, s.maxNodes),
		kidNext:   make([]int32, s.maxNodes),
	}
}

// begin starts a pass.
func (sc *scratch) begin() {
	sc.pass++
	if sc.pass == 0 { // the stamps have come around
		clear(sc.leafPass)
		clear(sc.brandPass)
		sc.pass = 1
	}
	sc.found, sc.touched, sc.places = sc.found[:0], sc.touched[:0], sc.places[:0]
}

// occurs notes that a leaf occurs.
func (sc *scratch) occurs(id int32) {
	if sc.leafPass[id] == sc.pass {
		return
	}
	sc.leafPass[id] = sc.pass
	sc.placeHead[id] = -1
	sc.found = append(sc.found, id)
	for _, b := range sc.set.leaves[id].anchors {
		if sc.brandPass[b] != sc.pass {
			sc.brandPass[b] = sc.pass
			sc.touched = append(sc.touched, b)
		}
	}
}
