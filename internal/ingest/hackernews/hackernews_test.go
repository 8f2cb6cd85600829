package hackernews

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func server(t *testing.T) (*feeds.HackerNews, string) {
	t.Helper()
	h := feeds.NewHackerNews()
	s, err := feeds.Serve(h, "")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return h, s.URL
}

func spec(t *testing.T, url string, maxAge time.Duration) ingest.Spec {
	t.Helper()
	f, err := httpx.New(httpx.Config{}, httpx.Options{UserAgent: "leakytap/test"})
	require.NoError(t, err)
	src, err := New(ingest.Config{Name: "hn", Type: "hackernews", URL: url, AllowPrivate: true, MaxAge: setting.Duration(maxAge)}, f)
	require.NoError(t, err)
	return ingest.Spec{Name: "hn", Type: "hackernews", Poll: 30 * time.Millisecond, MaxAge: maxAge, Source: src}
}

func run(t *testing.T, url string) *ingesttest.Rig {
	t.Helper()
	r := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	r.Start(spec(t, url, 24*time.Hour))
	return r
}

func story(id int64, title string, ago time.Duration) feeds.HNItem {
	return feeds.HNItem{ID: id, Author: "jo", Title: title, URL: "https://x.example.test", Points: 3, Comments: 1, Created: time.Now().Add(-ago)}
}

func comment(id, parent int64, html string, ago time.Duration) feeds.HNItem {
	return feeds.HNItem{ID: id, Author: "al", Comment: html, StoryID: 100, ParentID: parent, StoryTitle: "Acme raises prices", Created: time.Now().Add(-ago)}
}

func TestItems(t *testing.T) {
	t.Parallel()
	h, url := server(t)
	h.SetNulls(true)
	h.Put(
		story(100, "Acme raises prices", 3*time.Hour),
		comment(101, 100, "<p>Acme&#x27;s billing is <i>broken</i>", 2*time.Hour),
		comment(102, 101, "the same here", time.Hour),
		story(90, "Acme long ago", 26*time.Hour),
	)
	r := run(t, url)
	got := r.Wait(2)
	m := got[0].Mention
	require.Equal(t, "hackernews:100", m.ID)
	require.Equal(t, "Acme raises prices", m.Title)
	require.Equal(t, mention.KindPost, m.Kind)
	require.Equal(t, int64(3), m.Engagement.Likes)
	m = got[1].Mention
	require.Equal(t, "Acme's billing is broken", m.Text)
	require.Equal(t, mention.KindComment, m.Kind)
	require.Equal(t, "hackernews:100", m.RootID)
	require.Equal(t, "hackernews:100", m.ParentID)
	require.Equal(t, "https://news.ycombinator.com/item?id=101", m.URL)
	require.Equal(t, "al", m.Author.Handle)

	// The index lags: an item may appear under a time that was read already.
	h.Put(comment(103, 100, "acme, from behind", 5*time.Minute))
	require.Equal(t, "hackernews:103", r.Wait(3)[2].Mention.ID)
	h.Put(comment(103, 100, "acme, edited", 5*time.Minute))
	e := r.Wait(4)[3]
	require.Equal(t, "acme, edited", e.Mention.Text)
	require.Equal(t, int64(1), e.Mention.Revision)
	asked := h.Asked()
	r.Until("more polls", func() bool { return h.Asked() > asked+5 })
	require.Len(t, r.Log.Matched(t), 4)
	r.Until("four posts are counted", func() bool { return r.Metric("leakytap_mentions_collected_total", "source", "hn") == 4 })
}

// More than the 1,000 hits that one query gives are read by halving the window.
func TestWindows(t *testing.T) {
	t.Parallel()
	h, url := server(t)
	var items []feeds.HNItem
	for i := range 1300 {
		items = append(items, comment(int64(1000+i), 100, "acme number "+strconv.Itoa(i), 2*time.Hour-time.Duration(i)*3*time.Second))
	}
	h.Put(items...)
	r := run(t, url)
	got := r.Wait(1300)
	ids := map[string]bool{}
	for _, e := range got {
		ids[e.Mention.ID] = true
	}
	require.Len(t, ids, 1300)
	require.Len(t, got, 1300)
	require.InDelta(t, 0, r.Errors("hn", ingest.ReasonTooMany), 0)
}

func TestRestartAfterAGap(t *testing.T) {
	t.Parallel()
	h, url := server(t)
	h.Put(story(1, "Acme one", time.Hour))
	r := run(t, url)
	r.Wait(1)
	r.Stop()
	h.Put(story(2, "Acme two", 5*time.Minute))
	r.Start(spec(t, url, 24*time.Hour))
	require.Len(t, r.Wait(2), 2)

	r.Stop()
	raw, err := json.Marshal(cursor{Until: time.Now().Add(-30 * 24 * time.Hour).Unix()})
	require.NoError(t, err)
	require.NoError(t, r.Store.SaveProgress(t.Context(), progress("hn", raw)))
	h.Put(story(3, "Acme within a week", 6*24*time.Hour), story(4, "Acme a month ago", 29*24*time.Hour))
	r.Start(spec(t, url, 24*time.Hour))
	r.WaitError("hn", ingest.ReasonGap)
	got := r.Wait(3)
	require.Equal(t, "hackernews:3", got[2].Mention.ID)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault feeds.Fault
		want  ingest.Reason
	}{
		"500":      {feeds.Fault{Status: 500}, "http_5xx"},
		"429":      {feeds.Fault{Status: 429, RetryAfter: "1"}, "http_429"},
		"html":     {feeds.Fault{Status: 200, Body: "<html>busy</html>"}, ingest.ReasonBadBody},
		"no hits":  {feeds.Fault{Status: 200, Body: `{"message":"x"}`}, ingest.ReasonBadBody},
		"cut":      {feeds.Fault{CutAfter: 100}, "truncated"},
		"reset":    {feeds.Fault{Reset: true}, "reset"},
		"redirect": {feeds.Fault{Redirect: "http://192.168.0.1/"}, "blocked_address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, url := server(t)
			h.Put(story(1, "Acme", time.Hour))
			h.Next(tc.fault)
			r := run(t, url)
			r.WaitError("hn", tc.want)
			require.Len(t, r.Wait(1), 1)
		})
	}
}

func FuzzHit(f *testing.F) {
	for _, s := range []string{
		`{"objectID":"4242","created_at_i":1795428000,"author":"jo","comment_text":"Acme&#x27;s","story_id":4200,"parent_id":"4201","points":null}`,
		`{"objectID":"-1"}`, `{"objectID":"9999999999999999999999"}`, `null`, `{"objectID":"7","title":"x","created_at_i":-99999999999}`, `{"story_id":1e400}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var h hit
		if json.Unmarshal(b, &h) != nil {
			return
		}
		m, ok := h.mention()
		if !ok {
			return
		}
		m, _ = mention.Clean(m)
		if m.ID == "" || m.Conversation() == "" {
			t.Fatalf("%q became %+v", b, m)
		}
	})
}
