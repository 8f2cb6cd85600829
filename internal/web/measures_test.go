package web_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
	"github.com/leakytap/leakytap/pkg/mention"
)

// measured is a server whose brand tollgate has a card, a post below the threshold and
// one that was excluded.
func measured(t *testing.T) *web.Server {
	t.Helper()
	st, err := store.OpenScratch(t.Context(), store.Config{}, t.TempDir(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	now := time.Now().UTC()
	require.NoError(t, st.Update(t.Context(), []string{"tollgate"}, func(tx *store.Tx) error {
		for i, o := range []record.Outcome{record.OutcomeAlert, record.OutcomeBelowThreshold, record.OutcomeExcluded} {
			id := string(rune('a' + i))
			m := mention.Mention{ID: "x:" + id, Platform: "x", NativeID: id, URL: "https://social.example/" + id, Text: "<b>tollgate</b> " + id, ObservedAt: now}
			if err := tx.PutMention(record.Stored{Brand: "tollgate", Mention: m}); err != nil {
				return err
			}
			d := record.Decision{ID: m.ID, Brand: "tollgate", Outcome: o, Venting: 0.4, Match: record.MatchQuery, Now: now.Add(-time.Hour)}
			if err := tx.PutDecision(d); err != nil {
				return err
			}
		}
		return nil
	}))
	b := brand.Default()
	b.Name, b.Alert.Budget = "tollgate", 5
	return testServer(t, webtest.Open(t), func(o *web.Options) {
		o.Measures = web.StoreMeasures{Samples: st, Configured: func() []brand.Brand { return []brand.Brand{b} }}
	})
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(b)
}

func form(v url.Values) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = io.NopCloser(strings.NewReader(v.Encode()))
	}
}

func TestSamplePage(t *testing.T) {
	s := measured(t)
	resp := send(s, http.MethodGet, "/tune/sample", nil)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	page := bodyOf(t, resp)
	require.Contains(t, page, "Nothing was drawn yet")
	require.Contains(t, page, "Nothing waits for a label")
	require.Contains(t, page, "1 of 5 cards today")

	resp = send(s, http.MethodPost, "/tune/sample/draw", form(url.Values{"brand": {"tollgate"}}))
	require.Equal(t, http.StatusSeeOther, resp.StatusCode)
	require.Equal(t, "/tune/sample?brand=tollgate&drawn=3", resp.Header.Get("Location"))
	page = bodyOf(t, send(s, http.MethodGet, "/tune/sample?brand=tollgate&drawn=3", nil))
	require.Contains(t, page, "3 posts were drawn.")
	require.Equal(t, 3, strings.Count(page, "Not a complaint</button>"))
	require.Contains(t, page, "&lt;b&gt;tollgate&lt;/b&gt; a")
	require.Contains(t, page, "https://social.example/b")

	for id, is := range map[string]string{"x:a": "complaint", "x:b": "none"} {
		resp = send(s, http.MethodPost, "/tune/sample", form(url.Values{"brand": {"tollgate"}, "mention": {id}, "is": {is}}))
		require.Equal(t, http.StatusSeeOther, resp.StatusCode)
		require.Equal(t, "/tune/sample?brand=tollgate", resp.Header.Get("Location"))
	}
	page = bodyOf(t, send(s, http.MethodGet, "/tune/sample", nil))
	require.Equal(t, 1, strings.Count(page, "Not a complaint</button>"))
	require.Contains(t, page, "Not known yet")

	for _, v := range []url.Values{
		{"brand": {"tollgate"}, "mention": {"x:c"}}, {"brand": {"no brand"}, "mention": {"x:c"}, "is": {"none"}}, {"brand": {"tollgate"}, "is": {"none"}},
	} {
		require.Equal(t, http.StatusBadRequest, send(s, http.MethodPost, "/tune/sample", form(v)).StatusCode)
	}
}

func TestSampleAPI(t *testing.T) {
	s := measured(t)
	require.Equal(t, http.StatusBadRequest, send(s, http.MethodGet, "/api/v1/samples?brand=no%20brand", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, send(s, http.MethodGet, "/api/v1/samples?brand=nobody", nil).StatusCode)
	require.Equal(t, http.StatusNotFound, send(s, http.MethodPost, "/api/v1/samples/draw?brand=nobody", nil).StatusCode)
	require.JSONEq(t, `{"drawn":3}`, bodyOf(t, send(s, http.MethodPost, "/api/v1/samples/draw?brand=tollgate", nil)))
	var posts web.List[record.Sampled]
	require.NoError(t, json.Unmarshal([]byte(bodyOf(t, send(s, http.MethodGet, "/api/v1/samples?brand=tollgate", nil))), &posts))
	require.Len(t, posts.Items, 3)
	label := func(body string) int {
		return send(s, http.MethodPost, "/api/v1/samples/label", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body = io.NopCloser(strings.NewReader(body))
		}).StatusCode
	}
	require.Equal(t, http.StatusOK, label(`{"brand":"tollgate","mention":"x:a","venting":true}`))
	require.Equal(t, http.StatusOK, label(`{"brand":"tollgate","mention":"x:a","venting":false}`), "a later word takes the place of the earlier one")
	require.Equal(t, http.StatusNotFound, label(`{"brand":"tollgate","mention":"x:z","venting":true}`))
	require.Equal(t, http.StatusBadRequest, label(`{"brand":"tollgate","mention":"","venting":true}`))
	var rows web.List[web.Measure]
	require.NoError(t, json.Unmarshal([]byte(bodyOf(t, send(s, http.MethodGet, "/api/v1/measures", nil))), &rows))
	require.Len(t, rows.Items, 1)
	require.Equal(t, 1, rows.Items[0].Recall.Labelled)
	require.Equal(t, 2, rows.Items[0].ToLabel)
	require.Zero(t, rows.Items[0].Recall.Precision.Value)
}
