package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

type silenceRow struct {
	ID, What, Reason, By, Until string
	From                        moment
}

type silencesView struct {
	Rows   []silenceRow
	Brands []string
}

func (s *Server) pageSilences(w http.ResponseWriter, r *http.Request, who person) error {
	rows, err := s.opt.Backend.ListSilences(r.Context())
	if err != nil {
		return err
	}
	v := silencesView{Brands: s.brands()}
	for i := range rows {
		v.Rows = append(v.Rows, silenceRowOf(rows[i], time.Now()))
	}
	p := s.newPage(r, who, "Silences", "silences")
	p.Body = v
	return s.render(w, http.StatusOK, "silences", p)
}

func silenceRowOf(x record.Silence, now time.Time) silenceRow {
	var what []string
	for _, part := range []struct{ name, value string }{
		{"brand", x.Brand}, {"author", x.Author}, {"topic", x.Topic}, {"query", x.Query},
	} {
		if part.value != "" {
			what = append(what, part.name+" "+oneLine(part.value))
		}
	}
	if len(what) == 0 {
		what = []string{"everything"}
	}
	return silenceRow{
		ID: x.ID, What: strings.Join(what, ", "), Reason: oneLine(x.Reason), By: show(x.By),
		From: momentOf(x.From, now), Until: x.Until.UTC().Format("2 Jan 15:04 MST"),
	}
}

func (s *Server) formSilenceAdd(w http.ResponseWriter, r *http.Request, who person) error {
	if err := readForm(r); err != nil {
		return err
	}
	now := time.Now()
	until, err := formUntil(r, now)
	if err != nil {
		return err
	}
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	row := record.Silence{
		Brand: field("brand"), Author: field("author"), Topic: field("topic"), Query: field("query"),
		By: who.name, Reason: oneLine(field("reason")), From: now.UTC(), Until: until,
	}
	if err := checkSilence(row, now); err != nil {
		return err
	}
	if _, err := s.opt.Backend.AddSilence(r.Context(), row); err != nil {
		return err
	}
	seeOther(w, "/silences")
	return nil
}

func (s *Server) formSilenceExpire(w http.ResponseWriter, r *http.Request, _ person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.opt.Backend.ExpireSilence(r.Context(), id); err != nil {
		return err
	}
	seeOther(w, "/silences")
	return nil
}
