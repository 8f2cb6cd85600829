package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// sample is the value of one line of /metrics, and whether it is there.
func sample(body, line string) (string, bool) {
	for l := range strings.SplitSeq(body, "\n") {
		if v, ok := strings.CutPrefix(l, line+" "); ok {
			return v, true
		}
	}
	return "", false
}

// metric waits until a metric has a value.
func (a *arena) metric(ctx context.Context, line, want string) {
	a.t.Helper()
	var got string
	a.until(fmt.Sprintf("%s is %s", line, want), func() bool {
		_, body := a.page(ctx, "/metrics")
		got, _ = sample(body, line)
		return got == want
	})
}

// opsSays counts the notes for ops_receiver that hold all the words.
func (a *arena) opsSays(words ...string) int {
	n := 0
	for _, m := range a.slack.Messages("C0OPS") {
		all := true
		for _, w := range words {
			all = all && strings.Contains(m.Text+string(m.Blocks), w)
		}
		if all {
			n++
		}
	}
	return n
}

// TestBlind lets sources fall silent and come back: the metric says so within
// three polls and ten seconds, and ops_receiver hears of each once.
func TestBlind(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.slack.SetChannel(slack.Channel{ID: "C0OPS"})
	a.write("ops_receiver: ops\n" + a.sourcesYAML() + `brands:
  - {name: acme, query: "acme"}
route: {receiver: support}
receivers:
` + a.slackYAML("support", slack.DefaultChannel, signed) + a.slackYAML("ops", "C0OPS", ""))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	a.metric(ctx, `leakytap_source_blind{source="forum"}`, "0")
	begun := time.Now()
	a.forum.Always(&feeds.Fault{Hang: true})
	a.metric(ctx, `leakytap_source_blind{source="forum"}`, "1")
	require.Greater(t, time.Since(begun), 8*time.Second, "it is blind after ten seconds, not before")
	require.Equal(t, http.StatusOK, get(ctx, a.url(ctx)+"/-/ready"), "a source is no reason not to be ready")
	a.until("ops hears of it", func() bool { return a.opsSays("forum", "hears nothing") == 1 })
	// A complaint that was posted while it was blind is told once it answers.
	a.forum.Put(feeds.Item{GUID: "g1", Link: "https://forum.example.test/t/blind", Title: "acme", HTML: "acme charged me twice for a heater and refuses the refund. i am furious", Author: "ann", Published: time.Now()})
	a.forum.Always(nil)
	a.metric(ctx, `leakytap_source_blind{source="forum"}`, "0")
	a.until("ops hears that it is back", func() bool { return a.opsSays("forum", "hears again") == 1 })
	a.card("https://forum.example.test/t/blind")
	// A stream on which nothing comes is blind too, and one frame ends it.
	a.metric(ctx, `leakytap_source_blind{source="sky"}`, "1")
	a.sky.Publish(feeds.Post{DID: "did:plc:zoe", RKey: "3z", Text: "good morning"})
	a.metric(ctx, `leakytap_source_blind{source="sky"}`, "0")
	a.until("ops hears of the stream", func() bool { return a.opsSays("sky", "hears nothing") == 1 && a.opsSays("sky", "hears again") == 1 })
	require.Equal(t, 1, a.opsSays("forum", "hears nothing"))
	require.Equal(t, 1, a.opsSays("forum", "hears again"))
}

// TestPrivateAddresses has sources on loopback: only one that may be there is read,
// and none is led elsewhere.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	var reached atomic.Int64
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.2:0")
	require.NoError(t, err)
	inner := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		_, _ = w.Write([]byte("<rss/>"))
	})}
	go func() { _ = inner.Serve(l) }()
	t.Cleanup(func() { _ = inner.Close() })
	led := feeds.NewFeed("led")
	led.Always(&feeds.Fault{Redirect: "http://" + l.Addr().String() + "/rss.xml"})
	ledAt, err := feeds.Serve(led, "")
	require.NoError(t, err)
	t.Cleanup(ledAt.Close)
	a.write(fmt.Sprintf(`sources:
  - {name: shut, type: rss, url: "http://%[1]s/rss.xml", poll: 1s}
  - {name: sky, type: bluesky, url: "ws://%[1]s"}
  - {name: news, type: hackernews, url: "http://%[1]s", poll: 1s}
  - {name: led, type: rss, url: %[2]q, poll: 1s, allow_private: true}
  - {name: forum, type: rss, url: %[3]q, poll: 1s, allow_private: true}
brands:
  - {name: acme, query: "acme"}
route: {receiver: support}
receivers:
`, l.Addr(), ledAt.URL+"/rss.xml", a.forumURL+"/rss.xml") + a.slackYAML("support", slack.DefaultChannel, signed))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	for _, name := range []string{"shut", "sky", "news", "led"} {
		a.until(name+" is blocked", func() bool {
			_, body := a.page(ctx, "/metrics")
			v, _ := sample(body, `leakytap_source_errors_total{reason="blocked_address",source="`+name+`"}`)
			return v != "" && v != "0"
		})
	}
	a.forum.Put(feeds.Item{GUID: "g1", Link: "https://forum.example.test/t/open", Title: "acme", HTML: "acme charged me twice for a heater and refuses the refund. i am furious", Author: "ann", Published: time.Now()})
	a.card("https://forum.example.test/t/open")
	require.Zero(t, reached.Load(), "nobody was let in")
}

// TestMaxAge lets a feed begin with old complaints: one digest names them all and
// no card is made of them.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	var old []string
	for i := range 12 {
		url := fmt.Sprintf("https://forum.example.test/t/old%02d", i)
		old = append(old, url)
		a.forum.Put(feeds.Item{
			GUID: url, Link: url, Title: "topic", Author: fmt.Sprintf("person%d", i), Published: time.Now().Add(-time.Duration(48+i) * time.Hour),
			HTML: fmt.Sprintf("acme charged me twice for %s and refuses the refund. i am furious, case %d", []string{"a heater", "the sofa", "my ticket"}[i%3], 1000+i*77),
		})
	}
	fresh := "https://forum.example.test/t/fresh"
	a.forum.Put(feeds.Item{GUID: fresh, Link: fresh, Title: "topic", Author: "nora", Published: time.Now(), HTML: "day 9 without my router. acme ignores every email. i want my money back"})
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	a.card(fresh)
	for _, url := range old {
		a.card(url)
	}
	require.Len(t, a.slack.Roots(slack.DefaultChannel), 2, "a card and a digest")
}
