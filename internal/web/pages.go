package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// maxShown is how much of a dead letter's record its page shows.
const maxShown = 64 << 10

type whyView struct {
	Query, Text string
	Decisions   []decisionView
	Unseen      *unseenView
}

type decisionView struct {
	Brand, Outcome, OutcomeText, Severity, Venting, Threshold, Case, Route string
	Priority                                                               int
	Revision                                                               int64
	At                                                                     moment
	Why                                                                    []string
	Labels                                                                 []taughtView
	Teach                                                                  *teachView
	Trace                                                                  *traceView
}

// pageWhy shows every decision about one post, by id or URL.
func (s *Server) pageWhy(w http.ResponseWriter, r *http.Request, who person) error {
	now := time.Now()
	v := whyView{Query: strings.TrimSpace(r.FormValue("q"))}
	if id := r.PathValue("id"); id != "" {
		v.Query = id
	}
	if len(v.Query) > maxQuery {
		return badRequest("an id or URL has at most 4096 bytes")
	}
	status := http.StatusOK
	p := s.newPage(r, who, "Why", "why")
	if v.Query != "" {
		ds, err := s.opt.Backend.Decisions(r.Context(), v.Query)
		if err != nil {
			return err
		}
		if v.Decisions, err = s.decisionViews(r.Context(), ds, p.Self, now); err != nil {
			return err
		}
		if len(ds) == 0 {
			status = http.StatusNotFound
			if v.Unseen, err = s.unseenOf(r, v.Query, &v.Text, now); err != nil {
				return err
			}
		}
	}
	p.Body = v
	return s.render(w, status, "why", p)
}

// decisionViews are decisions with their traces and with what people said of their posts,
// which stands at the last of a post and brand.
func (s *Server) decisionViews(ctx context.Context, ds []record.Decision, self string, now time.Time) ([]decisionView, error) {
	var out []decisionView
	for i := range ds {
		v := decisionOf(ds[i], now)
		newest := i+1 == len(ds) || ds[i+1].Brand != ds[i].Brand || ds[i+1].ID != ds[i].ID
		var err error
		if v.Trace, err = s.traceOf(ctx, ds[i], now); err != nil {
			return nil, err
		}
		if newest && v.Brand != "" {
			if v.Labels, err = s.taughtAbout(ctx, ds[i].Brand, ds[i].ID, self); err != nil {
				return nil, err
			}
			if ds[i].Outcome != record.OutcomeRetracted {
				v.Teach = &teachView{Brand: ds[i].Brand, Mention: ds[i].ID, Back: self}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func decisionOf(d record.Decision, now time.Time) decisionView {
	v := decisionView{
		Brand: d.Brand, Outcome: string(d.Outcome), OutcomeText: strings.ReplaceAll(string(d.Outcome), "_", " "),
		Severity: string(d.Severity), Venting: percent(d.Venting), Case: d.Case, Route: record.RouteWords(d.Route), Priority: d.Priority,
		Revision: d.Revision, At: momentOf(d.Now, now), Why: shown(d.Why),
	}
	if d.Severity == "" {
		v.Severity = "none"
	}
	if d.Threshold > 0 {
		v.Threshold = percent(d.Threshold)
	}
	return v
}

func (s *Server) pageSources(w http.ResponseWriter, r *http.Request, who person) error {
	stats, err := s.opt.Backend.Sources(r.Context())
	if err != nil {
		return err
	}
	p := s.newPage(r, who, "Sources", "sources")
	p.Body = sourceRows(stats, time.Now())
	return s.render(w, http.StatusOK, "sources", p)
}

type deadRow struct {
	ID, Stage, Reason, Detail, Topic, Key, Value, Cut string
	At                                                moment
}

type deadView struct {
	Rows []deadRow
	Next string
}

func (s *Server) pageDead(w http.ResponseWriter, r *http.Request, who person) error {
	pg, err := pageOf(r)
	if err != nil {
		return err
	}
	list, err := s.deadPage(r.Context(), pg)
	if err != nil {
		return err
	}
	var v deadView
	for i := range list.Items {
		v.Rows = append(v.Rows, deadRowOf(list.Items[i], time.Now()))
	}
	if list.Next != "" {
		v.Next = "/dead?after=" + list.Next
	}
	p := s.newPage(r, who, "Dead letters", "dead")
	p.Body = v
	return s.render(w, http.StatusOK, "dead", p)
}

func deadRowOf(d record.Dead, now time.Time) deadRow {
	v := deadRow{
		ID: d.ID, Stage: d.Stage, Reason: d.Reason, Detail: clip(oneLine(d.Detail), 300), Topic: d.Topic,
		Key: clip(oneLine(d.Key), 300), At: momentOf(d.At, now),
	}
	if v.Detail == "" {
		v.Detail = "no detail"
	}
	return v
}

func (s *Server) pageDeadOne(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.opt.Backend.Dead(r.Context(), id)
	if err != nil {
		return err
	}
	v := deadRowOf(d, time.Now())
	value := d.Value
	var pretty bytes.Buffer
	if len(value) <= maxShown && json.Indent(&pretty, value, "", "  ") == nil {
		value = pretty.Bytes()
	}
	if len(value) > maxShown {
		v.Cut = fmt.Sprintf("(the first %d of %d bytes)", maxShown, len(value))
		value = value[:maxShown]
	}
	v.Value = show(strings.ToValidUTF8(string(value), "\ufffd"))
	p := s.newPage(r, who, "A dead letter", "dead")
	p.Body = v
	return s.render(w, http.StatusOK, "deadone", p)
}

func (s *Server) formDeadRetry(w http.ResponseWriter, r *http.Request, _ person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.opt.Backend.RetryDead(r.Context(), id); err != nil {
		return err
	}
	seeOther(w, "/dead")
	return nil
}

func (s *Server) formDeadDrop(w http.ResponseWriter, r *http.Request, _ person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.opt.Backend.DropDead(r.Context(), id); err != nil {
		return err
	}
	seeOther(w, "/dead")
	return nil
}
