package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func forms(d *Doc) []string {
	out := make([]string, len(d.Tokens))
	for i := range d.Tokens {
		out[i] = string(d.Form(i))
	}
	return out
}

func TestParseForms(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"words and marks", "Hello, World!!", []string{"hello", ",", "world", "!!"}},
		{"contraction with a curly quote", "I can’t", []string{"i", "can't"}},
		{"accents fall", "Está péssimo", []string{"esta", "pessimo"}},
		{"full width", "ＷＯＲＳＴ", []string{"worst"}},
		{"elongation", "sooooo coooool", []string{"so", "cool"}},
		{"number and unit", "3hrs 2nd 3.5", []string{"3", "hrs", "2nd", "3.5"}},
		{"handle", "@Acme_Air hi", []string{"acme_air", "hi"}},
		{"hashtag in words", "#EpicFail", []string{"epic", "fail"}},
		{"link", "see https://example.test/a?b=c now", []string{"see", "http", "now"}},
		{"escapes that feeds leave", `a \u002c b &amp; c`, []string{"a", ",", "b", "&", "c"}},
		{"emoji without its colour", "👍🏽 ok", []string{"👍", "ok"}},
		{"emoticons", "hm :-( :)", []string{"hm", ":(", ":)"}},
		{"zero width inside a word", "aw\u200bful", []string{"awful"}},
		{"broken bytes", "\xffa\xfe", []string{"a"}},
		{"no spaces between", "最悪だ", []string{"最", "悪", "た"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d Doc
			d.Parse(tt.text)
			require.Equal(t, tt.want, forms(&d))
		})
	}
}

func TestParseScope(t *testing.T) {
	var d Doc
	d.Parse(`It is not good at all. He said "bad thing" today`)
	flagged := map[string]Flag{}
	for i := range d.Tokens {
		flagged[string(d.Form(i))] = d.Tokens[i].Flags
	}
	require.NotZero(t, flagged["good"]&Negated)
	require.Zero(t, flagged["he"]&Negated)
	require.NotZero(t, flagged["bad"]&Quoted)
	require.Zero(t, flagged["today"]&Quoted)
}

func TestParseFlags(t *testing.T) {
	var d Doc
	d.Parse("WORST Day everrrr\nRT")
	require.True(t, d.Tokens[0].Has(Caps|Line))
	require.True(t, d.Tokens[1].Has(Title))
	require.True(t, d.Tokens[2].Has(Elongated))
	require.True(t, d.Tokens[3].Has(Line))
	d.Parse("RT @acme: sorry")
	require.True(t, d.Repost)
}

func TestParseReusesItsBuffers(t *testing.T) {
	var d Doc
	text := strings.Repeat("The @acme app is down again, 3 hours now!!! ", 10)
	d.Parse(text)
	require.Zero(t, testing.AllocsPerRun(20, func() { d.Parse(text) }))
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a", "&amp", `\u12`, "#", "@", "#1a_B", "\xf0\x9f\x98", "'''", "http", ">:(", "é\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d Doc
		d.Parse(s)
		last := int32(0)
		for i := range d.Tokens {
			tok := &d.Tokens[i]
			require.Less(t, tok.Start, tok.End)
			require.LessOrEqual(t, last, tok.Start, "tokens do not overlap")
			require.LessOrEqual(t, int(tok.End), len(s))
			require.LessOrEqual(t, tok.NStart, tok.NEnd)
			last = tok.End
		}
	})
}
