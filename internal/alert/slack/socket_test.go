package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

const patience = 10 * time.Second

// socketRig is a rig whose clicks come over sockets.
type socketRig struct {
	*rig
	sockets *Sockets
	logs    *observer.ObservedLogs
	stop    func()

	mu        sync.Mutex
	receivers []*Receiver
}

func (g *socketRig) set(rs ...*Receiver) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.receivers = rs
}

func (g *socketRig) list() []*Receiver {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*Receiver(nil), g.receivers...)
}

// socketed starts Sockets for a receiver with an app token alone.
func socketed(t *testing.T, cfg Config, tweak ...func(*Sockets)) *socketRig {
	t.Helper()
	if cfg.AppToken == "" {
		cfg.AppToken = standin.DefaultAppToken
	}
	g := &socketRig{rig: newRig(t, cfg, record.StateOpen)}
	g.set(g.r)
	g.h.opt.Receivers = g.list
	core, logs := observer.New(zap.DebugLevel)
	g.logs = logs
	f, err := httpx.New(httpx.Config{}, httpx.Options{})
	require.NoError(t, err)
	g.sockets, err = NewSockets(SocketOptions{
		Handler: g.h, Log: zap.New(core), Reg: g.reg,
		Client: func(host string) *http.Client {
			return f.Client(httpx.Policy{AllowHost: host, NoRedirects: true, HidePath: true, Timeout: patience}).HTTP()
		},
	})
	require.NoError(t, err)
	g.sockets.pause = httpx.Backoff{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond}
	for _, tw := range tweak {
		tw(g.sockets)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = g.sockets.Run(ctx)
	}()
	g.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(g.stop)
	return g
}

func (g *socketRig) stands(n int) {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return g.s.Sockets() == n && g.gauge("support") == float64(min(n, 1)) }, patience, 5*time.Millisecond)
}

func (g *socketRig) gauge(name string) float64 {
	return testutil.ToFloat64(g.sockets.connected.WithLabelValues(name))
}

func (g *socketRig) click(c standin.Click) standin.Answer {
	g.t.Helper()
	c.Channel, c.TS = standin.DefaultChannel, g.ts
	if c.User == "" {
		c.User = "U0JO123456"
	}
	a, err := g.s.ClickSocket(c)
	require.NoError(g.t, err)
	return a
}

func TestClicksOverASocket(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	for i, tc := range []struct {
		click standin.Click
		verb  record.Verb
	}{
		{standin.Click{ActionID: actClaim}, record.VerbClaim},
		{standin.Click{ActionID: actResolve}, record.VerbResolve},
		{standin.Click{ActionID: actDismiss}, record.VerbDismiss},
		{standin.Click{ActionID: actMenu, Option: "snooze_1h"}, record.VerbSnooze},
	} {
		a := g.click(tc.click)
		require.Equal(t, http.StatusOK, a.Status)
		acts := g.d.done()
		require.Len(t, acts, i+1, "the click has its effect before it is answered")
		require.Equal(t, tc.verb, acts[i].Verb)
		require.Equal(t, "U0JO123456", acts[i].Actor)
		require.Equal(t, "slack", acts[i].Via)
	}
	g.click(standin.Click{ActionID: actMenu, Option: "why"})
	require.Contains(t, g.ephemeral(), "venting 0.93")
	require.Empty(t, g.sockets.Troubles())
}

func TestADialogOverASocket(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	g.click(standin.Click{ActionID: actMenu, Option: "assign"})
	require.Eventually(t, func() bool { return len(g.s.Views()) == 1 }, patience, 5*time.Millisecond)
	p, err := g.s.Submission(g.s.Views()[0], "U0JO123456", "U0OTHER123")
	require.NoError(t, err)
	_, err = g.s.Deliver("interactive", g.s.EnvelopeID(), 0, p)
	require.NoError(t, err)
	require.Equal(t, "U0OTHER123", g.d.done()[0].To)
}

func TestAnEnvelopeThatComesTwiceActsOnce(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	p, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U0JO123456"})
	require.NoError(t, err)
	id := g.s.EnvelopeID()
	for attempt := range 3 {
		_, err := g.s.Deliver("interactive", id, attempt, p)
		require.NoError(t, err)
	}
	require.Len(t, g.d.done(), 1)
	timeless := json.RawMessage(`{"type":"block_actions","user":{"id":"U0ANN"},"channel":{"id":"C1"},"actions":[{"action_id":"lt_claim","value":"` + g.d.c.ID + `"}]}`)
	g.d.mu.Lock()
	g.d.c.Owner = ""
	g.d.mu.Unlock()
	for _, id := range []string{"one", "one", "two"} {
		_, err := g.s.Deliver("interactive", id, 0, timeless)
		require.NoError(t, err)
	}
	require.Len(t, g.d.done(), 3, "what has no time of its own is told apart by its envelope")
}

func TestWhatIsNoClickIsAnsweredToo(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	for _, frame := range []string{"", "{", "null", "[]", `{"type":"hello"}`, `{"type":"new kind"}`, `{"type":"interactive"}`, strings.Repeat("[", 100_000), "\xff\xfe"} {
		require.NoError(t, g.s.Raw(frame))
	}
	for kind, payload := range map[string]string{
		"slash_commands": `{"command":"/leakytap"}`, "events_api": `{"event":{}}`, "interactive": `{"type":"shortcut","user":{"id":"U1"}}`, "new kind": `{}`,
	} {
		a, err := g.s.Deliver(kind, g.s.EnvelopeID(), 0, json.RawMessage(payload))
		require.NoError(t, err, kind)
		require.Equal(t, http.StatusOK, a.Status)
	}
	a, err := g.s.Deliver("interactive", g.s.EnvelopeID(), 0, json.RawMessage(`"garbled"`))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, "else it would come again for ever")
	require.Empty(t, g.d.done())
	g.click(standin.Click{ActionID: actClaim})
	require.Len(t, g.d.done(), 1)
}

func TestAnAnnouncedEndLosesNoClick(t *testing.T) {
	for _, reason := range []string{"warning", "refresh_requested"} {
		t.Run(reason, func(t *testing.T) {
			g := socketed(t, Config{})
			g.stands(1)
			g.d.slow = 300 * time.Millisecond
			under := make(chan error, 1)
			p, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U0JO123456"})
			require.NoError(t, err)
			go func() {
				_, err := g.s.Deliver("interactive", "under way", 0, p)
				under <- err
			}()
			require.Eventually(t, func() bool { return g.d.begun() > 0 }, patience, time.Millisecond)
			g.s.Announce(reason)
			require.NoError(t, <-under, "what was under way is answered on the old socket")
			require.Eventually(t, func() bool { return g.s.Sockets() == 1 }, patience, 5*time.Millisecond, "the next one stands before the old one ends")
			g.s.EndSockets(false)
			g.click(standin.Click{ActionID: actResolve})
			require.Len(t, g.d.done(), 2)
			g.stands(1)
		})
	}
}

func TestACutSocketIsMadeAnew(t *testing.T) {
	g := socketed(t, Config{})
	for range 3 {
		g.stands(1)
		g.s.EndSockets(true)
		require.Eventually(t, func() bool { return g.s.Sockets() == 0 }, patience, time.Millisecond)
	}
	g.stands(1)
	g.click(standin.Click{ActionID: actClaim})
	require.Len(t, g.d.done(), 1)
}

func TestSocketModeTurnedOff(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	g.s.AllowSockets(false)
	g.s.Announce("link_disabled")
	require.Eventually(t, func() bool { return g.gauge("support") == 0 }, patience, 5*time.Millisecond)
	require.Eventually(t, func() bool { return g.logs.FilterMessageSnippet("does not stand").Len() > 0 }, patience, 5*time.Millisecond)
	require.Empty(t, g.sockets.Troubles(), "a short while is no trouble")
	g.sockets.mu.Lock()
	d := g.sockets.down["support"]
	d.since = d.since.Add(-time.Minute)
	g.sockets.down["support"] = d
	g.sockets.mu.Unlock()
	require.Len(t, g.sockets.Troubles(), 1)
	require.Contains(t, g.sockets.Troubles()[0], "support")
	g.s.AllowSockets(true)
	g.stands(1)
	require.Empty(t, g.sockets.Troubles())
}

func TestAWrongAppTokenIsSaidOnceAndNeverShown(t *testing.T) {
	const token = "xapp-a-wrong-one"
	g := socketed(t, Config{AppToken: token})
	require.Eventually(t, func() bool { return g.s.Calls("apps.connections.open") >= 3 }, patience, 5*time.Millisecond)
	g.stop()
	warned := g.logs.FilterMessageSnippet("does not stand").All()
	require.Len(t, warned, 1)
	require.Contains(t, warned[0].ContextMap()["reason"], "connections:write")
	for _, e := range g.logs.All() {
		raw, err := json.Marshal(e.ContextMap())
		require.NoError(t, err)
		require.NotContains(t, e.Message+string(raw), token)
		require.NotContains(t, string(raw), "ticket")
	}
}

func TestAClickUnderWayIsFinishedAtTheEnd(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	g.d.slow = 300 * time.Millisecond
	p, err := g.s.Payload(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U0JO123456"})
	require.NoError(t, err)
	under := make(chan error, 1)
	go func() {
		_, err := g.s.Deliver("interactive", g.s.EnvelopeID(), 0, p)
		under <- err
	}()
	require.Eventually(t, func() bool { return g.d.begun() > 0 }, patience, time.Millisecond)
	g.stop()
	require.NoError(t, <-under)
	require.Len(t, g.d.done(), 1)
	// The other side hears of the end a moment after this one has hung up.
	require.Eventually(t, func() bool { return g.s.Sockets() == 0 }, patience, time.Millisecond)
}

func TestAnsweredInTimeThoughTheDeskHangs(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	g.d.slow = time.Hour
	a := g.click(standin.Click{ActionID: actClaim})
	require.Less(t, a.Took, 3*time.Second)
	require.Contains(t, g.ephemeral(), "took too long")
}

func TestReceiversThatShareAnApp(t *testing.T) {
	g := socketed(t, Config{AllowedUsers: []string{"U0BOSS1234"}})
	cfg := g.r.cfg
	cfg.Channel, cfg.AllowedUsers = "C0OTHER", nil
	other, err := New("other", cfg, g.r.client)
	require.NoError(t, err)
	g.stands(1)
	opened := g.s.Calls("apps.connections.open")
	g.set(other, g.r)
	g.sockets.Apply()
	require.Eventually(t, func() bool { return g.s.Calls("apps.connections.open") == opened+1 && g.gauge("other") == 1 }, patience, 5*time.Millisecond)
	g.stands(1)
	g.click(standin.Click{ActionID: actClaim})
	require.Empty(t, g.d.done(), "the list of the channel that was clicked in counts")
	g.set()
	g.sockets.Apply()
	require.Eventually(t, func() bool { return g.s.Sockets() == 0 }, patience, 5*time.Millisecond)
	_, err = g.s.ClickSocket(standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actClaim, User: "U1"})
	require.ErrorIs(t, err, standin.ErrNoSocket)
}

// mute says hello and then neither reads nor writes: a connection that is dead
// without anybody having closed it.
func mute(t *testing.T) (*httptest.Server, func() int) {
	t.Helper()
	var mu sync.Mutex
	opened := 0
	done := make(chan struct{})
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/socket" {
			_, _ = w.Write([]byte(`{"ok":true,"url":"` + strings.Replace(srv.URL, "http", "ws", 1) + `/socket"}`))
			return
		}
		mu.Lock()
		opened++
		mu.Unlock()
		c, err := websocket.Accept(w, req, nil)
		if err != nil {
			return
		}
		_ = c.Write(req.Context(), websocket.MessageText, []byte(`{"type":"hello"}`))
		<-done
		_ = c.CloseNow()
	}))
	t.Cleanup(func() { close(done); srv.Close() })
	return srv, func() int {
		mu.Lock()
		defer mu.Unlock()
		return opened
	}
}

func TestADeadSocketIsNoticed(t *testing.T) {
	g := socketed(t, Config{}, func(s *Sockets) { s.pingEvery, s.pongWithin = 20*time.Millisecond, 500*time.Millisecond })
	g.stands(1)
	srv, opened := mute(t)
	cfg := g.r.cfg
	cfg.APIURL = srv.URL + "/api/"
	r, err := New("support", cfg, g.r.client)
	require.NoError(t, err)
	g.set(r)
	g.sockets.Apply()
	require.Eventually(t, func() bool { return opened() >= 2 }, patience, 5*time.Millisecond)
	g.set(g.r)
	g.sockets.Apply()
	g.stands(1)
}

func TestServerPingsAreAnswered(t *testing.T) {
	s := standin.New(standin.Options{PingEvery: 5 * time.Millisecond})
	require.NoError(t, s.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	g := socketed(t, Config{})
	g.stands(1)
	cfg := g.r.cfg
	cfg.APIURL = s.APIURL()
	r, err := New("support", cfg, g.r.client)
	require.NoError(t, err)
	g.set(r)
	g.sockets.Apply()
	require.Eventually(t, func() bool { return s.Pongs() > 20 }, patience, 5*time.Millisecond)
	require.Equal(t, 1, s.Calls("apps.connections.open"), "one socket all the while")
}

func TestOnlyASecureSocket(t *testing.T) {
	for name, to := range map[string]string{
		"not encrypted": "ws://127.0.0.1:1/x", "http": "https://127.0.0.1:1/x", "nothing": "", "no host": "wss:///x", "no address": "wss://%zz",
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				raw, err := json.Marshal(map[string]any{"ok": true, "url": to})
				if err == nil {
					_, _ = w.Write(raw)
				}
			}))
			t.Cleanup(srv.Close)
			r, err := New("support", Config{APIURL: srv.URL + "/api/", Token: "xoxb-1", AppToken: "xapp-1", Channel: "C1"}, srv.Client())
			require.NoError(t, err)
			c := &socket{app: app{apiURL: r.cfg.APIURL, receivers: []*Receiver{r}}}
			_, err = c.open(t.Context())
			require.ErrorIs(t, err, errNoSocketURL)
		})
	}
}
