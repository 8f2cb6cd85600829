package httpx

import (
	"bufio"
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/leakytap/leakytap/internal/setting"
)

// names is a name server that gives answer(n) to its nth question for an A record.
func names(t *testing.T, answer func(n int) []string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf, asked := make([]byte, 1500), 0
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if q.Unpack(buf[:n]) != nil || len(q.Questions) != 1 {
				continue
			}
			out := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, Authoritative: true}, Questions: q.Questions}
			if q.Questions[0].Type == dnsmessage.TypeA {
				for _, ip := range answer(asked) {
					out.Answers = append(out.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(ip).As4()},
					})
				}
				asked++
			}
			b, _ := out.Pack()
			_, _ = pc.WriteTo(b, from)
		}
	}()
	t.Cleanup(func() { _ = pc.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// A name whose answer is private is refused at the dial, also when an earlier
// answer was public and when a public one stands beside it.
func TestRebinding(t *testing.T) {
	var hits atomic.Int32
	s := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	get := func(p Policy, answer func(int) []string) error {
		f, err := New(Config{}, Options{Resolver: names(t, answer)})
		require.NoError(t, err)
		c := f.Client(p)
		defer c.Close()
		_, err = c.Get(t.Context(), "http://feed.example.test:"+port+"/")
		return err
	}
	private := func(int) []string { return []string{"127.0.0.1"} }
	require.Equal(t, ReasonBlocked, AsError(get(Policy{Timeout: 5 * time.Second}, private)).Reason)
	require.Zero(t, hits.Load())
	require.NoError(t, get(Policy{AllowHost: "Feed.Example.test"}, private))
	require.Equal(t, int32(1), hits.Load())
	both := func(int) []string { return []string{"127.0.0.1", "240.0.0.1"} }
	require.Error(t, get(Policy{Timeout: 5 * time.Second}, both))
	require.Equal(t, int32(1), hits.Load())
	require.Equal(t, ReasonDNS, AsError(get(Policy{Timeout: 5 * time.Second}, func(int) []string { return nil })).Reason)
}

// A proxy is dialled wherever it stands; its targets are checked by address and
// by what their name means here.
func TestProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte("jo:hush"))
		if r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		asked = append(asked, r.Method+" "+r.URL.Host)
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, "by proxy")
	}))
	t.Cleanup(proxy.Close)
	withUser := func(user string) setting.Secret {
		return setting.Secret("http://" + user + "@" + proxy.Listener.Addr().String())
	}
	f, err := New(Config{ProxyURL: withUser("jo:hush")}, Options{Resolver: names(t, func(int) []string { return nil })})
	require.NoError(t, err)
	c := f.Client(Policy{Timeout: 5 * time.Second})
	t.Cleanup(c.Close)
	resp, err := c.Get(t.Context(), "http://unknown-here.example.test/feed")
	require.NoError(t, err)
	require.Equal(t, "by proxy", string(resp.Body))
	require.Equal(t, []string{"GET unknown-here.example.test"}, asked)
	for _, target := range []string{
		"http://10.0.0.8/", "http://169.254.169.254/", "http://localhost/", proxy.URL, "http://[::ffff:10.0.0.1]/",
	} {
		_, err := c.Get(t.Context(), target)
		require.Equal(t, ReasonBlocked, AsError(err).Reason, target)
	}
	_, err = c.Get(t.Context(), "https://unknown-here.example.test/")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hush")

	f, err = New(Config{ProxyURL: withUser("jo:hush")}, Options{Resolver: names(t, func(int) []string { return []string{"10.0.0.1"} })})
	require.NoError(t, err)
	_, err = f.Client(Policy{Timeout: 5 * time.Second}).Get(t.Context(), "http://inside.example.test/")
	require.Equal(t, ReasonBlocked, AsError(err).Reason)
	inside := f.Client(Policy{AllowHost: "inside.example.test"})
	t.Cleanup(inside.Close)
	_, err = inside.Get(t.Context(), "http://inside.example.test/")
	require.NoError(t, err)

	// What stands on loopback is asked without the proxy.
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "itself") })
	near := f.Client(local())
	t.Cleanup(near.Close)
	resp, err = near.Get(t.Context(), s.URL)
	require.NoError(t, err)
	require.Equal(t, "itself", string(resp.Body))
	f, err = New(Config{ProxyURL: withUser("jo:wrong")}, Options{Resolver: names(t, func(int) []string { return nil })})
	require.NoError(t, err)
	_, err = f.Client(Policy{Timeout: 5 * time.Second}).Get(t.Context(), "https://unknown-here.example.test/")
	require.Equal(t, ReasonProxy, AsError(err).Reason, "%v", err)
}

// A response with status 101 belongs to the caller: writable, and without the
// deadline of the exchange.
func TestUpgradeIsLeftAlone(t *testing.T) {
	url := raw(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		r := bufio.NewReader(c)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, line)
		}
	})
	p := local()
	p.Timeout, p.MaxBody = 300*time.Millisecond, 4
	c := newClient(t, Config{}, p)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := c.HTTP().Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	rw, ok := resp.Body.(io.ReadWriter)
	require.True(t, ok)
	require.True(t, Wait(t.Context(), 600*time.Millisecond))
	_, err = io.WriteString(rw, "longer than the cap\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(rw).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "longer than the cap\n", line)
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "-1", "1e309", "Mon, 23 Nov 2026 10:00:00 GMT", "\x00", "inf"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := RetryAfter(http.Header{"Retry-After": {s}}, time.Unix(1, 0), MaxRetryAfter)
		if ok && (d < MinRetryAfter || d > MaxRetryAfter) || !ok && d != 0 {
			t.Fatalf("%q gave %v", s, d)
		}
	})
}
