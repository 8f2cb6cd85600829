// Package slack is a stand-in for Slack on loopback: it speaks the wire format
// of the Web API, keeps messages as Slack would and refuses what Slack refuses,
// fails on demand in every way that Slack can, and clicks buttons by sending
// the daemon the signed request that Slack sends.
//
// It promises that a message it says it stored is in its history, that a fault
// is counted when it happened, and that calls inside a Retry-After window are
// counted. Clicks go out signed, or over Socket Mode to whoever opened a socket.
//
//	slack.go     Server, its options, start and stop, what it saw
//	api.go       calls: parameters, token, scopes, answers
//	messages.go  chat.* and conversations.*
//	blocks.go    what Slack refuses in blocks
//	faults.go    failing on demand, and the rate limit
//	click.go     clicks and dialogs, signed as Slack signs them
//	dialog.go    dialogs as Slack checks them and sends them back
//	command.go   slash commands
//	hook.go      incoming webhooks, and what is said to one person without a token
//	socket.go    Socket Mode
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Channel is a place to post to.
type Channel struct {
	ID       string
	Name     string
	Private  bool
	Archived bool
	// Absent says that the bot is not in it.
	Absent bool
}

// Options is what a Server is made of. Every field has a default.
type Options struct {
	Token         string
	SigningSecret string
	AppToken      string
	Scopes        []string
	Channels      []Channel
	// PerSecond and Burst limit what one channel takes; 0 is no limit.
	PerSecond float64
	Burst     int
	// PingEvery is how often a socket is pinged.
	PingEvery time.Duration
	// OnMessage hears of every message that is stored, updated or shown to one
	// person, in order, outside of any lock.
	OnMessage func(Event)
}

// The defaults of Options.
const (
	DefaultToken         = "xoxb-standin-token" //nolint:gosec // the stand-in's own, worth nothing anywhere else
	DefaultSigningSecret = "standin-signing-secret"
	DefaultChannel       = "C0STANDIN"
	botUser              = "U0LEAKYTAP"
	botID                = "B0LEAKYTAP"
	teamID               = "T0STANDIN"
	appID                = "A0LEAKYTAP"
)

// Message is a message as it is stored.
type Message struct {
	Channel  string
	TS       string
	ThreadTS string
	// Broadcast says that a reply was shown in the channel too.
	Broadcast bool
	Text      string
	Blocks    json.RawMessage
	Metadata  json.RawMessage
	// To is who alone sees it, for an ephemeral message.
	To string
	// Edits counts updates.
	Edits int
	// At is when it was stored, Edited when it was last updated.
	At     time.Time
	Edited time.Time
}

// Key is the message's metadata.event_payload.key, empty where it has none.
func (m Message) Key() string {
	var md struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	if json.Unmarshal(m.Metadata, &md) != nil {
		return ""
	}
	return md.Payload.Key
}

// Event is a message and what happened to it: posted, updated or ephemeral.
type Event struct {
	Kind    string
	Message Message
}

// Server is the stand-in. It is an http.Handler for /api/.
type Server struct {
	opt Options

	mu       sync.Mutex
	channels []Channel
	messages []*Message
	views    []View
	calls    map[string]int
	faults   map[string][]*Fault
	choose   func(method string) *Fault
	fired    map[string]int
	windows  map[string]time.Time
	buckets  map[string]*bucket
	early    int
	lastTS   int64
	clicks   int
	// responders are the response_urls that still take an answer, and whom each tells.
	responders map[string]responder

	// links are the sockets that stand, open the tickets for new ones, waiting the
	// envelopes that were not answered yet.
	links     []*link
	open      map[string]bool
	waiting   map[string]chan json.RawMessage
	tickets   int
	envelopes int
	pongs     int
	noSockets bool

	notify sync.Mutex

	http    *http.Server
	addr    string
	closing chan struct{}
	ended   sync.WaitGroup
	once    sync.Once
}

// New makes a Server; Start makes it listen.
func New(opt Options) *Server {
	if opt.Token == "" {
		opt.Token = DefaultToken
	}
	if opt.SigningSecret == "" {
		opt.SigningSecret = DefaultSigningSecret
	}
	if opt.AppToken == "" {
		opt.AppToken = DefaultAppToken
	}
	if opt.PingEvery <= 0 {
		opt.PingEvery = pingSockets
	}
	if opt.Scopes == nil {
		opt.Scopes = []string{"chat:write", "channels:history", "groups:history", "commands"}
	}
	if opt.Channels == nil {
		opt.Channels = []Channel{{ID: DefaultChannel, Name: "support"}}
	}
	return &Server{
		opt: opt, channels: slices.Clone(opt.Channels), calls: map[string]int{}, faults: map[string][]*Fault{},
		open: map[string]bool{}, waiting: map[string]chan json.RawMessage{},
		fired: map[string]int{}, windows: map[string]time.Time{}, buckets: map[string]*bucket{}, closing: make(chan struct{}),
	}
}

// Start listens on addr, a loopback address with a port (0 for any), until Close.
func (s *Server) Start(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("starting the slack stand-in: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		_ = l.Close()
		return errors.New("starting the slack stand-in: it listens on loopback only")
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.ended.Go(func() { _ = s.http.Serve(l) })
	return nil
}

// Close ends everything, also what hangs.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		if s.http != nil {
			err = s.http.Close()
		}
		s.ended.Wait()
	})
	return err
}

// APIURL is what a receiver's api_url is set to.
func (s *Server) APIURL() string { return "http://" + s.addr + "/api/" }

// SetChannel changes a channel or adds one.
func (s *Server) SetChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.channels {
		if s.channels[i].ID == c.ID {
			s.channels[i] = c
			return
		}
	}
	s.channels = append(s.channels, c)
}

// Messages are all messages of a channel that everyone sees, oldest first;
// the empty channel is all channels.
func (s *Server) Messages(channel string) []Message {
	return s.filter(func(m *Message) bool { return m.To == "" && (channel == "" || m.Channel == channel) })
}

// Roots are the messages of a channel that are in no thread.
func (s *Server) Roots(channel string) []Message {
	return s.filter(func(m *Message) bool {
		return m.To == "" && m.ThreadTS == "" && (channel == "" || m.Channel == channel)
	})
}

// Thread are the replies below a message, oldest first.
func (s *Server) Thread(channel, ts string) []Message {
	return s.filter(func(m *Message) bool { return m.To == "" && m.Channel == channel && m.ThreadTS == ts })
}

// Ephemerals are the messages that were shown to one person.
func (s *Server) Ephemerals() []Message {
	return s.filter(func(m *Message) bool { return m.To != "" })
}

func (s *Server) filter(keep func(*Message) bool) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		if keep(m) {
			out = append(out, *m)
		}
	}
	slices.SortStableFunc(out, func(a, b Message) int { return strings.Compare(a.TS, b.TS) })
	return out
}

// Delete takes a message away, as a person can.
func (s *Server) Delete(channel, ts string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.messages)
	s.messages = slices.DeleteFunc(s.messages, func(m *Message) bool { return m.Channel == channel && m.TS == ts })
	return len(s.messages) < n
}

// Views are the dialogs that were opened.
func (s *Server) Views() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.views)
}

// Calls is how often a method was called, faults included.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Fired is how often each kind of fault happened.
func (s *Server) Fired() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.fired)
}

// Early is how many calls came inside a Retry-After window.
func (s *Server) Early() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.early
}

// stamp is the next message time: unique, and growing with each message.
func (s *Server) stamp(now time.Time) string {
	us := now.UnixMicro()
	if us <= s.lastTS {
		us = s.lastTS + 1
	}
	s.lastTS = us
	return strconv.FormatInt(us/1e6, 10) + "." + fmt.Sprintf("%06d", us%1e6)
}

// tell hands events on, in the order in which they happened.
func (s *Server) tell(kind string, m Message) {
	if s.opt.OnMessage == nil {
		return
	}
	s.notify.Lock()
	defer s.notify.Unlock()
	s.opt.OnMessage(Event{Kind: kind, Message: m})
}
