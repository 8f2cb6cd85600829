package match

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
)

// brandsOf makes brands of ten terms each, so many that they have terms terms.
func brandsOf(terms int) []brand.Brand {
	var brands []brand.Brand
	for i := range terms / 10 {
		n := fmt.Sprintf("brand%d", i)
		brands = append(brands, brand.Brand{Name: n, Query: fmt.Sprintf(
			`("%[1]s air" OR @%[1]s OR #%[1]s OR %[1]shelp* OR (refund NEAR/5 %[1]s) OR (%[1]s AND app)) NOT ("%[1]s air force" OR hiring)`, n)})
	}
	return brands
}

func benchPost() mention.Mention {
	text := "3 hours on hold with @acmeair and still waiting. The app says my refund was sent, nobody answers, " +
		"and the agent hung up twice. I have been a customer for ten years and I am done, never again. " +
		"Anyone else stuck at the airport tonight? brand7 air could not be worse than this #travel #fail"
	return mention.Mention{Text: text, Lang: "en", Source: "sky", Author: mention.Author{Handle: "jo.example"}}
}

func BenchmarkMatch(b *testing.B) {
	for _, terms := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("terms=%d", terms), func(b *testing.B) {
			s, err := Compile(brandsOf(terms))
			require.NoError(b, err)
			m := benchPost()
			b.ReportAllocs()
			for b.Loop() {
				s.Match(m)
			}
		})
	}
}

func BenchmarkMatchNothing(b *testing.B) {
	s, err := Compile(brandsOf(100_000))
	require.NoError(b, err)
	m := benchPost()
	m.Text = strings.ReplaceAll(m.Text, "brand7", "they")
	b.ReportAllocs()
	for b.Loop() {
		s.Match(m)
	}
}

func BenchmarkMatchJapanese(b *testing.B) {
	s, err := Compile(append(brandsOf(10_000), brand.Brand{Name: "jp", Query: "アクメ航空 OR エアアクメ"}))
	require.NoError(b, err)
	m := mention.Mention{Text: strings.Repeat("今日のフライトは三時間も遅れて最悪でした。", 5), Lang: "ja"}
	b.ReportAllocs()
	for b.Loop() {
		s.Match(m)
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, terms := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("terms=%d", terms), func(b *testing.B) {
			brands := brandsOf(terms)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var keep *Set
			for b.Loop() {
				s, err := Compile(brands)
				require.NoError(b, err)
				keep = s
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MiB-kept")
			runtime.KeepAlive(keep)
		})
	}
}
