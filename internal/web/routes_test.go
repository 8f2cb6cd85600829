package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

const (
	caseOne = "01JDAAAAAAAAAAAAAAAAAAAA01"
	deadOne = "01JDDEAD000000000000000001"
)

// pathOf fills in a pattern so that it names something that is there.
func pathOf(pattern string) string {
	id := caseOne
	if strings.Contains(pattern, "/dead/") {
		id = deadOne
	}
	return strings.NewReplacer("{id}", id, "{id...}", "bluesky:x/y", "{$}", "", "{source}", "hook", "{name}", "app.css").Replace(pattern)
}

func order(rt web.RouteInfo) int {
	if rt.Method == http.MethodGet {
		return 0
	}
	return 1
}

// send makes one request without a body; change may add to it.
func send(h http.Handler, method, path string, change func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, path, http.NoBody)
	r.Host = "127.0.0.1:8080"
	if strings.HasPrefix(path, "/events") { // else it would stream
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		r = r.WithContext(ctx)
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func requireHeaders(t *testing.T, resp *http.Response) {
	t.Helper()
	require.Equal(t, web.Policy, resp.Header.Get("Content-Security-Policy"))
	require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "DENY", resp.Header.Get("X-Frame-Options"))
	require.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))
	require.NotEmpty(t, resp.Header.Get("Cache-Control"))
}

// eachRoute runs do for every route of one server, which is filled.
func eachRoute(t *testing.T, change func(*web.Options), do func(t *testing.T, s *web.Server, rt web.RouteInfo)) {
	t.Helper()
	s := testServer(t, webtest.Filled(t, time.Now()), change)
	table := s.RouteTable()
	// Reading first: what is dropped later is still there.
	slices.SortStableFunc(table, func(a, b web.RouteInfo) int { return order(a) - order(b) })
	for _, rt := range table {
		t.Run(rt.Method+" "+rt.Pattern, func(t *testing.T) { do(t, s, rt) })
	}
}

func TestEveryRouteAsksForALogin(t *testing.T) {
	eachRoute(t, withLogin, func(t *testing.T, s *web.Server, rt web.RouteInfo) {
		t.Helper()
		resp := send(s, rt.Method, pathOf(rt.Pattern), nil)
		requireHeaders(t, resp)
		if rt.Access != "user" {
			require.NotEqual(t, "/login", strings.Split(resp.Header.Get("Location"), "?")[0])
			if !strings.HasPrefix(rt.Pattern, "/slack/") && rt.Pattern != "/login" {
				require.NotEqual(t, http.StatusUnauthorized, resp.StatusCode)
			}
			return
		}
		if resp.StatusCode == http.StatusSeeOther {
			require.Equal(t, http.MethodGet, rt.Method)
			require.True(t, strings.HasPrefix(resp.Header.Get("Location"), "/login"))
		} else {
			require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
			require.Contains(t, resp.Header.Get("WWW-Authenticate"), "Bearer")
		}
		for _, token := range []string{danaToken, localToken} {
			resp = send(s, rt.Method, pathOf(rt.Pattern), func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
			require.NotEqual(t, http.StatusUnauthorized, resp.StatusCode)
			require.False(t, strings.HasPrefix(resp.Header.Get("Location"), "/login?"))
			requireHeaders(t, resp)
		}
	})
}

func TestNobodyIsAskedOnLoopback(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, s *web.Server, rt web.RouteInfo) {
		t.Helper()
		resp := send(s, rt.Method, pathOf(rt.Pattern), nil)
		requireHeaders(t, resp)
		if !strings.HasPrefix(rt.Pattern, "/slack/") {
			require.NotEqual(t, http.StatusUnauthorized, resp.StatusCode)
		}
		if rt.Method == http.MethodGet && rt.Pattern != "/login" && rt.Pattern != "/favicon.ico" &&
			!strings.HasPrefix(rt.Pattern, "/why/") && rt.Pattern != "/api/v1/decisions" {
			require.Equal(t, http.StatusOK, resp.StatusCode)
		}
	})
}

func TestNoGetChangesAnything(t *testing.T) {
	eachRoute(t, nil, func(t *testing.T, s *web.Server, rt web.RouteInfo) {
		t.Helper()
		if rt.Method != http.MethodGet {
			return
		}
		before := snapshot(t, s)
		send(s, http.MethodGet, pathOf(rt.Pattern)+"?verb=claim&did="+caseOne+"&name=mallory", nil)
		send(s, http.MethodHead, pathOf(rt.Pattern), nil)
		require.Equal(t, before, snapshot(t, s))
	})
}

// snapshot is all that the API shows.
func snapshot(t *testing.T, s *web.Server) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/api/v1/cases?state=all", "/api/v1/cases/" + caseOne, "/api/v1/dead", "/api/v1/silences"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Host = "localhost"
		s.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		b.WriteString(w.Body.String())
	}
	return b.String()
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	before := snapshot(t, s)
	for name, change := range map[string]func(*http.Request){
		"cross-site":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same-site":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"null origin":  func(r *http.Request) { r.Header.Set("Origin", "null") },
		"other origin": func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
	} {
		t.Run(name, func(t *testing.T) {
			for _, rt := range s.RouteTable() {
				if rt.Method == http.MethodGet {
					continue
				}
				resp := send(s, rt.Method, pathOf(rt.Pattern), change)
				require.Equal(t, http.StatusForbidden, resp.StatusCode, rt.Pattern)
				requireHeaders(t, resp)
			}
			require.Equal(t, before, snapshot(t, s))
		})
	}
}

func TestHosts(t *testing.T) {
	open := func(o *web.Options) { withLogin(o); o.Config.Listen = "0.0.0.0:0" }
	tests := []struct {
		name, host string
		change     func(*web.Options)
		want       int
	}{
		{"loopback", "127.0.0.1:8080", nil, 200},
		{"loopback by name", "localhost:8080", nil, 200},
		{"loopback v6", "[::1]:8080", nil, 200},
		{"a name made to point here", "rebind.evil.example:8080", nil, 421},
		{"a name that only looks right", "localhost.evil.example", nil, 421},
		{"no host", "", nil, 421},
		{"external", "tap.example.org", func(o *web.Options) { o.Config.ExternalURL = "https://tap.example.org" }, 200},
		{"beside external", "other.example.org", func(o *web.Options) { o.Config.ExternalURL = "https://tap.example.org" }, 421},
		{"open bind, any name", "box.lan:8080", open, 200},
		{"open bind with external, another name", "box.lan:8080", func(o *web.Options) { open(o); o.Config.ExternalURL = "https://tap.example.org" }, 421},
		{"open bind with external, by address", "10.1.2.3:8080", func(o *web.Options) { open(o); o.Config.ExternalURL = "https://tap.example.org" }, 200},
	}
	b := webtest.Open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := testServer(t, b, tt.change)
			resp := send(s, http.MethodGet, "/-/healthy", func(r *http.Request) { r.Host = tt.host })
			require.Equal(t, tt.want, resp.StatusCode)
			requireHeaders(t, resp)
		})
	}
}

func TestPathsThatAreNotThere(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	for _, path := range []string{
		"/nothing", "/api/v1/nothing", "/cases/", "/cases/01J", "/cases/..%2f..%2fetc", "/cases/%00", "/cases/a%5cb", "/static/..%2fdoc.go", "/static/nothing.js",
		"//evil.example/", "/cases//x", "/api/v1/cases/%27%20OR%201=1", "/api/v1/dead/no%20such", "/why/..%2f..%2fx",
	} {
		t.Run(path, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://localhost/", http.NoBody)
			u, err := r.URL.Parse("http://localhost" + path)
			require.NoError(t, err)
			r.URL = u
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Equal(t, http.StatusNotFound, w.Code)
			requireHeaders(t, w.Result())
			require.NotContains(t, w.Body.String(), "<script>")
		})
	}
	resp := send(s, http.MethodPut, "/api/v1/cases", nil)
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
	requireHeaders(t, resp)
}

func TestOpenAPIDescribesTheRoutes(t *testing.T) {
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(web.OpenAPIDocument(), &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	var described, served []string
	for path, ops := range doc.Paths {
		for method := range ops {
			described = append(described, strings.ToUpper(method)+" /api/v1"+path)
		}
	}
	for _, rt := range testServer(t, webtest.Open(t), nil).RouteTable() {
		if strings.HasPrefix(rt.Pattern, "/api/") {
			served = append(served, rt.Method+" "+rt.Pattern)
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	require.Equal(t, served, described)
}
