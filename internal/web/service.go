package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/record/asks"
	"github.com/leakytap/leakytap/pkg/mention"
)

// serviceView is what a case owes its customer, as the list and the case page show it.
type serviceView struct {
	// Due says what is due, At when, and Late that its time is over.
	Due  string
	At   moment
	By   string
	Late bool
	// Promise is what was promised by whom, PromiseBy for when, and PromiseEnd what became of it.
	Promise, PromiseWho, PromiseBy, PromiseEnd string
	PromiseOpen, PromiseLate                   bool
}

func serviceOf(c *record.Case, now time.Time) serviceView {
	var v serviceView
	if duty, at := c.Due(); duty != record.DutyNone {
		v.At, v.By, v.Late = momentOf(at, now), at.UTC().Format("2 Jan 15:04 MST"), !at.After(now)
		v.Due = map[record.Duty]string{record.DutyAck: "to be claimed", record.DutyAnswer: "to be answered", record.DutyResolve: "to be resolved"}[duty]
	}
	p := c.Service.Promise
	if p == nil {
		return v
	}
	v.Promise, v.PromiseWho, v.PromiseBy = oneLine(p.What), show(p.Actor), p.By.UTC().Format("Mon 2 Jan 15:04 MST")
	v.PromiseOpen, v.PromiseLate = p.Open() && c.State.Live(), c.State.Live() && p.Overdue(now)
	switch {
	case v.PromiseLate:
		v.PromiseEnd = "overdue"
	case p.Open():
	case p.Kept:
		v.PromiseEnd = "kept"
	default:
		v.PromiseEnd = "not kept"
	}
	return v
}

// needView is a sentence of the customer's, and what it asks for in our words.
type needView struct{ Kind, Words string }

// needsView is what whoever answers needs to know.
type needsView struct {
	Wants, Told []needView
	Earlier     []earlierView
}

// Any reports whether there is anything to show.
func (v needsView) Any() bool { return len(v.Wants)+len(v.Told)+len(v.Earlier) > 0 }

type earlierView struct {
	ID, About, End string
	At             moment
	Link           link
}

func needsOf(d record.Dossier, now time.Time) needsView {
	var v needsView
	posts := []mention.Mention{d.Root}
	for _, m := range d.Later {
		if m.AuthorKey() != "" && m.AuthorKey() == d.Root.AuthorKey() {
			posts = append(posts, m)
		}
	}
	found := asks.In(posts)
	for _, q := range found.Wants {
		v.Wants = append(v.Wants, needView{Kind: wantWords(q.Kind), Words: oneLine(q.Words)})
	}
	for _, q := range found.Told {
		v.Told = append(v.Told, needView{Words: oneLine(q.Words)})
	}
	for _, e := range d.Earlier {
		x := earlierView{ID: e.ID, About: clip(oneLine(e.About), aboutRunes), At: momentOf(e.OpenedAt, now), Link: linkOf(e.URL), End: string(e.State)}
		if e.Fate != record.FateUnknown {
			x.End += ", customer " + string(e.Fate)
		}
		if x.About == "" {
			x.About = "a complaint"
		}
		v.Earlier = append(v.Earlier, x)
	}
	return v
}

func wantWords(k asks.Kind) string {
	switch k {
	case asks.Acknowledge:
		return "a word that it was heard"
	case asks.Own:
		return "somebody who takes it"
	case asks.Next:
		return "what happens next"
	case asks.When:
		return "a time"
	}
	return string(k)
}

// formBy reads by when something is promised: a time in UTC where one is given, else
// one of the lengths that the form offers.
func formBy(r *http.Request, now time.Time) (time.Time, error) {
	at := strings.TrimSpace(r.PostFormValue("by"))
	if at == "" {
		return formUntil(r, now)
	}
	t, err := time.Parse("2006-01-02T15:04", at)
	if err != nil {
		return time.Time{}, badRequest("the time of a promise is written as 2026-11-24T14:00, in UTC")
	}
	return t.UTC(), nil
}
