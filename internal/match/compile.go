package match

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/leakytap/leakytap/internal/brand"
)

// Set is the queries of all brands, compiled together. It does not change and
// may be used by any goroutines.
type Set struct {
	brands []compiled
	nodes  []flat // of all brands, each brand's in the order of its query
	leaves []leaf

	// vocab gives each word, handle, tag and prefix its id.
	vocab    map[string]int32
	prefixes map[string]int32
	// prefixLens has, for the first byte of a word, a bit for each length of a
	// prefix that begins with it.
	prefixLens [256]uint64
	// Words in a row are paths of a trie: first by word id, then by edge.
	first  []int32
	states []state
	edges  map[edge]int32
	// fields gives the leaf of each field:value, and hasField which fields are asked for.
	fields   map[string]int32
	hasField map[string]bool
	nears    []near

	// maxNodes is the size of the largest brand's expression.
	maxNodes int
	pool     sync.Pool
}

// compiled is one brand: its nodes are nodes[base:base+size], the first is the root.
type compiled struct {
	name  string
	langs []string
	base  int32
	size  int32
}

// flat is a node of an expression. Kids follow their parent; parent is relative
// to the brand's first node, -1 for the root.
type flat struct {
	kind    nodeKind
	negated bool
	// holds is what the node is when none of its terms occurs.
	holds bool
	// kids counts the node's children, and holding those that hold when nothing occurs.
	kids    int32
	holding int32
	parent  int32
	raw     string
}

// leaf is a distinct term, field or near of any brand.
type leaf struct {
	// uses are the nodes that ask for it, in order of brand and node.
	uses []use
	// anchors are the brands that cannot match unless this leaf or another anchor occurs.
	anchors []int32
	// near is the near that this leaf is, or -1.
	near int32
	// triggers are the nears to be looked at when this leaf occurs; positions says
	// that some near needs to know where it occurs.
	triggers  []int32
	positions bool
}

type use struct{ brand, node int32 }

type state struct {
	leaf int32 // -1 where no term ends here
	more bool
}

type edge struct {
	state int32
	word  int32
}

// near is left NEAR/distance right; both sides are sorted leaf ids.
type near struct {
	leaf        int32
	distance    int32
	left, right []int32
}

// Compile compiles the queries of all brands. Its error names each brand whose
// query is broken and wraps their *SyntaxError.
func Compile(brands []brand.Brand) (*Set, error) {
	c := &compiler{
		set: &Set{
			vocab: map[string]int32{}, prefixes: map[string]int32{}, edges: map[edge]int32{},
			fields: map[string]int32{}, hasField: map[string]bool{},
		},
		keys: map[string]int32{},
	}
	var errs []error
	names := map[string]bool{}
	for _, b := range brands {
		q, err := Parse(b.Query)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("compiling the query of brand %s: %w", b.Name, err))
			continue
		case names[b.Name]:
			errs = append(errs, fmt.Errorf("compiling brands: two are named %s", b.Name))
			continue
		}
		names[b.Name] = true
		c.brand(b, q.root)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for i, root := range c.roots {
		for _, id := range c.anchors(root) {
			l := &c.set.leaves[id]
			if k := len(l.anchors); k == 0 || l.anchors[k-1] != int32(i) {
				l.anchors = append(l.anchors, int32(i))
			}
		}
	}
	c.triggers()
	return c.set, nil
}

// compiler builds a Set.
type compiler struct {
	set   *Set
	keys  map[string]int32 // leaf ids by what they match
	roots []*node
}

func (c *compiler) brand(b brand.Brand, root *node) {
	s := c.set
	cb := compiled{name: b.Name, base: index(len(s.nodes))}
	for _, l := range b.Languages {
		if base := knownLang(l); !slices.Contains(cb.langs, base) {
			cb.langs = append(cb.langs, base)
		}
	}
	at := index(len(s.brands))
	c.flatten(root, -1, cb.base, at)
	cb.size = index(len(s.nodes)) - cb.base
	s.maxNodes = max(s.maxNodes, int(cb.size))
	s.brands = append(s.brands, cb)
	c.roots = append(c.roots, root)
}

// flatten appends n and what is below it, and reports whether n holds when nothing occurs.
func (c *compiler) flatten(n *node, parent, base, brand int32) bool {
	s := c.set
	at := index(len(s.nodes))
	s.nodes = append(s.nodes, flat{kind: n.kind, negated: n.negated, parent: parent, raw: n.raw})
	switch n.kind {
	case nodeAnd, nodeOr:
		var holding int32
		for _, k := range n.kids {
			if c.flatten(k, at-base, base, brand) {
				holding++
			}
		}
		f := &s.nodes[at]
		f.kids, f.holding = index(len(n.kids)), holding
		f.holds = holding > 0
		if n.kind == nodeAnd {
			f.holds = holding == f.kids
		}
	default:
		id := c.leaf(n)
		l := &s.leaves[id]
		l.uses = append(l.uses, use{brand, at - base})
		s.nodes[at].holds = n.negated
	}
	return s.nodes[at].holds
}

// leaf is the id of what the term or near n matches.
func (c *compiler) leaf(n *node) int32 {
	if n.kind == nodeNear {
		return c.nearLeaf(n)
	}
	key := n.term.key()
	id, fresh := c.newLeaf(key)
	switch {
	case !fresh:
	case n.term.field != "":
		c.set.fields[key] = id
		c.set.hasField[n.term.field] = true
	default:
		c.path(n.term.words, id)
	}
	return id
}

func (c *compiler) newLeaf(key string) (id int32, fresh bool) {
	if id, ok := c.keys[key]; ok {
		return id, false
	}
	id = index(len(c.set.leaves))
	c.keys[key] = id
	c.set.leaves = append(c.set.leaves, leaf{near: -1})
	return id, true
}

func (c *compiler) nearLeaf(n *node) int32 {
	left, right := c.side(n.kids[0]), c.side(n.kids[1])
	var key strings.Builder
	key.WriteString("near/" + strconv.Itoa(n.near))
	for _, side := range [][]int32{left, right} {
		key.WriteByte('|')
		for _, id := range side {
			key.WriteString(strconv.Itoa(int(id)) + ",")
		}
	}
	id, fresh := c.newLeaf(key.String())
	if fresh {
		c.set.leaves[id].near = index(len(c.set.nears))
		c.set.nears = append(c.set.nears, near{leaf: id, distance: index(n.near), left: left, right: right})
	}
	return id
}

// side is the sorted leaves of one operand of a near.
func (c *compiler) side(n *node) []int32 {
	terms := n.kids
	if n.kind == nodeTerm {
		terms = []*node{n}
	}
	var ids []int32
	for _, t := range terms {
		id := c.leaf(t)
		c.set.leaves[id].positions = true
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// path makes words in a row lead to a leaf.
func (c *compiler) path(words []word, leafID int32) {
	s := c.set
	id := c.word(words[0])
	if s.first[id] < 0 {
		s.first[id] = c.state()
	}
	at := s.first[id]
	for _, w := range words[1:] {
		s.states[at].more = true
		e := edge{at, c.word(w)}
		next, ok := s.edges[e]
		if !ok {
			next = c.state()
			s.edges[e] = next
		}
		at = next
	}
	s.states[at].leaf = leafID
}

func (c *compiler) state() int32 {
	c.set.states = append(c.set.states, state{leaf: -1})
	return index(len(c.set.states)) - 1
}

// index is n as the tables hold it. They count terms and words, which the limits of
// queries and texts keep far below the maximum.
func index(n int) int32 { return int32(min(n, math.MaxInt32)) } //nolint:gosec // bounded in the line itself

func (c *compiler) word(w word) int32 {
	s := c.set
	table := s.vocab
	if w.prefix {
		table = s.prefixes
		s.prefixLens[w.key[0]] |= 1 << len(w.key)
	}
	id, ok := table[w.key]
	if !ok {
		id = index(len(s.first))
		s.first = append(s.first, -1)
		table[w.key] = id
	}
	return id
}
