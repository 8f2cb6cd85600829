// Package web is the daemon's HTTP side: the inbox, the JSON API below /api/v1,
// the live updates and the endpoints that an operator's tools call.
//
// It promises that no GET changes anything, that a stranger's text is shown as
// text and nothing else, that every answer (an error page too) carries the same
// strict headers, and that everything a person can do works without JavaScript.
// It decides nothing about cases: each action goes to the Backend, which is the
// desk in the daemon and, for the commands, another daemon over HTTP (web/client).
//
//	config.go    the server section of the config
package web
