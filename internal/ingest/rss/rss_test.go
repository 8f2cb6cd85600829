package rss_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/ingest/rss"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/standin/feeds"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s, err := feeds.Serve(h, "")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s.URL
}

func spec(t *testing.T, cfg ingest.Config, poll time.Duration) ingest.Spec {
	t.Helper()
	f, err := httpx.New(httpx.Config{}, httpx.Options{UserAgent: "leakytap/test"})
	require.NoError(t, err)
	src, err := rss.New(cfg, f, rss.NewParser())
	require.NoError(t, err)
	return ingest.Spec{Name: cfg.Name, Type: ingest.TypeRSS, Poll: poll, MaxAge: 24 * time.Hour, Source: src}
}

const fast = 20 * time.Millisecond

func rig(t *testing.T, url string) *ingesttest.Rig {
	t.Helper()
	return rigEvery(t, url, fast)
}

func rigEvery(t *testing.T, url string, poll time.Duration) *ingesttest.Rig {
	t.Helper()
	r := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	r.Start(spec(t, ingest.Config{Name: "forum", Type: "rss", URL: url, AllowPrivate: true}, poll))
	return r
}

func item(guid, text string) feeds.Item {
	return feeds.Item{
		GUID: guid, Link: "https://forum.example.test/t/" + guid, Title: "About <b>it</b>",
		HTML: "<p>" + text + "</p>", Author: "jo", Published: time.Now().Add(-time.Minute),
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/rss.xml", "/atom.xml", "/feed.json"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			feed := feeds.NewFeed("Forum")
			feed.Put(item("1", "acme is late"), item("2", "nothing"))
			r := rig(t, serve(t, feed)+path)
			e := r.Wait(1)[0]
			m := e.Mention
			require.Equal(t, "acme is late", m.Text)
			require.Equal(t, "About it", m.Title)
			require.Equal(t, "https://forum.example.test/t/1", m.URL)
			require.Equal(t, "jo", m.Author.Name)
			require.Equal(t, "127.0.0.1/jo", m.Author.ID)
			require.Equal(t, "rss", m.Platform)
			require.True(t, strings.HasPrefix(m.ID, "rss:127.0.0.1:"), m.ID)
			require.WithinDuration(t, time.Now().Add(-time.Minute), m.CreatedAt, 30*time.Second)
			r.Until("a conditional request", func() bool { return feed.NotModified() > 1 })
			feed.Put(item("3", "acme again"))
			require.Equal(t, "acme again", r.Wait(2)[1].Mention.Text)
			r.Until("three posts are counted", func() bool { return r.Metric("leakytap_mentions_collected_total", "source", "forum") == 3 })
		})
	}
}

func TestEditsAndDoubles(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.SetPlain(true) // neither ETag nor Last-Modified: every poll reads it all
	feed.Put(item("1", "acme is late"))
	r := rig(t, serve(t, feed))
	r.Wait(1)
	feed.Put(item("1", "they fixed it"))
	got := r.Wait(2)
	require.Equal(t, got[0].Mention.ID, got[1].Mention.ID)
	require.Equal(t, int64(1), got[1].Mention.Revision)
	require.Equal(t, "they fixed it", got[1].Mention.Text)

	// Three entries under one guid: one mention with two edits, and then silence.
	feed.Add(item("2", "acme one"), item("2", "acme two"), item("2", "acme three"))
	r.Wait(5)
	asked := feed.Asked()
	r.Until("more polls", func() bool { return feed.Asked() > asked+5 })
	got = r.Log.Matched(t)
	require.Len(t, got, 5)
	require.Equal(t, []string{"acme one", "acme two", "acme three"},
		[]string{got[2].Mention.Text, got[3].Mention.Text, got[4].Mention.Text})
	require.Equal(t, int64(2), got[4].Mention.Revision)

	feed.Remove("1") // what leaves the feed is not deleted
	feed.Put(item("4", "acme four"))
	require.Len(t, r.Wait(6), 6)
}

func TestRestartContinues(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.Put(item("1", "acme one"))
	url := serve(t, feed)
	r := rig(t, url)
	r.Wait(1)
	r.Stop()
	feed.Put(item("2", "acme two"))
	r.Start(spec(t, ingest.Config{Name: "forum", Type: "rss", URL: url, AllowPrivate: true}, fast))
	r.Wait(2)
	asked := feed.Asked()
	r.Until("more polls", func() bool { return feed.Asked() > asked+3 })
	require.Len(t, r.Log.Matched(t), 2)
}

func TestItemsWithoutGUIDAndOddLinks(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.Put(
		feeds.Item{Link: "/t/relative", HTML: "acme relative"},
		feeds.Item{HTML: "acme bare"},
		feeds.Item{GUID: "   ", Link: "javascript:alert(1)", HTML: "acme script"},
		feeds.Item{
			GUID: "tag:google.com,2013:googlealerts/feed:77", Title: "<b>acme</b> fails",
			Link: "https://www.google.com/url?rct=j&sa=t&url=https://news.example.test/acme&ct=ga",
		},
		feeds.Item{GUID: strings.Repeat("g", 1<<17), HTML: "acme long guid"},
	)
	url := serve(t, feed)
	r := rig(t, url+"/feed?token=hush")
	byText := map[string]string{}
	ids := map[string]bool{}
	for _, e := range r.Wait(5) {
		byText[e.Mention.Title+e.Mention.Text] = e.Mention.URL
		ids[e.Mention.ID] = true
		require.NotContains(t, e.Mention.ID, "hush")
		require.NotEmpty(t, e.Mention.URL)
		require.WithinDuration(t, time.Now(), e.Mention.CreatedAt, time.Minute)
	}
	require.Len(t, ids, 5)
	require.Equal(t, url+"/t/relative", byText["acme relative"])
	require.Equal(t, "https://forum.example.test/", byText["acme script"])
	require.Equal(t, "https://news.example.test/acme", byText["acme fails"])
}

func TestReplies(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	answer := item("tag:x,2026:2", "acme thanks")
	answer.ReplyTo = "tag:x,2026:1"
	feed.Put(item("tag:x,2026:1", "acme lost it"), answer)
	got := rig(t, serve(t, feed)+"/atom.xml").Wait(2)
	require.Equal(t, "rss:tag:x,2026:1", got[1].Mention.ParentID)
	require.Equal(t, got[0].Key(), got[1].Key())
}

func TestMaxAge(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	old := item("1", "acme long ago")
	old.Published = time.Now().Add(-48 * time.Hour)
	feed.Put(old, item("2", "acme now"))
	r := rig(t, serve(t, feed))
	late := map[string]bool{}
	for _, e := range r.Wait(2) {
		late[e.Mention.Text] = e.Late
	}
	require.Equal(t, map[string]bool{"acme long ago": true, "acme now": false}, late)
}

// What a feed answers badly is counted under its reason, loses nothing, and the
// feed is read again once it is well.
func TestFaults(t *testing.T) {
	t.Parallel()
	page := "<!DOCTYPE html><html><head><title>Log in</title></head><body>please</body></html>"
	for name, tc := range map[string]struct {
		fault feeds.Fault
		want  ingest.Reason
	}{
		"500":          {feeds.Fault{Status: 500}, "http_5xx"},
		"404":          {feeds.Fault{Status: 404}, "http_4xx"},
		"401":          {feeds.Fault{Status: 401}, "http_4xx"},
		"429":          {feeds.Fault{Status: 429, RetryAfter: "1"}, "http_429"},
		"429 by date":  {feeds.Fault{Status: 429, RetryAfter: "Mon, 23 Nov 2020 10:00:00 GMT"}, "http_429"},
		"login page":   {feeds.Fault{Status: 200, Body: page, ContentType: "text/html"}, "not_a_feed"},
		"plain text":   {feeds.Fault{Status: 200, Body: "be right back"}, "not_a_feed"},
		"empty":        {feeds.Fault{Status: 200}, "not_a_feed"},
		"cut":          {feeds.Fault{CutAfter: 300}, "truncated"},
		"reset":        {feeds.Fault{Reset: true}, "reset"},
		"bomb":         {feeds.Fault{Bomb: 6}, "too_large"},
		"lone 304":     {feeds.Fault{Status: 304}, "bad_body"},
		"redirect":     {feeds.Fault{Redirect: "http://169.254.169.254/latest"}, "blocked_address"},
		"huge header":  {feeds.Fault{Header: http.Header{"X-A": {strings.Repeat("a", 100<<10)}}}, "too_large"},
		"to a file":    {feeds.Fault{Redirect: "file:///etc/passwd"}, "redirect"},
		"other status": {feeds.Fault{Status: 300}, "http_3xx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			feed := feeds.NewFeed("Forum")
			feed.Put(item("1", "acme is late"), item("2", "acme is late too"))
			feed.Next(tc.fault)
			r := rig(t, serve(t, feed))
			r.WaitError("forum", tc.want)
			require.Equal(t, 1, feed.Fired())
			require.Len(t, r.Wait(2), 2)
		})
	}
}

func TestBlockedWithoutLeave(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.Put(item("1", "acme"))
	r := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	r.Start(spec(t, ingest.Config{Name: "forum", Type: "rss", URL: serve(t, feed)}, fast))
	r.WaitError("forum", "blocked_address")
	require.Zero(t, feed.Asked())
}

func TestGoneIsLeftAlone(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.SetGone(true)
	r := rig(t, serve(t, feed))
	r.WaitError("forum", ingest.ReasonGone)
	asked := feed.Asked()
	<-time.After(200 * time.Millisecond)
	require.Equal(t, asked, feed.Asked())
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	feed := feeds.NewFeed("Forum")
	feed.Put(item("1", "acme"))
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pass, _ := r.BasicAuth(); user != "jo" || pass != "hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		feed.ServeHTTP(w, r)
	})
	url := serve(t, guarded)
	for name, cfg := range map[string]ingest.Config{
		"keys":       {URL: url, Username: "jo", Password: setting.Secret("hush")},
		"in the url": {URL: strings.Replace(url, "://", "://jo:hush@", 1)},
	} {
		cfg.Name, cfg.Type, cfg.AllowPrivate = "forum", "rss", true
		r := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
		r.Start(spec(t, cfg, fast))
		require.NotContains(t, r.Wait(1)[0].Mention.ID, "hush", name)
	}
}

// Each file of testdata/hostile is a body as a stranger may serve it; its name
// ends in the reason it is refused under, or in ok_N for N mentions.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	bodies := hostile()
	files, err := filepath.Glob("testdata/hostile/*")
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		bodies[filepath.Base(f)] = string(b)
	}
	require.NotEmpty(t, files)
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, want, _ := strings.Cut(strings.TrimSuffix(name, filepath.Ext(name)), "__")
			feed := feeds.NewFeed("Forum")
			feed.Raw([]byte(body), "application/xml")
			r := rigEvery(t, serve(t, feed), 300*time.Millisecond)
			if n, ok := strings.CutPrefix(want, "ok_"); ok {
				count := len(n) // one 1 for each mention
				got := r.Wait(count)
				asked := feed.Asked()
				r.Until("another poll", func() bool { return feed.Asked() > asked })
				require.Len(t, r.Log.Matched(t), count)
				require.Contains(t, got[0].Mention.Text+got[0].Mention.Title, "acme")
				return
			}
			r.WaitError("forum", ingest.Reason(want))
			require.Empty(t, r.Log.Matched(t))
			feed.Raw(nil, "")
			feed.Put(item("1", "acme is late"))
			r.Wait(1)
		})
	}
}

// hostile are the bodies that are too large to be kept as files.
func hostile() map[string]string {
	return map[string]string{
		"deep__too_deep":                `<rss><channel>` + strings.Repeat("<a:b>", 100_000),
		"attributes__too_many_items":    `<rss><channel` + strings.Repeat(` a="b"`, 200_000) + `></channel></rss>`,
		"elements__too_many_items":      `<rss><channel><item>` + strings.Repeat("<x:y/>", 100_000) + `</item></channel></rss>`,
		"json_deep__too_deep.json":      `{"version":"https://jsonfeed.org/version/1.1","items":` + strings.Repeat("[", 1_000_000),
		"laughs__entity":                `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><rss><channel><item><title>&lol2;</title></item></channel></rss>`,
		"external__entity":              `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>`,
		"many_items__ok_1":              `<rss version="2.0"><channel><item><title>acme first</title></item>` + strings.Repeat("<item/>", 200_000) + `</channel></rss>`,
		"utf16__ok_1":                   utf16le(`<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel><item><title>acme é</title></item></channel></rss>`),
		"windows1252__ok_1":             "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\"><channel><item><title>acme caf\xe9 \x80</title></item></channel></rss>",
		"controls__ok_1":                "<rss version=\"2.0\"><channel><item><title>acme&#0; \x00\x07&#x1F;&#xD800;is late</title></item></channel></rss>",
		"long_title__ok_1":              `<rss version="2.0"><channel><item><title>acme ` + strings.Repeat("x", 1<<20) + `</title></item></channel></rss>`,
		"broken_json__truncated.json":   `{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_text":"acme`,
		"not_a_feed_json__not_a_feed":   `{"error":"log in"}`,
		"items_object__ok_1.json":       `{"version":"https://jsonfeed.org/version/1.1","items":{"id":7,"content_text":"acme <b>"}}`,
		"items_mixed__ok_11.json":       `{"version":"x","items":[null,7,{"id":"1","content_text":"acme"},{"id":{},"title":["x"],"content_text":"acme too","authors":[null]}],"items2":null}`,
		"two_brackets__truncated":       `<rss version="2.0"><channel><item><title>acme</title></item></channel>`,
		"iso2022jp__ok_1":               "<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><rss version=\"2.0\"><channel><item><title>acme \x1b$B;~4V\x1b(B</title></item></channel></rss>",
		"odd_dates__ok_1":               `<rss version="2.0"><channel><item><title>acme</title><pubDate>Mon, 99 Foo 99999 00:00:00 XYZ</pubDate></item></channel></rss>`,
		"far_future__ok_1":              `<rss version="2.0"><channel><item><title>acme</title><pubDate>Mon, 23 Nov 2099 00:00:00 GMT</pubDate></item></channel></rss>`,
		"xml_base_inside__ok_1":         `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://169.254.169.254/"><entry><id>urn:x:1</id><title>acme</title><link href="latest"/></entry></feed>`,
		"doctype_without_entity__ok_1":  `<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://x.example/rss.dtd"><rss version="0.91"><channel><item><title>acme</title></item></channel></rss>`,
		"unknown_entity_in_title__ok_1": `<rss version="2.0"><channel><item><title>acme &nbsp;&hellip; is late</title></item></channel></rss>`,
	}
}

func utf16le(s string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, r := range s {
		b.WriteByte(byte(r))
		b.WriteByte(byte(r >> 8))
	}
	return b.String()
}
