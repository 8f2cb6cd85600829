package slack

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

const maxBody = 4 << 20

// params are a call's arguments, however they were sent.
type params map[string]string

// reply is an answer's JSON.
type reply map[string]any

func failure(code string) reply { return reply{"ok": false, "error": code} }

func missing(needed string, have []string) reply {
	return reply{"ok": false, "error": "missing_scope", "needed": needed, "provided": strings.Join(have, ",")}
}

// method is one method of the Web API.
type method struct {
	// scopes of which one is needed.
	scopes []string
	do     func(p params) reply
	// writes says that it changes something, so that a fault can come before or after.
	writes bool
	// app says that it wants the app token, not the bot's.
	app bool
}

func (s *Server) methods() map[string]method {
	return map[string]method{
		"auth.test":             {do: authTest},
		"chat.postMessage":      {scopes: []string{"chat:write"}, do: s.postMessage, writes: true},
		"chat.update":           {scopes: []string{"chat:write"}, do: s.update, writes: true},
		"chat.postEphemeral":    {scopes: []string{"chat:write"}, do: s.postEphemeral, writes: true},
		"conversations.history": {scopes: []string{"channels:history", "groups:history"}, do: s.history},
		"conversations.replies": {scopes: []string{"channels:history", "groups:history"}, do: s.replies},
		"conversations.info":    {scopes: []string{"channels:read", "groups:read"}, do: s.info},
		"views.open":            {do: s.viewsOpen, writes: true},
		"apps.connections.open": {do: s.connectionsOpen, app: true},
	}
}

// ServeHTTP answers a call of the Web API.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case isSocket(req):
		s.serveSocket(w, req)
		return
	case strings.HasPrefix(req.URL.Path, respondPath):
		s.takeResponse(w, req)
		return
	case strings.HasPrefix(req.URL.Path, hookPath):
		s.takeHook(w, req)
		return
	}
	name, ok := strings.CutPrefix(req.URL.Path, "/api/")
	if !ok {
		http.NotFound(w, req)
		return
	}
	p, token, err := read(req)
	if err != nil {
		s.answer(w, reply{"ok": false, "error": "invalid_form_data"})
		return
	}
	s.count(name)
	m, known := s.methods()[name]
	if !known {
		s.answer(w, reply{"ok": false, "error": "unknown_method", "req_method": name})
		return
	}
	if s.limited(w, name, p["channel"]) {
		return
	}
	if f := s.nextFault(name); f != nil {
		s.fail(w, req, f, m, p, token)
		return
	}
	s.answer(w, s.run(m, p, token))
}

// run does the call: token, scope, and then the method itself.
func (s *Server) run(m method, p params, token string) reply {
	want := s.opt.Token
	if m.app {
		want = s.opt.AppToken
	}
	switch {
	case token == "":
		return failure("not_authed")
	case m.app != strings.HasPrefix(token, "xapp-"):
		return failure("not_allowed_token_type")
	case subtle.ConstantTimeCompare([]byte(token), []byte(want)) != 1:
		return failure("invalid_auth")
	}
	if len(m.scopes) > 0 && !slices.ContainsFunc(m.scopes, func(sc string) bool { return slices.Contains(s.opt.Scopes, sc) }) {
		return missing(strings.Join(m.scopes, ","), s.opt.Scopes)
	}
	return m.do(p)
}

func (s *Server) answer(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.opt.Scopes, ","))
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return
	}
}

// read takes the arguments of a call from a form, a JSON body or the query, and
// the token from the field or the header.
func read(req *http.Request) (params, string, error) {
	p := params{}
	for k, v := range req.URL.Query() {
		p[k] = v[0]
	}
	raw, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
	if err != nil {
		return nil, "", fmt.Errorf("reading the body: %w", err)
	}
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	switch {
	case len(raw) == 0:
	case kind == "application/json":
		err = fromJSON(p, raw)
	default:
		err = fromForm(p, raw)
	}
	if err != nil {
		return nil, "", err
	}
	token := p["token"]
	if bearer, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok && token == "" {
		token = bearer
	}
	return p, token, nil
}

func fromForm(p params, raw []byte) error {
	req := http.Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	req.Body = io.NopCloser(strings.NewReader(string(raw)))
	if err := req.ParseForm(); err != nil {
		return fmt.Errorf("reading the form: %w", err)
	}
	for k, v := range req.PostForm {
		p[k] = v[0]
	}
	return nil
}

func fromJSON(p params, raw []byte) error {
	var body map[string]json.RawMessage
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > 100 {
		return errors.New("reading the body: too many fields")
	}
	for k, v := range body {
		var text string
		if json.Unmarshal(v, &text) == nil {
			p[k] = text
			continue
		}
		p[k] = string(v)
	}
	return nil
}

func truth(s string) bool { return s == "1" || s == "true" || s == "True" }

func (s *Server) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[name]++
}

func authTest(params) reply {
	return reply{
		"ok": true, "url": "https://standin.slack.example/", "team": "Stand-in", "user": "leakytap",
		"team_id": teamID, "user_id": botUser, "bot_id": botID, "is_enterprise_install": false,
	}
}
