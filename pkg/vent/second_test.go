package vent

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/encoder"
)

// twoOpinions is the built-in scorer, where the build has a second opinion.
func twoOpinions(tb testing.TB) *Scorer {
	tb.Helper()
	if _, err := encoder.Default(); errors.Is(err, encoder.ErrNone) {
		tb.Skip(err)
	}
	s := scorer(tb)
	if s.model.Second == nil {
		tb.Skip("the model asks no second opinion")
	}
	require.NotNil(tb, s.reader(), "the model was fitted with the encoder that is built in")
	return s
}

// doubted is a post of which the first opinion is unsure.
func doubted() Input {
	return Input{Text: "Left twenty minutes early, we watched it go from the quay. Well done @acmeferry", Brand: "Acme Ferry"}
}

func TestSecondIsAskedWhereTheFirstIsUnsure(t *testing.T) {
	s := twoOpinions(t)
	first := s.Score(doubted(), Options{Fast: true})
	require.Equal(t, OpinionFirst, first.Opinion)
	require.True(t, first.Unsure())
	both := s.Score(doubted(), Options{})
	require.Equal(t, OpinionSecond, both.Opinion)
	require.NotEqual(t, first.Venting, both.Venting)
	require.Equal(t, first.Signals, both.Signals)
	require.InDelta(t, 1, both.Negative+both.Neutral+both.Positive, 1e-9)
	asked, err := s.Second(t.Context(), doubted(), Options{})
	require.NoError(t, err)
	require.Equal(t, both, asked)
}

func TestSecondIsNotAsked(t *testing.T) {
	s := twoOpinions(t)
	change := func(f func(in *Input)) Input {
		in := doubted()
		f(&in)
		return in
	}
	for name, in := range map[string]Input{
		"its author gave stars": change(func(in *Input) { in.Rating = 3 }),
		"the brand's own":       change(func(in *Input) { in.Handle = "acmeferry" }),
		"no word":               {Text: " \t", Brand: "acme"},
		"another language":      {Text: "¿Por qué nadie me contesta? Llevo tres semanas esperando el reembolso y el barco salió antes", Brand: "acme"},
		"surely a complaint":    {Text: "@acme worst service ever, you lost my suitcase, nobody answers the phone, I want my refund now!!", Brand: "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Score(in, Options{})
			require.Equal(t, OpinionFirst, got.Opinion, "%+v", got)
			require.False(t, got.Unsure())
			require.Equal(t, got, s.Score(in, Options{Fast: true}))
		})
	}
}

func TestSecondEndsWithItsContext(t *testing.T) {
	s := twoOpinions(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := s.Second(ctx, doubted(), Options{Explain: true})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, s.Score(doubted(), Options{Explain: true, Fast: true}), got, "the first opinion stands")
}

func TestSecondIsExplained(t *testing.T) {
	s := twoOpinions(t)
	titled := doubted()
	titled.Title = "The ferry"
	long := doubted()
	long.Text += strings.Repeat(" and then we waited on the quay.", 40)
	for name, in := range map[string]Input{
		"a post": doubted(), "with a title": titled, "a long one": long, "a word": {Text: "why", Brand: "acme"},
		"without a brand": {Text: "so this is what I get for forty pounds a month"},
	} {
		t.Run(name, func(t *testing.T) {
			told := s.Score(in, Options{Explain: true})
			require.Equal(t, s.Score(in, Options{}).Venting, told.Venting, "reasons change no score")
			checkReasons(t, in.Text, told)
		})
	}
}

// A layer that labels taught stands on top of both opinions.
func TestLayerOnTopOfTheSecond(t *testing.T) {
	s := twoOpinions(t)
	l := against(s, doubted(), -1.5)
	plain, taught := s.Score(doubted(), Options{}), s.Score(doubted(), Options{Layer: l})
	require.Equal(t, OpinionSecond, taught.Opinion)
	require.InDelta(t, taught.Learned, LogOdds(taught.Venting)-LogOdds(plain.Venting), 1e-9)
	again := s.Again(doubted(), plain, l)
	require.InDelta(t, taught.Venting, again.Venting, 1e-9)
}

func TestSecondForManyAtOnce(t *testing.T) {
	s := twoOpinions(t)
	want := s.Score(doubted(), Options{Explain: true})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2 {
				if got := s.Score(doubted(), Options{Explain: true}); got.Venting != want.Venting {
					t.Errorf("got %v, want %v", got.Venting, want.Venting)
				}
			}
		})
	}
	wg.Wait()
}

func TestPhrases(t *testing.T) {
	for _, text := range []string{"", "a", "a b", "one, two, three", strings.Repeat("word ", 300), strings.Repeat("a. ", 100)} {
		w := &work{}
		w.r.Doc.Parse(text)
		at := int32(0)
		got := w.phrases()
		require.LessOrEqual(t, len(got), maxPhrases)
		for _, p := range got {
			require.Equal(t, at, p[0], "every token is in one phrase")
			require.Greater(t, p[1], p[0])
			at = p[1]
		}
		require.Len(t, w.r.Doc.Tokens, int(at))
	}
}

func TestLeads(t *testing.T) {
	require.InDelta(t, 2, leads([]float64{3, 1}), 1e-9)
	require.InDelta(t, 0, leads([]float64{0, -0.6931471805599453, -0.6931471805599453}), 1e-9)
	require.InDelta(t, -1000, leads([]float64{-1000, 0, -2000}), 1e-9)
}

// BenchmarkSecond is one post read by both opinions.
func BenchmarkSecond(b *testing.B) {
	s := twoOpinions(b)
	for b.Loop() {
		s.Score(doubted(), Options{})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
