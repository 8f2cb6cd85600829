package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/recall"
)

// Measure is how well a brand's complaints are caught, and how its budget is kept.
type Measure struct {
	Brand string `json:"brand"`
	// Recall is what the labelled samples say, RecallWords says it in a sentence.
	Recall      recall.Estimate `json:"recall"`
	RecallWords string          `json:"recall_words"`
	// Budget is how the budget was kept, BudgetWords says it in a sentence.
	Budget      recall.Budget `json:"budget"`
	BudgetWords string        `json:"budget_words"`
	// ToLabel is how many drawn posts wait for a label.
	ToLabel int `json:"to_label"`
}

// Measures tells how well complaints are caught, and takes labels of drawn posts.
type Measures interface {
	// Measures are those of every configured brand.
	Measures(ctx context.Context) ([]Measure, error)
	// SampledPosts are drawn posts that nobody has labelled yet; an empty brand asks for all.
	SampledPosts(ctx context.Context, brand string, limit int) ([]record.Sampled, error)
	// DrawSample draws a sample of what came since the last one, and says how many posts it has.
	DrawSample(ctx context.Context, brand string) (int, error)
	// LabelSampled says whether a drawn post is a complaint, in a person's name.
	LabelSampled(ctx context.Context, l record.Label) error
}

// StoreMeasures is Measures on a store.
type StoreMeasures struct {
	Samples *store.Store
	// Configured are the brands of the generation in use.
	Configured func() []brand.Brand
}

var _ Measures = StoreMeasures{}

// maxToLabel is how many posts of a brand are offered at once.
const maxToLabel = 200

// Measures are those of every configured brand.
func (m StoreMeasures) Measures(ctx context.Context) ([]Measure, error) {
	now := time.Now().UTC()
	brands := m.Configured()
	out := make([]Measure, 0, len(brands))
	for i := range brands {
		v := Measure{Brand: brands[i].Name}
		var err error
		if v.Recall, err = recall.Of(ctx, m.Samples, v.Brand, now); err != nil {
			return nil, err
		}
		if v.Budget, err = recall.Spent(ctx, m.Samples, &brands[i], now); err != nil {
			return nil, err
		}
		posts, err := recall.ToLabel(ctx, m.Samples, v.Brand, now, maxToLabel)
		if err != nil {
			return nil, err
		}
		v.ToLabel, v.RecallWords, v.BudgetWords = len(posts), recall.Words(v.Recall), recall.BudgetWords(v.Budget)
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Measure) int { return strings.Compare(a.Brand, b.Brand) })
	return out, nil
}

// SampledPosts are drawn posts that nobody has labelled yet.
func (m StoreMeasures) SampledPosts(ctx context.Context, name string, limit int) ([]record.Sampled, error) {
	now := time.Now().UTC()
	if name != "" {
		if !m.knows(name) {
			return nil, ErrNotFound
		}
		return recall.ToLabel(ctx, m.Samples, name, now, limit)
	}
	var out []record.Sampled
	for _, b := range m.Configured() {
		posts, err := recall.ToLabel(ctx, m.Samples, b.Name, now, limit-len(out))
		if err != nil {
			return nil, err
		}
		out = append(out, posts...)
	}
	return out, nil
}

// DrawSample draws a sample of what came since the last one.
func (m StoreMeasures) DrawSample(ctx context.Context, name string) (int, error) {
	if !m.knows(name) {
		return 0, ErrNotFound
	}
	return recall.Draw(ctx, m.Samples, name, time.Now().UTC())
}

func (m StoreMeasures) knows(name string) bool {
	return slices.ContainsFunc(m.Configured(), func(b brand.Brand) bool { return b.Name == name })
}

// LabelSampled writes a label; it takes the place of the same person's earlier word.
func (m StoreMeasures) LabelSampled(ctx context.Context, l record.Label) error {
	if !m.knows(l.Brand) {
		return ErrNotFound
	}
	l.Source, l.At = record.LabelFromSample, time.Now().UTC().Truncate(time.Microsecond)
	return m.Samples.Update(ctx, []string{l.Brand}, func(tx *store.Tx) error {
		post, ok, err := tx.Mention(l.Brand, l.Mention)
		if err != nil {
			return err
		}
		if !ok || post.Mention.Retracted {
			return ErrNotFound
		}
		l.Text = strings.TrimSpace(post.Mention.Title + "\n" + post.Mention.Text)
		l.URL, l.Case = post.Mention.URL, post.Case
		d, decided, err := tx.LatestDecision(l.Brand, l.Mention)
		if err != nil {
			return err
		}
		if decided {
			desk.Scored(&l, d)
		}
		earlier, err := tx.LabelsOn(l.Brand, l.Mention)
		if err != nil {
			return err
		}
		for _, e := range earlier {
			if e.Actor == l.Actor && !e.Undone {
				if _, _, err := tx.UndoLabel(e.ID, l.Actor, l.At); err != nil {
					return err
				}
			}
		}
		_, err = tx.PutLabel(l)
		return err
	})
}

// measures is the Options' Measures; a process that has none measures no brand.
func (s *Server) measures() Measures {
	if s.opt.Measures == nil {
		return StoreMeasures{Configured: func() []brand.Brand { return nil }}
	}
	return s.opt.Measures
}

func (s *Server) apiMeasures(w http.ResponseWriter, r *http.Request, _ person) error {
	m := s.measures()
	rows, err := m.Measures(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[Measure]{Items: notNil(rows)})
	return nil
}

func (s *Server) apiSamples(w http.ResponseWriter, r *http.Request, _ person) error {
	name := r.FormValue("brand")
	if name != "" && !validName(name) {
		return badRequest("brand is no brand's name")
	}
	rows, err := s.measures().SampledPosts(r.Context(), name, maxToLabel)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, List[record.Sampled]{Items: notNil(rows)})
	return nil
}

// Drawn is the answer to a request for a sample.
type Drawn struct {
	Drawn int `json:"drawn"`
}

func (s *Server) apiDraw(w http.ResponseWriter, r *http.Request, _ person) error {
	m := s.measures()
	name, err := brandOf(r)
	if err != nil {
		return err
	}
	n, err := m.DrawSample(r.Context(), name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, Drawn{n})
	return nil
}

// SampleLabel is the body of POST /api/v1/samples/label.
type SampleLabel struct {
	Brand   string `json:"brand"`
	Mention string `json:"mention"`
	// Venting says that the post is a complaint.
	Venting bool `json:"venting"`
}

func (s *Server) apiSampleLabel(w http.ResponseWriter, r *http.Request, who person) error {
	m := s.measures()
	var req SampleLabel
	if err := readJSON(r, &req); err != nil {
		return err
	}
	l, err := sampleLabel(req, who)
	if err != nil {
		return err
	}
	if err := m.LabelSampled(r.Context(), l); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, req)
	return nil
}

func sampleLabel(req SampleLabel, who person) (record.Label, error) {
	l := record.Label{
		Brand: req.Brand, Mention: req.Mention, Venting: req.Venting, Reason: record.ReasonNotComplaint, Actor: who.name, Via: who.via,
	}
	if l.Venting {
		l.Reason = record.ReasonComplaint
	}
	switch {
	case !validName(l.Brand):
		return l, badRequest("brand is no brand's name")
	case l.Mention == "" || len(l.Mention) > maxQuery || !utf8.ValidString(l.Mention):
		return l, badRequest("mention is the id of a post, at most 4096 bytes")
	}
	return l, nil
}

// brandOf reads the brand that a request names.
func brandOf(r *http.Request) (string, error) {
	name := r.FormValue("brand")
	if !validName(name) {
		return "", badRequest("brand is no brand's name")
	}
	return name, nil
}

// sampleView is the page of the samples.
type sampleView struct {
	Brands []measureView
	Brand  string
	Posts  []sampledView
	Said   string
}

type measureView struct {
	Name, Recall, Budget, Precision string
	ToLabel                         int
	Strata                          []stratumView
	Open                            bool
}

type stratumView struct {
	What, Rate                         string
	Posts, Drawn, Labelled, Complaints int
}

type sampledView struct {
	Brand, Mention, Text, Author, What, Score, Weight string
	Link                                              link
}

// pageSample offers drawn posts for a label, and says what the labels tell so far.
func (s *Server) pageSample(w http.ResponseWriter, r *http.Request, who person) error {
	m := s.measures()
	rows, err := m.Measures(r.Context())
	if err != nil {
		return err
	}
	v := sampleView{Brand: r.FormValue("brand")}
	if n, err := strconv.Atoi(r.FormValue("drawn")); err == nil && n >= 0 {
		v.Said = "Nothing new came since the last sample."
		if n > 0 {
			v.Said = strconv.Itoa(n) + " posts were drawn."
		}
	}
	for i := range rows {
		if v.Brand == "" && rows[i].ToLabel > 0 {
			v.Brand = rows[i].Brand
		}
	}
	if v.Brand == "" && len(rows) > 0 {
		v.Brand = rows[0].Brand
	}
	for i := range rows {
		v.Brands = append(v.Brands, measureViewOf(&rows[i], rows[i].Brand == v.Brand))
	}
	if v.Brand != "" {
		posts, err := m.SampledPosts(r.Context(), v.Brand, maxToLabel)
		if err != nil {
			return err
		}
		for i := range posts {
			v.Posts = append(v.Posts, sampledViewOf(&posts[i]))
		}
	}
	p := s.newPage(r, who, "Sample", "tune")
	p.Body = v
	return s.render(w, http.StatusOK, "sample", p)
}

func measureViewOf(m *Measure, open bool) measureView {
	v := measureView{Name: m.Brand, Recall: m.RecallWords, Budget: m.BudgetWords, Precision: "unknown", ToLabel: m.ToLabel, Open: open}
	for _, p := range m.Recall.Strata {
		row := stratumView{
			What: recall.StratumWords(p.Stratum), Rate: "unknown", Posts: p.Posts, Drawn: p.Drawn, Labelled: p.Labelled, Complaints: p.Complaints,
		}
		if p.Labelled > 0 {
			row.Rate = rateWords(p.Rate)
		}
		if p.Stratum == record.StratumReached && p.Labelled > 0 {
			v.Precision = row.Rate
		}
		v.Strata = append(v.Strata, row)
	}
	return v
}

func rateWords(r recall.Rate) string {
	return percent(r.Value) + " (" + percent(r.Low) + " to " + percent(r.High) + ")"
}

func sampledViewOf(p *record.Sampled) sampledView {
	return sampledView{
		Brand: p.Brand, Mention: p.Mention, Text: clip(oneLine(p.Text), quoteRunes*2), Author: clip(oneLine(p.Author), nameRunes),
		What: recall.StratumWords(p.Stratum), Score: percent(p.Venting), Weight: strconv.FormatFloat(p.Weight, 'f', 0, 64), Link: linkOf(p.URL),
	}
}

// formSample takes a label from the page.
func (s *Server) formSample(w http.ResponseWriter, r *http.Request, who person) error {
	m := s.measures()
	if err := readForm(r); err != nil {
		return err
	}
	said := r.PostFormValue("is")
	if said != "complaint" && said != "none" {
		return badRequest("say whether it is a complaint")
	}
	l, err := sampleLabel(SampleLabel{Brand: r.PostFormValue("brand"), Mention: r.PostFormValue("mention"), Venting: said == "complaint"}, who)
	if err != nil {
		return err
	}
	if err := m.LabelSampled(r.Context(), l); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	seeOther(w, "/tune/sample?brand="+url.QueryEscape(l.Brand))
	return nil
}

// formDraw draws a sample now.
func (s *Server) formDraw(w http.ResponseWriter, r *http.Request, _ person) error {
	m := s.measures()
	if err := readForm(r); err != nil {
		return err
	}
	name, err := brandOf(r)
	if err != nil {
		return err
	}
	n, err := m.DrawSample(r.Context(), name)
	if err != nil {
		return err
	}
	seeOther(w, "/tune/sample?brand="+url.QueryEscape(name)+"&drawn="+strconv.Itoa(n))
	return nil
}
