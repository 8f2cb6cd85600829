package bluesky

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const jo = "did:plc:jo"

func server(t *testing.T) (*feeds.Jetstream, string) {
	t.Helper()
	j := feeds.NewJetstream()
	s, err := feeds.Serve(j, "")
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return j, s.URL
}

func source(t *testing.T, cfg ingest.Config) *Source {
	t.Helper()
	f, err := httpx.New(httpx.Config{}, httpx.Options{UserAgent: "leakytap/test"})
	require.NoError(t, err)
	cfg.Name, cfg.Type, cfg.AllowPrivate = "sky", ingest.TypeBluesky, true
	s, err := New(cfg, f)
	require.NoError(t, err)
	return s
}

func spec(src *Source) ingest.Spec {
	return ingest.Spec{Name: "sky", Type: ingest.TypeBluesky, MaxAge: 24 * time.Hour, Source: src}
}

func run(t *testing.T, url string, edit func(*ingest.Config)) (*ingesttest.Rig, *Source) {
	t.Helper()
	cfg := ingest.Config{URL: strings.Replace(url, "http", "ws", 1), ProfilesURL: url}
	if edit != nil {
		edit(&cfg)
	}
	r, src := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), source(t, cfg)
	r.Start(spec(src))
	return r, src
}

func connected(r *ingesttest.Rig, j *feeds.Jetstream, n int) {
	r.Until("a subscriber", func() bool { return j.Conns() == n })
}

func post(rkey, text string) feeds.Post {
	return feeds.Post{DID: jo, RKey: rkey, Text: text, Langs: []string{"en"}}
}

func TestPosts(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	j.SetProfile(feeds.Profile{DID: jo, Handle: "jo.example.test", DisplayName: "Jo", Followers: 1200})
	r, _ := run(t, url, nil)
	connected(r, j, 1)
	j.Publish(post("3a", "acme is late \U0001F62D"))
	j.Like(jo, "3l")
	j.Publish(post("3b", "nothing to see"))
	answer := post("3c", "acme, still waiting")
	answer.Root, answer.Parent = "at://"+jo+"/app.bsky.feed.post/3a", "at://did:plc:acme/app.bsky.feed.post/3z"
	answer.Langs = []string{"en", "de"}
	j.Publish(answer)
	j.Update(post("3a", "they found it"))
	j.Delete(jo, "3c")
	j.Delete(jo, "3b")
	got := r.Wait(4)
	m := got[0].Mention
	require.Equal(t, "bluesky:did:plc:jo/3a", m.ID)
	require.Equal(t, "https://bsky.app/profile/did:plc:jo/post/3a", m.URL)
	require.Equal(t, mention.Author{ID: jo, Handle: "jo.example.test", Name: "Jo", Followers: 1200}, m.Author)
	require.Equal(t, "en", m.Lang)
	require.Equal(t, mention.KindPost, m.Kind)
	require.WithinDuration(t, time.Now(), m.ObservedAt, time.Minute)

	m = got[1].Mention
	require.Equal(t, mention.KindReply, m.Kind)
	require.Equal(t, "bluesky:did:plc:jo/3a", m.RootID)
	require.Equal(t, "bluesky:did:plc:acme/3z", m.ParentID)
	require.Empty(t, m.Lang)
	require.Equal(t, got[0].Key(), got[1].Key())

	require.Equal(t, "they found it", got[2].Mention.Text)
	require.Equal(t, "seen", got[2].Match)
	require.InDelta(t, time.Now().UnixMilli(), got[2].Mention.Revision, 60_000)
	require.True(t, got[3].Mention.Retracted)
	require.Equal(t, "bluesky:did:plc:jo/3c", got[3].Mention.ID)
	r.Until("three posts are counted", func() bool { return r.Metric("leakytap_mentions_collected_total", "source", "sky") == 3 })
}

func TestDeletedAccount(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, _ := run(t, url, nil)
	connected(r, j, 1)
	j.Publish(post("3a", "acme one"))
	j.Publish(feeds.Post{DID: "did:plc:al", RKey: "3a", Text: "acme two"})
	j.Account(jo, false, "deactivated")
	j.Account(jo, true, "")
	j.Identity(jo, "new.example.test")
	j.Account(jo, false, "deleted")
	j.Publish(feeds.Post{DID: "did:plc:al", RKey: "3b", Text: "acme three"})
	got := r.Wait(4)
	require.True(t, got[2].Mention.Retracted)
	require.Equal(t, "bluesky:did:plc:jo/3a", got[2].Mention.ID)
	require.Equal(t, "acme three", got[3].Mention.Text)
}

// A stream that breaks, in whichever way, is continued where it stood.
func TestContinues(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, _ := run(t, url, nil)
	connected(r, j, 1)
	for i, code := range []int{1001, 1008, 0} {
		j.Publish(post("3a"+strconv.Itoa(i), "acme before"))
		r.Wait(2*i + 1)
		j.Kick(code)
		r.Until("the connection ends", func() bool { return len(j.Cursors()) > i })
		j.Publish(post("3b"+strconv.Itoa(i), "acme while away"))
		r.Wait(2*i + 2)
		connected(r, j, 1)
	}
	require.Len(t, r.Log.Matched(t), 6)
	require.GreaterOrEqual(t, r.Errors("sky", ingest.ReasonClosed), 3.0)
	cursors := j.Cursors()
	require.NotEmpty(t, cursors[0])
	require.NotEqual(t, cursors[0], cursors[3])

	r.Stop()
	j.Publish(post("3c", "acme after the restart"))
	r.Start(spec(source(t, ingest.Config{URL: url, ProfilesURL: url})))
	got := r.Wait(7)
	require.Len(t, got, 7)
	require.Equal(t, "acme after the restart", got[6].Mention.Text)
}

func TestRefusedAndSilent(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	j.Next(feeds.Fault{Reset: true}, feeds.Fault{Status: 503}, feeds.Fault{Status: 400, Body: "bad"}, feeds.Fault{Redirect: "http://10.0.0.1/"})
	cfg := ingest.Config{URL: url, ProfilesURL: url}
	r, src := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), source(t, cfg)
	src.idle, src.wait.Max = 300*time.Millisecond, 500*time.Millisecond
	r.Start(spec(src))
	for _, reason := range []ingest.Reason{"http_5xx", "http_4xx", "reset", "blocked_address", ingest.ReasonIdle} {
		r.WaitError("sky", reason)
	}
	j.SetSilent(true)
	j.Publish(post("3a", "acme is held back"))
	before := len(j.Cursors())
	r.Until("the watchdog connects again", func() bool { return len(j.Cursors()) > before+1 })
	require.Empty(t, r.Log.Matched(t))
	j.SetSilent(false)
	j.Publish(post("3b", "acme is heard"))
	r.Wait(1)
}

// What is said after the start and before the first connection stands is heard.
func TestHeardBeforeConnected(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	j.Next(feeds.Fault{Reset: true})
	r, src := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), source(t, ingest.Config{URL: url, ProfilesURL: url})
	src.idle, src.wait = time.Hour, httpx.Backoff{Min: 300 * time.Millisecond, Max: 300 * time.Millisecond}
	r.Start(spec(src))
	r.WaitError("sky", "reset")
	require.Zero(t, j.Conns())
	j.Publish(post("3a", "acme was said early"))
	require.Len(t, r.Wait(1), 1)
}

// A stream on which nobody speaks is opened again at once, each time, and what
// is said meanwhile is heard although no frame ever gave a cursor.
func TestIdle(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, src := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), source(t, ingest.Config{URL: url, ProfilesURL: url})
	src.idle, src.wait = 50*time.Millisecond, httpx.Backoff{Min: time.Hour, Max: time.Hour}
	r.Start(spec(src))
	r.Until("many connections", func() bool { return len(j.Cursors()) >= 10 })
	cursors := j.Cursors()
	require.NotEmpty(t, cursors[0])
	require.Equal(t, cursors[0], cursors[9], "it continues where the first one began")
	j.SetSilent(true)
	j.Publish(post("3a", "acme said while nobody listens"))
	before := len(j.Cursors())
	r.Until("two connections more", func() bool { return len(j.Cursors()) > before+1 })
	j.SetSilent(false)
	require.Len(t, r.Wait(1), 1)
}

func TestZstd(t *testing.T) {
	t.Parallel()
	t.Run("the server hands out its dictionary", func(t *testing.T) {
		j, url := server(t)
		r, src := run(t, url, func(c *ingest.Config) { c.Compress = true })
		connected(r, j, 1)
		j.Publish(post("3a", "acme is late"))
		j.Publish(post("3b", "acme is late again"))
		require.Equal(t, "acme is late again", r.Wait(2)[1].Mention.Text)
		require.False(t, src.dicts.unusable())
		require.InDelta(t, 0, r.Errors("sky", ingest.ReasonCompression), 0)
	})
	t.Run("nobody has it", func(t *testing.T) {
		j, url := server(t)
		j.HideDictionary(true)
		r, src := run(t, url, func(c *ingest.Config) { c.Compress = true })
		connected(r, j, 1)
		j.Publish(post("3a", "acme first"))
		r.WaitError("sky", ingest.ReasonCompression)
		r.Until("a plain connection", func() bool { return len(j.Cursors()) == 2 && j.Conns() == 1 })
		require.True(t, src.dicts.unusable())
		j.Publish(post("3b", "acme plain"))
		got := r.Wait(1)
		require.Equal(t, "acme plain", got[len(got)-1].Mention.Text)
	})
	t.Run("it comes from a file", func(t *testing.T) {
		j, url := server(t)
		j.HideDictionary(true)
		path := t.TempDir() + "/dictionary"
		dict, err := j.Dictionary()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, dict, 0o600))
		r, _ := run(t, url, func(c *ingest.Config) { c.Compress, c.Dictionary = true, path })
		connected(r, j, 1)
		j.Publish(post("3a", "acme is late"))
		r.Wait(1)
	})
}

func TestProfilesThatFail(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]feeds.Fault{
		"hangs": {Hang: true}, "fails": {Status: 500}, "is no json": {Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, _ := server(t)
			who, whoURL := server(t)
			who.Always(&fault)
			jURL, err := feeds.Serve(j, "")
			require.NoError(t, err)
			t.Cleanup(jURL.Close)
			r, _ := run(t, jURL.URL, func(c *ingest.Config) { c.ProfilesURL = whoURL })
			connected(r, j, 1)
			for i := range 5 {
				j.Publish(post("3a"+strconv.Itoa(i), "acme is late"))
			}
			got := r.Wait(5)
			require.Equal(t, jo, got[0].Mention.Author.ID)
			r.WaitError("sky", ingest.ReasonProfiles)
			require.Equal(t, 1, who.Fired(), "a profile server that fails is left alone for a while")
		})
	}
}

func TestProfilesInBatches(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, src := run(t, url, nil)
	connected(r, j, 1)
	for i := range 60 {
		did := "did:plc:a" + strconv.Itoa(i)
		if i != 7 { // one that getProfiles does not know
			j.SetProfile(feeds.Profile{DID: did, Handle: "h" + strconv.Itoa(i) + ".example.test"})
		}
		j.Publish(feeds.Post{DID: did, RKey: "3a", Text: "acme"})
	}
	named := 0
	for _, e := range r.Wait(60) {
		if e.Mention.Author.Handle != "" {
			named++
		}
	}
	require.Equal(t, 59, named)
	asked := j.Asked()
	j.Publish(feeds.Post{DID: "did:plc:a7", RKey: "3b", Text: "acme"})
	j.Publish(feeds.Post{DID: "did:plc:a8", RKey: "3b", Text: "acme"})
	require.Equal(t, "h8.example.test", r.Wait(62)[61].Mention.Author.Handle)
	require.Equal(t, asked, j.Asked())
	j.SetProfile(feeds.Profile{DID: "did:plc:a8", Handle: "renamed.example.test"})
	j.Identity("did:plc:a8", "renamed.example.test")
	j.Publish(feeds.Post{DID: "did:plc:a8", RKey: "3c", Text: "acme"})
	require.Equal(t, "renamed.example.test", r.Wait(63)[62].Mention.Author.Handle)
	require.Len(t, src.profiles.byDID, src.profiles.order.Len())
}

func TestBrokenFrames(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, _ := run(t, url, nil)
	connected(r, j, 1)
	bad := []string{
		"", "null", "[]", "{", `"x"`, `{"kind":"commit"}`, `{"did":7}`,
		`{"did":"did:plc:x","time_us":99999999999999999,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"../../x","record":{"text":"acme"}}}`,
		`{"did":"<script>","time_us":1,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"a","record":{"text":"acme"}}}`,
		`{"did":"did:plc:x","kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"a","record":{"text":["acme"]}}}`,
		`{"did":"did:plc:x","kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"a"}}`,
		`{"did":"did:plc:x","kind":"wonder","commit":null}`,
	}
	for _, b := range bad {
		j.Raw([]byte(b))
	}
	long := post("3long", "acme "+strings.Repeat("\U0001F62D", 200_000))
	j.Publish(long)
	future := post("3future", "acme from the future")
	future.Created = time.Now().Add(10 * 365 * 24 * time.Hour)
	j.Publish(future)
	got := r.Wait(2)
	require.LessOrEqual(t, len(got[0].Mention.Text), mention.MaxText)
	require.WithinDuration(t, time.Now(), got[1].Mention.CreatedAt, 10*time.Minute)
	r.Until("nine bad items", func() bool { return r.Errors("sky", ingest.ReasonBadItem) == 9 && len(r.Log.Dead()) == 9 })
	raw, err := r.Store.LoadCursor(t.Context(), "sky")
	require.NoError(t, err)
	var c cursor
	if raw != nil {
		require.NoError(t, json.Unmarshal(raw, &c))
	}
	require.Less(t, c.TimeUS, time.Now().Add(time.Minute).UnixMicro())
}

func TestLateAfterAGap(t *testing.T) {
	t.Parallel()
	j, url := server(t)
	r, _ := run(t, url, nil)
	connected(r, j, 1)
	old := post("3a", "acme, imported from elsewhere")
	old.Created = time.Now().Add(-1000 * time.Hour)
	j.Publish(old) // live, though its author dates it long ago
	require.False(t, r.Wait(1)[0].Late)
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"wss://jet.example.test":              "wss://jet.example.test/subscribe?",
		"wss://jet.example.test/subscribe":    "wss://jet.example.test/subscribe?",
		"https://jet.example.test/x/":         "wss://jet.example.test/x/subscribe?",
		"http://127.0.0.1:99":                 "ws://127.0.0.1:99/subscribe?",
		"ws://127.0.0.1:99/subscribe?token=a": "ws://127.0.0.1:99/subscribe?",
	} {
		s := source(t, ingest.Config{URL: base, ProfilesURL: "http://127.0.0.1:1"})
		got := s.endpoint("ws", "/subscribe", map[string][]string{"b": {"c"}}).String()
		require.True(t, strings.HasPrefix(got, want), got)
		require.Contains(t, got, "b=c")
		require.Equal(t, strings.Contains(base, "token=a"), strings.Contains(got, "token=a"))
	}
}

func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		`{"did":"did:plc:aaaa","time_us":1795430400123456,"kind":"commit","commit":{"rev":"3m6","operation":"create","collection":"app.bsky.feed.post","rkey":"3m6abc","cid":"bafy","record":{"$type":"app.bsky.feed.post","text":"acme","createdAt":"2026-11-23T10:00:00.000Z","langs":["en"],"reply":{"root":{"uri":"at://did:plc:b/app.bsky.feed.post/3k","cid":"c"},"parent":{"uri":"at://","cid":"c"}}}}}`,
		`{"did":"did:plc:aaaa","time_us":1795430400300000,"kind":"account","account":{"active":false,"did":"did:plc:aaaa","seq":9,"status":"deleted","time":"2026-11-23T10:00:00Z"}}`,
		`{"kind":"commit","commit":{"collection":"app.bsky.feed.post","operation":"delete","rkey":"a"}}`, `{}`, `nul`, "\xff",
	} {
		f.Add([]byte(s))
	}
	now := time.Now()
	f.Fuzz(func(t *testing.T, b []byte) {
		e := parse(b, now)
		if e.timeUS != 0 && (e.timeUS < earliest || e.timeUS > now.Add(2*time.Hour).UnixMicro()) {
			t.Fatalf("%q moves the cursor to %d", b, e.timeUS)
		}
		if e.post.NativeID == "" {
			return
		}
		m, _ := mention.Clean(e.post)
		if m.ID == "" || !strings.HasPrefix(m.URL, "https://bsky.app/profile/did:") || strings.Contains(m.NativeID, "..") && strings.Contains(m.NativeID, "//") {
			t.Fatalf("%q became %+v", b, m)
		}
	})
}

func FuzzZstd(f *testing.F) {
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := httpx.New(httpx.Config{}, httpx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		client := c.Client(httpx.Policy{})
		defer client.Close()
		nowhere, _ := http.NewRequest(http.MethodGet, "http://127.0.0.1:1/", nil)
		d := &dictionaries{client: client, from: nowhere.URL}
		if out, err := d.decode(t.Context(), b); err == nil && len(out) > maxFrame {
			t.Fatalf("%d bytes came of %d", len(out), len(b))
		}
	})
}
