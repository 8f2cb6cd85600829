package rss

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/pkg/mention"
)

// FuzzParse: whatever a feed is, parsing it ends, gives no more items than are
// taken, and every item becomes a mention with an identity or none at all.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/hostile/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "application/xml")
	}
	for _, s := range []string{
		`<rss version="2.0"><channel><item><title>a</title></item></channel></rss>`, `<feed xmlns="http://www.w3.org/2005/Atom"/>`,
		`{"version":"https://jsonfeed.org/version/1","items":[{"id":1}]}`, `<rss><![CDATA[`, "\xff\xfe<\x00", `<!DOCTYPE a [<!ENTITY b "c">`,
		`<rss a='>' b=">"/>`, `</rss>`, `<>`, `<rss></rss/>`, `{"items":{}}`, `<rdf:RDF><item/></rdf:RDF>`,
	} {
		f.Add([]byte(s), "text/xml; charset=iso-8859-1")
	}
	base, _ := url.Parse("https://forum.example.test/feed")
	p, h := NewParser(), newHome(base)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		doc, _, err := p.parse(context.Background(), body, contentType)
		if err != nil {
			if ingest.ReasonOf(err) == ingest.ReasonOther {
				t.Fatalf("an error without a reason: %v", err)
			}
			return
		}
		if len(doc.items) > maxItems {
			t.Fatalf("%d items", len(doc.items))
		}
		for _, e := range doc.items {
			m, _ := mention.Clean(h.mention(e))
			if m.ID == "" || !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) {
				t.Fatalf("%+v became %+v", e, m)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte(`{"seen":[{"k":"a","t":[1]},{"k":"a","t":null}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := loadCursor(raw)
		c.add("x", 1)
		if c.add("x", 1) || !c.add("x", 2) {
			t.Fatal("the cursor does not remember")
		}
		c.trim(map[string]bool{"x": true})
		if again := loadCursor(c.encode()); again.add("x", 2) {
			t.Fatal("the cursor forgets when it is saved")
		}
	})
}

func TestCursorIsBounded(t *testing.T) {
	c := loadCursor(nil)
	now := map[string]bool{}
	for i := range 3 * keepKeys {
		key := keyOf(strings.Repeat("k", 1+i%7) + string(rune(i)))
		c.add(key, uint64(i))
		if i >= 3*keepKeys-100 {
			now[key] = true
		}
	}
	c.trim(now)
	require.LessOrEqual(t, len(c.Seen), keepKeys+100)
	for _, k := range c.Seen {
		delete(now, k.Key)
	}
	require.Empty(t, now, "what the document still has is kept")
	c = loadCursor(c.encode())
	for i := range 20 {
		c.add("one", uint64(1000+i))
	}
	i := c.index["one"]
	require.Len(t, c.Seen[i].Texts, keepTexts)
}

func TestValidator(t *testing.T) {
	require.Equal(t, `W/"abc"`, validator(`W/"abc"`))
	require.Empty(t, validator("a\r\nX: y"))
	require.Empty(t, validator("caf\xe9"))
	require.Empty(t, validator(strings.Repeat("a", 1<<20)))
}

// BenchmarkParse is one poll of a feed of 50 items with 2 KiB of HTML each.
func BenchmarkParse(b *testing.B) {
	var sb strings.Builder
	sb.WriteString(`<rss version="2.0"><channel>`)
	for range 50 {
		sb.WriteString("<item><guid>x</guid><title>t</title><description>" + strings.Repeat("&lt;p&gt;some words here&lt;/p&gt;", 60) + "</description></item>")
	}
	sb.WriteString(`</channel></rss>`)
	body, p := []byte(sb.String()), NewParser()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, _, err := p.parse(context.Background(), body, "text/xml"); err != nil {
			b.Fatal(err)
		}
	}
}
