package vent

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func scorer(tb testing.TB) *Scorer {
	tb.Helper()
	s, err := Default()
	require.NoError(tb, err)
	return s
}

func TestScoreEmptyText(t *testing.T) {
	got := scorer(t).Score(Input{}, Options{Explain: true, Fast: true})
	require.Less(t, got.Venting, 0.5)
	require.Equal(t, SeverityNone, got.Severity)
	require.Empty(t, got.Reasons)
	require.InDelta(t, 1, got.Negative+got.Neutral+got.Positive, 1e-9)
}

func TestScoreTellsVentingFromPraise(t *testing.T) {
	tests := []struct {
		name, text string
		venting    bool
	}{
		{"on hold", "3 hours on hold with @acme. still waiting.", true},
		{"lost luggage", "@acme you lost my suitcase again and nobody answers the phone. Worst airline ever.", true},
		{"praise", "Huge thanks to @acme, the crew on my flight was lovely!", false},
		{"news", "Acme opens a second office in Riverton next spring", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := scorer(t).Score(Input{Text: tt.text, Brand: "acme"}, Options{Fast: true})
			require.Equal(t, tt.venting, got.Venting >= 0.5, "%+v", got)
			require.Equal(t, tt.venting, got.Severity != SeverityNone)
		})
	}
}

// TestScoreOfPlainCases holds the scorer to what it once got wrong.
func TestScoreOfPlainCases(t *testing.T) {
	tests := []struct {
		name, text  string
		least, most float64
		severity    Severity
		signals     []string
	}{
		{"absence", "still no parcel from acme after 2 weeks of broken promises. unacceptable.", 0.9, 1, SeverityHigh, []string{"waiting", "broken_promise"}},
		{
			"danger", "acme reader got so hot that it burned the table, started to smoke next to my kid, this is dangerous",
			0.85, 1, SeverityCritical,
			[]string{"safety"},
		},
		{"irony", "oh great, acme cancelled my flight again. love it", 0.8, 1, SeverityMedium, []string{"sarcasm"}},
		{"outage", "my acme broadband has been down since tuesday", 0.9, 1, SeverityHigh, []string{"waiting", "outage"}},
		{"a rival", "globex is terrible, acme would never do that", 0, 0.35, SeverityNone, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := scorer(t).Score(Input{Text: tt.text, Brand: "acme"}, Options{Fast: true})
			require.GreaterOrEqual(t, got.Venting, tt.least)
			require.LessOrEqual(t, got.Venting, tt.most)
			require.Equal(t, tt.severity, got.Severity)
			require.Subset(t, got.Signals, tt.signals)
		})
	}
}

// A letter is no abbreviation of an authority.
func TestNothingIsSeenInALetter(t *testing.T) {
	for _, text := range []string{"b", "a b", "x", "bb"} {
		require.Empty(t, scorer(t).Score(Input{Text: text, Brand: "acme"}, Options{Fast: true}).Signals, text)
	}
	require.Contains(t, scorer(t).Score(Input{Text: "I reported @acme to the BBB"}, Options{Fast: true}).Signals, "legal")
}

// However often it is said: nothing is certain, and no lone mark is a reason.
func TestNothingIsCertain(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("worst service ever, liars, thieves. ", 900), strings.Repeat("love ", 6000), strings.Repeat("terrible @acme, 😡 ", 2000), "a, b; c.",
	} {
		got := scorer(t).Score(Input{Text: text, Brand: "acme"}, Options{Explain: true, Fast: true})
		for _, p := range []float64{got.Venting, got.Negative, got.Neutral, got.Positive} {
			require.Greater(t, p, 0.0)
			require.Less(t, p, 1.0)
		}
		for _, r := range got.Reasons {
			require.NotEmpty(t, strings.Trim(r.Text, " ,;."))
		}
	}
}

func checkReasons(t *testing.T, text string, got Score) {
	t.Helper()
	var sum float64
	positive := false
	for _, r := range got.Reasons {
		require.Less(t, r.Start, r.End)
		require.GreaterOrEqual(t, r.Start, 0)
		require.LessOrEqual(t, r.End, len(text))
		require.Equal(t, text[r.Start:r.End], r.Text)
		sum += r.Weight
		positive = positive || r.Weight > 0
	}
	if len(got.Reasons) > 0 {
		require.InDelta(t, math.Log(got.Venting/(1-got.Venting)), sum, 1e-6)
	}
	if got.Venting >= 0.5 {
		require.True(t, positive, "a post scored as venting has a positive reason: %q", text)
	}
}

func TestExplainChangesNoScore(t *testing.T) {
	for _, text := range []string{
		"3 hours on hold with @acme. still waiting.", "😡😡😡 @acme", "¿Dónde está mi pedido @acme? Llevo 3 semanas esperando",
		"Love how @acme cancelled my flight #fail", "ok", "!!!", "\xff\xfe broken \x00 bytes @acme",
	} {
		in := Input{Text: text, Brand: "acme"}
		plain, told := scorer(t).Score(in, Options{Fast: true}), scorer(t).Score(in, Options{Explain: true, Fast: true})
		checkReasons(t, text, told)
		told.Reasons = nil
		require.Equal(t, plain, told)
	}
}

func FuzzScore(f *testing.F) {
	for _, s := range []string{"", "@acme 😡", "a\u0301 &amp; \\u2019 <3 :-( #FailWhale 3hrs", "\xff\xf0\x9f", "“quoted” RT @x: no"} {
		f.Add(s, "acme", "en")
	}
	s := scorer(f)
	f.Fuzz(func(t *testing.T, text, brand, lang string) {
		got := s.Score(Input{Text: text, Brand: brand, Lang: lang}, Options{Explain: true, Fast: true})
		for _, v := range []float64{got.Venting, got.Negative, got.Neutral, got.Positive} {
			require.False(t, math.IsNaN(v) || v < 0 || v > 1)
		}
		checkReasons(t, text, got)
	})
}

func BenchmarkScore(b *testing.B) {
	s := scorer(b)
	in := Input{Text: "@acme 3 hours on hold and nobody answers. My order never arrived and you charged me twice. Worst service ever!", Brand: "acme"}
	b.ReportAllocs()
	for b.Loop() {
		s.Score(in, Options{Fast: true})
	}
}
