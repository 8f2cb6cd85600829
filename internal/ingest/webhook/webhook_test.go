package webhook_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/ingest/webhook"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	doc    = "application/json"
	ndjson = "application/x-ndjson"
	// largest is the largest body.
	largest = 16 << 20
)

// reply is an answer as a sender reads it.
type reply struct {
	Status int         `json:"-"`
	Header http.Header `json:"-"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	// Accepted and Rejected are -1 where the answer has none.
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	Rows     []struct {
		Line  int    `json:"line"`
		Error string `json:"error"`
	} `json:"rows"`
}

// serve hands h a request, from any goroutine.
func serve(h http.Handler, method string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/api/v1/ingest/hook", body)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func do(tb testing.TB, h http.Handler, method string, body io.Reader, headers ...string) reply {
	tb.Helper()
	w := serve(h, method, body, headers...)
	out := reply{Status: w.Code, Header: w.Header(), Accepted: -1, Rejected: -1}
	require.NoError(tb, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	require.Equal(tb, "application/json", w.Header().Get("Content-Type"))
	require.Equal(tb, out.Status != http.StatusAccepted, out.Error != nil)
	require.Equal(tb, out.Status == http.StatusServiceUnavailable, w.Header().Get("Retry-After") != "")
	return out
}

func post(tb testing.TB, h http.Handler, body string, headers ...string) reply {
	tb.Helper()
	return do(tb, h, http.MethodPost, strings.NewReader(body), headers...)
}

func start(tb testing.TB, cfg ingest.Config, open bool) (*ingesttest.Rig, *webhook.Source) {
	tb.Helper()
	cfg.Name, cfg.Type = "hook", ingest.TypeWebhook
	src, err := webhook.New(cfg, open)
	require.NoError(tb, err)
	rig := ingesttest.New(tb, ingesttest.Brands{"acme": "acme"})
	run(rig, src)
	return rig, src
}

func run(rig *ingesttest.Rig, src *webhook.Source) {
	rig.Start(ingest.Spec{Name: "hook", Type: ingest.TypeWebhook, Source: src})
	rig.Until("the source runs", src.Running)
}

func TestForms(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	for _, tc := range []struct {
		name, contentType, body    string
		status, accepted, rejected int
		rows                       string
	}{
		{"one", doc, `{"id":"tp-991","url":"https://a.example/1","text":"acme, never again","author":{"name":"Jo"},"created_at":"2026-01-23T10:00:00Z","rating":1}`, 202, 1, 0, ""},
		{"with a charset", doc + "; charset=utf-8", `{"id":"x:2","text":"acme"}`, 202, 1, 0, ""},
		{"array", doc, ` [{"id":"x:3","text":"acme"}, {"id":"x:4","text":"acme"}] `, 202, 2, 0, ""},
		{"ndjson", ndjson, "{\"id\":\"x:5\",\"text\":\"acme\"}\r\n\n{\"id\":\"x:6\",\"text\":\"acme\"}", 202, 2, 0, ""},
		{"one line as ndjson", ndjson, `{"id":"x:7","text":"acme"}` + "\n", 202, 1, 0, ""},
		{"an array as ndjson", ndjson, "[{\"id\":\"x:8\",\"text\":\"acme\"},\n{\"id\":\"x:9\",\"text\":\"acme\"}]", 202, 2, 0, ""},
		{"lines as json", doc, "{\"id\":\"x:10\",\"text\":\"acme\"}\n{\"id\":\"x:11\",\"text\":\"acme\"}\n", 202, 2, 0, ""},
		{"spread over lines", doc, "{\n\"id\":\"x:12\",\n\"text\":\"acme\"\n}", 202, 1, 0, ""},
		{"as a form", "application/x-www-form-urlencoded", `{"id":"x:13","text":"acme"}`, 202, 1, 0, ""},
		{"without a type", "", `{"id":"x:14","text":"acme"}`, 202, 1, 0, ""},
		{"lines without a type", "", "{\"id\":\"x:15\",\"text\":\"acme\"}\n{\"id\":\"x:16\",\"text\":\"acme\"}", 202, 2, 0, ""},
		{"another json", "application/cloudevents+json", `{"id":"x:17","text":"acme"}`, 202, 1, 0, ""},
		{"byte order mark", doc, "\xEF\xBB\xBF" + `{"id":"x:18","text":"acme"}`, 202, 1, 0, ""},
		{"broken bytes", doc, "{\"id\":\"x:19\",\"text\":\"acme \xff\\u0000\"}", 202, 1, 0, ""},
		{"without any id", doc, `{"text":"acme","url":"https://a.example/2","author":"Jo"}`, 202, 1, 0, ""},
		{"good and bad lines", ndjson, "{\"id\":\"x:20\",\"text\":\"acme\"}\n{\n{\"text\":7}\n\n{\"id\":\"x\"}\nnull\n{\"id\":\"x:21\",\"text\":\"acme\"}", 202, 2, 4, "2 3 5 6"},
		{"good and bad in an array", doc, `[7,{"id":"x:22","text":"acme"},{"id":"x:23","body":"acme"}]`, 202, 1, 2, "1 3"},
		{"a retraction", doc, `{"id":"x:2","retracted":true}`, 202, 1, 0, ""},
		{"an empty array", doc, `[]`, 202, 0, 0, ""},
		{"nothing good", doc, `{"id":"x:24"}`, 422, -1, 1, "1"},
		{"nothing good in an array", doc, `[null,[]]`, 422, -1, 2, "1 2"},
		{"null", doc, `null`, 422, -1, 1, "1"},
		{"text as lines", ndjson, "acme is bad\nacme is worse", 422, -1, 2, "1 2"},
		{"nothing", doc, ``, 400, -1, -1, ""},
		{"spaces", ndjson, " \n ", 400, -1, -1, ""},
		{"half an object", doc, "{\"id\":\"x:25\",\n\"text\":", 400, -1, -1, "2"},
		{"half an array", doc, "[{\"id\":\"x:26\",\"text\":\"acme\"},\n{\"id\":\n", 400, -1, -1, "2"},
		{"too deep", doc, strings.Repeat("[", 1<<20), 400, -1, -1, "1"},
		{"a real form", "application/x-www-form-urlencoded", "id=1&text=acme", 415, -1, -1, ""},
		{"text", "text/plain", "acme is bad", 415, -1, -1, ""},
		{"a string as text", "text/plain", `"acme"`, 415, -1, -1, ""},
		{"no type and no json", "", "<post>acme</post>", 415, -1, -1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := post(t, src, tc.body, "Content-Type", tc.contentType)
			require.Equal(t, tc.status, got.Status, "%+v", got)
			require.Equal(t, []int{tc.accepted, tc.rejected}, []int{got.Accepted, got.Rejected})
			var rows []string
			for _, one := range got.Rows {
				rows = append(rows, strconv.Itoa(one.Line))
				require.NotEmpty(t, one.Error)
			}
			require.Equal(t, tc.rows, strings.Join(rows, " "))
		})
	}
	var ids []string
	for _, e := range rig.Log.Matched(t) {
		ids = append(ids, strings.TrimPrefix(e.Mention.ID, "x:"))
	}
	require.Regexp(t, "^hook:sha256-[0-9a-f]+$", ids[19])
	ids[19] = "hash"
	require.Equal(t, "hook:tp-991 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 hash 20 21 22 2", strings.Join(ids, " "))
	require.True(t, rig.Log.Matched(t)[23].Mention.Retracted)
	first := rig.Log.Matched(t)[0].Mention
	require.Equal(t, time.Date(2026, 1, 23, 10, 0, 0, 0, time.UTC), first.CreatedAt)
	require.WithinDuration(t, time.Now(), first.ObservedAt, time.Minute)
	require.Equal(t, []string{"hook", "hook"}, []string{first.Source, first.Platform})
}

func TestIdempotent(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	for _, tc := range []struct {
		body      string
		envelopes int
	}{
		{`{"id":"x:1","text":"acme","observed_at":"2001-01-01T00:00:00Z"}`, 1},
		{`{"id":"x:1","text":"acme"}`, 1},
		{`[{"id":"x:1","text":"acme"},{"id":"x:1","text":"acme"}]`, 1},
		{`{"id":"x:1","text":"acme, edited"}`, 2},
		{`{"id":"x:1","text":"acme, edited again","revision":7}`, 3},
		{`{"id":"x:1","text":"acme, long ago","revision":3}`, 3},
		{`{"text":"acme","url":"https://a.example/1"}`, 4},
		{`{"text":"acme","url":"https://a.example/1","likes":3}`, 4},
		{`{"id":"x:1","retracted":true}`, 5},
		{`{"id":"x:1","text":"acme, edited"}`, 5},
		{`{"id":"x:other","retracted":true}`, 5},
	} {
		require.Equal(t, http.StatusAccepted, post(t, src, tc.body).Status)
		require.Len(t, rig.Log.Matched(t), tc.envelopes, tc.body)
	}
	got := rig.Log.Matched(t)
	require.Equal(t, []int64{0, 1, 7, 0, 8}, []int64{got[0].Mention.Revision, got[1].Mention.Revision, got[2].Mention.Revision, got[3].Mention.Revision, got[4].Mention.Revision})
	require.WithinDuration(t, time.Now(), got[0].Mention.ObservedAt, time.Minute)
	require.True(t, got[4].Mention.Retracted)
}

// A delivery that is played back changes nothing, not even the text back; the same
// webhook-id with another body is another delivery.
func TestPlayedBack(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	first, second := `{"id":"x:1","text":"acme is bad"}`, `[{"id":"x:1","text":"acme is good"},5]`
	require.Equal(t, 1, post(t, src, first, "Webhook-Id", "m1").Accepted)
	require.Equal(t, 1, post(t, src, second, "Webhook-Id", "m2").Accepted)
	for range 3 {
		require.Equal(t, 1, post(t, src, first, "Webhook-Id", "m1").Accepted)
		again := post(t, src, second, "Webhook-Id", "m2")
		require.Equal(t, []int{202, 1, 1, 1}, []int{again.Status, again.Accepted, again.Rejected, len(again.Rows)})
	}
	require.Len(t, rig.Log.Matched(t), 2)
	require.Len(t, rig.Log.Dead(), 1)
	require.Equal(t, 1, post(t, src, `{"id":"x:2","text":"acme"}`, "Webhook-Id", "m1").Accepted)
	require.Len(t, rig.Log.Matched(t), 3)
}

func TestBadRowsArePutAside(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	long := `{"id":"x:2","text":"` + strings.Repeat("a", mention.MaxRecord) + `"}`
	got := post(t, src, `{"id":"x:1","text":"acme"}`+"\n"+long+"\n"+`{"id":"x:3","text":5}`+"\nno", "Content-Type", ndjson)
	require.Equal(t, []int{202, 1, 3}, []int{got.Status, got.Accepted, got.Rejected})
	var dead []string
	for _, d := range rig.Log.Dead() {
		require.Equal(t, []string{ingest.Stage, "hook"}, []string{d.Stage, d.Message.Key})
		require.LessOrEqual(t, len(d.Message.Value), 256<<10)
		dead = append(dead, d.Reason+": "+d.Cause.Error())
	}
	require.Equal(t, []string{
		"too_large: row 2: record is over 1 MiB",
		"bad_record: row 3: reading row: field text cannot be of type number",
		"bad_record: row 4: record is no JSON object",
	}, dead)
	require.Equal(t, "no", string(rig.Log.Dead()[2].Message.Value))

	// What is wrong all over is counted in full, named and put aside in part.
	got = post(t, src, strings.Repeat("no\n", 5000)+`{"id":"x:9","text":"acme"}`, "Content-Type", ndjson)
	require.Equal(t, []int{202, 1, 5000, 100}, []int{got.Status, got.Accepted, got.Rejected, len(got.Rows)})
	require.Len(t, rig.Log.Dead(), 3+1000)
	require.InDelta(t, 5002, rig.Errors("hook", ingest.ReasonBadItem), 0)
}

func TestManyRows(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	var b strings.Builder
	for n := range 1700 {
		fmt.Fprintf(&b, `,{"id":"x:%d","text":"acme"}`, n)
	}
	require.Equal(t, 1700, post(t, src, "["+b.String()[1:]+"]").Accepted)
	for n, e := range rig.Log.Matched(t) {
		require.Equal(t, fmt.Sprintf("x:%d", n), e.Mention.ID)
	}
}

// The same posts from many senders at once are one post each.
func TestManyAtOnce(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for i := range 10 {
				body := fmt.Sprintf(`[{"id":"x:%d","text":"acme"},{"id":"y:%d-%d","text":"acme"}]`, i, n, i)
				if w := serve(src, http.MethodPost, strings.NewReader(body)); w.Code != http.StatusAccepted {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	require.Len(t, rig.Log.Matched(t), 10+80)
}

func TestTheLogIsDown(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	webhook.SetWait(src, 50*time.Millisecond)
	body := `[{"id":"x:1","text":"acme"},{"id":"x:2","text":"other"},7]`
	rig.Log.SetDown(true)
	got := post(t, src, body, "Webhook-Id", "m1")
	require.Equal(t, http.StatusServiceUnavailable, got.Status)
	require.Equal(t, []int{-1, -1}, []int{got.Accepted, got.Rejected})
	require.Positive(t, rig.Errors("hook", ingest.ReasonPublish))
	rig.Log.SetDown(false)
	rig.Store.SetDown(true)
	require.Equal(t, http.StatusServiceUnavailable, post(t, src, body, "Webhook-Id", "m1").Status)
	rig.Store.SetDown(false)
	require.Equal(t, http.StatusAccepted, post(t, src, body, "Webhook-Id", "m1").Status)
	require.Equal(t, "x:1", rig.Log.Matched(t)[0].Mention.ID)
	// Nothing is acknowledged before the log has it, however short the way.
	webhook.SetWait(src, 20*time.Second)
	rig.Log.SetDown(true)
	done := make(chan int, 1)
	go func() { done <- serve(src, http.MethodPost, strings.NewReader(`{"id":"x:3","text":"acme"}`)).Code }()
	before := rig.Errors("hook", ingest.ReasonPublish)
	rig.Until("an attempt", func() bool { return rig.Errors("hook", ingest.ReasonPublish) > before })
	require.Empty(t, done)
	rig.Log.SetDown(false)
	require.Equal(t, http.StatusAccepted, <-done)
}

func TestNotRunning(t *testing.T) {
	src, err := webhook.New(ingest.Config{Name: "hook", Type: ingest.TypeWebhook}, true)
	require.NoError(t, err)
	body := `{"id":"x:1","text":"acme"}`
	require.Equal(t, http.StatusServiceUnavailable, post(t, src, body).Status)
	rig := ingesttest.New(t, ingesttest.Brands{"acme": "acme"})
	run(rig, src)
	require.Equal(t, http.StatusAccepted, post(t, src, body).Status)

	// A request on its way is answered before the source ends.
	webhook.SetWait(src, time.Second)
	rig.Log.SetDown(true)
	done := make(chan int, 1)
	go func() { done <- serve(src, http.MethodPost, strings.NewReader(`{"id":"x:2","text":"acme"}`)).Code }()
	rig.WaitError("hook", ingest.ReasonPublish)
	rig.Stop()
	select {
	case got := <-done:
		require.Equal(t, http.StatusServiceUnavailable, got)
	case <-time.After(10 * time.Second):
		t.Fatal("the source ended with a request on its way")
	}
	require.Equal(t, http.StatusServiceUnavailable, post(t, src, body).Status)

	// The next process over the same store knows what the first one took.
	rig.Log.SetDown(false)
	run(rig, src)
	for _, id := range []string{"x:1", "x:2"} {
		require.Equal(t, 1, post(t, src, `{"id":"`+id+`","text":"acme"}`).Accepted)
	}
	require.Len(t, rig.Log.Matched(t), 2)
}

func TestOverHTTP(t *testing.T) {
	rig, src := start(t, ingest.Config{Token: "hush"}, false)
	srv := httptest.NewServer(src)
	t.Cleanup(srv.Close)
	client := srv.Client()
	for n := range 3 {
		// The connection is used again after the read deadline of the one before.
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, io.MultiReader(strings.NewReader(fmt.Sprintf(`{"id":"x:%d",`, n)), strings.NewReader(`"text":"acme"}`)))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer hush")
		resp, err := client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusAccepted, resp.StatusCode)
	}
	require.Len(t, rig.Log.Matched(t), 3)
	client.CloseIdleConnections()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	zw, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	_, err = io.WriteString(zw, text)
	require.NoError(t, err)
	require.NoError(t, zw.Close())
	return b.String()
}

func TestBodies(t *testing.T) {
	rig, src := start(t, ingest.Config{}, true)
	one := `{"id":"x:1","text":"acme"}`
	blank := strings.Repeat(" ", largest)
	for _, tc := range []struct {
		name   string
		body   io.Reader
		coding string
		status int
	}{
		{"as it is", strings.NewReader(one), "identity", 202},
		{"gzip", strings.NewReader(zipped(t, one)), "gzip", 202},
		{"gzip in large letters", strings.NewReader(zipped(t, one)), "GZIP", 202},
		{"the largest", strings.NewReader(blank[len(one):] + one), "", 202},
		{"the largest, of unknown length", io.MultiReader(strings.NewReader(blank[len(one):]), strings.NewReader(one)), "", 202},
		{"the largest in gzip", strings.NewReader(zipped(t, blank[len(one):]+one)), "gzip", 202},
		{"one byte more", strings.NewReader(blank[len(one)-1:] + one), "", 413},
		{"one byte more, of unknown length", io.MultiReader(strings.NewReader(blank[len(one)-1:]), strings.NewReader(one)), "", 413},
		{"one byte more in gzip", strings.NewReader(zipped(t, blank[len(one)-1:]+one)), "gzip", 413},
		{"a bomb", strings.NewReader(zipped(t, blank+blank)), "gzip", 413},
		{"gzip that is none", strings.NewReader(one), "gzip", 400},
		{"gzip cut short", strings.NewReader(zipped(t, one)[:30]), "gzip", 400},
		{"another coding", strings.NewReader(one), "br", 415},
		{"two codings", strings.NewReader(one), "gzip, gzip", 415},
		{"a sender that goes away", io.MultiReader(strings.NewReader(one), broken{}), "", 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := do(t, src, http.MethodPost, tc.body, "Content-Encoding", tc.coding)
			require.Equal(t, tc.status, got.Status, "%+v", got.Error)
			require.True(t, webhook.Hold(src, webhook.Budget), "bytes were not given back")
			webhook.Give(src, webhook.Budget)
		})
	}
	require.Len(t, rig.Log.Matched(t), 1)
	require.Empty(t, rig.Log.Dead())
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		got := do(t, src, method, strings.NewReader(one))
		require.Equal(t, http.StatusMethodNotAllowed, got.Status)
		require.Equal(t, "POST", got.Header.Get("Allow"))
	}
}

// broken is a connection that breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBusy(t *testing.T) {
	_, src := start(t, ingest.Config{}, true)
	webhook.SetWait(src, 50*time.Millisecond)
	require.True(t, webhook.Hold(src, webhook.Budget-10))
	require.Equal(t, http.StatusServiceUnavailable, post(t, src, `{"id":"x:1","text":"acme"}`).Status)
	webhook.Give(src, webhook.Budget-10)
	require.Equal(t, http.StatusAccepted, post(t, src, `{"id":"x:1","text":"acme"}`).Status)
}

// FuzzBody sends any body: there is an answer, it never says that we are at fault,
// and every row is counted once.
func FuzzBody(f *testing.F) {
	_, src := start(f, ingest.Config{}, true)
	for n, s := range []string{`{"id":"x:1","text":"acme"}`, "[{},null]", "{}\n{}", "\xef\xbb\xbf{}", "[", `{"id":7,"text":"acme"}` + "\nno\n\n[]", "", "id=1", "\x1f\x8b\x08"} {
		f.Add([]byte(s), uint8(n), n == 8)
	}
	types := []string{doc, ndjson, "", "text/plain"}
	f.Fuzz(func(t *testing.T, body []byte, typ uint8, zip bool) {
		headers := []string{"Content-Type", types[int(typ)%len(types)]}
		if zip {
			headers = append(headers, "Content-Encoding", "gzip")
		}
		got := post(t, src, string(body), headers...)
		switch got.Status {
		case http.StatusAccepted, http.StatusUnprocessableEntity:
		case http.StatusBadRequest, http.StatusUnsupportedMediaType:
			return
		default:
			t.Fatalf("%d %+v", got.Status, got.Error)
		}
		var list []json.RawMessage
		text := bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
		if !zip && json.Unmarshal(text, &list) == nil && list != nil {
			require.Equal(t, len(list), max(got.Accepted, 0)+max(got.Rejected, 0))
		}
	})
}

func BenchmarkPost(b *testing.B) {
	_, src := start(b, ingest.Config{}, true)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var body strings.Builder
		for range 500 {
			n++
			fmt.Fprintf(&body, "{\"id\":\"x:%d\",\"text\":\"three hours on hold\"}\n", n)
		}
		if got := post(b, src, body.String(), "Content-Type", ndjson); got.Accepted != 500 {
			b.Fatalf("%+v", got)
		}
	}
}
