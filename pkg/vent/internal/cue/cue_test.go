package cue

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

// found lists the spans that the phrases of lines find in src.
func found(t *testing.T, lines, src string) []string {
	t.Helper()
	ps, err := parseFile("test", "[complaint]\n"+lines)
	require.NoError(t, err)
	var d text.Doc
	d.Parse(src)
	var out []string
	for _, h := range compile(ps).Find(&d, nil) {
		out = append(out, src[d.Tokens[h.From].Start:d.Tokens[h.To-1].End])
	}
	return out
}

func TestFind(t *testing.T) {
	tests := []struct {
		name, lines, text string
		want              []string
	}{
		{"a word", "awful", "an awful day", []string{"awful"}},
		{"alternatives", "(can't/cannot) (log in/pay)", "I cannot pay, can't log in", []string{"cannot pay", "can't log in"}},
		{"what may be missing", "still (not/no)? here", "still here, still not here", []string{"still here", "still not here"}},
		{"the longest wins", "on hold\non hold for <num>", "on hold for 3", []string{"on hold for 3"}},
		{"numbers and times", "<num> <time>", "waited 3 hours and two days", []string{"3 hours", "two days"}},
		{"money", "<money>", "took $40 and 30 euros", []string{"$40", "30 euros"}},
		{"a gap stops at the sentence", "lost <gap> bag", "lost my bag. lost. bag", []string{"lost my bag"}},
		{"beginnings", "<start> great", "Great. @x great so great", []string{"Great", "great"}},
		{"ends", "bye <end>", "bye all. bye", []string{"bye"}},
		{"a hashtag is not its word", "#fail", "fail #fail", []string{"#fail"}},
		{"letters are folded", "pésimo", "PESIMO", []string{"PESIMO"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, found(t, tt.lines, tt.text)) })
	}
}

func TestFindBrandAndNegation(t *testing.T) {
	ps, err := parseFile("test", "[churn]\nleft <brand>\n[positive]\ngood | 2")
	require.NoError(t, err)
	var d text.Doc
	d.Parse("left acme air, not good")
	d.Tokens[1].Flags |= text.Brand
	d.Tokens[2].Flags |= text.Brand
	hits := compile(ps).Find(&d, nil)
	require.Equal(t, []Hit{
		{Kind: Churn, Weight: 1, From: 0, To: 3},
		{Kind: Positive, Weight: 2, Negated: true, From: 5, To: 6},
	}, hits)
}

func TestFilesAreChecked(t *testing.T) {
	tests := []struct{ name, file, body, want string }{
		{"unknown section", "phrases/en_x.txt", "[wonder]\na", "phrases/en_x.txt:1: no kind of cue is called [wonder]"},
		{"no section", "phrases/en_x.txt", "a b", "phrases/en_x.txt:1: a phrase before the first section"},
		{"open group", "phrases/en_x.txt", "[ad]\n(a/b", "phrases/en_x.txt:2: a group is not closed"},
		{"unknown class", "phrases/en_x.txt", "[ad]\n<what>", "no class is called <what>"},
		{"unknown language", "phrases/xx_x.txt", "[ad]\na", "no language is called \"xx\""},
		{"weight", "phrases/en_x.txt", "[ad]\na | much", "reading the weight"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(fstest.MapFS{tt.file: {Data: []byte(tt.body)}})
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestDefaultBookLoads(t *testing.T) {
	b, err := Default()
	require.NoError(t, err)
	for l := range langs {
		require.Greater(t, len(b.Set(l).states), 1000, l)
	}
}

func TestDetect(t *testing.T) {
	tests := []struct{ name, text, declared, want string }{
		{"english", "my order has not arrived and nobody answers", "", "en"},
		{"spanish", "llevo tres semanas esperando y nadie contesta", "", "es"},
		{"french", "toujours aucune réponse depuis trois jours", "", "fr"},
		{"german", "das Paket ist schon wieder nicht da", "", "de"},
		{"portuguese", "minha encomenda não chegou e ninguém responde", "", "pt"},
		{"another script", "サービスが最悪だ", "", "und"},
		{"declared decides", "ok", "fr", "fr"},
		{"declared and not ours", "helt okej", "sv", "und"},
		{"declared wrongly", "my order has not arrived and nobody answers", "es", "en"},
		{"region", "tudo", "pt-BR", "pt"},
	}
	det := NewDetector()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d text.Doc
			d.Parse(tt.text)
			require.Equal(t, tt.want, det.Detect(&d, tt.declared).String())
		})
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	b, err := Default()
	require.NoError(t, err)
	var d text.Doc
	d.Parse("3 hours on hold with you and my order never arrived, worst service ever")
	hits := b.Set(English).Find(&d, nil)
	require.Zero(t, testing.AllocsPerRun(20, func() { hits = b.Set(English).Find(&d, hits[:0]) }))
}
