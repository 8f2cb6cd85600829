package model

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

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

// TestGramsAreTheSumOfTheirFeatures compares the remembered sums with the features
// one by one.
func TestGramsAreTheSumOfTheirFeatures(t *testing.T) {
	var x Extractor
	var d text.Doc
	d.Parse("Awful awful service from a telecom é")
	features := x.Extract(&d, nil, true)
	all := x.Count()
	require.Len(t, features, all)
	var entries []Entry
	for i, f := range features {
		if f.Group == Chars {
			entries = append(entries, Entry{Key: Key(f.Hash), Weights: [Heads]int8{int8(i), 1}})
		}
	}
	table := NewTable(entries)
	var want Sums
	for _, f := range features {
		if w, ok := table.Find(f.Hash); ok && f.Group == Chars {
			for k, v := range w {
				want[k] += int32(v)
			}
		}
	}
	x.Extract(&d, nil, false)
	require.Equal(t, all, x.Count())
	var got Sums
	var cache GramCache
	for range 2 {
		got = Sums{}
		x.EachWord(&d, func(_ int32, form []byte, hash uint64) {
			for k, v := range table.Grams(&cache, form, hash) {
				got[k] += int32(v)
			}
		})
	}
	require.Equal(t, want, got)
}

func TestTheBrandsNameIsTheBrand(t *testing.T) {
	hashes := func(brand string) map[uint64]bool {
		var d text.Doc
		d.Parse("I hate " + brand + " so much")
		d.Tokens[2].Flags |= text.Brand
		var x Extractor
		out := map[uint64]bool{}
		for _, f := range x.Extract(&d, nil, true) {
			out[f.Hash] = true
		}
		return out
	}
	require.Equal(t, hashes("acme"), hashes("globex"))
}

// TestAdderAddsExactly adds more rows than fit into its lanes.
func TestAdderAddsExactly(t *testing.T) {
	var entries []Entry
	var features []Feature
	var want [Groups]Sums
	for i := range 5000 {
		e := Entry{Key: uint32(i*2 + 1), Weights: [Heads]int8{127, -127, int8(i), int8(-i), int8(i * 7)}}
		entries = append(entries, e)
		g := Group(i % 3)
		features = append(features, Feature{Hash: uint64(e.Key) << 16, Group: g}, Feature{Hash: uint64(e.Key+1) << 16, Group: g})
		if g == Chars {
			continue
		}
		for k, v := range e.Weights {
			want[g][k] += int32(v)
		}
	}
	var a Adder
	table := NewTable(entries)
	require.Equal(t, want, a.Add(table, features))
	require.Equal(t, want, a.Add(table, features))
	for _, e := range entries {
		w, ok := table.Find(uint64(e.Key) << 16)
		require.True(t, ok)
		require.Equal(t, e.Weights, w)
		require.True(t, table.Knows(uint64(e.Key)<<16))
		require.False(t, table.Knows(uint64(e.Key+1)<<16))
	}
}
