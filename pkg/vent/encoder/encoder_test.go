package encoder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/target"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// builtIn is the encoder that is built in.
func builtIn(tb testing.TB) *Encoder {
	tb.Helper()
	e, err := Default()
	if errors.Is(err, ErrNone) {
		tb.Skip(err)
	}
	require.NoError(tb, err)
	return e
}

// parsed is a text with its brand marked.
func parsed(src, brand string) *text.Doc {
	var d text.Doc
	d.Parse(src)
	if brand != "" {
		target.Compile(brand, nil, nil, nil).Mark(&d)
	}
	return &d
}

type vector struct {
	Text    string    `json:"text"`
	Brand   string    `json:"brand"`
	Pieces  []int32   `json:"pieces"`
	Exact   []float64 `json:"exact"`
	Outputs []float64 `json:"outputs"`
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.jsonl")
	require.NoError(tb, err)
	var out []vector
	for line := range bytes.Lines(data) {
		var v vector
		require.NoError(tb, json.Unmarshal(line, &v))
		out = append(out, v)
	}
	require.GreaterOrEqual(tb, len(out), 10)
	return out
}

func (a *Answer) list() []float64 {
	return append(append(append(append([]float64(nil), a.Polarity[:]...), a.Towards[:]...), a.Venting), a.Severity[:]...)
}

func TestAsTheReference(t *testing.T) {
	e := builtIn(t)
	for _, v := range vectors(t) {
		t.Run(v.Text, func(t *testing.T) {
			d := parsed(v.Text, v.Brand)
			var q sequence
			q.build(&e.w.vocab, Words(d, nil), Name(v.Brand), nil)
			require.Equal(t, v.Pieces, q.ids)
			require.Len(t, q.words, len(q.ids))
			a, err := e.Read(d, Name(v.Brand), nil, nil)
			require.NoError(t, err)
			for i, got := range a.list() {
				require.InDelta(t, v.Outputs[i], got, 1e-3, "output %d, of the same weights", i)
				require.InDelta(t, v.Exact[i], got, 0.5, "output %d, before the weights were rounded", i)
			}
		})
	}
}

func TestEqualInputEqualOutput(t *testing.T) {
	e := tiny(t)
	vs := vectors(t)
	want := make([]Answer, len(vs))
	for i, v := range vs {
		a, err := e.Read(parsed(v.Text, v.Brand), Name(v.Brand), nil, nil)
		require.NoError(t, err)
		want[i] = a
	}
	var wg sync.WaitGroup
	got := make([][]Answer, 3)
	for k := range got {
		wg.Go(func() {
			for _, v := range vs {
				a, _ := e.Read(parsed(v.Text, v.Brand), Name(v.Brand), nil, nil)
				got[k] = append(got[k], a)
			}
		})
	}
	wg.Wait()
	for k := range got {
		require.Equal(t, want, got[k])
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := tiny(t).Read(parsed("still waiting", ""), nil, nil, ctx.Err)
	require.ErrorIs(t, err, context.Canceled)
}

func TestReadsABoundedPart(t *testing.T) {
	e := tiny(t)
	for _, n := range []int{1, 60, 61, 62, 63, 64, 65, 300, 30_000} {
		var q sequence
		q.build(&e.w.vocab, Words(parsed(strings.Repeat("wait ", n), ""), nil), Name(strings.Repeat("zen ", n)), nil)
		require.LessOrEqual(t, len(q.ids), MaxPieces)
		require.Len(t, q.words, len(q.ids))
		require.Equal(t, e.w.vocab.sep, q.ids[len(q.ids)-1])
	}
	long := "first " + strings.Repeat("and then ", 500) + "money"
	var q sequence
	q.build(&e.w.vocab, Words(parsed(long, ""), nil), nil, nil)
	require.Len(t, q.ids, MaxPieces)
	require.Equal(t, e.w.vocab.ids["first"], q.ids[1])
	require.Equal(t, e.w.vocab.ids["money"], q.ids[MaxPieces-2], "the end is read too")
}

func TestHidesWords(t *testing.T) {
	e := tiny(t)
	d := parsed("refund first wait money", "")
	var q sequence
	q.build(&e.w.vocab, Words(d, nil), nil, func(i int) bool { return i == 2 })
	require.Equal(t, e.w.vocab.mask, q.ids[3])
	whole, err := e.Read(d, nil, nil, nil)
	require.NoError(t, err)
	without, err := e.Read(d, nil, func(w Word) bool { return w.From == 2 }, nil)
	require.NoError(t, err)
	require.NotEqual(t, whole.Venting, without.Venting)
}

func TestGelu(t *testing.T) {
	g := newGelu()
	for x := -8.0; x < 8; x += 0.0137 {
		v := []float32{float32(x)}
		g.apply(v)
		require.InDelta(t, x*0.5*(1+math.Erf(x/math.Sqrt2)), v[0], 1e-6, "at %v", x)
	}
	odd := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), geluReach, -geluReach}
	g.apply(odd)
	require.Equal(t, []float32{float32(math.Inf(1)), 0, geluReach, 0}, odd)
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "refund", "unaffable", "naïve", "a.b", "\xff\xfe", "日本", strings.Repeat("x", 500), "\u202e\u0000ok", "İ", "ǅ"} {
		f.Add(s)
	}
	e := tiny(f)
	f.Fuzz(func(t *testing.T, word string) {
		var s splitter
		ids := s.split(&e.w.vocab, word, nil)
		require.LessOrEqual(t, len(ids), len(word)+1, "no more pieces than bytes")
		for _, id := range ids {
			require.Less(t, int(id), e.w.pieces)
			require.GreaterOrEqual(t, id, int32(0))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	e := builtIn(b)
	d := parsed("@quellbank three hours on hold, twice this week, and still nobody can tell me where my card is", "Quellbank")
	name := Name("Quellbank")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Read(d, name, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
