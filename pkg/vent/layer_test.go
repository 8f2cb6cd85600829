package vent

import (
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// against is a layer that has learned one text, with the given strength.
func against(s *Scorer, in Input, strength float32) *Layer {
	l := &Layer{Version: 3, Cap: 2, Weights: make([]float32, LayerDims)}
	for _, t := range s.Traits(in, nil) {
		l.Weights[t.Dim] = strength * t.Value
	}
	return l
}

func TestLayerMovesWhatItLearned(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "Three hours on hold with @foobank and still no answer. Useless.", Brand: "foobank"}
	other := Input{Text: "my parcel from foobank arrived broken and nobody answers", Brand: "foobank"}
	l := against(s, in, -1.5)
	plain, taught := s.Score(in, Options{Fast: true}), s.Score(in, Options{Layer: l, Fast: true})
	require.Zero(t, plain.Learned)
	require.InDelta(t, taught.Learned, LogOdds(taught.Venting)-LogOdds(plain.Venting), 1e-9)
	require.Less(t, taught.Learned, -0.8)
	require.Equal(t, plain.Negative, taught.Negative, "polarity is not what labels teach")
	moved := s.Score(other, Options{Layer: l, Fast: true}).Learned
	require.Less(t, math.Abs(moved), math.Abs(taught.Learned), "another text moves less")
}

func TestLayerIsExplained(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "Three hours on hold with @foobank and still no answer. Useless.", Title: "Hold music", Brand: "foobank"}
	l := against(s, in, -1.5)
	l.Bias = -0.2
	quiet, said := s.Score(in, Options{Layer: l, Fast: true}), s.Score(in, Options{Layer: l, Explain: true, Fast: true})
	require.Equal(t, quiet.Venting, said.Venting, "reasons change no score")
	require.Equal(t, quiet.Learned, said.Learned)
	var sum float64
	for _, r := range said.Reasons {
		require.Equal(t, r.Text, in.Text[r.Start:r.End])
		sum += r.Weight
	}
	require.InDelta(t, LogOdds(said.Venting), sum, 1e-9)
}

func TestAgainIsTheScoreWithAnotherLayer(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "@foobank you charged me twice and nobody answers the phone!!", Brand: "foobank", Rating: 2}
	first, second := against(s, in, -1.5), against(s, in, 0.7)
	was := s.Score(in, Options{Layer: first, Explain: true, Fast: true})
	for name, l := range map[string]*Layer{"another": second, "the same": first, "none": nil} {
		t.Run(name, func(t *testing.T) {
			want, got := s.Score(in, Options{Layer: l, Fast: true}), s.Again(in, was, l)
			require.InDelta(t, want.Venting, got.Venting, 1e-9)
			require.InDelta(t, want.Learned, got.Learned, 1e-9)
			got.Venting, got.Learned = want.Venting, want.Learned
			require.Equal(t, want, got)
		})
	}
}

func TestLayerOfNothing(t *testing.T) {
	s := scorer(t)
	l := against(s, Input{Text: "anything"}, 1)
	l.Bias = 2
	for _, text := range []string{"", "   ", "\x00"} {
		require.Zero(t, s.Score(Input{Text: text}, Options{Layer: l, Fast: true}).Learned, "%q", text)
	}
	in := Input{Text: "worst bank ever"}
	require.Equal(t, s.Score(in, Options{Fast: true}), s.Score(in, Options{Layer: &Layer{Cap: 2}, Fast: true}), "a layer without weights does nothing")
}

// No weights and no text move a score further than the cap, or make it no number.
func TestLayerIsBounded(t *testing.T) {
	s := scorer(t)
	rapid.Check(t, func(t *rapid.T) {
		l := &Layer{Cap: rapid.Float64Range(0.01, 2).Draw(t, "cap"), Weights: make([]float32, LayerDims)}
		l.Bias = rapid.Float64Range(-50, 50).Draw(t, "bias")
		seed := rapid.Uint32().Draw(t, "seed")
		for i := range l.Weights {
			seed = seed*1664525 + 1013904223
			l.Weights[i] = float32(int32(seed)) / 1e6
		}
		in := Input{Text: rapid.String().Draw(t, "text"), Brand: rapid.SampledFrom([]string{"", "foobank"}).Draw(t, "brand")}
		plain, taught := s.Score(in, Options{Fast: true}), s.Score(in, Options{Fast: true, Layer: l, Explain: rapid.Bool().Draw(t, "explain")})
		if math.Abs(taught.Learned) > l.Cap+1e-9 || math.IsNaN(taught.Venting) {
			t.Fatalf("moved by %v, cap %v", taught.Learned, l.Cap)
		}
		if d := LogOdds(taught.Venting) - LogOdds(plain.Venting) - taught.Learned; math.Abs(d) > 1e-6 {
			t.Fatalf("learned %v is off by %v", taught.Learned, d)
		}
	})
}

func TestTraitsAreThoseOfTheText(t *testing.T) {
	s := scorer(t)
	long := Input{Text: strings.Repeat("still waiting for the refund that was promised last week. ", 300), Brand: "foobank"}
	want := s.Traits(long, nil)
	seen := map[uint16]bool{}
	for _, tr := range want {
		require.False(t, seen[tr.Dim], "place %d twice", tr.Dim)
		seen[tr.Dim] = true
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if got := s.Traits(long, nil); len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
					t.Errorf("the same text has other traits")
				}
			}
		})
	}
	wg.Wait()
	a := s.Traits(Input{Text: "foobank lost my card", Brand: "foobank"}, nil)
	b := s.Traits(Input{Text: "barshop lost my card", Brand: "barshop"}, nil)
	require.Equal(t, a, b, "a brand's name is no trait")
}

func BenchmarkScoreWithLayer(b *testing.B) {
	s := scorer(b)
	in := Input{Text: "Three hours on hold with @foobank and still no answer, then they cut me off. Never again.", Brand: "foobank"}
	l := against(s, in, -1)
	for b.Loop() {
		s.Score(in, Options{Layer: l, Fast: true})
	}
}
