package web_test

import (
	"fmt"
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

const miraPost = "bluesky:did:plc:mira/3kaaa"

func TestAPILabels(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	status, body := call(s, "POST", "/api/v1/labels", `{"brand":"larkspur","mention":"`+miraPost+`","reason":"complaint"}`)
	got := decoded[web.Taught](t, status, body)
	require.Equal(t, http.StatusCreated, status)
	require.True(t, got.Label.Venting)
	require.Equal(t, web.Anonymous, got.Label.Actor)
	require.Equal(t, "api", got.Label.Via)
	require.Equal(t, record.LabelFromPerson, got.Label.Source)
	require.Contains(t, got.Label.Text, "wheelchair")
	require.Contains(t, got.Words, "there is 1 label, and it takes 5")

	list := get[web.List[web.Taught]](t, s, "/api/v1/labels?brand=larkspur")
	require.Len(t, list.Items, 1)
	require.Empty(t, get[web.List[web.Taught]](t, s, "/api/v1/labels?brand=northwind").Items)
	require.Len(t, get[web.List[web.Taught]](t, s, "/api/v1/labels?mention="+url.QueryEscape(miraPost)).Items, 1)

	// Somebody else sees it otherwise.
	status, body = call(s, "POST", "/api/v1/labels/import",
		`{"labels":[{"id":"`+miraPost+`","brand":"larkspur","venting":false,"actor":"dana"},{"brand":"larkspur"},{"brand":"nobody","text":"x","irrelevant":true}],"learn":true}`)
	in := decoded[web.Imported](t, status, body)
	require.Equal(t, 1, in.Written)
	require.Equal(t, []web.ImportProblem{
		{Index: 1, Error: "it says neither venting nor irrelevant"}, {Index: 2, Error: `there is no brand "nobody"`},
	}, in.Refused)
	require.Contains(t, in.Words["larkspur"], "there are 2 labels")
	ds := get[web.List[record.Disagreement]](t, s, "/api/v1/labels/disagreements").Items
	require.Len(t, ds, 1)
	require.Equal(t, miraPost, ds[0].Mention)
	require.Len(t, ds[0].Labels, 2)
	learned := get[web.List[web.Learned]](t, s, "/api/v1/layers").Items
	require.Len(t, learned, 2)
	require.Equal(t, "auto", learned[0].Learn)
	require.Equal(t, 2, learned[0].Labels)

	path := fmt.Sprintf("/api/v1/labels/%d", got.Label.ID)
	status, body = call(s, "DELETE", path, "")
	require.True(t, decoded[web.Taught](t, status, body).Label.Undone)
	status, _ = call(s, "DELETE", path, "")
	require.Equal(t, http.StatusConflict, status)
	require.Empty(t, get[web.List[record.Disagreement]](t, s, "/api/v1/labels/disagreements").Items)
	require.Len(t, get[web.List[web.Taught]](t, s, "/api/v1/labels?undone=true").Items, 2)
}

func TestAPILabelPages(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	for i := range 7 {
		b.PutLabels(t, record.Label{Brand: "larkspur", Mention: fmt.Sprintf("x:%d", i), Text: "words", Reason: record.ReasonSpam, Actor: "a", At: time.Now()})
	}
	s := testServer(t, b, nil)
	var all []string
	for after := ""; ; {
		page := get[web.List[web.Taught]](t, s, "/api/v1/labels?limit=3&after="+after)
		for _, x := range page.Items {
			all = append(all, x.Label.Mention)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	require.Equal(t, []string{"x:6", "x:5", "x:4", "x:3", "x:2", "x:1", "x:0"}, all)
}

func TestAPILabelsRefuse(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"no reason", "POST", "/api/v1/labels", `{"brand":"larkspur","mention":"x:1"}`, 400},
		{"a reason that teaches nothing", "POST", "/api/v1/labels", `{"brand":"larkspur","mention":"x:1","reason":"already_handled"}`, 400},
		{"no post", "POST", "/api/v1/labels", `{"brand":"larkspur","reason":"spam"}`, 400},
		{"a post that is not stored", "POST", "/api/v1/labels", `{"brand":"larkspur","mention":"x:1","reason":"spam"}`, 409},
		{"a brand that is not there", "POST", "/api/v1/labels", `{"brand":"nobody","mention":"x:1","text":"words","reason":"spam"}`, 409},
		{"a brand that is no name", "POST", "/api/v1/labels", `{"brand":"<b>","mention":"x:1","reason":"spam"}`, 400},
		{"another's name", "POST", "/api/v1/labels", `{"brand":"larkspur","mention":"x:1","reason":"spam","actor":"root"}`, 400},
		{"too many at once", "POST", "/api/v1/labels/import", `{"labels":[` + strings.Repeat(`{"brand":"x"},`, 1000) + `{"brand":"x"}],"learn":false}`, 400},
		{"undo nothing", "DELETE", "/api/v1/labels/99", "", 404},
		{"undo no number", "DELETE", "/api/v1/labels/abc", "", 404},
		{"accept nothing", "POST", "/api/v1/layers/larkspur/accept", "", 409},
		{"accept no brand", "POST", "/api/v1/layers/nobody/accept", "", 409},
		{"disagreements of no brand", "GET", "/api/v1/labels/disagreements?brand=%27", "", 400},
		{"labels after no number", "GET", "/api/v1/labels?after=%27", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := call(s, c.method, c.path, c.body)
			require.Equal(t, c.status, status, body)
		})
	}
}

// post sends a form and follows where it leads.
func post(t *testing.T, h http.Handler, path string, form url.Values) (location, page string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Host = "127.0.0.1:8080"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	location = w.Header().Get("Location")
	where, _, _ := strings.Cut(location, "#")
	_, page = call(h, http.MethodGet, where, "")
	return location, page
}

func TestLabelsInTheInbox(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	_, page := call(s, "GET", "/cases/"+caseOne, "")
	require.Contains(t, page, `<button name="reason" value="wrong_company">`)
	give := url.Values{"brand": {"larkspur"}, "mention": {miraPost}, "reason": {"wrong_company"}, "back": {"/cases/" + caseOne}}
	at, page := post(t, s, "/labels", give)
	require.Equal(t, "/cases/"+caseOne+"#label-1", at)
	require.Contains(t, page, `id="label-1"`)
	require.Contains(t, page, "wrong company")
	require.Contains(t, page, `action="/labels/1/undo"`)

	_, page = call(s, "GET", "/why?q="+url.QueryEscape(miraPost), "")
	require.Contains(t, page, `id="label-1"`)
	require.Contains(t, page, `<button name="reason" value="complaint">`)
	_, page = call(s, "GET", "/labels?brand=larkspur", "")
	require.Contains(t, page, "Labels of larkspur")
	require.Contains(t, page, "wheelchair")

	at, page = post(t, s, "/labels/1/undo", url.Values{"back": {"/cases/" + caseOne}})
	require.Equal(t, "/cases/"+caseOne, at)
	require.Contains(t, page, "undone by inbox")
	at, _ = post(t, s, "/labels", url.Values{"brand": {"larkspur"}, "mention": {miraPost}, "reason": {"spam"}, "back": {"https://evil.example/"}})
	require.True(t, strings.HasPrefix(at, "/#label-"), at)
}
