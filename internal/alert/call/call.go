// Package call makes the HTTP calls of receivers and says what their failures
// mean for the message that met them.
//
// It promises that a status decides before a body does, so that an answer cut
// short is still an answer, that no error shows an address, a header or a body,
// and that what may have arrived is never called unsent.
//
//	call.go       Client: one call
//	failure.go    what a status means; transport.go what a broken call means
package call

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
)

// maxAnswer is how much of an answer is read; the rest is left.
const maxAnswer = 64 << 10

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	// Body is the answer's beginning.
	Body []byte
}

// Options is what a Client is made of.
type Options struct {
	// HTTP makes the calls; it must not retry. Redirects are never followed.
	HTTP *http.Client
	// Timeout bounds one call.
	Timeout time.Duration
	// Judge corrects what an answer that is no success means, where the receiver
	// knows better than the status alone. It may be nil.
	Judge func(a Answer, e *alert.SendError)
}

// Client makes calls for one receiver. It is safe for any goroutines.
type Client struct {
	http  *http.Client
	judge func(a Answer, e *alert.SendError)
}

// New makes a Client.
func New(opt Options) (*Client, error) {
	if opt.HTTP == nil {
		return nil, errors.New("an http client is needed")
	}
	c := *opt.HTTP
	c.Timeout = opt.Timeout
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &c, judge: opt.Judge}, nil
}

// Post sends body to the address. A status from 200 to 299 is a success,
// whatever becomes of the answer's body; every error is a *alert.SendError.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &alert.SendError{Reason: alert.ReasonHTTPStatus, Kind: alert.FailRetry, Err: errBadURL}
	}
	return c.do(req, header)
}

// Get asks the address.
func (c *Client) Get(ctx context.Context, from string, header http.Header) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return Answer{}, &alert.SendError{Reason: alert.ReasonHTTPStatus, Kind: alert.FailRetry, Err: errBadURL}
	}
	return c.do(req, header)
}

var errBadURL = errors.New("the address cannot be asked")

func (c *Client) do(req *http.Request, header http.Header) (Answer, error) {
	maps.Copy(req.Header, header)
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, Broken(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	var buf bytes.Buffer
	_, _ = io.Copy(&buf, io.LimitReader(resp.Body, maxAnswer)) // the status is what counts
	a.Body = buf.Bytes()
	e := Refused(a.Status, a.Header, time.Now())
	if e == nil {
		return a, nil
	}
	if c.judge != nil {
		c.judge(a, e)
	}
	return a, e
}
