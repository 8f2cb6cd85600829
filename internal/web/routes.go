package web

import (
	"net/http"
	"time"
)

// access says who may use a route.
type access int

const (
	// accessOpen asks nobody.
	accessOpen access = iota
	// accessUser asks for a login where the config has tokens.
	accessUser
	// accessOwn leaves it to the handler, which checks a signature.
	accessOwn
	// accessSource leaves it to the handler for sources with a token of their own, and
	// is accessUser for the others.
	accessSource
)

// kind says in what form a route answers, errors included.
type kind int

const (
	kindPage kind = iota
	kindAPI
	kindPlain
)

// handler serves one request of a person. An error becomes an answer in the
// form of the route's kind; nothing may have been written then.
type handler func(w http.ResponseWriter, r *http.Request, who person) error

// route is one line of the table that the mux, the guard and the tests read.
type route struct {
	server  *Server
	method  string
	pattern string
	access  access
	kind    kind
	// body is the most bytes that a request may have.
	body int64
	// timeout ends the request's context; a negative one is for streams.
	timeout time.Duration
	handle  handler
}

const (
	smallBody  = 64 << 10
	ingestBody = 16 << 20
	slackBody  = 1 << 20
	quick      = 15 * time.Second
	slow       = 35 * time.Second
)

// ServeHTTP lets the guard decide whether the request reaches the handler.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) { rt.server.admit(rt, w, r) }

// table is every route of this server. A nil part of the Options has none.
func (s *Server) table() []route {
	rs := s.houseRoutes()
	if s.opt.Backend != nil {
		rs = append(rs, s.apiRoutes()...)
		rs = append(rs, s.pageRoutes()...)
		rs = append(rs, s.tuneRoutes()...)
	}
	for i := range rs {
		rt := &rs[i]
		rt.server = s
		rt.body = max(rt.body, smallBody)
		if rt.timeout == 0 {
			rt.timeout = quick
		}
	}
	return rs
}

// houseRoutes are those of every role.
func (s *Server) houseRoutes() []route {
	rs := []route{
		{kind: kindPlain, access: accessOpen, method: "GET", pattern: "/-/healthy", handle: s.healthy},
		{kind: kindPlain, access: accessOpen, method: "GET", pattern: "/-/ready", handle: s.ready},
		{kind: kindPlain, access: accessUser, method: "GET", pattern: "/metrics", handle: wrap(s.opt.Metrics)},
	}
	if s.opt.Reload != nil {
		rs = append(rs, route{kind: kindPlain, access: accessUser, method: "POST", pattern: "/-/reload", handle: s.reload, timeout: slow})
	}
	if s.opt.Slack != nil {
		for _, pattern := range []string{"/slack/interactions", "/slack/commands"} {
			rs = append(rs, route{
				kind: kindPlain, access: accessOwn, method: "POST", pattern: pattern,
				handle: wrap(s.opt.Slack), body: slackBody,
			})
		}
	}
	if s.opt.Ingest != nil {
		rs = append(rs, route{
			kind: kindAPI, access: accessSource, method: "POST", pattern: "/api/v1/ingest/{source}",
			handle: wrap(s.opt.Ingest), body: ingestBody, timeout: slow,
		})
	}
	return rs
}

func (s *Server) apiRoutes() []route {
	api := func(method, pattern string, h handler) route {
		return route{kind: kindAPI, access: accessUser, method: method, pattern: "/api/v1" + pattern, handle: h}
	}
	return []route{
		api("GET", "/openapi.json", s.openAPI),
		api("GET", "/status", s.apiStatus),
		api("GET", "/cases", s.apiCases),
		api("GET", "/cases/{id}", s.apiCase),
		api("POST", "/cases/{id}/actions", s.apiAct),
		api("GET", "/decisions", s.apiDecisions),
		api("GET", "/recovery", s.apiRecovery),
		api("GET", "/spikes", s.apiSpikes),
		api("GET", "/sources", s.apiSources),
		api("GET", "/measures", s.apiMeasures),
		api("GET", "/samples", s.apiSamples),
		api("POST", "/samples/draw", s.apiDraw),
		api("POST", "/samples/label", s.apiSampleLabel),
		api("GET", "/dead", s.apiDeadList),
		api("GET", "/dead/{id}", s.apiDead),
		api("POST", "/dead/{id}/retry", s.apiDeadRetry),
		api("DELETE", "/dead/{id}", s.apiDeadDrop),
		api("GET", "/silences", s.apiSilences),
		api("POST", "/silences", s.apiSilenceAdd),
		api("DELETE", "/silences/{id}", s.apiSilenceExpire),
		api("GET", "/labels", s.apiLabels),
		learning(api("POST", "/labels", s.apiLabelGive)),
		learning(api("POST", "/labels/import", s.apiLabelImport)),
		api("GET", "/labels/disagreements", s.apiDisagreements),
		learning(api("DELETE", "/labels/{id}", s.apiLabelUndo)),
		api("GET", "/layers", s.apiLearned),
		api("POST", "/layers/{id}/accept", s.apiLayerAccept),
	}
}

func (s *Server) pageRoutes() []route {
	page := func(method, pattern string, h handler) route {
		return route{kind: kindPage, access: accessUser, method: method, pattern: pattern, handle: h}
	}
	return []route{
		page("GET", "/{$}", s.pageInbox),
		page("GET", "/cases/{id}", s.pageCase),
		page("POST", "/cases/{id}/act", s.formAct),
		page("GET", "/why", s.pageWhy),
		page("GET", "/why/{id...}", s.pageWhy),
		page("POST", "/why", s.pageWhy),
		page("GET", "/sources", s.pageSources),
		page("GET", "/recovery", s.pageRecovery),
		page("GET", "/spikes", s.pageSpikes),
		page("GET", "/tune/sample", s.pageSample),
		page("POST", "/tune/sample", s.formSample),
		page("POST", "/tune/sample/draw", s.formDraw),
		page("GET", "/dead", s.pageDead),
		page("GET", "/dead/{id}", s.pageDeadOne),
		page("POST", "/dead/{id}/retry", s.formDeadRetry),
		page("POST", "/dead/{id}/drop", s.formDeadDrop),
		page("GET", "/silences", s.pageSilences),
		page("POST", "/silences", s.formSilenceAdd),
		page("POST", "/silences/{id}/expire", s.formSilenceExpire),
		page("GET", "/labels", s.pageLabels),
		learning(page("POST", "/labels", s.formLabelGive)),
		learning(page("POST", "/labels/{id}/undo", s.formLabelUndo)),
		page("POST", "/layers/{id}/accept", s.formLayerAccept),
		page("POST", "/me", s.formMe),
		page("POST", "/logout", s.formLogout),
		{kind: kindPage, access: accessOpen, method: "GET", pattern: "/login", handle: s.pageLogin},
		{kind: kindPage, access: accessOpen, method: "POST", pattern: "/login", handle: s.formLogin},
		{kind: kindPlain, access: accessUser, method: "GET", pattern: "/events", handle: s.stream, timeout: -1},
		{kind: kindPlain, access: accessOpen, method: "GET", pattern: "/static/{name}", handle: s.static},
		{kind: kindPlain, access: accessOpen, method: "GET", pattern: "/favicon.ico", handle: s.favicon},
	}
}

// learning gives a route the time that a refit takes, and room for an import.
func learning(rt route) route {
	rt.timeout, rt.body = slow, labelBody
	return rt
}

// wrap makes a handler of one that answers for itself.
func wrap(h http.Handler) handler {
	return func(w http.ResponseWriter, r *http.Request, _ person) error {
		h.ServeHTTP(w, r)
		return nil
	}
}
