package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

// browser keeps cookies and follows nothing.
type browser struct {
	h       http.Handler
	cookies map[string]*http.Cookie
}

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	r.Host = "127.0.0.1:8080"
	r.RemoteAddr = "127.0.0.1:50000"
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookies == nil {
			b.cookies = map[string]*http.Cookie{}
		}
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest(http.MethodGet, path, http.NoBody))
}

func (b *browser) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	return b.do(r)
}

func TestFormsActOnCases(t *testing.T) {
	back := webtest.Filled(t, time.Now())
	b := &browser{h: testServer(t, back, nil)}
	act := func(id string, form url.Values) *httptest.ResponseRecorder { return b.post("/cases/"+id+"/act", form) }
	state := func(id string) record.Case {
		d, err := back.Dossier(t.Context(), id)
		require.NoError(t, err)
		return d.Case
	}
	w := b.post("/me", url.Values{"name": {"ines"}, "back": {"/?brand=larkspur"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/?brand=larkspur", w.Header().Get("Location"))

	w = act(caseOne, url.Values{"verb": {"claim"}, "version": {"3"}, "back": {"/?brand=larkspur"}})
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Equal(t, "/?brand=larkspur", w.Header().Get("Location"))
	require.Equal(t, "ines", state(caseOne).Owner)

	// A double click is one action, and no error.
	w = act(caseOne, url.Values{"verb": {"claim"}, "version": {"3"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, int64(4), state(caseOne).Version)

	w = act(caseOne, url.Values{"verb": {"snooze"}, "for": {"4h"}, "version": {"4"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.WithinDuration(t, time.Now().Add(4*time.Hour), state(caseOne).SnoozedUntil, time.Minute)

	w = act(caseOne, url.Values{"verb": {"assign"}, "to": {" dana "}, "version": {"5"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "dana", state(caseOne).Owner)

	w = act(caseOne, url.Values{"verb": {"dismiss"}, "version": {"6"}, "back": {"/?state=claimed&did=OLD"}})
	require.Equal(t, "/?did="+caseOne+"&state=claimed", w.Header().Get("Location"))
	page := b.get(w.Header().Get("Location")).Body.String()
	require.Contains(t, page, "Why is it no complaint?")
	require.Contains(t, page, "Reopen it")

	w = act(caseOne, url.Values{"verb": {"reason"}, "reason": {"wrong_company"}, "version": {"7"}, "back": {"/"}})
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	require.NotContains(t, b.get(w.Header().Get("Location")).Body.String(), "Why is it no complaint?")

	w = act(caseOne, url.Values{"verb": {"resolve"}, "version": {"8"}})
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "legal now: reopen")
	require.Contains(t, w.Body.String(), "That did not happen")
	require.Equal(t, record.StateDismissed, state(caseOne).State)

	w = act(caseOne, url.Values{"verb": {"reopen"}, "version": {"8"}, "back": {"/cases/" + caseOne}})
	require.Equal(t, "/cases/"+caseOne, w.Header().Get("Location"))
	require.Equal(t, record.StateOpen, state(caseOne).State)
}

func TestFormsRefuse(t *testing.T) {
	back := webtest.Filled(t, time.Now())
	b := &browser{h: testServer(t, back, nil)}
	for name, form := range map[string]url.Values{
		"no verb":         {},
		"snooze for ever": {"verb": {"snooze"}, "for": {"99999h"}},
		"snooze back":     {"verb": {"snooze"}, "for": {"-1h"}},
		"assign nobody":   {"verb": {"assign"}, "to": {"<b>"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusBadRequest, b.post("/cases/"+caseOne+"/act", form).Code)
		})
	}
	require.Equal(t, http.StatusBadRequest, b.post("/me", url.Values{"name": {"<script>"}}).Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, b.post("/me", url.Values{"name": {strings.Repeat("x", 70000)}}).Code)
	for _, to := range []string{"//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/login", "evil", "/\tevil"} {
		w := b.post("/me", url.Values{"name": {"ines"}, "back": {to}})
		require.Equal(t, "/", w.Header().Get("Location"), to)
	}
}

func TestFormsOfDeadLettersAndSilences(t *testing.T) {
	back := webtest.Filled(t, time.Now())
	b := &browser{h: testServer(t, back, nil)}
	page := b.get("/dead").Body.String()
	require.Contains(t, page, "line 14 is no JSON object")
	require.Contains(t, b.get("/dead/01JDDEAD000000000000000002").Body.String(), "&lt;b&gt;not json&lt;/b&gt;[31m")
	require.Equal(t, "/dead", b.post("/dead/"+deadOne+"/retry", nil).Header().Get("Location"))
	require.Equal(t, []string{deadOne}, back.Retried())
	require.Equal(t, "/dead", b.post("/dead/01JDDEAD000000000000000002/drop", nil).Header().Get("Location"))
	require.Contains(t, b.get("/dead").Body.String(), "Every record so far could be handled")

	require.Equal(t, http.StatusBadRequest, b.post("/silences", url.Values{"for": {"1h"}, "reason": {"x"}}).Code)
	w := b.post("/silences", url.Values{"brand": {"tollgate"}, "topic": {"outage"}, "for": {"1h"}, "reason": {"engineers <are> there"}})
	require.Equal(t, "/silences", w.Header().Get("Location"), w.Body.String())
	page = b.get("/silences").Body.String()
	require.Contains(t, page, "brand tollgate, topic outage")
	require.Contains(t, page, "engineers &lt;are&gt; there")
	rows, err := back.ListSilences(t.Context())
	require.NoError(t, err)
	require.Equal(t, "/silences", b.post("/silences/"+rows[0].ID+"/expire", nil).Header().Get("Location"))
	require.Contains(t, b.get("/silences").Body.String(), "Nothing is silenced")
}

func TestLogin(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), withLogin)
	b := &browser{h: s}
	require.Equal(t, "/login?next=%2Fcases%2F"+caseOne, b.get("/cases/"+caseOne).Header().Get("Location"))
	w := b.post("/login", url.Values{"token": {"wrong"}, "next": {"/cases/" + caseOne}})
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Contains(t, w.Body.String(), "This token is not known")
	require.Empty(t, b.cookies)

	w = b.post("/login", url.Values{"token": {danaToken}, "next": {"/cases/" + caseOne}})
	require.Equal(t, "/cases/"+caseOne, w.Header().Get("Location"))
	c := b.cookies["leakytap_session"]
	require.NotNil(t, c)
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, c.SameSite)
	require.NotContains(t, c.Value, danaToken)
	require.Contains(t, b.get("/").Body.String(), "dana")
	require.Equal(t, "/", b.get("/login").Header().Get("Location"))

	w = b.post("/cases/"+caseOne+"/act", url.Values{"verb": {"claim"}, "version": {"3"}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "dana", read[record.Dossier](t, b, "/api/v1/cases/"+caseOne).Case.Owner)
	require.Equal(t, http.StatusBadRequest, b.post("/me", url.Values{"name": {"root"}}).Code)

	old := *c
	require.Equal(t, "/login", b.post("/logout", nil).Header().Get("Location"))
	require.Empty(t, b.cookies)
	b.cookies = map[string]*http.Cookie{"leakytap_session": &old}
	require.Equal(t, http.StatusSeeOther, b.get("/").Code, "an ended session stays ended")
}

func read[T any](t *testing.T, b *browser, path string) T {
	t.Helper()
	w := b.get(path)
	return decoded[T](t, w.Code, w.Body.String())
}

func TestLoginIsBoundToHTTPS(t *testing.T) {
	s := testServer(t, webtest.Open(t), func(o *web.Options) { withLogin(o); o.Config.ExternalURL = "https://tap.example.org" })
	b := &browser{h: s}
	r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("token="+danaToken))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://tap.example.org")
	w := b.do(r)
	require.Equal(t, http.StatusSeeOther, w.Code)
	c := b.cookies["__Host-leakytap_session"]
	require.NotNil(t, c)
	require.True(t, c.Secure)
	require.Equal(t, "/", c.Path)
	require.NotEmpty(t, w.Header().Get("Strict-Transport-Security"))
}

func TestTokensEndTheirSessions(t *testing.T) {
	s := testServer(t, webtest.Open(t), withLogin)
	b := &browser{h: s}
	b.post("/login", url.Values{"token": {danaToken}})
	require.Equal(t, http.StatusOK, b.get("/").Code)
	next, err := web.LoadTokens(web.Auth{Tokens: "dana:another-token-0123456789"})
	require.NoError(t, err)
	s.SetTokens(nil)
	require.Equal(t, http.StatusOK, b.get("/").Code, "a reload does not open the inbox to all")
	s.SetTokens(next)
	require.Equal(t, http.StatusSeeOther, b.get("/").Code)
}

func TestGuessingIsSlow(t *testing.T) {
	s := testServer(t, webtest.Open(t), withLogin)
	b := &browser{h: s}
	codes := map[int]int{}
	for range 200 {
		codes[b.post("/login", url.Values{"token": {"guess"}}).Code]++
	}
	require.LessOrEqual(t, codes[http.StatusUnauthorized], 20)
	require.GreaterOrEqual(t, codes[http.StatusTooManyRequests], 180)
	w := b.post("/login", url.Values{"token": {danaToken}})
	require.Equal(t, http.StatusTooManyRequests, w.Code, "while it is blocked the right one tells nothing")
	require.NotEmpty(t, w.Header().Get("Retry-After"))

	bearer := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/status", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+token)
		return b.do(r).Code
	}
	require.Equal(t, http.StatusTooManyRequests, bearer(danaToken))
	require.Equal(t, http.StatusOK, bearer(localToken), "the commands on this machine are never locked out")
}
