package web_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

// running serves until the test ends.
func running(t *testing.T, s *web.Server) (stop func()) {
	t.Helper()
	require.NoError(t, s.Listen(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
			done <- nil
		case <-time.After(20 * time.Second):
			require.Fail(t, "the server did not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

// wire is a client without kept connections.
func wire(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func fetch(t *testing.T, c *http.Client, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := c.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestEventsTellOfChanges(t *testing.T) {
	b := webtest.Filled(t, time.Now())
	s := testServer(t, b, nil)
	stop := running(t, s)
	resp := fetch(t, wire(t), s.URL()+"/events")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "retry: 3000", lines.Text())

	_, err := b.Act(t.Context(), record.Action{Case: caseOne, Verb: record.VerbClaim, Actor: "dana", Via: "slack"})
	require.NoError(t, err)
	require.Equal(t, "event: changed", nextLine(lines))
	require.Equal(t, "data: {}", nextLine(lines))

	stop() // a stream does not hold up the end
	for lines.Scan() {
	}
}

func nextLine(lines *bufio.Scanner) string {
	for lines.Scan() {
		if lines.Text() != "" {
			return lines.Text()
		}
	}
	return "the stream ended"
}

func TestEventsTellWhatWasMissed(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), nil)
	running(t, s)
	_, page := call(s, http.MethodGet, "/", "")
	_, rest, _ := strings.Cut(page, `data-events="`)
	events, _, _ := strings.Cut(rest, `"`)
	require.True(t, strings.HasPrefix(events, "/events?mark="))

	resp := fetch(t, wire(t), s.URL()+"/events?mark=1")
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "event: changed", nextLine(lines))
}

func TestEventsAreBounded(t *testing.T) {
	s := testServer(t, webtest.Open(t), nil)
	running(t, s)
	c := wire(t)
	for range web.MaxStreams {
		require.Equal(t, http.StatusOK, fetch(t, c, s.URL()+"/events").StatusCode)
	}
	resp := fetch(t, c, s.URL()+"/events")
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, fetch(t, c, s.URL()+"/").StatusCode, "pages go on")
}

func TestMetricsListenServesNothingElse(t *testing.T) {
	s := testServer(t, webtest.Filled(t, time.Now()), func(o *web.Options) {
		withLogin(o)
		o.Config.MetricsListen = "127.0.0.1:0"
	})
	running(t, s)
	c := wire(t)
	for path, want := range map[string]int{
		"/metrics": 200, "/-/healthy": 200, "/-/ready": 200,
		"/": 404, "/-/reload": 404, "/api/v1/cases": 404, "/login": 404, "/static/app.css": 404,
	} {
		resp := fetch(t, c, "http://"+s.MetricsAddr()+path)
		require.Equal(t, want, resp.StatusCode, path)
		requireHeaders(t, resp)
	}
	require.Equal(t, http.StatusUnauthorized, fetch(t, c, s.URL()+"/metrics").StatusCode)
}

func TestListenSaysWhatIsTaken(t *testing.T) {
	first := testServer(t, webtest.Open(t), nil)
	running(t, first)
	second := testServer(t, webtest.Open(t), func(o *web.Options) { o.Config.Listen = first.Addr() })
	require.ErrorContains(t, second.Run(t.Context()), "listening on server.listen: listen tcp "+first.Addr())
	third := testServer(t, webtest.Open(t), func(o *web.Options) { o.Config.MetricsListen = first.Addr() })
	require.ErrorContains(t, third.Run(t.Context()), "listening on server.metrics_listen")
}

func TestNewRefuses(t *testing.T) {
	_, err := web.New(web.Options{})
	require.ErrorContains(t, err, "Ready, Metrics and Log are needed")
	bad := func(cfg web.Config) error {
		opt := web.Options{Config: cfg, Ready: func(context.Context) error { return nil }, Metrics: answering(200, "")}
		opt.Log = nop()
		_, err := web.New(opt)
		return err
	}
	require.ErrorContains(t, bad(web.Config{Listen: "0.0.0.0:1"}), "nothing asks for a login")
	require.ErrorContains(t, bad(web.Config{Listen: "127.0.0.1:0", Auth: web.Auth{TokensFile: "/nowhere/tokens"}}), "server.auth: reading tokens_file")
	require.ErrorContains(t, bad(web.Config{Listen: "127.0.0.1:0", Auth: web.Auth{Tokens: "dana:short"}}), "shorter than 16 characters")
}
