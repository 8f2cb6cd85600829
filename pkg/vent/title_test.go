package vent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTitleIsRead scores reviews and posts whose complaint stands in the title.
func TestTitleIsRead(t *testing.T) {
	s := scorer(t)
	tests := []struct {
		name, title, text string
		venting           bool
	}{
		{"complaint in the title", "acme lost my parcel and nobody answers", "Tracking number and photos are in the comments.", true},
		{"praise in the title", "acme found my parcel within an hour, brilliant service", "Tracking number and photos are in the comments.", false},
		{"no title", "", "acme lost my parcel and nobody answers", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.Score(Input{Title: tt.title, Text: tt.text, Brand: "acme"}, Options{Explain: true, Fast: true})
			require.Equal(t, tt.venting, got.Venting >= 0.5, "%+v", got)
			checkReasons(t, tt.text, got)
			require.NotEmpty(t, got.Reasons)
		})
	}
}

// TestTitleThatTheTextRepeatsIsReadOnce covers feeds that cut the text for a title.
func TestTitleThatTheTextRepeatsIsReadOnce(t *testing.T) {
	s := scorer(t)
	in := Input{Text: "acme lost my parcel again and nobody answers", Brand: "acme"}
	want := s.Score(in, Options{Explain: true, Fast: true})
	in.Title = "acme lost my parcel again..."
	require.Equal(t, want, s.Score(in, Options{Explain: true, Fast: true}))
}

func TestTitleWithoutText(t *testing.T) {
	got := scorer(t).Score(Input{Title: "acme lost my parcel and nobody answers", Brand: "acme"}, Options{Explain: true, Fast: true})
	require.GreaterOrEqual(t, got.Venting, 0.5)
	require.Empty(t, got.Reasons, "there is no text to show a span of")
}

func FuzzTitle(f *testing.F) {
	f.Add("acme lost my parcel", "see above", "acme")
	f.Add("\xff\u200b", " \n", "")
	s := scorer(f)
	f.Fuzz(func(t *testing.T, title, text, brand string) {
		got := s.Score(Input{Title: title, Text: text, Brand: brand}, Options{Explain: true, Fast: true})
		if len(got.Reasons) > 0 {
			checkReasons(t, text, got)
		}
	})
}
