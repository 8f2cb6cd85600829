package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// plainSlack says no more than it must: {ok, channel, ts}, and messages with their
// metadata. Every fifth post is stored and answered with 500, every seventh refused.
type plainSlack struct {
	mu    sync.Mutex
	calls int
	list  []map[string]any
}

func (p *plainSlack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arg := map[string]any{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		_ = json.NewDecoder(r.Body).Decode(&arg)
	} else if r.ParseForm() == nil {
		for k := range r.Form {
			arg[k] = r.Form.Get(k)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := map[string]any{"ok": true}
	switch r.URL.Path {
	case "/api/chat.postMessage":
		p.calls++
		if p.calls%7 == 0 {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		ts := fmt.Sprintf("%d.%06d", time.Now().Unix(), len(p.list)+1)
		m := map[string]any{"ts": ts, "text": arg["text"]}
		for _, k := range []string{"metadata", "blocks"} {
			var v any
			if text, ok := arg[k].(string); ok && json.Unmarshal([]byte(text), &v) == nil {
				m[k] = v
			} else if arg[k] != nil {
				m[k] = arg[k]
			}
		}
		p.list = append(p.list, m)
		if p.calls%5 == 0 {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		answer["channel"], answer["ts"] = arg["channel"], ts
	case "/api/conversations.history", "/api/conversations.replies":
		answer["messages"] = p.list
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// naming is how many messages name url, and whether a key came twice.
func (p *plainSlack) naming(url string) (n int, twice bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := map[string]bool{}
	for _, m := range p.list {
		b, err := json.Marshal(m)
		if err == nil && strings.Contains(string(b), url+`"`) {
			n++
		}
		key, err := json.Marshal(m["metadata"])
		twice = twice || err != nil || keys[string(key)]
		keys[string(key)] = true
	}
	return n, twice
}

// plainStream broadcasts to whoever is connected: it knows no cursor, sends no ping
// and ends a connection after every third frame, without a close frame.
type plainStream struct {
	mu    sync.Mutex
	conns map[*websocket.Conn]bool
	sent  int
}

func (p *plainStream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/subscribe" {
		http.NotFound(w, r)
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.conns[c] = true
	p.mu.Unlock()
	_, _, _ = c.Read(r.Context()) // until it ends
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

// say waits for a listener, sends it a post and gives the post's url.
func (p *plainStream) say(ctx context.Context, i int, text string) string {
	frame := fmt.Appendf(nil, `{"did":"did:plc:plain%d","time_us":%d,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"3p%d","record":{"text":%q,"createdAt":%q,"langs":["en"]}}}`,
		i, time.Now().UnixMicro(), i, text, time.Now().UTC().Format(time.RFC3339))
	for ctx.Err() == nil {
		p.mu.Lock()
		for c := range p.conns {
			if c.Write(ctx, websocket.MessageText, frame) == nil {
				p.sent++
				if p.sent%3 == 0 {
					delete(p.conns, c)
					_ = c.CloseNow()
				}
				p.mu.Unlock()
				return fmt.Sprintf("https://bsky.app/profile/did:plc:plain%d/post/3p%d", i, i)
			}
		}
		p.mu.Unlock()
		pause(ctx, 10*time.Millisecond)
	}
	return ""
}

// TestPlainWorld has a Slack and a Jetstream that do the least that can be called so.
func TestPlainWorld(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	chat, stream := &plainSlack{}, &plainStream{conns: map[*websocket.Conn]bool{}}
	chatAt, streamAt := httptest.NewServer(chat), httptest.NewServer(stream)
	t.Cleanup(chatAt.Close)
	t.Cleanup(streamAt.Close)
	a.write(fmt.Sprintf(`sources: [{name: sky, type: bluesky, url: %q, profiles_url: %q, allow_private: true}]
brands: [{name: acme, query: acme}]
route: {receiver: support}
receivers: [{name: support, slack: {api_url: %q, token: xoxb-plain, channel: C1, timeout: 1s, settle: 1s}}]
`, strings.Replace(streamAt.URL, "http", "ws", 1), streamAt.URL, chatAt.URL+"/api/"))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	var urls []string
	for i := range 24 {
		thing := []string{"heater", "sofa", "ticket", "router", "camera", "bicycle", "mattress", "suitcase"}[i%8]
		urls = append(urls, stream.say(ctx, i, fmt.Sprintf("acme charged me twice for a %s, order %d%s, and refuses the refund. i am furious", thing, 1000+i*7919, thing)))
	}
	a.until("every complaint is told", func() bool {
		for _, url := range urls {
			if n, _ := chat.naming(url); n == 0 {
				return false
			}
		}
		return true
	})
	pause(ctx, 3*time.Second)
	for _, url := range urls {
		n, twice := chat.naming(url)
		require.Equal(t, 1, n, url)
		require.False(t, twice, "a key came twice")
	}
}
