package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/setting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newClient(t *testing.T, cfg Config, p Policy) *Client {
	t.Helper()
	f, err := New(cfg, Options{UserAgent: "test-agent"})
	require.NoError(t, err)
	c := f.Client(p)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func local() Policy { return Policy{AllowHost: "127.0.0.1", Timeout: 10 * time.Second} }

func TestIsPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "2606:4700::1111": true, "2a00:1450:4001::1": true,
		"127.0.0.1": false, "127.255.1.2": false, "0.0.0.0": false, "10.1.2.3": false, "172.16.0.1": false,
		"172.32.0.1": true, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false,
		"100.100.100.200": false, "168.63.129.16": false, "192.0.0.192": false, "198.18.0.1": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b::808:808": true, "64:ff9b:1::1": false,
		"2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "100::1": false, "3fff::1": false,
	} {
		require.Equal(t, want, IsPublic(netip.MustParseAddr(addr)), addr)
	}
	require.False(t, IsPublic(netip.Addr{}))
}

// Every spelling of a private place is refused, whatever the name service of
// the machine makes of it.
func TestPrivateSpellings(t *testing.T) {
	hit := false
	s := serve(t, func(http.ResponseWriter, *http.Request) { hit = true })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	c := newClient(t, Config{}, Policy{Timeout: 5 * time.Second})
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
		"[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "①②⑦.0.0.1", "127.1", "2130706433", "0x7f000001",
		"017700000001", "127.0.0.1.", "169.254.169.254", "10.0.0.1", "u:p@127.0.0.1",
	} {
		_, err := c.Get(t.Context(), "http://"+host+":"+port+"/?token=hush")
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, host)
		require.Contains(t, []Reason{ReasonBlocked, ReasonDNS, ReasonBadURL}, e.Reason, "%s: %v", host, err)
		require.True(t, e.Unsent)
		require.NotContains(t, err.Error(), "hush")
	}
	require.False(t, hit)
	for _, raw := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "http://", "::bad"} {
		_, err := c.Get(t.Context(), raw)
		require.Equal(t, ReasonBadURL, AsError(err).Reason, raw)
	}
}

func TestAllowHost(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.UserAgent()) })
	for name, p := range map[string]Policy{
		"same host":       {AllowHost: "127.0.0.1"},
		"with a port":     {AllowHost: "127.0.0.1:1"},
		"mapped spelling": {AllowHost: "①②⑦.0.0.1"},
		"all":             {AllowPrivate: true},
	} {
		resp, err := newClient(t, Config{}, p).Get(t.Context(), s.URL)
		require.NoError(t, err, name)
		require.Equal(t, "test-agent", string(resp.Body))
	}
	_, err := newClient(t, Config{}, Policy{AllowHost: "other.example"}).Get(t.Context(), s.URL)
	require.Equal(t, ReasonBlocked, AsError(err).Reason)
	_, err = newClient(t, Config{}, Policy{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.Equal(t, ReasonBlocked, AsError(err).Reason)
	conn, err := newClient(t, Config{}, local()).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestRedirects(t *testing.T) {
	var s *httptest.Server
	secret := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/other":
			http.Redirect(w, r, secret.URL, http.StatusFound)
		case "/same":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/meta":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}
	})
	// An open connection to the allowed host must not carry a redirected request.
	c := newClient(t, Config{}, local())
	_, err := c.Get(t.Context(), s.URL+"/")
	require.NoError(t, err)
	for path, want := range map[string]Reason{
		"/other": ReasonBlocked, "/same": ReasonBlocked, "/meta": ReasonBlocked, "/file": ReasonRedirect,
	} {
		_, err := c.Get(t.Context(), s.URL+path)
		require.Equal(t, want, AsError(err).Reason, "%s: %v", path, err)
	}
	_, err = newClient(t, Config{}, Policy{AllowPrivate: true}).Get(t.Context(), s.URL+"/meta")
	require.Equal(t, ReasonBlocked, AsError(err).Reason)
	_, err = newClient(t, Config{}, Policy{AllowPrivate: true, NoRedirects: true}).Get(t.Context(), s.URL+"/same")
	require.Equal(t, ReasonRedirect, AsError(err).Reason)
}

// onTheSpot lets redirects stay on loopback, to test the rules beyond the address.
func onTheSpot(c *Client) *Client {
	c.rt.moved = c.rt.direct
	return c
}

func TestRedirectRules(t *testing.T) {
	hops, got := 0, http.Header{}
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hops++
		switch {
		case r.URL.Path == "/away":
			http.Redirect(w, r, target.URL, http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, "/loop"):
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}
	})
	c := onTheSpot(newClient(t, Config{}, local()))
	_, err := c.Get(t.Context(), s.URL+"/loop")
	require.Equal(t, ReasonRedirect, AsError(err).Reason)
	require.Equal(t, 1+MaxRedirects, hops)

	resp, err := c.Get(t.Context(), s.URL+"/away?key=hush", "Authorization", "Bearer hush", "X-Api-Key", "hush", "Cookie", "hush")
	require.NoError(t, err)
	require.True(t, resp.Moved)
	require.NotContains(t, fmt.Sprint(got), "hush")

	tlsServer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target.URL, http.StatusFound)
	}))
	t.Cleanup(tlsServer.Close)
	c = onTheSpot(newClient(t, Config{CAFile: caFile(t, tlsServer)}, local()))
	_, err = c.Get(t.Context(), tlsServer.URL)
	require.Equal(t, ReasonRedirect, AsError(err).Reason)
	require.ErrorContains(t, err, "https to http")
}

func caFile(t *testing.T, s *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, b, 0o600))
	return path
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	t.Cleanup(old.Close)

	_, err := newClient(t, Config{CAFile: caFile(t, s)}, local()).Get(t.Context(), s.URL)
	require.NoError(t, err)
	for name, get := range map[string]func() error{
		"unknown authority": func() error {
			_, err := newClient(t, Config{}, local()).Get(t.Context(), s.URL)
			return err
		},
		"wrong host": func() error {
			c := newClient(t, Config{CAFile: caFile(t, s)}, Policy{AllowHost: "localhost"})
			_, err := c.Get(t.Context(), strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
			return err
		},
		"old version": func() error {
			_, err := newClient(t, Config{CAFile: caFile(t, old)}, local()).Get(t.Context(), old.URL)
			return err
		},
		"plain text": func() error {
			p := serve(t, func(http.ResponseWriter, *http.Request) {})
			_, err := newClient(t, Config{}, local()).Get(t.Context(), strings.Replace(p.URL, "http:", "https:", 1))
			return err
		},
	} {
		err := get()
		require.Equal(t, ReasonTLS, AsError(err).Reason, "%s: %v", name, err)
	}
}

// raw serves one connection with bytes of its own.
func raw(t *testing.T, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			talk(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func TestFaults(t *testing.T) {
	say := func(s string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, s) } }
	var bomb bytes.Buffer
	zw := gzip.NewWriter(&bomb)
	_, _ = zw.Write(make([]byte, 8<<20))
	require.NoError(t, zw.Close())
	ok := "HTTP/1.1 200 OK\r\n"
	for name, tc := range map[string]struct {
		talk func(net.Conn)
		want Reason
	}{
		"cut body":         {say(ok + "Content-Length: 100\r\n\r\nshort"), ReasonTruncated},
		"cut chunk":        {say(ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nshort"), ReasonTruncated},
		"negative length":  {say(ok + "Content-Length: -1\r\n\r\n"), ReasonTruncated},
		"huge header":      {say(ok + "X-A: " + strings.Repeat("a", 200<<10) + "\r\n\r\n"), ReasonTooLarge},
		"huge body":        {say(ok + "\r\n" + strings.Repeat("a", 70<<10)), ReasonTooLarge},
		"gzip bomb":        {say(ok + "Content-Encoding: gzip\r\n\r\n" + bomb.String()), ReasonTooLarge},
		"no answer at all": {say(""), ReasonReset},
		"not http":         {say("SSH-2.0-x\r\n"), ReasonTruncated},
		"slow loris": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n")
			for range 200 {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				<-time.After(20 * time.Millisecond)
			}
		}, ReasonTimeout},
		"silence": {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }, ReasonTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, Config{}, Policy{AllowHost: "127.0.0.1", MaxBody: 64 << 10, Timeout: time.Second})
			_, err := c.Get(t.Context(), raw(t, tc.talk)+"/x?key=hush")
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			require.Equal(t, tc.want, e.Reason, "%v", err)
			require.False(t, e.Unsent)
			require.NotContains(t, err.Error(), "hush")
		})
	}
}

func TestStatusAndRetryAfter(t *testing.T) {
	status, after := 200, ""
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	})
	c := newClient(t, Config{}, local())
	for _, tc := range []struct {
		status int
		after  string
		want   Reason
		wait   time.Duration
	}{
		{429, "7", ReasonHTTP429, 7 * time.Second},
		{503, "99999999", ReasonHTTP5xx, MaxRetryAfter},
		{404, "", ReasonHTTP4xx, 0},
		{410, "soon", ReasonHTTP4xx, 0},
		{300, "", ReasonHTTP3xx, 0},
	} {
		status, after = tc.status, tc.after
		resp, err := c.Get(t.Context(), s.URL)
		require.NoError(t, err)
		e := AsError(resp.Err())
		require.Equal(t, tc.want, e.Reason)
		require.Equal(t, tc.wait, e.RetryAfter)
		require.Equal(t, tc.status, e.Status)
	}
	for _, status = range []int{200, 204, 304} {
		resp, err := c.Get(t.Context(), s.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Err())
	}
}

func TestCanceledAndRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	c := newClient(t, Config{}, local())
	_, err = c.Get(t.Context(), "http://"+addr)
	require.Equal(t, ReasonRefused, AsError(err).Reason)
	require.True(t, AsError(err).Unsent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Get(ctx, "http://"+addr)
	require.Equal(t, ReasonCanceled, AsError(err).Reason)
	require.ErrorIs(t, err, context.Canceled)
}

func TestConfigValidate(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.Empty(t, Config{ProxyURL: "http://u:p@proxy.example:3128"}.Validate())
	for _, cfg := range []Config{
		{ProxyURL: "ftp://x"}, {ProxyURL: "http://"}, {ProxyURL: "http://u:hush@%zz"}, {CAFile: empty}, {CAFile: empty + "x"},
	} {
		ps := cfg.Validate()
		require.Len(t, ps, 1)
		require.NotContains(t, ps[0].Error(), "hush")
		_, err := New(cfg, Options{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://u:p@h.example/feed?feed=x&user=y#f": "https://h.example/feed?...",
		"http://h.example":                           "http://h.example",
		"nonsense":                                   "the url",
		"http://%zz":                                 "the url",
	} {
		require.Equal(t, want, RedactString(in))
	}
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	p := local()
	p.HidePath = true
	resp, err := newClient(t, Config{}, p).Get(t.Context(), s.URL+"/services/hush")
	require.NoError(t, err)
	require.ErrorContains(t, resp.Err(), s.URL+"/...: http_5xx: status 500")
	require.Equal(t, setting.Redacted, fmt.Sprint(Config{ProxyURL: "x"}.ProxyURL))
}
