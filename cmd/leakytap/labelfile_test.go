package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a file holds, each line is a label that says something or a problem with a
// reason, and none is lost.
func FuzzReadLabels(f *testing.F) {
	f.Add(`{"text":"lost my parcel","brand":"acme","venting":true}`)
	f.Add("{\"id\":\"x:1\",\"brand\":\"acme\",\"irrelevant\":true}\r\n\n{\"text\":7}\nnull")
	f.Add("\xef\xbb\xbf{}\n[]\n\"\x00\xff")
	f.Add(`{"text":"\ud800","brand":"acme","venting":false,"reason":"resolved","at":"2026-11-24T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, in string) {
		got := 0
		lines, err := readLabels(strings.NewReader(in), "acme", "kim", func(l labelLine, why error) {
			got++
			require.Positive(t, l.line)
			if why != nil {
				require.NotEmpty(t, why.Error())
				return
			}
			require.NotEmpty(t, l.row.Brand)
			require.NotEmpty(t, l.row.Actor)
			require.NotEmpty(t, l.row.Reason)
			require.True(t, l.row.Mention != "" || strings.TrimSpace(l.row.Text) != "")
		})
		require.NoError(t, err)
		require.Equal(t, got, lines)
	})
}
