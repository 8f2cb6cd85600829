package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkLoad reads a config of 100,000 terms in ten queries.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("brands:\n")
	for i := range 10 {
		fmt.Fprintf(&text, "- name: b%d\n  query: |\n", i)
		for j := range 10_000 {
			if j > 0 {
				text.WriteString("    OR ")
			} else {
				text.WriteString("    ")
			}
			fmt.Fprintf(&text, "\"term%d of%d\"\n", j, i)
		}
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		_, ps := Parse("bench.yaml", data, Options{})
		require.Empty(b, ps)
	}
}
