package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

func TestSummarise(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	life := func(brand, platform string, fate record.Fate, state record.State, resolved time.Duration, topics ...string) store.Life {
		l := store.Life{Brand: brand, Platform: platform, Fate: fate, State: state, Topics: topics, Began: began, ClaimedAt: began.Add(resolved / 10)}
		if state == record.StateResolved {
			l.ResolvedAt = began.Add(resolved)
		}
		return l
	}
	kept := life("acme", "x", record.FateRecovered, record.StateResolved, 3*time.Hour, "billing")
	kept.Promise = &record.Promise{What: "x", Ended: began, Kept: true}
	got := web.Summarise([]store.Life{
		kept,
		life("acme", "bluesky", record.FateRecovered, record.StateResolved, time.Hour, "delivery", "support"),
		life("acme", "bluesky", record.FateLost, record.StateOpen, 10*time.Minute, "delivery"),
		life("globex", "bluesky", record.FateSilent, record.StateResolved, 2*time.Hour),
		life("globex", "rss", record.FateUnknown, record.StateResolved, 2*time.Hour),
		life("globex", "rss", record.FateUnknown, record.StateDismissed, 2*time.Hour),
	}, began)
	require.Equal(t, web.RecoveryRow{
		Cases: 5, Ended: 4, Recovered: 2, Lost: 1, Silent: 1, Unknown: 1, Rate: 2.0 / 3, Ack: 720, Resolve: 7200, Kept: 1,
	}, got.All)
	rows := map[string]web.RecoveryRow{}
	for _, r := range got.By {
		rows[r.Group+"/"+r.Name] = r
	}
	require.Len(t, rows, 2+3+3)
	require.Equal(t, []int{3, 2, 1}, []int{rows["brand/acme"].Cases, rows["brand/acme"].Recovered, rows["brand/acme"].Lost})
	require.InDelta(t, 0.5, rows["topic/delivery"].Rate, 1e-9)
	require.Zero(t, rows["channel/rss"].Rate, "nobody's fate is known")
	require.Equal(t, 1, rows["channel/rss"].Cases, "what was no complaint is left out")
}

func TestRecoveryPageAndAPI(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	resp, page := call(s, http.MethodGet, "/recovery", "")
	require.Equal(t, http.StatusOK, resp)
	require.Contains(t, page, "Did we fix it?")
	require.Contains(t, page, "larkspur")
	status, body := call(s, http.MethodGet, "/api/v1/recovery?since=90d", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `"group":"brand","name":"tollgate"`)
	for _, bad := range []string{"x", "-1d", "0s", "100000d"} {
		status, _ = call(s, http.MethodGet, "/api/v1/recovery?since="+bad, "")
		require.Equal(t, http.StatusBadRequest, status, bad)
	}
	status, page = call(testServer(t, webtest.Open(t), nil), http.MethodGet, "/recovery", "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "No case in this time")
}

func TestPromiseInTheInbox(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, nil)
	post := func(form url.Values) (int, string) {
		form.Set("back", "/cases/"+caseOne)
		form.Set("version", "3")
		resp := send(s, http.MethodPost, "/cases/"+caseOne+"/act", func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = http.NoBody
			r.PostForm, r.Form = form, form
		})
		return resp.StatusCode, ""
	}
	by := time.Now().UTC().Add(30 * time.Hour).Truncate(time.Minute)
	status, _ := post(url.Values{"verb": {"promise"}, "note": {"a <b>call</b> back"}, "by": {by.Format("2006-01-02T15:04")}})
	require.Equal(t, http.StatusSeeOther, status)
	_, page := call(s, http.MethodGet, "/cases/"+caseOne, "")
	require.Contains(t, page, "a &lt;b&gt;call&lt;/b&gt; back")
	require.Contains(t, page, by.Format("Mon 2 Jan 15:04 MST"))
	require.Contains(t, page, "Promise kept")
	require.Contains(t, page, "state-claimed", "who promises has it")
	_, page = call(s, http.MethodGet, "/", "")
	require.Contains(t, page, "a &lt;b&gt;call&lt;/b&gt; back", "the list shows it too")
	for name, form := range map[string]url.Values{
		"nothing":    {"verb": {"promise"}, "note": {" "}, "for": {"2h"}},
		"the past":   {"verb": {"promise"}, "note": {"x"}, "by": {"2020-01-01T10:00"}},
		"no time":    {"verb": {"promise"}, "note": {"x"}},
		"not a time": {"verb": {"promise"}, "note": {"x"}, "by": {"tomorrow"}},
		"too long":   {"verb": {"promise"}, "note": {strings.Repeat("x", 301)}, "for": {"2h"}},
	} {
		status, _ = post(form)
		require.Equal(t, http.StatusBadRequest, status, name)
	}
	status, _ = post(url.Values{"verb": {"kept"}})
	require.Equal(t, http.StatusSeeOther, status)
	_, page = call(s, http.MethodGet, "/cases/"+caseOne, "")
	require.Contains(t, page, "<strong>kept</strong>")
	status, _ = post(url.Values{"verb": {"broken"}})
	require.Equal(t, http.StatusConflict, status)
}
