// Package httpx is the only way out of LeakyTap: every HTTP request, websocket
// and other outgoing connection of the product is made through it.
//
// It promises that a request ends within its deadline (the body included), that
// no more than the allowed header and body bytes are held, that an address of
// the private network is dialled only where an operator named the host, that at
// most five redirects are followed and none of them into the private network or
// from https to http, and that no error it returns shows a secret of the URL.
//
//	httpx.go     Config, Policy, Factory, Client, Do
//	transport.go one exchange: deadline, caps, unsent or ambiguous
//	redirect.go  which redirects are followed and what they may carry
//	dial.go      the checked dialler, with and without a proxy
//	address.go   which addresses are not public
//	errors.go    the typed error and its closed list of reasons
//	retry.go     backoff with jitter, Retry-After
//	redact.go    URLs as they may be shown
package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/setting"
)

// The defaults of a Policy.
const (
	DefaultTimeout = 20 * time.Second
	DefaultMaxBody = 5 << 20
	// MaxHeader is how many bytes of response headers are taken.
	MaxHeader = 64 << 10
	// MaxRedirects is how many redirects are followed.
	MaxRedirects = 5
)

// Config is the `http` part of the config file.
type Config struct {
	// ProxyURL is an http, https or socks5 proxy for everything that is not on
	// loopback; it may hold a user and a password. Empty connects directly: the
	// environment is not read.
	ProxyURL     setting.Secret `yaml:"proxy_url" json:"proxy_url,omitempty"`
	ProxyURLFile string         `yaml:"proxy_url_file" json:"proxy_url_file,omitempty"`
	// CAFile is a PEM file of certificates that are trusted beside the system's.
	CAFile string `yaml:"ca_file" json:"ca_file,omitempty"`
}

// Validate names what is wrong with c.
func (c Config) Validate() []setting.Problem {
	var ps []setting.Problem
	if c.ProxyURL != "" {
		if _, err := parseProxy(c.ProxyURL); err != nil {
			ps = append(ps, setting.Problem{Path: "proxy_url", Msg: err.Error()})
		}
	}
	if c.CAFile != "" {
		if _, err := loadCAs(c.CAFile); err != nil {
			ps = append(ps, setting.Problem{Path: "ca_file", Msg: err.Error()})
		}
	}
	return ps
}

// Options are what New needs beside the config.
type Options struct {
	// UserAgent is sent with every request that names none of its own.
	UserAgent string
	Log       *zap.Logger
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
}

// Policy says what one Client may do.
type Policy struct {
	// AllowHost is the one host that may be private, any port of it: the host of
	// a source with allow_private. Empty allows none.
	AllowHost string
	// AllowPrivate lets every host be private: those an operator writes for
	// receivers, the second opinion and the like. A redirect never may.
	AllowPrivate bool
	// Timeout bounds one exchange from the first lookup to the last body byte.
	// Zero is DefaultTimeout.
	Timeout time.Duration
	// MaxBody is how many bytes of a body are taken, after decompression. Zero is
	// DefaultMaxBody.
	MaxBody int64
	// MaxRetryAfter clamps what a server asks with Retry-After. Zero is 5 minutes.
	MaxRetryAfter time.Duration
	// HidePath leaves the path out of error texts, for URLs whose path is a secret.
	HidePath bool
	// NoRedirects refuses every redirect.
	NoRedirects bool
}

func (p Policy) withDefaults() Policy {
	if p.Timeout <= 0 {
		p.Timeout = DefaultTimeout
	}
	if p.MaxBody <= 0 {
		p.MaxBody = DefaultMaxBody
	}
	if p.MaxRetryAfter <= 0 {
		p.MaxRetryAfter = MaxRetryAfter
	}
	return p
}

// Factory makes clients that share the proxy, the trusted certificates and the
// user agent. It is safe for any goroutines.
type Factory struct {
	opt   Options
	proxy *url.URL
	cas   *x509.CertPool
}

// New reads the CA file and the proxy URL; it connects nowhere.
func New(cfg Config, opt Options) (*Factory, error) {
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	if opt.UserAgent == "" {
		opt.UserAgent = "leakytap"
	}
	if opt.Resolver == nil {
		opt.Resolver = &net.Resolver{}
	}
	f := &Factory{opt: opt}
	var err error
	if cfg.ProxyURL != "" {
		if f.proxy, err = parseProxy(cfg.ProxyURL); err != nil {
			return nil, fmt.Errorf("reading http.proxy_url: %w", err)
		}
	}
	if cfg.CAFile != "" {
		if f.cas, err = loadCAs(cfg.CAFile); err != nil {
			return nil, fmt.Errorf("reading http.ca_file: %w", err)
		}
	}
	return f, nil
}

// Client makes a client with connections of its own under p.
func (f *Factory) Client(p Policy) *Client {
	p = p.withDefaults()
	d := &dialer{policy: p, host: normalHost(p.AllowHost), resolver: f.opt.Resolver, proxy: f.proxy}
	rt := &roundTripper{
		policy: p,
		agent:  f.opt.UserAgent,
		dial:   d,
		direct: f.transport(d.dialDirect),
		moved:  f.transport(d.dialMoved),
	}
	c := &Client{rt: rt, dial: d, cas: f.cas}
	c.http = &http.Client{Transport: rt, CheckRedirect: redirectCheck(p)}
	return c
}

func (f *Factory) transport(dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	t := &http.Transport{
		DialContext:            dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: MaxHeader,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: f.cas},
	}
	if f.proxy != nil {
		t.Proxy = func(req *http.Request) (*url.URL, error) {
			if isLoopbackHost(req.URL.Hostname()) {
				return nil, nil //nolint:nilnil // net/http reads this as: no proxy
			}
			return f.proxy, nil
		}
	}
	return t
}

// Client makes requests under one Policy. It is safe for any goroutines.
type Client struct {
	http *http.Client
	rt   *roundTripper
	dial *dialer
	cas  *x509.CertPool
}

// HTTP is the client for libraries that want an *http.Client: the deadline,
// the caps, the address and redirect rules hold there too, and every transport
// error is a *Error inside net/http's *url.Error, whose own text shows the URL;
// AsError takes the *Error out. A response with status 101 is left alone.
func (c *Client) HTTP() *http.Client { return c.http }

// DialContext opens a checked connection for protocols other than HTTP.
func (c *Client) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.dial.dialDirect(ctx, network, addr)
	if err != nil {
		return nil, &Error{Reason: reasonOf(context.Cause(ctx), err), URL: addr, Unsent: true, Err: err}
	}
	return conn, nil
}

// TLSConfig is for TLS to host over a connection of DialContext: it trusts what
// HTTPS trusts here.
func (c *Client) TLSConfig(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.cas, ServerName: host}
}

// Close drops the idle connections; the client stays usable.
func (c *Client) Close() {
	c.rt.direct.CloseIdleConnections()
	c.rt.moved.CloseIdleConnections()
}

// Response is an answer whose body was read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// URL is where the answer came from, after redirects.
	URL *url.URL
	// Moved is set when the first redirect was permanent (301 or 308).
	Moved bool

	shown      string
	retryAfter time.Duration
}

// Err is nil for a status from 200 to 299 and for 304, else an *Error with the
// status and what Retry-After asked.
func (r *Response) Err() error {
	if r.Status >= 200 && r.Status < 300 || r.Status == http.StatusNotModified {
		return nil
	}
	return &Error{Reason: reasonOfStatus(r.Status), URL: r.shown, Status: r.Status, RetryAfter: r.retryAfter}
}

// Do sends req and reads the whole answer within the policy's deadline. An
// answer of any status is no error: see Response.Err. Every error is a *Error.
func (c *Client) Do(req *http.Request) (*Response, error) {
	p := c.rt.policy
	shown := Redact(req.URL, p.HidePath)
	ctx, cancel := context.WithTimeoutCause(req.Context(), p.Timeout, errDeadline)
	defer cancel()
	resp, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, wrap(ctx, err, shown)
	}
	defer func() { _ = resp.Body.Close() }()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return nil, wrap(ctx, err, shown)
	}
	out := &Response{
		Status: resp.StatusCode, Header: resp.Header, Body: buf.Bytes(), URL: resp.Request.URL,
		Moved: movedForGood(resp.Request), shown: shown,
	}
	if d, ok := RetryAfter(resp.Header, time.Now(), p.MaxRetryAfter); ok {
		out.retryAfter = d
	}
	return out, nil
}

// Get is Do for a GET of rawURL with the given headers, in pairs of name and value.
func (c *Client) Get(ctx context.Context, rawURL string, headers ...string) (*Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, &Error{Reason: ReasonBadURL, URL: "the url", Unsent: true, Err: errBadURL}
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return c.Do(req)
}

func parseProxy(s setting.Secret) (*url.URL, error) {
	u, err := url.Parse(s.Reveal())
	if err != nil {
		return nil, errors.New("is no URL; write http://host:port, https://host:port or socks5://host:port")
	}
	switch u.Scheme {
	case "http", "https", "socks5":
	default:
		return nil, errors.New("must begin with http://, https:// or socks5://")
	}
	if u.Hostname() == "" {
		return nil, errors.New("names no host; write http://host:port")
	}
	return u, nil
}

func loadCAs(path string) (*x509.CertPool, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates: %w", err)
	}
	defer func() { _ = f.Close() }()
	pem, err := io.ReadAll(io.LimitReader(f, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", path)
	}
	return pool, nil
}
