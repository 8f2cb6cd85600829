package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
)

// traceView is a post from the bytes that came to the messages that were delivered.
type traceView struct {
	Source, Platform, Author, Record, Terms, Delay string
	Created, Observed                              moment
	Link                                           link
	Spans                                          []span
	HasReasons                                     bool
	Labels                                         string
	Events                                         []traceEvent
	Sent                                           []sentView
}

type traceEvent struct {
	At         moment
	What, Says string
}

type sentView struct {
	Kind, Receiver, State, Error string
	Created, Sent                moment
	Attempts                     int
}

// maxTraceEvents bounds what a trace shows of a case, and maxSentShown of its messages.
const (
	maxTraceEvents = 20
	maxSentShown   = 30
)

// traceOf is the trace of a decision, nil where nothing is kept or there are no tuning pages.
func (s *Server) traceOf(ctx context.Context, d record.Decision, now time.Time) (*traceView, error) {
	if s.opt.Tuning == nil || d.Brand == "" {
		return nil, nil
	}
	t, err := s.opt.Tuning.Trace(ctx, d.Brand, d.ID)
	if err != nil || !t.Kept {
		return nil, err
	}
	m := t.Post.Mention
	v := &traceView{
		Source: m.Source, Platform: platformName(m.Platform), Author: oneLine(m.Author.Handle), Created: momentOf(m.CreatedAt, now),
		Observed: momentOf(m.ObservedAt, now), Link: linkOf(m.URL), Terms: strings.Join(shown(d.Terms), " · "),
		Labels: strings.Join(append(append([]string{}, d.Score.Topics...), d.Score.Signals...), ", "),
	}
	if raw, err := json.MarshalIndent(m, "", "  "); err == nil {
		v.Record = show(clip(string(raw), maxShown))
	}
	if m.Revision == d.Revision {
		v.Spans, v.HasReasons = spans(strings.TrimSpace(m.Text), d.Score.Reasons), len(d.Score.Reasons) > 0
	}
	for _, e := range t.Events[:min(len(t.Events), maxTraceEvents)] {
		v.Events = append(v.Events, traceEvent{momentOf(e.At, now), oneLine(e.What), oneLine(e.Detail)})
	}
	for _, n := range t.Sent[:min(len(t.Sent), maxSentShown)] {
		v.Sent = append(v.Sent, sentView{
			Kind: string(n.Kind), Receiver: n.Receiver, State: string(n.State), Error: n.Error, Created: momentOf(n.CreatedAt, now), Sent: momentOf(n.SentAt, now), Attempts: n.Attempts,
		})
		if n.Kind == record.NoticeCard && !n.SentAt.IsZero() && !n.ObservedAt.IsZero() && v.Delay == "" {
			v.Delay = n.SentAt.Sub(n.ObservedAt).Round(time.Millisecond).String()
		}
	}
	return v, nil
}

type unseenView struct {
	tune.Unseen
	Written moment
	Sources []unseenSource
	Hits    []decisionView
	Missed  string
}

type unseenSource struct {
	Source  string
	Reasons []string
	Windows []windowView
}

type windowView struct{ From, Until, Reason string }

// unseenOf says why a post was never collected; text gets the words that were given.
func (s *Server) unseenOf(r *http.Request, asked string, text *string, now time.Time) (*unseenView, error) {
	if s.opt.Tuning == nil {
		return nil, nil
	}
	words := r.FormValue("text")
	if len(words) > maxExplained {
		return nil, badRequest("a text has at most 32 KiB")
	}
	u, err := s.opt.Tuning.Unseen(r.Context(), asked, words)
	if err != nil {
		return nil, err
	}
	*text = show(words)
	v := &unseenView{Unseen: u, Written: momentOf(u.At, now)}
	for _, src := range u.Sources {
		row := unseenSource{Source: src.Source, Reasons: shown(src.Reasons)}
		for _, b := range src.Windows {
			w := windowView{From: b.From.UTC().Format(time.RFC3339), Until: "now", Reason: b.Reason}
			if !b.Until.IsZero() {
				w.Until = b.Until.UTC().Format(time.RFC3339)
			}
			row.Windows = append(row.Windows, w)
		}
		v.Sources = append(v.Sources, row)
	}
	var missed []string
	for _, b := range u.Brands {
		if b.Outcome == record.OutcomeNotMatched {
			missed = append(missed, b.Brand)
			continue
		}
		v.Hits = append(v.Hits, decisionOf(record.Decision{Brand: b.Brand, Outcome: b.Outcome, Severity: b.Severity, Venting: b.Venting, Route: b.Route, Why: b.Why, Now: now}, now))
	}
	v.Missed = strings.Join(missed, ", ")
	return v, nil
}
