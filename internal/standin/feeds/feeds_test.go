package feeds

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s, err := Serve(h, "")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s.URL
}

func get(t *testing.T, url string, headers ...string) (status int, header http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, body
}

func TestFeedIsConditional(t *testing.T) {
	f := NewFeed("Forum & friends")
	f.Put(Item{GUID: "1", Title: "<b>x</b>", HTML: "<p>one & two</p>", Author: "jo", Published: time.Now()})
	url := serve(t, f)
	for _, path := range []string{"/feed", "/atom.xml", "/feed.json"} {
		status, h, body := get(t, url+path)
		require.Equal(t, http.StatusOK, status)
		require.NotEmpty(t, h.Get("Last-Modified"))
		require.Contains(t, string(body), "one ")
		status, _, body = get(t, url+path, "If-None-Match", h.Get("ETag"))
		require.Equal(t, http.StatusNotModified, status)
		require.Empty(t, body)
		f.Put(Item{GUID: "2" + path, HTML: "new"})
		status, _, _ = get(t, url+path, "If-None-Match", h.Get("ETag"))
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 3, f.NotModified())
	f.SetGone(true)
	status, _, _ := get(t, url)
	require.Equal(t, http.StatusGone, status)
}

func TestFaultsFireOnce(t *testing.T) {
	f := NewFeed("Forum")
	url := serve(t, f)
	f.Next(Fault{Status: 429, RetryAfter: "7"})
	status, h, _ := get(t, url)
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, "7", h.Get("Retry-After"))
	status, _, _ = get(t, url)
	require.Equal(t, http.StatusOK, status)
	f.Always(&Fault{Drip: time.Microsecond})
	_, _, slow := get(t, url)
	f.Always(nil)
	_, _, fast := get(t, url)
	require.Equal(t, fast, slow)
	require.Equal(t, 2, f.Fired())
	require.Equal(t, 4, f.Asked())
}

func frames(t *testing.T, url string, n int) (out []map[string]any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, url, nil)
	require.NoError(t, err)
	if resp != nil && resp.Body != nil {
		defer func() { _ = resp.Body.Close() }()
	}
	defer func() { _ = conn.CloseNow() }()
	for range n {
		typ, b, err := conn.Read(ctx)
		require.NoError(t, err)
		if typ == websocket.MessageBinary {
			b = unzstd(t, b)
		}
		var m map[string]any
		require.NoError(t, json.Unmarshal(b, &m))
		out = append(out, m)
	}
	return out
}

func unzstd(t *testing.T, b []byte) []byte {
	t.Helper()
	j := NewJetstream()
	dict, err := j.Dictionary() // the same for all
	require.NoError(t, err)
	var h zstd.Header
	require.NoError(t, h.Decode(b))
	require.Equal(t, uint32(DictionaryID), h.DictionaryID)
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDicts(dict))
	require.NoError(t, err)
	defer dec.Close()
	out, err := dec.DecodeAll(b, nil)
	require.NoError(t, err)
	return out
}

func TestJetstreamReplays(t *testing.T) {
	j := NewJetstream()
	url := serve(t, j) + "/subscribe?wantedCollections=app.bsky.feed.post&cursor="
	j.Publish(Post{DID: "did:plc:a", RKey: "1", Text: "first"})
	j.Like("did:plc:a", "2")
	j.Account("did:plc:b", false, "deleted")
	j.Delete("did:plc:a", "1")
	start := strconv.FormatInt(time.Now().Add(-time.Hour).UnixMicro(), 10)
	for _, more := range []string{"", "&compress=true"} {
		got := frames(t, url+start+more, 3)
		require.Equal(t, []any{"commit", "account", "commit"}, []any{got[0]["kind"], got[1]["kind"], got[2]["kind"]})
		last := int64(0)
		for _, f := range got {
			us, ok := f["time_us"].(float64)
			require.True(t, ok)
			require.Greater(t, int64(us), last)
			last = int64(us)
		}
	}
	// A cursor that is too old is moved up without a word.
	j.SetLookback(0)
	j.mu.Lock()
	at := j.lastUS + 1
	j.mu.Unlock()
	for time.Now().UnixMicro() <= at {
		<-time.After(time.Millisecond)
	}
	require.Eventually(t, func() bool { return j.Conns() == 0 }, 20*time.Second, time.Millisecond)
	go func() {
		for j.Conns() == 0 {
			<-time.After(time.Millisecond)
		}
		j.Publish(Post{DID: "did:plc:a", RKey: "9", Text: "live"})
	}()
	commit, ok := frames(t, url+start, 1)[0]["commit"].(map[string]any)
	require.True(t, ok)
	require.Equal(t, "9", commit["rkey"])
}

func TestJetstreamRefuses(t *testing.T) {
	j := NewJetstream()
	url := serve(t, j)
	status, _, _ := get(t, url+"/subscribe?cursor=x")
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = get(t, url+"/xrpc/app.bsky.actor.getProfiles")
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = get(t, url+"/xrpc/network.bsky.jetstream.getZstdDictionary?id=7")
	require.Equal(t, http.StatusNotFound, status)
	j.SetProfile(Profile{DID: "did:plc:a", Handle: "a.example.test"})
	_, _, body := get(t, url+"/xrpc/app.bsky.actor.getProfiles?actors=did:plc:a&actors=did:plc:b")
	require.JSONEq(t, `{"profiles":[{"did":"did:plc:a","handle":"a.example.test","followersCount":0}]}`, string(body))
}

func TestHackerNewsIsCapped(t *testing.T) {
	h := NewHackerNews()
	url := serve(t, h) + "/api/v1/search_by_date?tags=(story,comment)&hitsPerPage=1000&numericFilters="
	now := time.Now()
	var items []HNItem
	for i := range 1200 {
		items = append(items, HNItem{ID: int64(i + 1), Author: "jo", Title: "t", Created: now.Add(-time.Duration(i) * time.Second)})
	}
	h.Put(items...)
	ask := func(filter string) (n, all int) {
		status, _, body := get(t, url+filter)
		require.Equal(t, http.StatusOK, status)
		var a struct {
			Hits   []json.RawMessage `json:"hits"`
			NbHits int               `json:"nbHits"`
		}
		require.NoError(t, json.Unmarshal(body, &a))
		return len(a.Hits), a.NbHits
	}
	n, all := ask("created_at_i>0")
	require.Equal(t, []int{1000, 1200}, []int{n, all})
	n, all = ask("created_at_i>0&page=1")
	require.Equal(t, []int{0, 1200}, []int{n, all})
	n, _ = ask("created_at_i>=" + strconv.FormatInt(now.Unix()-9, 10) + ",created_at_i<" + strconv.FormatInt(now.Unix(), 10))
	require.Equal(t, 9, n)
	status, _, _ := get(t, url+"points>1")
	require.Equal(t, http.StatusBadRequest, status)
}
