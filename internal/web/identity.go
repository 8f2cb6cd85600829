package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// person is who sends a request.
type person struct {
	// name is who acts: the login, or the name that the person chose where nothing
	// asks for a login.
	name string
	// known says that the person may use what asks for a login.
	known bool
	// login says that the name is a login, not a choice.
	login bool
	// via is web, or what a program says it is.
	via string
}

const (
	// Anonymous is the actor of the inbox where nothing asks for a login and no name was chosen.
	Anonymous = "inbox"
	// HeaderActor names the person behind a request that carries the local token, or
	// none where none is asked for; HeaderVia names the program.
	HeaderActor = "X-Leakytap-Actor"
	// HeaderVia says through what a person acts; cli is the only value that is taken.
	HeaderVia = "X-Leakytap-Via"

	nameCookie = "leakytap_name"
)

// sessionCookie has the prefix that binds it to this host where the inbox is reached by https.
func (s *Server) sessionCookie() string {
	if s.https() {
		return "__Host-leakytap_session"
	}
	return "leakytap_session"
}

func (s *Server) https() bool { return strings.HasPrefix(s.opt.Config.ExternalURL, "https://") }

// identify finds out who sends r. It fails only where a token was sent that is
// wrong, or too many were.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) (person, error) {
	tokens := s.tokens.Load()
	who := person{via: "web"}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		who.via = "api"
	}
	if r.Header.Get(HeaderVia) == "cli" {
		who.via = "cli"
	}
	if secret, ok := bearer(r); ok {
		return s.byToken(w, r, tokens, secret, who)
	}
	if tokens == nil {
		who.known, who.name = true, chosenName(r)
		return who, nil
	}
	if c, err := r.Cookie(s.sessionCookie()); err == nil {
		if tok, ok := s.sessions.find(c.Value, time.Now()); ok && tokens.holds(tok) {
			who.known, who.login, who.name = true, true, tok.name
		}
	}
	return who, nil
}

func (s *Server) byToken(w http.ResponseWriter, r *http.Request, tokens *Tokens, secret string, who person) (person, error) {
	if s.isLocal(secret) {
		who.known, who.name = true, chosenName(r)
		return who, nil
	}
	if tokens == nil {
		// Nothing asks for a token here; one that was sent all the same changes nothing.
		who.known, who.name = true, chosenName(r)
		return who, nil
	}
	now := time.Now()
	if wait := s.failures.blocked(r.RemoteAddr, now); wait > 0 {
		w.Header().Set("Retry-After", retryAfter(wait))
		return person{}, errTooMany
	}
	tok, ok := tokens.find(secret)
	if !ok {
		s.failures.fail(r.RemoteAddr, now)
		w.Header().Set("WWW-Authenticate", `Bearer realm="leakytap", error="invalid_token"`)
		return person{}, &httpError{http.StatusUnauthorized, "unauthorized", "this token is not known"}
	}
	who.known, who.login, who.name = true, true, tok.name
	return who, nil
}

// isLocal compares hashes, so that the time tells nothing, not even the length.
func (s *Server) isLocal(secret string) bool {
	want, got := sha256.Sum256([]byte(s.opt.LocalToken)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && s.opt.LocalToken != ""
}

func bearer(r *http.Request) (string, bool) {
	scheme, secret, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), ok && strings.EqualFold(scheme, "bearer")
}

// chosenName is what the person wants to be called: the command's header, else the inbox's cookie.
func chosenName(r *http.Request) string {
	if n := r.Header.Get(HeaderActor); validName(n) {
		return n
	}
	if c, err := r.Cookie(nameCookie); err == nil && validName(c.Value) {
		return c.Value
	}
	return Anonymous
}

// cookie is one that scripts cannot read and other sites cannot send with a form.
func (s *Server) cookie(name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure is set where the inbox is reached by https; on loopback it is http
		Name: name, Value: value, Path: "/",
		HttpOnly: true, Secure: s.https(), SameSite: http.SameSiteLaxMode,
		MaxAge: int(life / time.Second),
	}
	if life <= 0 {
		c.MaxAge = -1
	}
	return c
}

// localPath is raw when it is an address of this server (a path and a query),
// else the inbox: a link from elsewhere must not send people on.
func localPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || len(raw) > 1024 {
		return "/"
	}
	if !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\r\n\t\x00") {
		return "/"
	}
	if strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, "/login") || strings.HasPrefix(u.Path, "/logout") {
		return "/"
	}
	return u.RequestURI()
}
