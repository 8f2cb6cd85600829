package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// roundTripper is one exchange under a policy. Requests that follow a redirect
// have a transport of their own, so that they can neither dial a private host
// nor borrow an open connection to one.
type roundTripper struct {
	policy Policy
	agent  string
	dial   *dialer
	direct *http.Transport
	moved  *http.Transport
}

// RoundTrip sends req. Its errors are *Error.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	shown := Redact(req.URL, t.policy.HidePath)
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.policy.Timeout, errDeadline)
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	fail := func(err error) (*http.Response, error) {
		e := &Error{Reason: reasonOf(context.Cause(ctx), err), URL: shown, Unsent: !sent.Load(), Err: err}
		cancel()
		return nil, e
	}
	out := req.Clone(ctx)
	if out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", t.agent)
	}
	tr, first := t.direct, true
	if req.Response != nil {
		tr, first = t.moved, false
	}
	if err := t.dial.checkTarget(ctx, req.URL.Hostname(), first); err != nil {
		closeBody(req)
		return fail(err)
	}
	resp, err := tr.RoundTrip(out)
	if err != nil {
		return fail(err)
	}
	resp.Request = req
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// The connection now belongs to the caller and lives on without the deadline.
		cancel()
		return resp, nil
	}
	resp.Body = &cappedBody{body: resp.Body, left: t.policy.MaxBody, ctx: ctx, cancel: cancel, shown: shown}
	return resp, nil
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *roundTripper) CloseIdleConnections() {
	t.direct.CloseIdleConnections()
	t.moved.CloseIdleConnections()
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// cappedBody reads at most left bytes and turns what ends a body too early into
// a *Error.
type cappedBody struct {
	body   io.ReadCloser
	left   int64
	ctx    context.Context //nolint:containedctx // the body's deadline is the exchange's
	cancel context.CancelFunc
	shown  string
}

// Read reads on, one byte past the cap at most.
func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.wrap(errTooLarge)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n + int(b.left), b.wrap(errTooLarge)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, b.wrap(err)
	}
	return n, err
}

// Close ends the exchange.
func (b *cappedBody) Close() error {
	err := b.body.Close()
	b.cancel()
	return err
}

func (b *cappedBody) wrap(err error) error {
	return &Error{Reason: reasonOf(context.Cause(b.ctx), err), URL: b.shown, Err: err}
}
