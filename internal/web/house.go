package web

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthy says that the process answers.
func (*Server) healthy(w http.ResponseWriter, _ *http.Request, _ person) error {
	writeText(w, http.StatusOK, "healthy\n")
	return nil
}

// ready says whether config, store and bus are up.
func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ person) error {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	status, text := http.StatusOK, "ready"
	if err := s.opt.Ready(ctx); err != nil {
		status, text = http.StatusServiceUnavailable, fmt.Sprintf("not ready: %v", err)
	}
	writeText(w, status, text+"\n")
	return nil
}

// reload loads the config again; what is wrong with it is the answer's body, and
// the config that runs stays.
func (s *Server) reload(w http.ResponseWriter, r *http.Request, _ person) error {
	status, text := http.StatusOK, "reloaded"
	if err := s.opt.Reload(r.Context()); err != nil {
		status, text = http.StatusBadRequest, err.Error()
	}
	writeText(w, status, text+"\n")
	return nil
}
