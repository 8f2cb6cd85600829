package vent

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModelPassAllocatesNothing reads and adds up a text again and again.
func TestModelPassAllocatesNothing(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "@acme 3 hours on hold and nobody answers. My order never arrived. Worst service ever!", Brand: "acme"}
	w := s.take()
	names := s.names.get(&in)
	allocs := testing.AllocsPerRun(50, func() {
		w.r.Read(s.tools, in.Text, names, in.Lang, false)
		w.heads = s.pass(w)
	})
	require.Zero(t, allocs)
}

func TestScoreAnyLength(t *testing.T) {
	s := scorer(t)
	for _, text := range []string{
		strings.Repeat("a", 1<<15), strings.Repeat("no ", 1<<13), strings.Repeat("😡", 1<<12), strings.Repeat("\x00\xff", 1<<14),
		strings.Repeat("never (again/", 4000), strings.Repeat("#a", 1<<14), strings.Repeat(". ", 1<<14),
	} {
		got := s.Score(Input{Text: text, Brand: "acme"}, Options{Explain: true, Fast: true})
		require.True(t, got.Venting >= 0 && got.Venting <= 1)
		checkReasons(t, text, got)
	}
}

func TestRatingMovesTheScore(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "acme did its thing", Brand: "acme"}
	score := func(stars int) float64 {
		in.Rating = stars
		return s.Score(in, Options{Fast: true}).Venting
	}
	require.GreaterOrEqual(t, score(1), 0.7)
	require.GreaterOrEqual(t, score(2), 0.5)
	require.Less(t, score(4), score(0))
	require.Less(t, score(5), 0.3)
}

func TestOwnAccountDoesNotVent(t *testing.T) {
	got := scorer(t).Score(Input{Text: "My order never arrived, worst service ever", Brand: "acme", Handle: "AcmeSupport"}, Options{Fast: true})
	require.Less(t, got.Venting, 0.5)
}
