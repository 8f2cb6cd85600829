package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// policy is what the pages may load: their own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// ServeHTTP is the way of every request: headers, host, path, origin, route.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header(), strings.HasPrefix(s.opt.Config.ExternalURL, "https://"))
	defer s.recover(w, r)
	if err := s.check(r); err != nil {
		s.fail(w, r, kindOf(r.URL.Path), err)
		return
	}
	h, pattern := s.mux.Handler(r)
	if pattern == "" {
		s.fail(w, r, kindOf(r.URL.Path), s.unrouted(h, w, r))
		return
	}
	s.mux.ServeHTTP(w, r)
}

func setHeaders(h http.Header, https bool) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// check refuses what no route should see.
func (s *Server) check(r *http.Request) error {
	if !s.hostAllowed(r.Host) {
		return &httpError{
			http.StatusMisdirectedRequest, "wrong_host",
			"this address is not one of LeakyTap's; set server.external_url to the address that people use",
		}
	}
	p := r.URL.EscapedPath()
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	if p != clean || strings.ContainsAny(r.URL.Path, "\x00\\") || strings.Contains(r.URL.Path, "../") {
		return errNotFoundPage
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return badRequest("the address has a query that cannot be read")
	}
	if err := s.csrf.Check(r); err != nil {
		return &httpError{
			http.StatusForbidden, "cross_origin",
			"this request came from another web site and was refused",
		}
	}
	return nil
}

// hostAllowed keeps a web page elsewhere, whose name was made to point here, from
// reading the inbox as if it were its own.
func (s *Server) hostAllowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if loopbackHost(host) {
		return true
	}
	if ext := s.opt.Config.ExternalURL; ext != "" {
		if u, err := url.Parse(ext); err == nil && strings.EqualFold(u.Hostname(), host) {
			return true
		}
	}
	if Loopback(s.opt.Config.Listen) {
		return false
	}
	// With a login, a name made to point here carries no cookie of ours; a literal
	// address cannot be made to point anywhere. Only a known name narrows further.
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && s.opt.Config.ExternalURL == ""
}

// admit is the second half of the way, once the route is known.
func (s *Server) admit(rt *route, w http.ResponseWriter, r *http.Request) {
	if rt.timeout > 0 {
		select {
		case s.inFlight <- struct{}{}:
			defer func() { <-s.inFlight }()
		default:
			w.Header().Set("Retry-After", "1")
			s.fail(w, r, rt.kind, &httpError{http.StatusServiceUnavailable, "busy", "too many requests at once; try again"})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), rt.timeout)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if r.ContentLength > rt.body {
		s.fail(w, r, rt.kind, &httpError{
			http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("the request is over %d bytes", rt.body),
		})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, rt.body)
	var who person
	if !s.leavesItTo(rt, r) {
		var err error
		if who, err = s.identify(w, r); err != nil {
			s.fail(w, r, rt.kind, err)
			return
		}
		if rt.access != accessOpen && !who.known {
			s.askLogin(w, r, rt.kind)
			return
		}
	}
	if err := rt.handle(w, r, who); err != nil {
		s.fail(w, r, rt.kind, err)
	}
}

// leavesItTo reports whether the route's own handler checks who sends.
func (s *Server) leavesItTo(rt *route, r *http.Request) bool {
	switch rt.access {
	case accessOwn:
		return true
	case accessSource:
		return s.opt.IngestToken != nil && s.opt.IngestToken(r.PathValue("source"))
	case accessOpen, accessUser:
	}
	return false
}

// askLogin sends a person to the form and tells a program what is missing.
func (s *Server) askLogin(w http.ResponseWriter, r *http.Request, k kind) {
	if k == kindPage && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		to := "/login"
		if back := localPath(r.URL.RequestURI()); back != "/" {
			to += "?next=" + url.QueryEscape(back)
		}
		seeOther(w, to)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="leakytap"`)
	s.fail(w, r, k, &httpError{http.StatusUnauthorized, "unauthorized", "a token is needed: send Authorization: Bearer TOKEN"})
}

func (s *Server) recover(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // it is a panic's value, compared as net/http does
		panic(v)
	}
	s.log.Error("a request handler panicked", zap.Any("panic", v), zap.String("route", r.Pattern), zap.ByteString("stack", debug.Stack()))
	s.fail(w, r, kindOf(r.URL.Path), &httpError{http.StatusInternalServerError, "internal", "something went wrong here; the daemon's log says what"})
}

// unrouted turns the mux's own answer (not found, method not allowed) into ours.
func (*Server) unrouted(h http.Handler, w http.ResponseWriter, r *http.Request) error {
	rec := &statusOnly{header: make(http.Header)}
	h.ServeHTTP(rec, r)
	if rec.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", rec.header.Get("Allow"))
		return &httpError{http.StatusMethodNotAllowed, "method_not_allowed", "this address takes " + rec.header.Get("Allow") + " only"}
	}
	return errNotFoundPage
}

type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header       { return s.header }
func (s *statusOnly) WriteHeader(code int)      { s.status = code }
func (*statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// kindOf guesses the form of an answer for a path that has no route.
func kindOf(p string) kind {
	switch {
	case strings.HasPrefix(p, "/api/"):
		return kindAPI
	case strings.HasPrefix(p, "/-/"), p == "/metrics", strings.HasPrefix(p, "/slack/"), strings.HasPrefix(p, "/static/"), p == "/events":
		return kindPlain
	default:
		return kindPage
	}
}

// metricsOnly serves server.metrics_listen: nothing there shows or changes a case.
func (s *Server) metricsOnly() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes {
		switch rt.pattern {
		case "/metrics", "/-/healthy", "/-/ready":
			mux.HandleFunc(rt.method+" "+rt.pattern, func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), rt.timeout)
				defer cancel()
				if err := rt.handle(w, r.WithContext(ctx), person{}); err != nil {
					s.fail(w, r, kindPlain, err)
				}
			})
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), false)
		defer s.recover(w, r)
		mux.ServeHTTP(w, r)
	})
}

// retryAfter writes d as the header wants it: whole seconds, at least one.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int(max(1, (d+time.Second-1)/time.Second)))
}
