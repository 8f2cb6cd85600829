package web

import (
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
	page, err := s.opt.Backend.Cases(r.Context(), f)
	if err != nil {
		return err
	}
	page.Items = notNil(page.Items)
	writeJSON(w, http.StatusOK, page)
	return nil
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
	page, err := s.opt.Backend.ListDead(r.Context(), p)
	if err != nil {
		return err
	}
	page.Items = notNil(page.Items)
	writeJSON(w, http.StatusOK, page)
	return nil
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
	row := record.Silence{
		Brand: req.Brand, Author: req.Author, Topic: req.Topic, Query: req.Query,
		By: who.name, Reason: req.Reason, Until: req.Until,
	}
	if err := checkSilence(row, time.Now()); err != nil {
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

// caseFilter reads state (repeated, or live or all), brand, limit and after.
func caseFilter(r *http.Request) (CaseFilter, error) {
	p, err := pageOf(r)
	if err != nil {
		return CaseFilter{}, err
	}
	f := CaseFilter{Page: p, Brand: r.FormValue("brand")}
	if f.Brand != "" && !validName(f.Brand) {
		return f, badRequest("brand is no brand's name")
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
	slices.Sort(f.States)
	f.States = slices.Compact(f.States)
	return f, nil
}

func liveStates() []record.State {
	return slices.DeleteFunc(record.States(), func(s record.State) bool { return !s.Live() })
}

func pageOf(r *http.Request) (Page, error) {
	p := Page{Limit: defaultPage, After: r.FormValue("after")}
	if v := r.FormValue("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return p, badRequest("limit is a number from 1 to 500")
		}
		p.Limit = min(n, maxPage)
	}
	if p.After != "" && !validAfter(p.After) {
		return p, badRequest("after is the next of an earlier answer")
	}
	return p, nil
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

// validAfter is the form of a page's Next.
func validAfter(s string) bool { return validID(strings.ReplaceAll(s, ".", "-")) }

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
