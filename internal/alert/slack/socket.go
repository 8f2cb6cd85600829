package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"
	slackgo "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/alert"
	faults "github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/httpx"
)

const (
	// maxFrame is the largest envelope that is read: a click brings its message along.
	maxFrame = 4 << 20
	// helloWithin is how long Slack has to say hello.
	helloWithin = 30 * time.Second
	// lingers is how long an announced end may take.
	lingers = 30 * time.Second
	// atOnce is how many clicks are carried out at the same time.
	atOnce = 64
	// ackWithin bounds the writing of an answer.
	ackWithin = 5 * time.Second
)

// socket is one connection, from apps.connections.open to its end.
type socket struct {
	s      *Sockets
	app    app
	client *http.Client
	// leaving is closed when Slack announces the end, ended when it is over; err and
	// stood may be read then. stood says that there was a hello.
	leaving chan struct{}
	ended   chan struct{}
	err     error
	stood   bool

	conn  *websocket.Conn
	once  sync.Once
	slots chan struct{}

	mu sync.Mutex
	// closing says that no click is begun any more; acts are those under way.
	closing bool
	acts    sync.WaitGroup
}

// envelope is what Slack sends.
type envelope struct {
	Type       string          `json:"type"`
	ID         string          `json:"envelope_id"`
	Reason     string          `json:"reason"`
	Payload    json.RawMessage `json:"payload"`
	RetryCount int             `json:"retry_attempt"`
}

var (
	errNoSocketURL = errors.New("slack hands out no wss address")
	errNoHello     = errors.New("slack says no hello")
	errNoPong      = errors.New("slack answers no ping")
	errTurnedOff   = &alert.SendError{
		Reason: alert.ReasonAuth, Kind: alert.FailPermanent,
		Hint: "Socket Mode is turned off for the app: turn it on in the app's settings, or set signing_secret instead of app_token.",
	}
)

// linkDisabled is Slack's word for an app whose Socket Mode is turned off.
const linkDisabled = "link_disabled"

// run connects and takes clicks until ctx ends or the connection does. Clicks
// under way are finished and answered before it returns.
func (c *socket) run(ctx context.Context) error {
	to, err := c.open(ctx)
	if err != nil {
		return err
	}
	if c.conn, err = c.dial(ctx, to); err != nil {
		return err
	}
	c.conn.SetReadLimit(maxFrame)
	c.slots = make(chan struct{}, atOnce)
	// Reading ends with the connection and not with ctx: what is under way is
	// answered first.
	reading, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	done := make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() {
		select {
		case <-ctx.Done():
			c.finish()
			_ = c.conn.Close(websocket.StatusNormalClosure, "")
			stop(context.Canceled)
		case <-done:
		}
	})
	helpers.Go(func() { c.ping(reading, stop) })
	err = c.read(ctx, reading)
	close(done)
	stop(context.Canceled)
	helpers.Wait()
	c.finish()
	_ = c.conn.CloseNow()
	return err
}

// finish begins no click any more and waits for those under way.
func (c *socket) finish() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.acts.Wait()
}

// begin books a click, false where none is begun any more: it comes again with
// another connection.
func (c *socket) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.acts.Add(1)
	}
	return !c.closing
}

// open asks for the address of a socket.
func (c *socket) open(ctx context.Context) (string, error) {
	call := c.app.receivers[0].call()
	_, to, err := call.api.StartSocketModeContext(ctx)
	if code, ok := errors.AsType[slackgo.SlackErrorResponse](err); ok && code.Err == linkDisabled {
		return "", errTurnedOff
	}
	if err != nil {
		return "", socketHint(call.classify(err))
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || (u.Scheme != "wss" && (u.Scheme != "ws" || secure(c.app.apiURL))) {
		return "", &alert.SendError{Reason: alert.ReasonUnknown, Err: errNoSocketURL}
	}
	return to, nil
}

// socketHint says the way out for an app token, where the error is about a token.
func socketHint(err error) error {
	e, ok := errors.AsType[*alert.SendError](err)
	if !ok || e.Kind != alert.FailPermanent {
		return err
	}
	out := *e
	switch e.Reason {
	case alert.ReasonAuth:
		out.Hint = "Slack refuses the app token: make one with the scope connections:write under Basic Information, App-Level Tokens."
	case alert.ReasonMissingScope:
		out.Hint = "The app token lacks the scope connections:write: make a new one under Basic Information, App-Level Tokens."
	}
	return &out
}

func (c *socket) dial(ctx context.Context, to string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, helloWithin)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, to, &websocket.DialOptions{HTTPClient: c.client}) //nolint:bodyclose // the library closes it
	if err == nil {
		return conn, nil
	}
	// The address holds a ticket: neither it nor the library's error is shown.
	if resp != nil {
		e := &alert.SendError{Reason: alert.ReasonHTTPStatus, Err: fmt.Errorf("slack refuses the socket with status %d", resp.StatusCode)}
		if d, asked := httpx.RetryAfter(resp.Header, time.Now(), maxWait); asked {
			e.After = d
		}
		return nil, e
	}
	reason, unsent := faults.Transport(err)
	e := &alert.SendError{Reason: reason, Err: errors.New("slack's socket cannot be reached")}
	if unsent {
		e.Kind = alert.FailRetry
	}
	return nil, e
}

// ping ends the reading when the other side does not answer any more.
func (c *socket) ping(ctx context.Context, stop context.CancelCauseFunc) {
	for httpx.Wait(ctx, c.s.pingEvery) {
		pctx, cancel := context.WithTimeout(ctx, c.s.pongWithin)
		err := c.conn.Ping(pctx)
		cancel()
		if err != nil {
			stop(errNoPong)
			return
		}
	}
}

// read takes one envelope after the other. It gives nil when the end was
// announced or wanted.
func (c *socket) read(ctx, reading context.Context) error {
	until := time.Now().Add(helloWithin)
	left := false
	for {
		rctx, cancel := reading, func() {}
		if !c.stood || left {
			rctx, cancel = context.WithDeadline(reading, until)
		}
		_, data, err := c.conn.Read(rctx)
		late := rctx.Err() != nil && reading.Err() == nil
		cancel()
		switch {
		case err == nil:
		case left || ctx.Err() != nil:
			return nil //nolint:nilerr // the end was announced or wanted
		case late:
			return errNoHello
		case errors.Is(context.Cause(reading), errNoPong):
			return errNoPong
		default:
			return brokenSocket(err)
		}
		var e envelope
		if json.Unmarshal(data, &e) != nil {
			c.s.opt.Handler.clicks.WithLabelValues("bad_request").Inc()
			continue
		}
		switch e.Type {
		case "hello":
			c.stood = true
			c.s.isUp(c.app)
		case "disconnect":
			if err := c.goodbye(e.Reason); err != nil {
				return err
			}
			left, until = true, time.Now().Add(lingers)
		default:
			c.take(ctx, e)
		}
	}
}

// goodbye is an announced end: the next connection is made while this one still
// reads. It gives an error where another one would fare no better.
func (c *socket) goodbye(reason string) error {
	switch reason {
	case linkDisabled:
		return errTurnedOff
	case "too_many_websockets":
		return &alert.SendError{Reason: alert.ReasonRateLimited, After: retryMost, Err: errors.New("the app has too many sockets open")}
	}
	c.once.Do(func() { close(c.leaving) })
	return nil
}

// take carries out what an envelope asks for, beside others, and answers it.
func (c *socket) take(ctx context.Context, e envelope) {
	if !c.begin() {
		return
	}
	c.slots <- struct{}{}
	go func() {
		defer c.acts.Done()
		defer func() { <-c.slots }()
		h := c.s.opt.Handler
		switch e.Type {
		case "interactive":
		case "slash_commands":
			c.command(ctx, e)
			return
		default:
			h.clicks.WithLabelValues("ignored").Inc()
			c.ack(ctx, e, nil)
			return
		}
		cl, err := parse(e.Payload, time.Now())
		if err != nil {
			result := "bad_request"
			if errors.Is(err, errNotOurs) {
				result = "ignored"
			}
			h.clicks.WithLabelValues(result).Inc()
			c.ack(ctx, e, nil)
			return
		}
		cl.tellApart(e.ID)
		h.take(ctx, func(body any) { c.ack(ctx, e, body) }, c.app.receivers, cl)
	}()
}

// command carries out a slash command and answers with what its author is to see.
func (c *socket) command(ctx context.Context, e envelope) {
	h := c.s.opt.Handler
	cmd, good := heardCommand(e.Payload)
	if !good {
		h.clicks.WithLabelValues("bad_request").Inc()
		c.ack(ctx, e, nil)
		return
	}
	c.ack(ctx, e, h.command(ctx, c.app.receivers, cmd))
}

// ack answers an envelope, with what a dialog or a command is to show where that is
// not nil. One that cannot be answered comes again, with the same key.
func (c *socket) ack(ctx context.Context, e envelope, body any) {
	if e.ID == "" {
		return
	}
	raw, err := json.Marshal(struct {
		ID      string `json:"envelope_id"`
		Payload any    `json:"payload,omitempty"`
	}{e.ID, body})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackWithin)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, raw); err != nil {
		c.s.log.Debug("a click could not be answered, it comes again", zap.Int("retry_attempt", e.RetryCount))
	}
}

func brokenSocket(err error) error {
	if code := websocket.CloseStatus(err); code != -1 {
		return fmt.Errorf("slack closed the socket with code %d", code)
	}
	return errors.New("the socket broke")
}
