package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

func postTo(t *testing.T, s http.Handler, path, kind, body string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

const formKind = "application/x-www-form-urlencoded"

func TestTunePagesShowTextAsText(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	for _, path := range []string{"/tune/ledger", "/tune/backtest", "/tune/shadow", "/tune/history", "/why/bluesky:did:plc:mira/3kaaa", "/why?q=none&text=x"} {
		_, page := call(s, http.MethodGet, path, "")
		require.Contains(t, page, "&lt;script&gt;alert(1)", path)
		require.NotContains(t, page, "<script>alert", path)
		require.NotContains(t, page, "\u202e", path)
	}
	code, page, _ := postTo(t, s, "/explain", formKind, url.Values{"text": {"acme <script>alert(1)</script>"}, "brand": {"acme"}}.Encode())
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, `<mark class="push" title="speaks for a complaint">acme</mark>`)
	require.NotContains(t, page, "<script>alert")
}

func TestTunePagesOfNothing(t *testing.T) {
	s := testServer(t, webtest.Open(t), func(o *web.Options) { o.Tuning = webtest.Tuning{Empty: true} })
	for path, want := range map[string]string{
		"/tune": "Ledger", "/tune/ledger": "0 posts", "/tune/backtest": "Hold an edit", "/tune/shadow": "No shadow has run", "/tune/history": "Nothing yet", "/explain": "A post",
	} {
		code, page := call(s, http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, code, path)
		require.Contains(t, page, want, path)
	}
	code, _ := call(s, http.MethodGet, "/tune/ledger?brand=nobody", "")
	require.Equal(t, http.StatusNotFound, code)
	code, _ = call(s, http.MethodGet, "/tune/ledger?days=0", "")
	require.Equal(t, http.StatusBadRequest, code)
	none := testServer(t, webtest.Open(t), func(o *web.Options) { o.Tuning = nil })
	code, _ = call(none, http.MethodGet, "/tune", "")
	require.Equal(t, http.StatusNotFound, code)
}

func TestCandidateForms(t *testing.T) {
	s := testServer(t, webtest.Open(t), nil)
	file := url.Values{"file": {"query: acme\r\n"}, "days": {"7"}}.Encode()
	for _, path := range []string{"/tune/backtest", "/tune/shadow", "/tune/shadow/stop"} {
		code, _, h := postTo(t, s, path, formKind, file)
		require.Equal(t, http.StatusSeeOther, code, path)
		require.True(t, strings.HasPrefix(h.Get("Location"), "/tune/"))
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("upload", "acme.yaml")
	require.NoError(t, err)
	_, err = part.Write([]byte("query: acme\n"))
	require.NoError(t, err)
	require.NoError(t, m.Close())
	code, _, _ := postTo(t, s, "/tune/shadow", m.FormDataContentType(), body.String())
	require.Equal(t, http.StatusSeeOther, code)
	code, page, _ := postTo(t, s, "/tune/shadow", formKind, "file=++")
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, page, "Paste a brand file")
	code, _, _ = postTo(t, s, "/tune/shadow", formKind, "file="+strings.Repeat("a", 1<<20+1))
	require.Equal(t, http.StatusBadRequest, code)
	code, _, _ = postTo(t, s, "/tune/shadow", formKind, "file="+strings.Repeat("a", 4<<20))
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _, _ = postTo(t, s, "/explain", formKind, "text="+strings.Repeat("a", 33<<10))
	require.Equal(t, http.StatusBadRequest, code)

	refusing := testServer(t, webtest.Open(t), func(o *web.Options) { o.Tuning = webtest.Tuning{Refuse: "candidate:1:8: query: broken"} })
	for _, path := range []string{"/tune/backtest", "/tune/shadow"} {
		code, page, _ = postTo(t, refusing, path, formKind, file)
		require.Equal(t, http.StatusConflict, code)
		require.Contains(t, page, "andidate:1:8: query: broken")
	}
	for _, body := range []string{`{"file": "query: acme\n", "days": 367}`, `{"file": ""}`, `{"file": 1}`} {
		code, _, _ = postTo(t, s, "/api/v1/backtest", "application/json", body)
		require.Equal(t, http.StatusBadRequest, code, body)
	}
	code, page, _ = postTo(t, s, "/api/v1/backtest", "application/json", `{"file": "query: acme\n"}`)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, `"edits":[{"edits":["query: + NOT orchestra"],"newly_alerting":0,"lost":1,"changed":0}`)
	code, _, _ = postTo(t, refusing, "/api/v1/backtest", "application/json", `{"file": "query: (\n"}`)
	require.Equal(t, http.StatusConflict, code)
	code, page, _ = postTo(t, refusing, "/api/v1/shadow", "application/json", `{"file": "query: (\n"}`)
	require.Equal(t, http.StatusConflict, code)
	require.Contains(t, page, "candidate:1:8")
	code, page, _ = postTo(t, s, "/api/v1/shadow", "application/json", `{"file": "query: acme\n"}`)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, `"running":true`)
}
