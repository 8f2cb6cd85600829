package slack

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const maxMessageText = 40_000

// place is the error of speaking in the channel, or nothing. The caller holds the lock.
func (s *Server) place(id string) string {
	i := slices.IndexFunc(s.channels, func(c Channel) bool { return c.ID == id })
	switch {
	case i < 0:
		return "channel_not_found"
	case s.channels[i].Private && s.channels[i].Absent:
		return "channel_not_found"
	case s.channels[i].Archived:
		return "is_archived"
	case s.channels[i].Absent:
		return "not_in_channel"
	}
	return ""
}

func (s *Server) find(channel, ts string) *Message {
	for _, m := range s.messages {
		if m.Channel == channel && m.TS == ts && m.To == "" {
			return m
		}
	}
	return nil
}

// content checks text, blocks and metadata as Slack does.
func content(p params) (Message, string) {
	m := Message{Text: p["text"]}
	if b := p["blocks"]; b != "" {
		if code := checkBlocks([]byte(b)); code != "" {
			return m, code
		}
		m.Blocks = json.RawMessage(b)
	}
	if md := p["metadata"]; md != "" {
		var v struct {
			EventType    string         `json:"event_type"`
			EventPayload map[string]any `json:"event_payload"`
		}
		switch {
		case json.Unmarshal([]byte(md), &v) != nil:
			return m, "invalid_metadata_format"
		case v.EventType == "" || v.EventPayload == nil:
			return m, "invalid_metadata_schema"
		case len(md) > 8_000:
			return m, "metadata_too_large"
		}
		m.Metadata = json.RawMessage(md)
	}
	switch {
	case m.Text == "" && len(m.Blocks) == 0:
		return m, "no_text"
	case utf8.RuneCountInString(m.Text) > maxMessageText:
		return m, "msg_too_long"
	}
	return m, ""
}

func (s *Server) postMessage(p params) reply {
	m, code := content(p)
	if code != "" {
		return failure(code)
	}
	s.mu.Lock()
	if code := s.place(p["channel"]); code != "" {
		s.mu.Unlock()
		return failure(code)
	}
	if t := p["thread_ts"]; t != "" {
		parent := s.find(p["channel"], t)
		if parent == nil {
			s.mu.Unlock()
			return failure("thread_not_found")
		}
		if m.ThreadTS = t; parent.ThreadTS != "" {
			m.ThreadTS = parent.ThreadTS
		}
		m.Broadcast = p["reply_broadcast"] == "true"
	}
	now := time.Now()
	m.Channel, m.TS, m.At = p["channel"], s.stamp(now), now
	s.messages = append(s.messages, &m)
	stored := m
	s.mu.Unlock()
	s.tell("posted", stored)
	return reply{"ok": true, "channel": stored.Channel, "ts": stored.TS, "message": wire(stored, true, 0)}
}

func (s *Server) update(p params) reply {
	n, code := content(p)
	if code != "" {
		return failure(code)
	}
	s.mu.Lock()
	if code := s.place(p["channel"]); code != "" {
		s.mu.Unlock()
		return failure(code)
	}
	m := s.find(p["channel"], p["ts"])
	if m == nil {
		s.mu.Unlock()
		return failure("message_not_found")
	}
	m.Text, m.Blocks = n.Text, n.Blocks
	if len(n.Metadata) > 0 {
		m.Metadata = n.Metadata
	}
	m.Edits, m.Edited = m.Edits+1, time.Now()
	stored := *m
	s.mu.Unlock()
	s.tell("updated", stored)
	return reply{"ok": true, "channel": stored.Channel, "ts": stored.TS, "text": stored.Text, "message": wire(stored, true, 0)}
}

func (s *Server) postEphemeral(p params) reply {
	m, code := content(p)
	if code != "" {
		return failure(code)
	}
	if p["user"] == "" {
		return failure("user_not_in_channel")
	}
	s.mu.Lock()
	if code := s.place(p["channel"]); code != "" {
		s.mu.Unlock()
		return failure(code)
	}
	now := time.Now()
	m.Channel, m.To, m.TS, m.At = p["channel"], p["user"], s.stamp(now), now
	s.messages = append(s.messages, &m)
	stored := m
	s.mu.Unlock()
	s.tell("ephemeral", stored)
	return reply{"ok": true, "message_ts": stored.TS}
}

func (s *Server) info(p params) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.channels, func(c Channel) bool { return c.ID == p["channel"] })
	if i < 0 {
		return failure("channel_not_found")
	}
	c := s.channels[i]
	return reply{"ok": true, "channel": reply{
		"id": c.ID, "name": c.Name, "is_channel": !c.Private, "is_private": c.Private, "is_archived": c.Archived, "is_member": !c.Absent,
	}}
}

// history gives root messages, newest first.
func (s *Server) history(p params) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.place(p["channel"]); code != "" && code != "is_archived" {
		return failure(code)
	}
	var out []*Message
	for _, m := range s.messages {
		if m.Channel == p["channel"] && m.To == "" && m.ThreadTS == "" && inRange(m.TS, p) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *Message) int { return strings.Compare(b.TS, a.TS) })
	return s.page(out, p)
}

// replies gives a thread, oldest first; its first message is the parent.
func (s *Server) replies(p params) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.place(p["channel"]); code != "" && code != "is_archived" {
		return failure(code)
	}
	parent := s.find(p["channel"], p["ts"])
	if parent == nil {
		return failure("thread_not_found")
	}
	out := []*Message{parent}
	for _, m := range s.messages {
		if m.Channel == p["channel"] && m.To == "" && m.ThreadTS == parent.TS && inRange(m.TS, p) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *Message) int { return strings.Compare(a.TS, b.TS) })
	return s.page(out, p)
}

// inRange applies oldest, latest and inclusive. Times of ten digits compare as text.
func inRange(ts string, p params) bool {
	inc := truth(p["inclusive"])
	if o := p["oldest"]; o != "" && o != "0" && (ts < o || (ts == o && !inc)) {
		return false
	}
	if l := p["latest"]; l != "" && (ts > l || (ts == l && !inc)) {
		return false
	}
	return true
}

func (s *Server) page(ms []*Message, p params) reply {
	limit, err := strconv.Atoi(p["limit"])
	if err != nil || limit < 1 || limit > 999 {
		limit = 100
	}
	from := 0
	if c := p["cursor"]; c != "" {
		raw, err := base64.StdEncoding.DecodeString(c)
		if from, _ = strconv.Atoi(strings.TrimPrefix(string(raw), "next:")); err != nil || from < 0 || from > len(ms) {
			return failure("invalid_cursor")
		}
	}
	rest := ms[from:]
	more := len(rest) > limit
	if more {
		rest = rest[:limit]
	}
	list := make([]reply, 0, len(rest))
	for _, m := range rest {
		n := 0
		for _, r := range s.messages {
			if r.Channel == m.Channel && r.ThreadTS == m.TS && r.To == "" {
				n++
			}
		}
		list = append(list, wire(*m, truth(p["include_all_metadata"]), n))
	}
	next := ""
	if more {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(from+limit)))
	}
	return reply{"ok": true, "messages": list, "has_more": more, "pin_count": 0, "response_metadata": reply{"next_cursor": next}}
}

// wire is a message as Slack shows it.
func wire(m Message, metadata bool, replies int) reply {
	r := reply{
		"type": "message", "subtype": "bot_message", "user": botUser, "bot_id": botID, "app_id": appID, "team": teamID,
		"text": m.Text, "ts": m.TS,
	}
	if len(m.Blocks) > 0 {
		r["blocks"] = m.Blocks
	}
	if metadata && len(m.Metadata) > 0 {
		r["metadata"] = m.Metadata
	}
	if m.ThreadTS != "" {
		r["thread_ts"], r["parent_user_id"] = m.ThreadTS, botUser
	}
	if replies > 0 {
		r["thread_ts"], r["reply_count"] = m.TS, replies
	}
	if m.Edits > 0 {
		r["edited"] = reply{"user": botUser, "ts": strconv.FormatInt(m.Edited.Unix(), 10) + ".000000"}
	}
	return r
}
