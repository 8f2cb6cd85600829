// Package web is the daemon's HTTP side: the inbox, the JSON API below /api/v1,
// the live updates and the endpoints that an operator's tools call.
//
// It promises that no GET changes anything, that a stranger's text is shown as
// text and nothing else, that every answer (an error page too) carries the same
// strict headers, and that everything a person can do works without JavaScript.
// It decides nothing about cases: each action goes to the Backend, which is the
// desk in the daemon and, for the commands, another daemon over HTTP (web/client).
//
//	config.go       the server section of the config
//	backend.go      what the pages and the API stand on
//	server.go       Options, New, listening, Run
//	routes.go       the table of routes: who may use them, in what form they answer
//	guard.go        the way of every request: headers, host, origin, limits, login
//	identity.go     who sends a request, cookies, local addresses
//	auth.go         tokens; session.go logins; limiter.go wrong tokens by address
//	answer.go       errors and JSON
//	house.go        health, readiness, reload
//	api.go          the API; check.go what it and the forms refuse; openapi.go its description
//	events.go       live updates
//	render.go       templates and the files beside them
//	view.go         cases and sources as pages show them; text.go a stranger's words
//	inbox.go        the list; casepage.go one case; pages.go why, sources, dead letters
//	silencepage.go  silences; recovery.go what became of customers
//	spikes.go       more complaints than usual
//	service.go      what is due, promised and asked for
//	tracepage.go    the trace of a post, and why one was never collected
//	tuner.go        what the tuning pages stand on; tunepages.go those pages and the API's shadow
//	forms.go        what buttons post; name, login, logout
//
// The scripts are htmx (static/htmx.LICENSE), for forms without a reload, and
// static/app.js, which reads a page again when something has changed.
package web
