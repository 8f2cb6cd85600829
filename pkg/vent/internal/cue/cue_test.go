package cue

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

func TestDefaultCompiles(t *testing.T) {
	b, err := Default()
	require.NoError(t, err)
	for i, s := range b.sets {
		t.Log(Lang(i), len(s.slots), len(s.nodes))
	}
	var d text.Doc
	d.Parse("3 hours on hold with @acme. still waiting. #fail can't log in")
	for _, h := range b.Set(English).Find(&d, nil) {
		t.Log(h.Kind, h.Weight, d.Src[d.Tokens[h.From].Start:d.Tokens[h.To-1].End])
	}
}
