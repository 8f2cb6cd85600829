package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

// versions change with every edit of a file, and the mark with the records' fields.
var versions = regexp.MustCompile(`\?(v|mark)=[0-9a-f]+`)

func TestGoldenPages(t *testing.T) {
	tests := []struct{ name, path string }{
		{"inbox", "/"},
		{"inbox_ended", "/?state=ended&brand=tollgate"},
		{"inbox_did", "/?did=01JDAAAAAAAAAAAAAAAAAAAA08"},
		{"case", "/cases/" + caseOne},
		{"case_hostile", "/cases/01JDAAAAAAAAAAAAAAAAAAAA06"},
		{"why", "/why?q=bluesky:did:plc:mira/3kaaa"},
		{"sources", "/sources"},
		{"missing", "/cases/01JNOTHERE"},
		{"unseen", "/why?q=https://bsky.app/profile/x/post/y&text=acme+again"},
		{"tune", "/tune"},
		{"ledger", "/tune/ledger"},
		{"backtest", "/tune/backtest"},
		{"shadow", "/tune/shadow"},
		{"history", "/tune/history"},
		{"explain", "/explain?text=acme+%3Cb%3E+lost+my+bag"},
	}
	golden(t, tests, webtest.Filled)
}

func TestGoldenEmptyInbox(t *testing.T) {
	golden(t, []struct{ name, path string }{{"empty", "/"}}, func(tb testing.TB, now time.Time) *webtest.Backend {
		tb.Helper()
		b := webtest.Open(tb)
		b.PutSources(tb, webtest.Sources(now)[:2]...)
		return b
	})
	golden(t, []struct{ name, path string }{{"empty_deaf", "/"}}, func(tb testing.TB, _ time.Time) *webtest.Backend {
		tb.Helper()
		return webtest.Open(tb)
	})
}

// golden compares pages with files, at a time that never changes: the bubble's.
func golden(t *testing.T, pages []struct{ name, path string }, fill func(testing.TB, time.Time) *webtest.Backend) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := testServer(t, fill(t, time.Now()), func(o *web.Options) { o.Version = "v1.2.3" })
		for _, p := range pages {
			r := httptest.NewRequest(http.MethodGet, p.path, http.NoBody)
			r.Host = "localhost"
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			got := versions.ReplaceAll(w.Body.Bytes(), []byte("?$1="))
			file := filepath.Join("testdata", p.name+".html")
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				require.NoError(t, os.WriteFile(file, got, 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err, "run UPDATE_GOLDEN=1 go test ./internal/web to write it")
			require.Equal(t, string(want), string(got), p.name)
		}
	})
}

func TestHostileTextIsInert(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	for _, path := range []string{"/", "/cases/01JDAAAAAAAAAAAAAAAAAAAA06", "/?brand=pinecask"} {
		_, page := call(s, http.MethodGet, path, "")
		require.Contains(t, page, "&lt;script&gt;alert(")
		require.NotContains(t, page, "<script>alert")
		require.NotContains(t, page, "<img src=x")
		require.NotContains(t, page, "javascript:")
		require.NotContains(t, page, "\u202e")
		require.Contains(t, page, "{{.Secret}}")
		require.Contains(t, page, "no link to the post")
	}
}
