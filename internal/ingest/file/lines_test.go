package file

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/ingest"
)

func TestCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "posts.jsonl")
	text := bytes.Repeat([]byte("0123456789abcdef"), 300)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	for _, at := range []int64{0, 1, 100, markSize, 2 * markSize, int64(len(text))} {
		c := cursor{Offset: at}
		require.NoError(t, c.mark(f))
		require.Equal(t, c, loadCursor(c.encode()))
		require.True(t, c.fits(bytes.NewReader(text)), at)
		require.True(t, c.fits(bytes.NewReader(append(bytes.Clone(text), 'x'))), at)
		if at == 0 {
			continue
		}
		require.False(t, c.fits(bytes.NewReader(text[:at-1])), at)
		for _, change := range []int64{0, at - 1} {
			other := bytes.Clone(text)
			other[change] = '!'
			require.False(t, c.fits(bytes.NewReader(other)), at)
		}
	}
	for _, raw := range []string{"", "null", "[]", `{"offset":-1}`, `{"line":-1}`, `{"offset":"x"}`} {
		require.Equal(t, cursor{}, loadCursor([]byte(raw)), raw)
	}
}

// FuzzLines reads any file: every byte is accounted for once, no line is held that
// is longer than a mention may be, and what is taken has an identity.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"", "\n", "{}\n{", `{"id":"1","text":"a"}` + "\n" + `{"id":"2","text":"a"}`, "\xEF\xBB\xBF{}\r\n\x00\n", "null\n[]\n\n\n5"} {
		f.Add([]byte(s), uint16(1))
	}
	f.Add([]byte("aaaaaaaaaaaaaaaa\n"), uint16(60000))
	f.Fuzz(func(t *testing.T, text []byte, times uint16) {
		text = bytes.Repeat(text, min(int(times), 1+(4<<20)/(len(text)+1)))
		w := &follower{name: "log", path: "posts.jsonl", rested: restPolls}
		in, at := newLines(bytes.NewReader(text)), cursor{}
		for more := true; more; {
			before := at
			var b ingest.Batch
			var err error
			more, err = w.one(in, &at, &b, true)
			require.NoError(t, err)
			require.LessOrEqual(t, len(b.Posts)+len(b.Bad), 1)
			require.True(t, !more || at.Offset > before.Offset)
			for _, m := range b.Posts {
				require.NotEmpty(t, m.ID)
			}
			for _, bad := range b.Bad {
				require.LessOrEqual(t, len(bad.Value), maxKept)
			}
		}
		require.Equal(t, int64(len(text)), at.Offset)
		lines := int64(bytes.Count(text, []byte("\n")))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			lines++
		}
		require.Equal(t, lines, at.Line)
	})
}

func BenchmarkLines(b *testing.B) {
	one := []byte(`{"id":"x:1","text":"three hours on hold and nobody answers","author":{"handle":"jo"},"created_at":"2026-01-02T03:04:05Z"}` + "\n")
	text := bytes.Repeat(one, 1000)
	b.SetBytes(int64(len(text)))
	w := &follower{name: "log"}
	for b.Loop() {
		in, at, batch := newLines(bytes.NewReader(text)), cursor{}, ingest.Batch{}
		for more := true; more; {
			more, _ = w.one(in, &at, &batch, true)
		}
		if len(batch.Posts) != 1000 {
			b.Fatalf("%d posts, %d bad", len(batch.Posts), len(batch.Bad))
		}
	}
}
