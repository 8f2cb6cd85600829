// Package alertmanager is a stand-in for Prometheus Alertmanager: it takes alerts
// over API v2 in the real format, refuses what the real one refuses, knows an
// alert by its labels, and forgets them when it is told to, as the real one does
// when it restarts.
//
//	alertmanager.go  Server: the alerts that it holds
//	api.go           what the API takes and answers
package alertmanager

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// resolveTimeout ends an alert that names no end, as the real one's default does.
const resolveTimeout = 5 * time.Minute

// Alert is one alert as it is held.
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	Fingerprint  string            `json:"fingerprint"`
}

// Firing reports whether the alert has not ended at now.
func (a Alert) Firing(now time.Time) bool { return a.EndsAt.After(now) }

// Server is the stand-in: a handler, safe for any goroutines.
type Server struct {
	mux *http.ServeMux
	// token is the bearer token that is asked for, where it is not empty.
	token string

	mu     sync.Mutex
	alerts map[string]Alert
	posts  int
}

// New makes a Server; with a token, calls without it are refused.
func New(token string) *Server {
	s := &Server{token: token, alerts: map[string]Alert{}, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /api/v2/alerts", s.post)
	s.mux.HandleFunc("GET /api/v2/alerts", s.list)
	s.mux.HandleFunc("GET /api/v2/status", s.status)
	return s
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if s.token != "" && req.Header.Get("Authorization") != "Bearer "+s.token {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	s.mux.ServeHTTP(w, req)
}

// Alerts are those it holds, ended ones too, in the order of their labels.
func (s *Server) Alerts() []Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.alerts), func(a, b Alert) int { return strings.Compare(text(a.Labels), text(b.Labels)) })
}

// Firing are the alerts that have not ended.
func (s *Server) Firing() []Alert {
	now := time.Now()
	return slices.DeleteFunc(s.Alerts(), func(a Alert) bool { return !a.Firing(now) })
}

// Posts counts the calls that were taken.
func (s *Server) Posts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

// Restart forgets every alert: the real one keeps them in memory alone.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.alerts)
}

// take holds alerts that were found valid, as the real one does: the same labels
// are the same alert, and what comes later wins.
func (s *Server) take(alerts []Alert, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts++
	for _, a := range alerts {
		a.UpdatedAt, a.Fingerprint = now, fingerprint(a.Labels)
		if old, ok := s.alerts[a.Fingerprint]; ok && old.Firing(now) && old.StartsAt.Before(a.StartsAt) {
			a.StartsAt = old.StartsAt
		}
		s.alerts[a.Fingerprint] = a
	}
}

func fingerprint(labels map[string]string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text(labels)))
	return fmt.Sprintf("%016x", h.Sum64())
}

func text(labels map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&b, "%s=%q,", k, labels[k])
	}
	return b.String()
}
