package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/leakytap/leakytap/internal/alert"
	faults "github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/httpx"
)

// errNoTS is an answer that says ok and names no message, errNotOK one that
// says neither ok nor what is wrong: what happened is not known.
var (
	errNoTS  = errors.New("the answer names no message")
	errNotOK = errors.New("the answer says neither ok nor what is wrong")
)

const (
	maxAnswer    = 8 << 20
	maxWait      = 5 * time.Minute
	defaultPause = time.Second
)

// call is one call to the Web API. It keeps what the library would lose of the
// answer: the status and what Retry-After asked, which may be a date.
type call struct {
	api    *slackgo.Client
	client *http.Client

	status int
	after  time.Duration
	scopes string
}

func (r *Receiver) call() *call {
	c := &call{client: r.client}
	c.api = slackgo.New(r.cfg.Token.Reveal(),
		slackgo.OptionHTTPClient(c), slackgo.OptionAPIURL(r.cfg.APIURL),
		slackgo.OptionAppLevelToken(r.cfg.AppToken.Reveal()))
	return c
}

// Do makes the request and notes what its answer says about time.
func (c *call) Do(req *http.Request) (*http.Response, error) {
	resp, err := c.client.Do(req) //nolint:gosec // the host is the api_url that the operator wrote
	if err != nil {
		return nil, err
	}
	c.status = resp.StatusCode
	c.scopes = resp.Header.Get("X-Oauth-Scopes")
	c.after = defaultPause
	if d, ok := httpx.RetryAfter(resp.Header, time.Now(), maxWait); ok {
		c.after = d
	}
	// The library would read it as seconds and fail on a date.
	resp.Header.Del("Retry-After")
	if resp.StatusCode != http.StatusOK {
		return resp, nil
	}
	return whole(resp)
}

// whole reads the answer to its end and refuses one that says neither ok nor
// not ok: the library would take it for ok.
func whole(resp *http.Response) (*http.Response, error) {
	body := resp.Body
	defer func() { _ = body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	if err != nil {
		return nil, err
	}
	var said struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return nil, err
	}
	if !said.OK && said.Error == "" {
		return nil, errNotOK
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, nil
}

// classify says what an error of the library means for the message that met it.
func (c *call) classify(err error) error {
	if err == nil {
		return nil
	}
	e := &alert.SendError{Err: errors.New(reveal(err))}
	if code, ok := errors.AsType[slackgo.SlackErrorResponse](err); ok {
		c.byCode(e, code)
		return e
	}
	switch {
	case c.status == http.StatusTooManyRequests:
		e.Reason, e.Kind, e.Limited, e.After = alert.ReasonRateLimited, alert.FailRetry, true, c.after
	case c.status >= 500:
		e.Reason = alert.ReasonServerError
	case c.status != 0 && c.status != http.StatusOK:
		// A proxy, a firewall or a wrong api_url: Slack itself answers 200.
		e.Reason, e.Kind = alert.ReasonHTTPStatus, alert.FailRetry
	case c.status == http.StatusOK:
		e.Reason = bodyReason(err)
	default:
		reason, unsent := faults.Transport(err)
		if e.Reason = reason; unsent {
			e.Kind = alert.FailRetry
		}
	}
	return e
}

// bodyReason says why an answer that came could not be read to its end.
func bodyReason(err error) string {
	if errors.Is(err, errNoTS) || errors.Is(err, errNotOK) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return alert.ReasonTruncated
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return alert.ReasonTruncated
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return alert.ReasonTruncated
	}
	reason, _ := faults.Transport(err)
	return reason
}

// reveal is the text of an error without an address or a token in it.
func reveal(err error) string {
	if _, ok := errors.AsType[slackgo.SlackErrorResponse](err); ok {
		return "slack says " + safeCode(err.Error())
	}
	if s, ok := errors.AsType[slackgo.StatusCodeError](err); ok {
		return "slack answers with status " + http.StatusText(s.Code)
	}
	if h, ok := errors.AsType[*httpx.Error](err); ok {
		return h.Error()
	}
	if errors.Is(err, errNoTS) || errors.Is(err, errNotOK) {
		return err.Error()
	}
	return "the answer could not be read"
}
