package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// DefaultAppToken is the app token of a Server that is given none.
const DefaultAppToken = "xapp-standin-token" //nolint:gosec // the stand-in's own, worth nothing anywhere else

// socketPath is where sockets are opened, by a ticket that is good once.
const socketPath = "/link/"

const (
	ackWithin    = 3 * time.Second
	maxSockets   = 10
	pingSockets  = 5 * time.Second
	writeWithin  = 5 * time.Second
	maxFromSlack = 64 << 10
)

// ErrNoSocket says that no socket stands on which a click could be delivered.
var ErrNoSocket = errors.New("no socket stands")

// link is a socket that stands.
type link struct {
	conn *websocket.Conn
	// leaving says that its end was announced: it gets no new envelopes.
	leaving bool
	gone    chan struct{}
}

// connectionsOpen hands out the address of a socket.
func (s *Server) connectionsOpen(params) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noSockets {
		return failure("link_disabled")
	}
	s.tickets++
	ticket := strconv.Itoa(s.tickets) + "-" + s.opt.AppToken[max(0, len(s.opt.AppToken)-4):]
	s.open[ticket] = true
	return reply{"ok": true, "url": "ws://" + s.addr + socketPath + "?ticket=" + ticket}
}

// serveSocket is a socket from its hello to its end.
func (s *Server) serveSocket(w http.ResponseWriter, req *http.Request) {
	ticket := req.URL.Query().Get("ticket")
	s.mu.Lock()
	good, full := s.open[ticket], len(s.links) >= maxSockets
	delete(s.open, ticket)
	s.mu.Unlock()
	if !good {
		http.Error(w, "no such ticket", http.StatusForbidden)
		return
	}
	conn, err := websocket.Accept(w, req, &websocket.AcceptOptions{InsecureSkipVerify: true}) // libraries send Slack's own origin
	if err != nil {
		return
	}
	conn.SetReadLimit(maxFromSlack)
	defer func() { _ = conn.CloseNow() }()
	l := &link{conn: conn, gone: make(chan struct{})}
	defer close(l.gone)
	if full {
		_ = write(req.Context(), l, reply{"type": "disconnect", "reason": "too_many_websockets"})
		return
	}
	hello := reply{
		"type": "hello", "num_connections": 1, "connection_info": reply{"app_id": appID},
		"debug_info": reply{"host": "stand-in", "approximate_connection_time": 18060},
	}
	if write(req.Context(), l, hello) != nil {
		return
	}
	s.mu.Lock()
	s.links = append(s.links, l)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.links = slices.DeleteFunc(s.links, func(o *link) bool { return o == l })
		s.mu.Unlock()
	}()
	s.hear(req.Context(), l)
}

// hear reads answers and pings until the socket ends.
func (s *Server) hear(ctx context.Context, l *link) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	go func() {
		t := time.NewTicker(s.opt.PingEvery)
		defer t.Stop()
		for {
			select {
			case <-t.C:
			case <-ctx.Done():
				return
			}
			pctx, stop := context.WithTimeout(ctx, writeWithin)
			err := l.conn.Ping(pctx)
			stop()
			if err != nil {
				cancel()
				return
			}
			s.mu.Lock()
			s.pongs++
			s.mu.Unlock()
		}
	}()
	for {
		_, data, err := l.conn.Read(ctx)
		if err != nil {
			return
		}
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(data, &ack) != nil || ack.ID == "" {
			continue
		}
		s.mu.Lock()
		if c := s.waiting[ack.ID]; c != nil {
			delete(s.waiting, ack.ID)
			c <- ack.Payload
			close(c)
		}
		s.mu.Unlock()
	}
}

func write(ctx context.Context, l *link, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding for a socket: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	if err := l.conn.Write(ctx, websocket.MessageText, raw); err != nil {
		return fmt.Errorf("writing to a socket: %w", err)
	}
	return nil
}

// Sockets is how many sockets stand that were not told to leave.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.links {
		if !l.leaving {
			n++
		}
	}
	return n
}

// Pongs is how many pings were answered.
func (s *Server) Pongs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pongs
}

// pick is the socket for the next envelope, nil where none stands.
func (s *Server) pick() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range slices.Backward(s.links) {
		if !l.leaving {
			return l
		}
	}
	return nil
}

// Deliver sends an envelope of a kind (interactive, slash_commands, events_api)
// on a socket and waits, at most three seconds, until it is answered. An answer
// has Status 200.
func (s *Server) Deliver(kind, id string, attempt int, payload json.RawMessage) (Answer, error) {
	l := s.pick()
	if l == nil {
		return Answer{}, ErrNoSocket
	}
	acked := make(chan json.RawMessage, 1)
	s.mu.Lock()
	s.waiting[id] = acked
	s.mu.Unlock()
	begun := time.Now()
	err := write(context.Background(), l, reply{
		"type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": kind == "slash_commands", "retry_attempt": attempt, "retry_reason": "",
	})
	if err != nil {
		return Answer{}, err
	}
	t := time.NewTimer(ackWithin)
	defer t.Stop()
	select {
	case said := <-acked:
		return Answer{Status: http.StatusOK, Body: string(said), Took: time.Since(begun)}, nil
	case <-t.C:
		return Answer{}, fmt.Errorf("delivering %s: no answer within %s", id, ackWithin)
	case <-l.gone:
		return Answer{}, fmt.Errorf("delivering %s: the socket ended without an answer", id)
	case <-s.closing:
		return Answer{}, fmt.Errorf("delivering %s: the stand-in ended", id)
	}
}

// ClickSocket clicks, and delivers the click on a socket.
func (s *Server) ClickSocket(c Click) (Answer, error) {
	p, err := s.Payload(c)
	if err != nil {
		return Answer{}, err
	}
	return s.Deliver("interactive", s.EnvelopeID(), 0, p)
}

// EnvelopeID is the next id of an envelope.
func (s *Server) EnvelopeID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.envelopes++
	return "standin-envelope-" + strconv.Itoa(s.envelopes)
}

// Announce tells every socket that it will end, for a reason of Slack's: warning,
// refresh_requested, link_disabled or too_many_websockets. They stay until
// EndSockets.
func (s *Server) Announce(reason string) {
	s.mu.Lock()
	links := slices.Clone(s.links)
	for _, l := range links {
		l.leaving = true
	}
	s.mu.Unlock()
	for _, l := range links {
		_ = write(context.Background(), l, reply{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "stand-in"}})
	}
}

// EndSockets cuts the sockets that were told to leave, or all of them, without a
// word.
func (s *Server) EndSockets(all bool) {
	var ending []*link
	s.mu.Lock()
	for _, l := range s.links {
		if all || l.leaving {
			ending = append(ending, l)
		}
	}
	s.mu.Unlock()
	for _, l := range ending {
		_ = l.conn.CloseNow()
	}
}

// Raw sends bytes on a socket as they are.
func (s *Server) Raw(data string) error {
	l := s.pick()
	if l == nil {
		return ErrNoSocket
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
	defer cancel()
	if err := l.conn.Write(ctx, websocket.MessageText, []byte(data)); err != nil {
		return fmt.Errorf("writing to a socket: %w", err)
	}
	return nil
}

// AllowSockets turns Socket Mode of the app on or off.
func (s *Server) AllowSockets(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noSockets = !on
}

// isSocket reports whether a request opens a socket.
func isSocket(req *http.Request) bool { return strings.HasPrefix(req.URL.Path, socketPath) }
