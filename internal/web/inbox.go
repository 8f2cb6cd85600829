package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const inboxPage = 50

type tab struct {
	Text, URL string
	On        bool
}

// inboxView is what the list is rendered from.
type inboxView struct {
	Did       *didView
	Tabs      []tab
	State     string
	Brand     string
	Brands    []string
	Tally     string
	Rows      []row
	Next      string
	People    []string
	Filtered  bool
	Sources   []sourceRow
	Listening string
}

// didView speaks of the case that was just ended, so that a slip can be undone
// and a dismissal explained.
type didView struct {
	Said      string
	Row       row
	AskReason bool
}

// inboxTabs are the groups of states that the list offers; the first is shown unasked.
func inboxTabs() []struct {
	name, text string
	states     []record.State
} {
	return []struct {
		name, text string
		states     []record.State
	}{
		{"", "To do", []record.State{record.StateOpen, record.StateClaimed, record.StateAnswered}},
		{"mine", "Mine", []record.State{record.StateClaimed, record.StateAnswered, record.StateSnoozed}},
		{"open", "Open", []record.State{record.StateOpen}},
		{"claimed", "Claimed", []record.State{record.StateClaimed}},
		{"answered", "Answered", []record.State{record.StateAnswered}},
		{"snoozed", "Snoozed", []record.State{record.StateSnoozed}},
		{"ended", "Ended", []record.State{record.StateResolved, record.StateDismissed}},
	}
}

func (s *Server) pageInbox(w http.ResponseWriter, r *http.Request, who person) error {
	ctx, now := r.Context(), time.Now()
	v := inboxView{Brand: r.FormValue("brand"), State: r.FormValue("state")}
	if v.Brand != "" && !validName(v.Brand) {
		return badRequest("this is no brand's name")
	}
	p, err := s.livePage(r, who, "Inbox", "inbox")
	if err != nil {
		return err
	}
	f := CaseFilter{Brand: v.Brand, Page: Page{Limit: inboxPage, After: r.FormValue("after")}}
	if f.After != "" && !validID(f.After) {
		return badRequest("this page of the list is gone")
	}
	for _, t := range inboxTabs() {
		on := t.name == v.State
		if on {
			f.States = t.states
			if t.name == "mine" {
				f.Owner = who.name
			}
		}
		v.Tabs = append(v.Tabs, tab{Text: t.text, URL: inboxURL("state", t.name, "brand", v.Brand), On: on})
	}
	if f.States == nil {
		return badRequest("there is no such state")
	}
	list, err := s.casePage(ctx, f)
	if err != nil {
		return err
	}
	if f.Owner != "" {
		list.Items = slices.DeleteFunc(list.Items, func(c record.Case) bool { return c.Owner != f.Owner })
	}
	s.fillInbox(&v, list, now, p.Self)
	if v.Did, err = s.justDid(ctx, r.FormValue("did"), now); err != nil {
		return err
	}
	if len(v.Rows) == 0 && !v.Filtered {
		stats, err := s.opt.Backend.Sources(ctx)
		if err != nil {
			return err
		}
		v.Sources = sourceRows(stats, now)
	}
	p.Body = v
	return s.render(w, http.StatusOK, "inbox", p)
}

func (s *Server) fillInbox(v *inboxView, list List[record.Case], now time.Time, self string) {
	back := dropDid(self)
	open := 0
	for _, c := range list.Items {
		v.Rows = append(v.Rows, rowOf(c, now, back))
		if c.Owner != "" && !slices.Contains(v.People, c.Owner) {
			v.People = append(v.People, c.Owner)
		}
		if c.State == record.StateOpen {
			open++
		}
	}
	slices.Sort(v.People)
	if list.Next != "" {
		v.Next = inboxURL("state", v.State, "brand", v.Brand, "after", list.Next)
	}
	v.Brands = s.brands()
	if v.Brand != "" && !slices.Contains(v.Brands, v.Brand) {
		v.Brands = append(v.Brands, v.Brand)
	}
	v.Listening = listed(s.brands())
	v.Filtered = v.State != "" || v.Brand != ""
	if n := len(v.Rows); n > 0 {
		v.Tally = plural(n, "case", "cases")
		if list.Next != "" {
			v.Tally = "the first " + strconv.Itoa(n)
		}
		if v.State == "" && open > 0 {
			v.Tally += fmt.Sprintf(", %d of them nobody's", open)
		}
		v.Tally += ", worst and oldest first"
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func (s *Server) brands() []string {
	if s.opt.Brands == nil {
		return nil
	}
	names := slices.Clone(s.opt.Brands())
	slices.Sort(names)
	return names
}

// justDid is what the list says about the case that the last action ended.
func (s *Server) justDid(ctx context.Context, id string, now time.Time) (*didView, error) {
	if !validID(id) {
		return nil, nil //nolint:nilnil // no strip is what most pages show
	}
	d, err := s.opt.Backend.Dossier(ctx, id)
	if answer := answerTo(err); err != nil && answer.status != http.StatusNotFound {
		return nil, err
	}
	v := &didView{Row: rowOf(d.Case, now, "/")}
	switch d.Case.State {
	case record.StateDismissed:
		v.Said = "Not a complaint:"
		v.AskReason = !hasReason(d)
	case record.StateResolved:
		v.Said = "Resolved:"
	case record.StateOpen, record.StateSnoozed, record.StateClaimed, record.StateAnswered:
		return nil, nil //nolint:nilnil // it is alive again and stands in the list
	default:
		return nil, nil //nolint:nilnil // it is not there
	}
	return v, nil
}

// hasReason reports whether somebody already said why the case was dismissed.
func hasReason(d record.Dossier) bool {
	for _, e := range slices.Backward(d.History) {
		switch e.What {
		case "reason":
			return true
		case "dismissed":
			return slices.Contains(record.DismissReasons(), e.Detail)
		}
	}
	return false
}

// livePage is a page that shows live things: it hears of changes, and says what
// the daemon cannot do now.
func (s *Server) livePage(r *http.Request, who person, title, active string) (*page, error) {
	ctx := r.Context()
	p := s.newPage(r, who, title, active)
	p.Events = fmt.Sprintf("/events?mark=%x", s.events.current(ctx))
	stats, err := s.opt.Backend.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var said []string
	if s.opt.Troubles != nil {
		said = s.opt.Troubles(ctx)
	}
	p.Problems = troubles(stats, said, s.opt.Ready(ctx), time.Now())
	return p, nil
}
