package cue

import (
	"encoding/binary"
	"slices"
)

// node is a place in the graph of phrases as they are written: what ends here,
// which nodes it is at once the same as, and what leads on.
type node struct {
	ends    []end
	jumps   []int32
	words   []wordEdge
	classes []classEdge
}

type wordEdge struct {
	hash uint64
	next int32
}

type builder struct {
	nodes []node
}

func (b *builder) node() int32 {
	b.nodes = append(b.nodes, node{})
	return int32(len(b.nodes) - 1)
}

func (b *builder) add(p pattern) {
	last := &b.nodes[b.seq(0, p.parts)]
	last.ends = merge(last.ends, end{p.kind, p.weight})
}

// merge adds e to ends, of which each kind has one: the weightiest.
func merge(ends []end, e end) []end {
	for i := range ends {
		if ends[i].kind == e.kind {
			ends[i].weight = max(ends[i].weight, e.weight)
			return ends
		}
	}
	return append(ends, e)
}

// seq adds parts after node and returns the node where they end. Nodes that
// tokens lead to are shared by all phrases with that beginning; the node behind
// a group belongs to one phrase alone.
func (b *builder) seq(at int32, parts []part) int32 {
	for _, p := range parts {
		switch {
		case p.alts != nil:
			join := b.node()
			for _, alt := range p.alts {
				last := b.seq(at, alt)
				b.nodes[last].jumps = append(b.nodes[last].jumps, join)
			}
			if p.optional {
				b.nodes[at].jumps = append(b.nodes[at].jumps, join)
			}
			at = join
		case p.class == literal:
			at = b.literal(at, p.hash)
		default:
			at = b.class(at, p.class)
		}
	}
	return at
}

func (b *builder) literal(at int32, hash uint64) int32 {
	for _, e := range b.nodes[at].words {
		if e.hash == hash {
			return e.next
		}
	}
	next := b.node()
	b.nodes[at].words = append(b.nodes[at].words, wordEdge{hash, next})
	return next
}

func (b *builder) class(at int32, c class) int32 {
	for _, e := range b.nodes[at].classes {
		if e.class == c {
			return e.next
		}
	}
	next := b.node()
	b.nodes[at].classes = append(b.nodes[at].classes, classEdge{c, next})
	return next
}

// compile builds a Set of patterns. The graph as it is written has many nodes that
// are at once the same; a state of the Set is all of them together, so that a walk
// follows one edge for a word however many phrases share it.
func compile(ps []pattern) *Set {
	b := &builder{nodes: make([]node, 1)}
	for _, p := range ps {
		b.add(p)
	}
	c := compiler{graph: b.nodes, ids: map[string]int32{}, mark: make([]int32, len(b.nodes))}
	c.state([]int32{0})
	for at := 0; at < len(c.members); at++ {
		c.expand(at)
	}
	return layOut(fold(c.drafts))
}

// draft is a state before it is laid out.
type draft struct {
	ends    []end
	words   []wordEdge
	classes []classEdge
}

type compiler struct {
	graph []node
	// members are the nodes of each state, in order; ids finds a state by them.
	members [][]int32
	ids     map[string]int32
	drafts  []draft
	// mark notes at which turn a node was last gathered.
	mark []int32
	turn int32
	key  []byte
}

// state is the state of the nodes and of all that they are at once the same as.
func (c *compiler) state(nodes []int32) int32 {
	c.turn++
	var all []int32
	for stack := slices.Clone(nodes); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if c.mark[n] == c.turn {
			continue
		}
		c.mark[n] = c.turn
		all = append(all, n)
		stack = append(stack, c.graph[n].jumps...)
	}
	slices.Sort(all)
	c.key = c.key[:0]
	for _, n := range all {
		c.key = binary.AppendUvarint(c.key, uint64(n))
	}
	id, ok := c.ids[string(c.key)]
	if !ok {
		id = int32(len(c.members))
		c.ids[string(c.key)] = id
		c.members = append(c.members, all)
		c.drafts = append(c.drafts, draft{})
	}
	return id
}

// expand finds what ends in a state and where it leads.
func (c *compiler) expand(at int) {
	var d draft
	byWord := map[uint64][]int32{}
	var byClass [classKinds][]int32
	for _, n := range c.members[at] {
		for _, e := range c.graph[n].ends {
			d.ends = merge(d.ends, e)
		}
		for _, e := range c.graph[n].words {
			if byWord[e.hash] == nil {
				d.words = append(d.words, wordEdge{hash: e.hash})
			}
			byWord[e.hash] = append(byWord[e.hash], e.next)
		}
		for _, e := range c.graph[n].classes {
			byClass[e.class] = append(byClass[e.class], e.next)
		}
	}
	for i := range d.words {
		d.words[i].next = c.state(byWord[d.words[i].hash])
	}
	for k, next := range byClass {
		if next != nil {
			d.classes = append(d.classes, classEdge{class(k), c.state(next)})
		}
	}
	c.drafts[at] = d
}
