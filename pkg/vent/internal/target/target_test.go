package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

func TestMark(t *testing.T) {
	tests := []struct {
		name, brand, text string
		want              int
	}{
		{"plain", "acme", "I hate acme", 1},
		{"case", "Acme", "ACME again", 1},
		{"handle with more words", "acme", "@acmehelp where is it", 1},
		{"handle of two words", "Acme Air", "@acmeair late", 1},
		{"shortened handle", "Acme Airlines", "@acmeair late", 1},
		{"phrase", "acme air", "acme air is late and so is acme", 2},
		{"part alone is not the name", "north star", "a star is born", 0},
		{"hashtag", "acme air", "#AcmeAir #acmeair", 2},
		{"camel case", "CallOfHonor", "playing call of honor", 1},
		{"in brackets", "GreatRoadTrip(GRT)", "grt is down", 1},
		{"inside another word", "ace", "replace it", 0},
		{"accents", "café uno", "cafe uno", 1},
		{"another handle", "acme", "@globex you too", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d text.Doc
			d.Parse(tt.text)
			require.Equal(t, tt.want, Compile(tt.brand, nil, nil, nil).Mark(&d).Brand)
		})
	}
}

func TestMarkRivalsAndContext(t *testing.T) {
	n := Compile("acme", []string{"rocket skates"}, []string{"Globex"}, []string{"coyote"})
	var d text.Doc
	d.Parse("rocket skates beat @globex says the coyote")
	seen := n.Mark(&d)
	require.Equal(t, Seen{Brand: 1, Rival: 1, Context: 1, First: 0}, seen)
}

func TestOwns(t *testing.T) {
	n := Compile("acme", nil, nil, nil)
	for handle, want := range map[string]bool{
		"acme": true, "acmeSupport": true, "AskAcme": true, "acme_help": true, "acmefan99": false, "bob": false,
	} {
		require.Equal(t, want, n.Owns(handle), handle)
	}
	require.False(t, (*Names)(nil).Owns("x"))
}
