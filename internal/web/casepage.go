package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// caseView is what a case page is rendered from.
type caseView struct {
	Row                row
	Fate               string
	Gone               bool
	TitleText          string
	Spans              []span
	HasReasons         bool
	HasPull            bool
	Tricky             bool
	Handle, Engagement string
	AskReason          bool
	History            []eventView
	Later              []postView
	Why                []string
	Venting            string
	Priority           int
	Topics, Signals    string
	Route              string
	Linked             []string
	Needs              needsView
	// Labels are what people said of the first post; Teach lets one say more.
	Labels []taughtView
	Teach  *teachView
}

type eventView struct {
	At                      moment
	What, By, Moved, Detail string
	URL                     string
}

type postView struct {
	Text, Author string
	At           moment
	Link         link
}

func (s *Server) pageCase(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.opt.Backend.Dossier(r.Context(), id)
	if err != nil {
		return err
	}
	p, err := s.livePage(r, who, clip(d.Case.Brand+": "+oneLine(d.Case.About), 80), "inbox")
	if err != nil {
		return err
	}
	v := caseViewOf(d, time.Now())
	back := "/cases/" + id
	if v.Labels, err = s.taughtAbout(r.Context(), d.Case.Brand, d.Case.Root, back); err != nil {
		return err
	}
	if !v.Gone {
		v.Teach = &teachView{Brand: d.Case.Brand, Mention: d.Case.Root, Back: back}
	}
	p.Body = v
	return s.render(w, http.StatusOK, "case", p)
}

func caseViewOf(d record.Dossier, now time.Time) caseView {
	c := d.Case
	v := caseView{
		Row: rowOf(c, now, "/cases/"+c.ID), Fate: string(c.Fate), Gone: d.Root.Retracted || c.Text == "",
		TitleText: oneLine(d.Root.Title), Spans: spans(c.Text, c.Reasons), Tricky: tricky(c.Text),
		AskReason: c.State == record.StateDismissed && !hasReason(d),
		Why:       shown(d.Why), Venting: percent(c.Venting), Priority: c.Priority,
		Topics: strings.Join(words(c.Topics), ", "), Signals: strings.Join(words(c.Signals), ", "), Route: record.RouteWords(c.Route), Linked: c.Linked,
	}
	if !v.Gone {
		v.Needs = needsOf(d, now)
	}
	for _, sp := range v.Spans {
		v.HasReasons = v.HasReasons || sp.Mark != ""
		v.HasPull = v.HasPull || sp.Mark == "pull"
	}
	if h := d.Root.Author.Handle; h != "" && !v.Gone {
		v.Handle = "@" + clip(oneLine(h), nameRunes)
	}
	v.Engagement = engagement(d)
	if v.Route == "" {
		v.Route = "nobody"
	}
	for _, e := range d.History {
		v.History = append(v.History, eventOf(e, now))
	}
	for _, m := range d.Later {
		post := postView{
			Text: clip(strings.TrimSpace(show(m.Text)), 2000), Author: clip(oneLine(m.Author.Name), nameRunes),
			At: momentOf(m.CreatedAt, now), Link: linkOf(m.URL),
		}
		if post.Author == "" {
			post.Author = "@" + clip(oneLine(m.Author.Handle), nameRunes)
		}
		if m.Retracted || post.Text == "" {
			post.Text = "(this post is gone)"
		}
		v.Later = append(v.Later, post)
	}
	return v
}

func engagement(d record.Dossier) string {
	var parts []string
	e := d.Root.Engagement
	for _, x := range []struct {
		n         int64
		one, many string
	}{{e.Likes, "like", "likes"}, {e.Reposts, "repost", "reposts"}, {e.Replies, "reply", "replies"}, {e.Views, "view", "views"}} {
		switch {
		case x.n == 1:
			parts = append(parts, "1 "+x.one)
		case x.n > 1:
			parts = append(parts, count(x.n)+" "+x.many)
		}
	}
	return strings.Join(parts, ", ")
}

// eventOf is one line of the history: who, when, what.
func eventOf(e record.Event, now time.Time) eventView {
	v := eventView{At: momentOf(e.At, now), What: happened(e.What), Detail: show(e.Detail), URL: webLink(e.URL)}
	switch e.Actor {
	case "", "clock":
	case "customer":
		v.By = "the customer"
	case "brand":
		v.By = "the brand"
	default:
		v.By = show(e.Actor)
		if e.Via != "" {
			v.By += " in " + via(e.Via)
		}
	}
	if e.From != e.To && e.From != "" && e.To != "" {
		v.Moved = fmt.Sprintf("%s → %s", e.From, e.To)
	}
	return v
}

// happened says in people's words what an event is.
func happened(what string) string {
	switch what {
	case "opened":
		return "complaint heard"
	case "joined":
		return "posted again"
	case "edited":
		return "post edited"
	case "retracted":
		return "post taken away"
	case "woken":
		return "snooze ended"
	case "reason":
		return "reason given"
	case "sent":
		return "message sent"
	default:
		return strings.ReplaceAll(what, "_", " ")
	}
}

func via(v string) string {
	switch v {
	case "web":
		return "the inbox"
	case "cli":
		return "the terminal"
	case "slack":
		return "Slack"
	case "api":
		return "the API"
	default:
		return show(v)
	}
}

func percent(p float64) string { return fmt.Sprintf("%.0f %%", p*100) }

func words(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strings.ReplaceAll(n, "_", " ")
	}
	return out
}

func shown(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = show(l)
	}
	return out
}
