// Package client is a web.Backend that asks a running daemon over its API. The
// commands use it, so that what they do is what the inbox does.
//
//	client.go  the Client, one request, and what its errors are
//	calls.go   the methods of web.Backend
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/web"
)

const (
	// maxAnswer bounds what is read of an answer: 500 cases at the size limits.
	maxAnswer = 64 << 20
	maxPage   = 500
	timeout   = 40 * time.Second
)

// Options say which daemon to ask, and as whom. BaseURL is needed.
type Options struct {
	// BaseURL is the address of the daemon's web listener, such as http://127.0.0.1:8080.
	BaseURL string
	// Token is a bearer token; empty sends none.
	Token string
	// Actor names the person behind the command, where the token is the local one or
	// none is asked for.
	Actor string
	// HTTP sends the requests. Nil takes a client of its own, which uses no proxy and
	// follows no redirect.
	HTTP *http.Client
}

// Client asks one daemon. It is safe for concurrent use.
type Client struct {
	base string
	opt  Options
	http *http.Client
}

var (
	_ web.Backend  = (*Client)(nil)
	_ web.Measures = (*Client)(nil)
)

// Error is an answer of the daemon that is neither what was asked for nor
// web.ErrNotFound nor a *web.Refused.
type Error struct {
	Status  int
	Code    string
	Message string
}

// Error is the daemon's own message.
func (e *Error) Error() string { return e.Message }

// New makes a Client. It sends nothing yet.
func New(opt Options) (*Client, error) {
	u, err := url.Parse(opt.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("asking the daemon: its address must be http://host:port")
	}
	c := &Client{base: u.Scheme + "://" + u.Host, opt: opt, http: opt.HTTP}
	if c.http == nil {
		c.http = &http.Client{
			Timeout: timeout,
			Transport: &http.Transport{
				DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				TLSHandshakeTimeout:   5 * time.Second,
				ResponseHeaderTimeout: timeout,
				MaxIdleConnsPerHost:   4,
				IdleConnTimeout:       10 * time.Second,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return c, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// send makes one request. It hands back the status and the whole body.
func (c *Client) send(ctx context.Context, method, path string, in any) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, nil, fmt.Errorf("writing the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return 0, nil, fmt.Errorf("making the request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.opt.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.opt.Token)
	}
	if c.opt.Actor != "" {
		req.Header.Set(web.HeaderActor, c.opt.Actor)
	}
	req.Header.Set(web.HeaderVia, "cli")
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("asking the daemon at %s: %w", c.base, cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, fmt.Errorf("reading the daemon's answer: %w", err)
	}
	if len(b) > maxAnswer {
		return 0, nil, fmt.Errorf("reading the daemon's answer: over %d bytes", maxAnswer)
	}
	return resp.StatusCode, b, nil
}

// cause drops the method and the URL, which net/http puts before every error.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// do makes a request of the API and reads the answer into out, nil for none.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	status, body, err := c.send(ctx, method, "/api/v1"+path, in)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return failure(status, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	return nil
}

// failure is the error that an answer stands for.
func failure(status int, body []byte) error {
	var doc struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &doc) != nil || doc.Error.Message == "" {
		return &Error{Status: status, Message: fmt.Sprintf("the daemon answered %d %s, not as LeakyTap does", status, http.StatusText(status))}
	}
	switch status {
	case http.StatusNotFound:
		return web.ErrNotFound
	case http.StatusConflict:
		return &web.Refused{Message: doc.Error.Message}
	default:
		return &Error{Status: status, Code: doc.Error.Code, Message: doc.Error.Message}
	}
}

// Ready asks whether config, store and bus of the daemon are up; the error says what is not.
func (c *Client) Ready(ctx context.Context) error {
	return c.plain(ctx, http.MethodGet, "/-/ready")
}

// Reload has the daemon load its config again; the error's text are the error lines.
func (c *Client) Reload(ctx context.Context) error {
	return c.plain(ctx, http.MethodPost, "/-/reload")
}

func (c *Client) plain(ctx context.Context, method, path string) error {
	status, body, err := c.send(ctx, method, path, nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return &Error{Status: status, Message: strings.TrimSpace(string(body))}
	}
	return nil
}
