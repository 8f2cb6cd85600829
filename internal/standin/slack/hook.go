package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// respondPath takes what is said to one person by response_url, hookPath what comes
	// through an incoming webhook.
	respondPath = "/actions/"
	hookPath    = "/services/"
	// hookSecret is the last part of the address of an incoming webhook.
	hookSecret = "standin-hook-secret"
	// maxResponses is how often a response_url may be used.
	maxResponses = 5
)

// responder is whom a response_url tells, and how often it still may.
type responder struct {
	channel, user string
	left          int
}

// responder makes a response_url. The caller holds the lock.
func (s *Server) responder(channel, user string) string {
	if s.responders == nil {
		s.responders = map[string]responder{}
	}
	id := strconv.Itoa(len(s.responders) + 1)
	s.responders[id] = responder{channel: channel, user: user, left: maxResponses}
	return id
}

// takeResponse shows one person what came to a response_url.
func (s *Server) takeResponse(w http.ResponseWriter, req *http.Request) {
	m, good := posted(req)
	id := strings.TrimPrefix(req.URL.Path, respondPath)
	s.mu.Lock()
	r, known := s.responders[id]
	if !known || !good || r.left == 0 {
		s.mu.Unlock()
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	r.left--
	s.responders[id] = r
	now := time.Now()
	m.Channel, m.To, m.TS, m.At = r.channel, r.user, s.stamp(now), now
	s.messages = append(s.messages, &m)
	stored := m
	s.mu.Unlock()
	s.tell("ephemeral", stored)
	_, _ = io.WriteString(w, "ok")
}

// posted reads a message in JSON as webhooks take it.
func posted(req *http.Request) (Message, bool) {
	var in struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	raw, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
	if err != nil || req.Method != http.MethodPost || json.Unmarshal(raw, &in) != nil {
		return Message{}, false
	}
	p := params{"text": in.Text}
	if len(in.Blocks) > 0 {
		p["blocks"] = string(in.Blocks)
	}
	m, code := content(p)
	return m, code == ""
}

// HookURL is the address of an incoming webhook of the channel.
func (s *Server) HookURL(channel string) string {
	return "http://" + s.addr + hookPath + teamID + "/" + channel + "/" + hookSecret
}

// takeHook posts what comes through an incoming webhook: it answers ok, and names no message.
func (s *Server) takeHook(w http.ResponseWriter, req *http.Request) {
	s.count("incoming-webhook")
	team, rest, _ := strings.Cut(strings.TrimPrefix(req.URL.Path, hookPath), "/")
	channel, secret, _ := strings.Cut(rest, "/")
	if team != teamID || secret != hookSecret {
		http.Error(w, "no_service", http.StatusNotFound)
		return
	}
	if f := s.nextFault("incoming-webhook"); f != nil {
		s.failHook(w, req, f, channel)
		return
	}
	status, words := s.hook(req, channel)
	if status != http.StatusOK {
		http.Error(w, words, status)
		return
	}
	_, _ = io.WriteString(w, words) //nolint:gosec // one of Slack's own words
}

func (s *Server) hook(req *http.Request, channel string) (int, string) {
	m, good := posted(req)
	if !good {
		return http.StatusBadRequest, "invalid_payload"
	}
	s.mu.Lock()
	switch code := s.place(channel); code {
	case "", "not_in_channel":
	case "is_archived":
		s.mu.Unlock()
		return http.StatusGone, "channel_is_archived"
	default:
		s.mu.Unlock()
		return http.StatusNotFound, code
	}
	now := time.Now()
	m.Channel, m.TS, m.At = channel, s.stamp(now), now
	s.messages = append(s.messages, &m)
	stored := m
	s.mu.Unlock()
	s.tell("posted", stored)
	return http.StatusOK, "ok"
}

// failHook fails as was asked for.
func (s *Server) failHook(w http.ResponseWriter, req *http.Request, f *Fault, channel string) {
	s.mu.Lock()
	s.fired[f.Name]++
	s.mu.Unlock()
	if f.Store {
		s.hook(req, channel)
	}
	switch {
	case f.Hang:
		s.hang(req.Context())
	case f.Reset:
		panic(http.ErrAbortHandler)
	case f.Code != "":
		http.Error(w, f.Code, http.StatusForbidden)
	default:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		status := f.Status
		if status == 0 {
			status = http.StatusInternalServerError
		}
		http.Error(w, "no answer today", status)
	}
}
