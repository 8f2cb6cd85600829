package web

import (
	"net/http"
	"time"
)

// BacktestRequest is the body of POST /api/v1/backtest.
type BacktestRequest struct {
	// File is a brand file, Days how many days it looks back; 0 is 30.
	File string `json:"file"`
	Days int    `json:"days,omitempty"`
}

// maxBacktestDays bounds how far back a backtest looks.
const maxBacktestDays = 366

func (s *Server) apiBacktest(w http.ResponseWriter, _ *http.Request, _ person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t.Backtest())
	return nil
}

func (s *Server) apiBacktestStart(w http.ResponseWriter, r *http.Request, _ person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	var req BacktestRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if req.Days == 0 {
		req.Days = 30
	}
	if req.Days < 1 || req.Days > maxBacktestDays {
		return badRequest("days is a number from 1 to 366")
	}
	file, err := bounded([]byte(req.File))
	if err != nil {
		return err
	}
	if err := t.StartBacktest(r.Context(), file, time.Now().UTC().AddDate(0, 0, -req.Days)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t.Backtest())
	return nil
}
