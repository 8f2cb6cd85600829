package model

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/cue"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

func sample() (Header, []Entry) {
	h := Header{Version: "test", LengthUnit: 100, Polar: 1}
	h.Scales[Words][Negative] = 0.5
	return h, []Entry{{Key: 3, Weights: [Heads]int8{1, -2, 3, -4, 5}}, {Key: 9, Weights: [Heads]int8{-128, 127}}, {Key: 1 << 31}}
}

func TestFileRoundTrip(t *testing.T) {
	h, es := sample()
	var a, b bytes.Buffer
	require.NoError(t, Write(&a, h, es))
	require.NoError(t, Write(&b, h, es))
	require.Equal(t, a.Bytes(), b.Bytes())
	m, err := Read(&a)
	require.NoError(t, err)
	require.Equal(t, "test", m.Version)
	for i, key := range []uint64{3, 9} {
		w, ok := m.Table.Find(key << 16)
		require.True(t, ok)
		require.Equal(t, es[i].Weights, w)
	}
	_, ok := m.Table.Find(4 << 16)
	require.False(t, ok)
}

func TestReadRefusesBrokenFiles(t *testing.T) {
	h, es := sample()
	var good bytes.Buffer
	require.NoError(t, Write(&good, h, es))
	tests := []struct {
		name, want string
		file       func([]byte) []byte
	}{
		{"empty", "no model file", func([]byte) []byte { return nil }},
		{"foreign", "no model file", func([]byte) []byte { return []byte("PK\x03\x04 something else entirely") }},
		{"another version", "another version", func(b []byte) []byte { b[len(Magic)-2] = '1'; return b }},
		{"cut", "broken", func(b []byte) []byte { return b[:len(b)-6] }},
		{"checksum", "checksum", func(b []byte) []byte { b[len(Magic)] ^= 1; return b }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(tt.file(bytes.Clone(good.Bytes()))))
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestWriteRefusesUnsortedFeatures(t *testing.T) {
	h, es := sample()
	es[0], es[1] = es[1], es[0]
	require.ErrorContains(t, Write(&bytes.Buffer{}, h, es), "not sorted")
}

func FuzzRead(f *testing.F) {
	h, es := sample()
	var good bytes.Buffer
	require.NoError(f, Write(&good, h, es))
	f.Add(good.Bytes())
	f.Fuzz(func(_ *testing.T, b []byte) {
		if m, err := Read(bytes.NewReader(b)); err == nil {
			m.Table.Find(1)
		}
	})
}

// TestSumIsThatOfTheFeaturesOneByOne compares what is added up on the way with the
// features that Extract lists, which training sees.
func TestSumIsThatOfTheFeaturesOneByOne(t *testing.T) {
	var x Extractor
	var d text.Doc
	var cache WordCache
	for _, src := range []string{
		"Awful AWFUL service from acme, a telecom é", "", "acme", "not acme acme NEVER again! http://x.y @you 3 12 300", "😡 3 ３ :-(",
		strings.Repeat("acme is not GOOD at all ", 300),
	} {
		d.Parse(src)
		var hits []cue.Hit
		for i := range d.Tokens {
			if string(d.Form(i)) == "acme" {
				d.Tokens[i].Flags |= text.Brand
			}
			hits = append(hits, cue.Hit{Kind: cue.Kind(i%(cue.Kinds-1) + 1), Weight: int8(i%5 + 1), Negated: i%3 == 0, From: int32(i), To: int32(i + 1)})
		}
		x.Begin(&d, hits)
		features := x.Extract(&d, true)
		require.Len(t, features, x.Count())
		var entries []Entry
		for i, f := range features {
			if i%4 > 0 {
				entries = append(entries, Entry{Key: Key(f.Hash), Weights: [Heads]int8{int8(i), 1, -128, 127}})
			}
		}
		table := NewTable(entries)
		var want [Groups]Sums
		for _, f := range features {
			w, ok := table.Find(f.Hash)
			require.Equal(t, ok, table.Knows(f.Hash))
			for k, v := range w {
				want[f.Group][k] += int32(v)
			}
		}
		all := x.Count()
		cache = WordCache{}
		for range 2 {
			require.Equal(t, want, x.Sum(table, &cache, &d))
			require.Equal(t, all, x.Count())
			require.Equal(t, want[Chars], x.Within(table, &cache, &d, 0, int32(len(d.Tokens))))
		}
		require.Len(t, x.Extract(&d, false), len(features)-gramsOf(features))
		require.Equal(t, all, x.Count())
	}
}

func gramsOf(features []Feature) (n int) {
	for _, f := range features {
		if f.Group == Chars {
			n++
		}
	}
	return n
}

// TestWordsThatShareASlotAreToldApart has more words than a WordCache has room for.
func TestWordsThatShareASlotAreToldApart(t *testing.T) {
	var x Extractor
	var d text.Doc
	var cache WordCache
	table := NewTable([]Entry{{Key: Key(text.HashString("w7")), Weights: [Heads]int8{7}}})
	for range 2 {
		for i := range 2 * wordSets * wordWays {
			d.Parse("w" + strconv.Itoa(i))
			x.Begin(&d, nil)
			want := int32(0)
			if string(d.Form(0)) == "w7" { // w777 is one too
				want = 7
			}
			sums := x.Sum(table, &cache, &d)
			require.Equal(t, want, sums[Words][0], "%d", i)
		}
	}
}

func TestTheBrandsNameIsTheBrand(t *testing.T) {
	hashes := func(brand string) map[uint64]bool {
		var d text.Doc
		d.Parse("I hate " + brand + " so much")
		d.Tokens[2].Flags |= text.Brand
		var x Extractor
		out := map[uint64]bool{}
		x.Begin(&d, nil)
		for _, f := range x.Extract(&d, true) {
			out[f.Hash] = true
		}
		return out
	}
	require.Equal(t, hashes("acme"), hashes("globex"))
}

// TestAdderAddsExactly adds more rows than fit into its lanes, and keys of no row.
func TestAdderAddsExactly(t *testing.T) {
	var entries []Entry
	var keys []uint32
	var want Sums
	for i := range 5000 {
		e := Entry{Key: uint32(i*2 + 1), Weights: [Heads]int8{127, -127, int8(i), int8(-i), int8(i * 7), -128}}
		entries = append(entries, e)
		keys = append(keys, e.Key, e.Key+1)
		for k, v := range e.Weights {
			want[k] += int32(v)
		}
	}
	table := NewTable(append([]Entry{{Key: 1, Weights: [Heads]int8{99}}}, entries...))
	var a, b adder
	a.addAll(table, keys[:7])
	a.addAll(table, keys[7:])
	require.Equal(t, want, a.total())
	for _, e := range entries {
		w, ok := table.Find(uint64(e.Key) << 16)
		require.True(t, ok)
		require.Equal(t, e.Weights, w)
		b.add(table.find(e.Key).weights())
		require.True(t, table.Knows(uint64(e.Key)<<16))
		require.False(t, table.Knows(uint64(e.Key+1)<<16))
	}
	require.Equal(t, want, b.total())
}

// TestEveryKeyHasAPlace makes tables of keys that lie close and far apart.
func TestEveryKeyHasAPlace(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 100, 40_000} {
		for _, step := range []uint32{1, 1 << 8, 1 << 16, 2654435761} {
			var keys []uint32
			for i := range uint32(n) {
				if k := i * step; i == 0 || k != 0 {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			keys = slices.Compact(keys)
			p := newPlaces(keys)
			taken := map[uint32]bool{}
			for _, k := range keys {
				at := p.of(k)
				require.Less(t, uint64(at), p.rows)
				require.False(t, taken[at])
				taken[at] = true
			}
		}
	}
}
