package model

import (
	"cmp"
	"slices"
)

// places gives each of the keys that it was made of a row of its own (a perfect
// hash by displacement): keys fall into small buckets, and each bucket keeps the
// number with which its keys come to rows that nobody else has.
type places struct {
	moves []uint16
	// shift makes a bucket of a key.
	shift uint32
	rows  uint64
}

const (
	// perBucket is how many keys a bucket has on average.
	perBucket = 4
	maxMoves  = 1 << 16
)

// newPlaces finds places for keys, of which no two are equal.
func newPlaces(keys []uint32) places {
	p := places{rows: uint64(len(keys)) + uint64(len(keys))/8 + 8, shift: 32}
	for 1<<(32-p.shift)*perBucket < len(keys) {
		p.shift--
	}
	p.moves = make([]uint16, 1<<(32-p.shift))
	for !p.fill(keys) {
		p.rows += p.rows / 8
		clear(p.moves)
	}
	return p
}

// fill tries with so many rows. The fullest buckets come first, while most rows are free.
func (p *places) fill(keys []uint32) bool {
	buckets := make([][]uint32, len(p.moves))
	for _, k := range keys {
		b := p.bucket(k)
		buckets[b] = append(buckets[b], k)
	}
	order := make([]int, len(buckets))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(buckets[b]), len(buckets[a])) })
	taken := make([]bool, p.rows)
	for _, b := range order {
		if !p.settle(b, buckets[b], taken) {
			return false
		}
	}
	return true
}

// settle finds a move that brings all keys of bucket b to rows that are free.
func (p *places) settle(b int, keys []uint32, taken []bool) bool {
	for move := range maxMoves {
		p.moves[b] = uint16(move)
		n := 0
		for n < len(keys) && !taken[p.of(keys[n])] {
			taken[p.of(keys[n])] = true
			n++
		}
		if n == len(keys) {
			return true
		}
		for _, k := range keys[:n] {
			taken[p.of(k)] = false
		}
	}
	return false
}

func (p *places) bucket(key uint32) uint32 { return key * 0x85ebca6b >> p.shift }

// of is the one row where a key can be. Keys that places was not made of come to
// some row too.
func (p *places) of(key uint32) uint32 {
	h := (key ^ uint32(p.moves[p.bucket(key)])*0x9e3779b1) * 0xcc9e2d51
	return uint32(uint64(h) * p.rows >> 32)
}
