package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// maxPage is the most rows of one answer; defaultPage those of one that names no limit.
	maxPage     = 500
	defaultPage = 100
	maxSilence  = 366 * 24 * time.Hour
)

// Status is what GET /api/v1/status tells about the daemon.
type Status struct {
	Version string   `json:"version"`
	Roles   []string `json:"roles"`
	Ready   bool     `json:"ready"`
	// Problem says in words why it is not ready.
	Problem string `json:"problem,omitempty"`
	// Actor is who the daemon takes the asker for.
	Actor string `json:"actor"`
}

// ActionRequest is the body of POST /api/v1/cases/{id}/actions.
type ActionRequest struct {
	Key    string      `json:"key,omitempty"`
	Verb   record.Verb `json:"verb"`
	Until  time.Time   `json:"until,omitzero"`
	To     string      `json:"to,omitempty"`
	Reason string      `json:"reason,omitempty"`
	Note   string      `json:"note,omitempty"`
}

// SilenceRequest is the body of POST /api/v1/silences.
type SilenceRequest struct {
	Brand  string    `json:"brand,omitempty"`
	Author string    `json:"author,omitempty"`
	Topic  string    `json:"topic,omitempty"`
	Query  string    `json:"query,omitempty"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"`
}

func (s *Server) apiStatus(w http.ResponseWriter, r *http.Request, who person) error {
	st := Status{Version: s.opt.Version, Roles: s.opt.Roles, Ready: true, Actor: who.name}
	if err := s.opt.Ready(r.Context()); err != nil {
		st.Ready, st.Problem = false, err.Error()
	}
	writeJSON(w, http.StatusOK, st)
	return nil
}

func (s *Server) apiCases(w http.ResponseWriter, r *http.Request, _ person) error {
	f, err := caseFilter(r)
	if err != nil {
		return err
	}
	list, err := s.casePage(r.Context(), f)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// casePage asks for one case more than the page has, to know whether there is a next one.
func (s *Server) casePage(ctx context.Context, f CaseFilter) (List[record.Case], error) {
	limit := f.Limit
	f.Limit++
	cases, err := s.opt.Backend.Cases(ctx, f)
	return paged(cases, limit, func(c record.Case) string { return c.ID }), err
}

func (s *Server) apiCase(w http.ResponseWriter, r *http.Request, _ person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.opt.Backend.Dossier(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, d)
	return nil
}

func (s *Server) apiAct(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var req ActionRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	a := record.Action{
		Key: req.Key, Case: id, Verb: req.Verb, Actor: who.name, Via: who.via,
		Until: req.Until, To: req.To, Reason: req.Reason, Note: req.Note,
	}
	if err := checkAction(&a, time.Now()); err != nil {
		return err
	}
	c, err := s.opt.Backend.Act(r.Context(), a)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, c)
	return nil
}

func (s *Server) apiDecisions(w http.ResponseWriter, r *http.Request, _ person) error {
	q := strings.TrimSpace(r.FormValue("q"))
	if q == "" || len(q) > maxQuery {
		return badRequest("q is the id or the URL of a mention, at most 4096 bytes")
	}
	ds, err := s.opt.Backend.Decisions(r.Context(), q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[record.Decision]{Items: notNil(ds)})
	return nil
}

func (s *Server) apiSources(w http.ResponseWriter, r *http.Request, _ person) error {
	stats, err := s.opt.Backend.Sources(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[record.SourceStat]{Items: notNil(stats)})
	return nil
}

func (s *Server) apiDeadList(w http.ResponseWriter, r *http.Request, _ person) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	list, err := s.deadPage(r.Context(), p)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) deadPage(ctx context.Context, p Page) (List[record.Dead], error) {
	limit := p.Limit
	p.Limit++
	dead, err := s.opt.Backend.ListDead(ctx, p)
	return paged(dead, limit, func(d record.Dead) string { return d.ID }), err
}

func (s *Server) apiDead(w http.ResponseWriter, r *http.Request, _ person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.opt.Backend.Dead(r.Context(), id)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, d)
	return nil
}

func (s *Server) apiDeadRetry(w http.ResponseWriter, r *http.Request, _ person) error {
	return doByID(w, r, s.opt.Backend.RetryDead)
}

func (s *Server) apiDeadDrop(w http.ResponseWriter, r *http.Request, _ person) error {
	return doByID(w, r, s.opt.Backend.DropDead)
}

func (s *Server) apiSilences(w http.ResponseWriter, r *http.Request, _ person) error {
	rows, err := s.opt.Backend.ListSilences(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[record.Silence]{Items: notNil(rows)})
	return nil
}

func (s *Server) apiSilenceAdd(w http.ResponseWriter, r *http.Request, who person) error {
	var req SilenceRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	now := time.Now()
	row := record.Silence{
		Brand: req.Brand, Author: req.Author, Topic: req.Topic, Query: req.Query,
		By: who.name, Reason: req.Reason, From: now.UTC(), Until: req.Until,
	}
	if err := checkSilence(row, now); err != nil {
		return err
	}
	row, err := s.opt.Backend.AddSilence(r.Context(), row)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, row)
	return nil
}

func (s *Server) apiSilenceExpire(w http.ResponseWriter, r *http.Request, _ person) error {
	return doByID(w, r, s.opt.Backend.ExpireSilence)
}

// caseFilter reads state (repeated, or live or all), brand, owner, limit and after.
func caseFilter(r *http.Request) (CaseFilter, error) {
	f := CaseFilter{Brand: r.FormValue("brand"), Owner: r.FormValue("owner")}
	var err error
	if f.Page, err = pageOf(r); err != nil {
		return f, err
	}
	if f.Brand != "" && !validName(f.Brand) {
		return f, badRequest("brand is no brand's name")
	}
	if f.Owner != "" && !validName(f.Owner) {
		return f, badRequest("owner is a login or a Slack user id")
	}
	for _, v := range r.Form["state"] {
		switch st := record.State(v); {
		case v == "":
		case v == "live":
			f.States = append(f.States, liveStates()...)
		case v == "all":
			f.States = append(f.States, record.States()...)
		case slices.Contains(record.States(), st):
			f.States = append(f.States, st)
		default:
			return f, badRequest("state is one of live, all, open, snoozed, claimed, answered, resolved, dismissed")
		}
	}
	if len(f.States) == 0 {
		f.States = liveStates()
	}
	return f, nil
}

func liveStates() []record.State {
	return slices.DeleteFunc(record.States(), func(s record.State) bool { return !s.Live() })
}

// pageOf reads limit and after.
func pageOf(r *http.Request) (Page, error) {
	p := Page{Limit: defaultPage, After: r.FormValue("after")}
	if v := r.FormValue("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return p, badRequest("limit is a number from 1 to 500")
		}
		p.Limit = min(n, maxPage)
	}
	if p.After != "" && !validID(p.After) {
		return p, badRequest("after is the next of an earlier answer")
	}
	return p, nil
}

// List is one page of a list in the API. Next is what to send as after for the
// rows that follow, empty at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// paged cuts the one row that was asked for beyond limit and says where the rest begins.
func paged[T any](rows []T, limit int, id func(T) string) List[T] {
	if len(rows) <= limit {
		return List[T]{Items: notNil(rows)}
	}
	return List[T]{Items: rows[:limit], Next: id(rows[limit-1])}
}

// notNil makes an empty list [] in JSON rather than null.
func notNil[T any](rows []T) []T {
	if rows == nil {
		return []T{}
	}
	return rows
}

// pathID is the id in the path; anything that is no id of ours is not there.
func pathID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !validID(id) {
		return "", ErrNotFound
	}
	return id, nil
}

// validID is the form of the ids that LeakyTap makes: ULIDs and the like.
func validID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return true
}
