package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// maxImport is how many labels one request may bring.
	maxImport = 1000
	labelBody = 16 << 20
)

// LabelFilter says which labels to list.
type LabelFilter struct {
	Page
	// Brand and Mention narrow; empty asks for all.
	Brand, Mention string
	// Undone asks for those too that teach nothing any more.
	Undone bool
}

// Taught is a label, or an accepted proposal, with what was learned from it.
type Taught struct {
	Label *record.Label `json:"label,omitempty"`
	// Layer is the refit that used it first.
	Layer *record.Layer `json:"layer,omitempty"`
	// Words say in a sentence what the refit changed, or why there was none.
	Words string `json:"words"`
}

// Imported is what came of labels that were brought together.
type Imported struct {
	// Written is how many were new.
	Written int `json:"written"`
	// Refused are those that could not be taken.
	Refused []ImportProblem `json:"refused"`
	// Words say by brand what was learned, where it was asked for.
	Words map[string]string `json:"words,omitempty"`
}

// ImportProblem is why one label of an import was not taken.
type ImportProblem struct {
	// Index is its place among those that were brought, from 0.
	Index int    `json:"index"`
	Error string `json:"error"`
}

// Learned is what a brand learned so far.
type Learned struct {
	Brand string `json:"brand"`
	// Learn is auto, propose or off; Labels counts those that teach.
	Learn  string `json:"learn"`
	Labels int    `json:"labels"`
	// Active is the layer in use, Last the newest refit where that is another.
	Active *record.Layer `json:"active,omitempty"`
	Last   *record.Layer `json:"last,omitempty"`
	// Words say what stands.
	Words string `json:"words"`
}

// LabelRequest is the body of POST /api/v1/labels.
type LabelRequest struct {
	Brand   string `json:"brand"`
	Mention string `json:"mention"`
	// Reason is complaint, or why it is none: not_a_complaint, wrong_company,
	// not_a_customer or spam.
	Reason string `json:"reason"`
	// Text is needed where the post is not stored.
	Text string `json:"text,omitempty"`
	// Sample says that the post was drawn at random.
	Sample bool `json:"sample,omitempty"`
}

// ImportRequest is the body of POST /api/v1/labels/import.
type ImportRequest struct {
	Labels []ImportedLabel `json:"labels"`
	// Learn asks for a refit once they are written.
	Learn bool `json:"learn"`
}

// ImportedLabel is one label of an import, as `label import` reads it from a line.
type ImportedLabel struct {
	// ID is the mention's; Text is needed where it is not stored.
	ID         string    `json:"id,omitempty"`
	Text       string    `json:"text,omitempty"`
	Brand      string    `json:"brand"`
	Venting    *bool     `json:"venting,omitempty"`
	Irrelevant bool      `json:"irrelevant,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
	Lang       string    `json:"lang,omitempty"`
	URL        string    `json:"url,omitempty"`
	At         time.Time `json:"at,omitzero"`
}

// Row is the label that l stands for; the error says what is wrong with it.
func (l ImportedLabel) Row(actor, via string) (record.Label, error) {
	v := record.Label{
		Brand: l.Brand, Mention: l.ID, Text: strings.ToValidUTF8(l.Text, "\ufffd"), Lang: l.Lang, URL: webLink(l.URL), Reason: l.Reason,
		Actor: actor, Via: via, Source: record.LabelFromImport, At: l.At.UTC(),
	}
	if l.Actor != "" {
		v.Actor = l.Actor
	}
	switch {
	case l.Venting != nil:
		v.Venting = *l.Venting
		if v.Venting && l.Irrelevant {
			return v, badRequest("it is venting and irrelevant; it can be one of them")
		}
	case !l.Irrelevant:
		return v, badRequest("it says neither venting nor irrelevant")
	}
	if v.Reason == "" {
		v.Reason = reasonOf(v.Venting, l.Irrelevant)
	}
	complains := v.Reason == record.ReasonComplaint || v.Reason == record.ReasonResolved
	switch {
	case !slices.Contains(record.LabelReasons(), v.Reason):
		return v, badRequest("reason is one of " + strings.Join(record.LabelReasons(), ", "))
	case complains != v.Venting:
		return v, badRequest("reason " + v.Reason + " contradicts what it says of venting")
	case v.Mention == "" && strings.TrimSpace(v.Text) == "":
		return v, badRequest("it has neither id nor text")
	case len(v.Text) > mention.MaxText:
		return v, badRequest("text is over " + strconv.Itoa(mention.MaxText) + " bytes")
	case len(v.Mention) > maxQuery || !utf8.ValidString(v.Mention):
		return v, badRequest("id is over 4096 bytes, or no text")
	case !validName(v.Brand):
		return v, badRequest("brand is no brand's name")
	case !validName(v.Actor):
		return v, badRequest("actor is a login or a Slack user id")
	case len(v.Lang) > 35 || !utf8.ValidString(v.Lang):
		return v, badRequest("lang is no language")
	}
	return v, nil
}

func reasonOf(venting, irrelevant bool) string {
	switch {
	case venting:
		return record.ReasonComplaint
	case irrelevant:
		return record.ReasonWrongCompany
	}
	return record.ReasonNotComplaint
}

// Labels handles what people teach, and what is learned from it.
type Labels interface {
	// Labels lists labels with what each changed, newest first.
	Labels(ctx context.Context, f LabelFilter) ([]Taught, error)
	// GiveLabel writes a label about a post and answers once it was learned from.
	GiveLabel(ctx context.Context, l record.Label) (Taught, error)
	// ImportLabels writes labels; those that are there already are passed by.
	ImportLabels(ctx context.Context, ls []record.Label, learn bool) (Imported, error)
	// UndoLabel takes a label back and answers once the brand was refitted without it,
	// ErrNotFound, or *Refused for one that teaches nothing any more.
	UndoLabel(ctx context.Context, id int64, by string) (Taught, error)
	// Disagreements are the posts about which several people's last words differ; an
	// empty brand asks for all.
	Disagreements(ctx context.Context, brand string) ([]record.Disagreement, error)
	// Learned is what each brand learned.
	Learned(ctx context.Context) ([]Learned, error)
	// AcceptLayer puts the proposal of a brand to use, or answers *Refused.
	AcceptLayer(ctx context.Context, brand string) (Taught, error)
}

func (s *Server) apiLabels(w http.ResponseWriter, r *http.Request, _ person) error {
	f, err := labelFilter(r)
	if err != nil {
		return err
	}
	list, err := s.labelPage(r.Context(), f)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) labelPage(ctx context.Context, f LabelFilter) (List[Taught], error) {
	limit := f.Limit
	f.Limit++
	rows, err := s.opt.Backend.Labels(ctx, f)
	return paged(rows, limit, func(t Taught) string { return strconv.FormatInt(t.Label.ID, 10) }), err
}

// labelFilter reads brand, mention, undone, limit and after.
func labelFilter(r *http.Request) (LabelFilter, error) {
	f := LabelFilter{Brand: r.FormValue("brand"), Mention: r.FormValue("mention"), Undone: r.FormValue("undone") == "true"}
	var err error
	if f.Page, err = pageOf(r); err != nil {
		return f, err
	}
	if f.Brand != "" && !validName(f.Brand) {
		return f, badRequest("brand is no brand's name")
	}
	if len(f.Mention) > maxQuery || !utf8.ValidString(f.Mention) {
		return f, badRequest("mention is the id of a post, at most 4096 bytes")
	}
	return f, nil
}

func (s *Server) apiLabelGive(w http.ResponseWriter, r *http.Request, who person) error {
	var req LabelRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	l, err := labelOf(req, who)
	if err != nil {
		return err
	}
	t, err := s.opt.Backend.GiveLabel(r.Context(), l)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, t)
	return nil
}

// labelOf is the label that a request asks for.
func labelOf(req LabelRequest, who person) (record.Label, error) {
	venting := req.Reason == record.ReasonComplaint
	imported := ImportedLabel{ID: req.Mention, Brand: req.Brand, Text: req.Text, Reason: req.Reason, Venting: &venting}
	l, err := imported.Row(who.name, who.via)
	switch {
	case req.Mention == "":
		return l, badRequest("mention is the id of the post")
	case req.Reason == "":
		return l, badRequest("reason is complaint, or why it is none: not_a_complaint, wrong_company, not_a_customer, spam")
	case err != nil:
		return l, err
	}
	l.Source = record.LabelFromPerson
	if req.Sample {
		l.Source = record.LabelFromSample
	}
	return l, nil
}

func (s *Server) apiLabelImport(w http.ResponseWriter, r *http.Request, who person) error {
	var req ImportRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if len(req.Labels) > maxImport {
		return badRequest("at most " + strconv.Itoa(maxImport) + " labels at once; send the rest after them")
	}
	var rows []record.Label
	var places []int
	out := Imported{Refused: []ImportProblem{}}
	for i, l := range req.Labels {
		row, err := l.Row(who.name, who.via)
		if err != nil {
			out.Refused = append(out.Refused, ImportProblem{i, err.Error()})
			continue
		}
		rows, places = append(rows, row), append(places, i)
	}
	got, err := s.opt.Backend.ImportLabels(r.Context(), rows, req.Learn)
	if err != nil {
		return err
	}
	out.Written, out.Words = got.Written, got.Words
	for _, p := range got.Refused {
		out.Refused = append(out.Refused, ImportProblem{places[p.Index], p.Error})
	}
	slices.SortFunc(out.Refused, func(a, b ImportProblem) int { return a.Index - b.Index })
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) apiLabelUndo(w http.ResponseWriter, r *http.Request, who person) error {
	id, err := labelID(r)
	if err != nil {
		return err
	}
	t, err := s.opt.Backend.UndoLabel(r.Context(), id, who.name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}

// labelID is the number in the path.
func labelID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, ErrNotFound
	}
	return id, nil
}

func (s *Server) apiDisagreements(w http.ResponseWriter, r *http.Request, _ person) error {
	name := r.FormValue("brand")
	if name != "" && !validName(name) {
		return badRequest("brand is no brand's name")
	}
	ds, err := s.opt.Backend.Disagreements(r.Context(), name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[record.Disagreement]{Items: notNil(ds)})
	return nil
}

func (s *Server) apiLearned(w http.ResponseWriter, r *http.Request, _ person) error {
	ls, err := s.opt.Backend.Learned(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[Learned]{Items: notNil(ls)})
	return nil
}

func (s *Server) apiLayerAccept(w http.ResponseWriter, r *http.Request, _ person) error {
	name, err := pathID(r)
	if err != nil {
		return err
	}
	t, err := s.opt.Backend.AcceptLayer(r.Context(), name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, t)
	return nil
}
