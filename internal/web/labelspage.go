package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// taughtView is one label as pages show it.
type taughtView struct {
	ID                              int64
	Value, Reason, By, How, Words   string
	At                              moment
	Undone                          string
	Back, Brand, Mention, PostWords string
	Link                            link
}

// teachView is a post about which somebody may say what it is.
type teachView struct{ Brand, Mention, Back string }

func taughtOf(t Taught, back string, now time.Time) taughtView {
	l := t.Label
	v := taughtView{
		ID: l.ID, Value: "no complaint", By: show(l.Actor), At: momentOf(l.At, now), Words: show(t.Words), Back: back,
		Brand: l.Brand, Mention: l.Mention, PostWords: clip(oneLine(l.Text), quoteRunes), Link: linkOf(l.URL),
	}
	if l.Venting {
		v.Value = "a complaint"
	}
	if r := l.Reason; r != record.ReasonComplaint && r != record.ReasonNotComplaint {
		v.Reason = strings.ReplaceAll(r, "_", " ")
	}
	switch l.Source {
	case record.LabelFromImport:
		v.How = "imported"
	case record.LabelFromSample:
		v.How = "drawn at random"
	case record.LabelFromCase:
		v.How = "by ending the case"
	}
	if l.Via != "" && l.Source != record.LabelFromImport {
		v.How = strings.TrimPrefix(v.How+" in "+via(l.Via), " ")
	}
	switch {
	case l.Replaced:
		v.Undone = "a later word on the case replaced it"
	case l.Undone:
		v.Undone = "undone by " + show(l.UndoneBy)
	}
	if v.PostWords == "" {
		v.PostWords = "(the post is gone)"
	}
	return v
}

// taughtAbout are the labels about a post, for a page that shows it.
func (s *Server) taughtAbout(ctx context.Context, brand, mention, back string) ([]taughtView, error) {
	rows, err := s.opt.Backend.Labels(ctx, LabelFilter{Page: Page{Limit: 20}, Brand: brand, Mention: mention, Undone: true})
	if err != nil {
		return nil, err
	}
	var out []taughtView
	for _, t := range rows {
		out = append(out, taughtOf(t, back, time.Now()))
	}
	return out, nil
}

// learnedView is what a brand learned.
type learnedView struct {
	Name, Learn, InUse, Words string
	Labels                    int
	Proposed                  bool
}

// movedView is a post that a refit moves over the threshold.
type movedView struct {
	Mention, What, Before, After string
	Link                         link
}

// labelledView is a post with its labels.
type labelledView struct {
	Brand, Mention, Text string
	Link                 link
	Labels               []taughtView
}

type labelsView struct {
	Brand    string
	Brands   []learnedView
	Moved    []movedView
	Disputes []labelledView
	Rows     []labelledView
	Next     string
}

// pageLabels shows what people taught, what was learned, and where they disagree.
func (s *Server) pageLabels(w http.ResponseWriter, r *http.Request, who person) error {
	f, err := labelFilter(r)
	if err != nil {
		return err
	}
	learned, err := s.opt.Backend.Learned(r.Context())
	if err != nil {
		return err
	}
	disputes, err := s.opt.Backend.Disagreements(r.Context(), f.Brand)
	if err != nil {
		return err
	}
	if r.FormValue("limit") == "" {
		f.Limit = 50
	}
	list, err := s.labelPage(r.Context(), f)
	if err != nil {
		return err
	}
	p := s.newPage(r, who, "Labels", "labels")
	p.Body = labelsViewOf(f, learned, disputes, list, p.Self)
	return s.render(w, http.StatusOK, "labels", p)
}

func labelsViewOf(f LabelFilter, learned []Learned, disputes []record.Disagreement, list List[Taught], back string) labelsView {
	now := time.Now()
	v := labelsView{Brand: f.Brand}
	for _, l := range learned {
		row := learnedView{Name: l.Brand, Learn: l.Learn, Labels: l.Labels, InUse: "nothing", Words: show(l.Words)}
		if l.Active != nil && len(l.Active.Labels)+l.Active.Shared > 0 {
			row.InUse = fmt.Sprintf("layer %d, of %d labels", l.Active.Version, len(l.Active.Labels)+l.Active.Shared)
		}
		row.Proposed = l.Last != nil && l.Last.State == record.LayerProposed
		v.Brands = append(v.Brands, row)
		if l.Brand == f.Brand {
			v.Moved = movedBy(l)
		}
	}
	for _, d := range disputes {
		row := labelledView{Brand: d.Brand, Mention: d.Mention, Text: clip(oneLine(d.Text), quoteRunes), Link: linkOf(d.URL)}
		for i := range d.Labels {
			row.Labels = append(row.Labels, taughtOf(Taught{Label: &d.Labels[i]}, back, now))
		}
		v.Disputes = append(v.Disputes, row)
	}
	for _, t := range list.Items {
		one := taughtOf(t, back, now)
		v.Rows = append(v.Rows, labelledView{Brand: one.Brand, Mention: one.Mention, Text: one.PostWords, Link: one.Link, Labels: []taughtView{one}})
	}
	if list.Next != "" {
		q := url.Values{"after": {list.Next}}
		if f.Brand != "" {
			q.Set("brand", f.Brand)
		}
		v.Next = "/labels?" + q.Encode()
	}
	return v
}

// movedBy are the posts that the newest refit of a brand moves.
func movedBy(l Learned) []movedView {
	row := l.Last
	if row == nil {
		row = l.Active
	}
	if row == nil {
		return nil
	}
	var out []movedView
	for _, side := range []struct {
		posts []record.EffectPost
		what  string
	}{{row.Effect.LostPosts, "no longer alerts"}, {row.Effect.GainedPosts, "alerts now"}} {
		for _, e := range side.posts {
			out = append(out, movedView{
				Mention: e.Mention, What: side.what, Before: percent(e.Before), After: percent(e.After), Link: linkOf(e.URL),
			})
		}
	}
	return out
}

// formLabelGive writes the label that a button stands for and goes back to where it stood.
func (s *Server) formLabelGive(w http.ResponseWriter, r *http.Request, who person) error {
	if err := readForm(r); err != nil {
		return err
	}
	l, err := labelOf(LabelRequest{
		Brand: r.PostFormValue("brand"), Mention: r.PostFormValue("mention"), Reason: r.PostFormValue("reason"),
		Sample: r.PostFormValue("sample") == "true",
	}, who)
	if err != nil {
		return err
	}
	t, err := s.opt.Backend.GiveLabel(r.Context(), l)
	if err != nil {
		return err
	}
	back := localPath(r.PostFormValue("back"))
	if t.Label != nil {
		back += "#label-" + strconv.FormatInt(t.Label.ID, 10)
	}
	seeOther(w, back)
	return nil
}

func (s *Server) formLabelUndo(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := labelID(r)
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if _, err := s.opt.Backend.UndoLabel(r.Context(), id, who.name); err != nil {
		return err
	}
	back := localPath(r.PostFormValue("back"))
	if back == "/" {
		back = "/labels"
	}
	seeOther(w, back)
	return nil
}

func (s *Server) formLayerAccept(w http.ResponseWriter, r *http.Request, _ person) error {
	name, err := pathID(r)
	if err != nil {
		return err
	}
	if _, err := s.opt.Backend.AcceptLayer(r.Context(), name); err != nil {
		return err
	}
	seeOther(w, "/labels?brand="+url.QueryEscape(name))
	return nil
}
