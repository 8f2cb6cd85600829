package web

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
)

const (
	// maxBrandFile is how many bytes a candidate may have, and tuneBody what a form with
	// one may have.
	maxBrandFile = 1 << 20
	tuneBody     = 3 << 20
	// maxExplained is how much of a text the explain page takes.
	maxExplained = 32 << 10
)

// tuning is what the tuning pages stand on, or ErrNotFound where there are none.
func (s *Server) tuning() (Tuning, error) {
	if s.opt.Tuning == nil {
		return nil, ErrNotFound
	}
	return s.opt.Tuning, nil
}

func (s *Server) tuneRoutes() []route {
	page := func(method, pattern string, h handler) route {
		return route{kind: kindPage, access: accessUser, method: method, pattern: pattern, handle: h, timeout: slow, body: tuneBody}
	}
	api := func(method, path string, h handler) route {
		return route{kind: kindAPI, access: accessUser, method: method, pattern: "/api/v1" + path, handle: h, body: tuneBody}
	}
	return []route{
		page("GET", "/tune", s.pageTune),
		page("GET", "/tune/ledger", s.pageLedger),
		page("GET", "/tune/backtest", s.pageBacktest),
		page("POST", "/tune/backtest", s.formBacktest),
		page("GET", "/tune/shadow", s.pageShadow),
		page("POST", "/tune/shadow", s.formShadow),
		page("POST", "/tune/shadow/stop", s.formShadowStop),
		page("GET", "/tune/history", s.pageHistory),
		page("GET", "/explain", s.pageExplain),
		page("POST", "/explain", s.pageExplain),
		api("GET", "/shadow", s.apiShadow), api("POST", "/shadow", s.apiShadowStart), api("DELETE", "/shadow", s.apiShadowStop),
		api("GET", "/backtest", s.apiBacktest), api("POST", "/backtest", s.apiBacktestStart),
	}
}

// lookBack reads since, a number of days.
func lookBack(r *http.Request, days int) (int, time.Time, error) {
	if v := r.FormValue("days"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 366 {
			return 0, time.Time{}, badRequest("days is a number from 1 to 366")
		}
		days = n
	}
	return days, time.Now().UTC().Add(-time.Duration(days) * 24 * time.Hour), nil
}

// brandFile reads the brand file of a form: pasted, or uploaded.
func brandFile(r *http.Request) ([]byte, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(tuneBody); err != nil { //nolint:gosec // the guard bounds every body
			if isTooBig(err) {
				return nil, err
			}
			return nil, badRequest("the form could not be read")
		}
		defer func() { _ = r.MultipartForm.RemoveAll() }()
		if f, _, err := r.FormFile("upload"); err == nil {
			defer func() { _ = f.Close() }()
			data, err := io.ReadAll(io.LimitReader(f, maxBrandFile+1))
			if err != nil {
				return nil, badRequest("the file could not be read")
			}
			if len(data) > 0 {
				return bounded(data)
			}
		}
	} else if err := readForm(r); err != nil {
		return nil, err
	}
	return bounded([]byte(strings.ReplaceAll(r.FormValue("file"), "\r\n", "\n")))
}

func bounded(data []byte) ([]byte, error) {
	switch {
	case len(strings.TrimSpace(string(data))) == 0:
		return nil, badRequest("paste a brand file, or choose one")
	case len(data) > maxBrandFile:
		return nil, badRequest("a brand file has at most 1 MiB here")
	}
	return data, nil
}

func (s *Server) tunePage(w http.ResponseWriter, r *http.Request, who person, title, name string, body any) error {
	p := s.newPage(r, who, title, "tune")
	p.Body = body
	return s.render(w, http.StatusOK, name, p)
}

type tuneView struct {
	Brands   []string
	Shadow   tune.ShadowReport
	Backtest BacktestState
	Last     moment
	Changes  int
}

// pageTune leads to the tuning pages.
func (s *Server) pageTune(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	v := tuneView{Brands: t.Brands(), Backtest: t.Backtest()}
	if v.Shadow, err = t.Shadow(r.Context()); err != nil {
		return err
	}
	return s.tunePage(w, r, who, "Tuning", "tune", v)
}

type ledgerView struct {
	Brands  []string
	Brand   string
	Days    int
	Ledgers []ledgerBrand
}

type ledgerBrand struct {
	Brand    string
	Mentions int
	Rows     []ledgerRow
}

type ledgerRow struct {
	Position, Text, Kind, Trend                                   string
	Excludes                                                      bool
	Matches, Alerts, Confirmed, Dismissed, Alone, Swallow, Likely int
	Posts                                                         []tunePost
}

// tunePost is a post in a table of the tuning pages.
type tunePost struct {
	ID, Text, Was, Now, Severity, Before, Venting, Why, Route string
	// Causes are the edits that made the difference.
	Causes string
	Link   link
}

func tunePosts(posts []tune.Post) []tunePost {
	out := make([]tunePost, 0, len(posts))
	for _, p := range posts {
		v := tunePost{
			ID: p.ID, Text: oneLine(p.Text), Was: outcomeWords(p.Was), Now: outcomeWords(p.Now), Severity: string(p.Severity), Before: string(p.SeverityBefore),
			Venting: percent(p.Venting), Why: oneLine(p.Why), Causes: oneLine(strings.Join(p.Causes, "; ")), Link: linkOf(p.URL),
		}
		if p.RouteBefore != "" || p.Route != "" {
			v.Route = p.Route
		}
		out = append(out, v)
	}
	return out
}

func outcomeWords(o record.Outcome) string { return strings.ReplaceAll(string(o), "_", " ") }

// pageLedger shows what each part of a query did.
func (s *Server) pageLedger(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	v := ledgerView{Brands: t.Brands(), Brand: r.FormValue("brand")}
	var since time.Time
	if v.Days, since, err = lookBack(r, 7); err != nil {
		return err
	}
	if v.Brand == "" && len(v.Brands) > 0 {
		v.Brand = v.Brands[0]
	}
	ledgers, err := t.Ledger(r.Context(), v.Brand, since)
	if err != nil {
		return err
	}
	for i := range ledgers {
		b := ledgerBrand{Brand: ledgers[i].Brand, Mentions: ledgers[i].Mentions}
		for _, e := range ledgers[i].Entries {
			b.Rows = append(b.Rows, ledgerRowOf(e))
		}
		v.Ledgers = append(v.Ledgers, b)
	}
	return s.tunePage(w, r, who, "Ledger", "ledger", v)
}

func ledgerRowOf(e tune.Entry) ledgerRow {
	row := ledgerRow{
		Position: strconv.Itoa(e.Position), Text: oneLine(e.Text), Kind: e.Kind, Trend: tune.Spark(e.Trend),
		Excludes: e.Kind == tune.EntryExclusion || e.Kind == tune.EntryLanguages,
		Matches:  e.Matches, Alerts: e.Alerts, Confirmed: e.Confirmed, Dismissed: e.Dismissed, Alone: e.Alone,
		Swallow: e.Swallowed, Likely: e.Complaints, Posts: tunePosts(e.Posts),
	}
	if e.Position == 0 {
		row.Position = "–"
	}
	return row
}

type backtestView struct {
	State   BacktestState
	Percent int
	Since   moment
	Brands  []backtestBrand
	Rep     *tune.Report
}

type backtestBrand struct {
	tune.BrandReport
	Was, Will            sideView
	Days                 []dayView
	Gained, Gone, Others []tunePost
	Unknown              string
}

type sideView struct{ Cards, PerDay, Budget, Precision, Recall string }

type dayView struct {
	Date         string
	Was, Will    int
	WasW, WillW  int
	Over         bool
	BudgetMarked bool
}

// pageBacktest shows the form, how far a backtest is, and its report.
func (s *Server) pageBacktest(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	v := backtestView{State: t.Backtest()}
	v.Since, v.Rep = momentOf(v.State.Since, time.Now()), v.State.Report
	if v.State.Total > 0 {
		v.Percent = min(100*v.State.Done/v.State.Total, 99)
	}
	if v.State.Running {
		w.Header().Set("Refresh", "2") // works without JavaScript
	}
	if v.Rep != nil {
		for i := range v.Rep.Brands {
			v.Brands = append(v.Brands, backtestOf(v.Rep.Brands[i]))
		}
	}
	return s.tunePage(w, r, who, "Backtest", "backtest", v)
}

func backtestOf(b tune.BrandReport) backtestBrand {
	out := backtestBrand{
		BrandReport: b, Was: sideOf(b.Running), Will: sideOf(b.Candidate),
		Gained: tunePosts(b.Posts.NewlyAlerting), Gone: tunePosts(b.Posts.Lost), Others: tunePosts(b.Posts.Changed),
	}
	most := max(b.Candidate.Budget, 1)
	for _, d := range b.ByDay {
		most = max(most, d.Running, d.Candidate)
	}
	for _, d := range b.ByDay {
		out.Days = append(out.Days, dayView{
			Date: d.Date, Was: d.Running, Will: d.Candidate, WasW: 100 * d.Running / most, WillW: 100 * d.Candidate / most,
			Over: b.Candidate.Budget > 0 && d.Candidate > b.Candidate.Budget,
		})
	}
	switch u := b.Unmatched; {
	case u == nil:
	case u.Sampled == 0:
		out.Unknown = "What its new terms would bring is unknown: there is no sample of posts that matched nothing."
	default:
		out.Unknown = fmt.Sprintf("Of posts that matched nothing so far, by %d sampled ones that stand for %.0f: %.1f more matches a day (%.1f to %.1f), %.1f more alerts (%.1f to %.1f).",
			u.Sampled, u.StandsFor, u.MatchesPerDay.Value, u.MatchesPerDay.Low, u.MatchesPerDay.High, u.AlertsPerDay.Value, u.AlertsPerDay.Low, u.AlertsPerDay.High)
	}
	return out
}

func sideOf(s tune.SideReport) sideView {
	v := sideView{Cards: strconv.Itoa(s.Cards), PerDay: fmt.Sprintf("%.1f", s.CardsPerDay), Budget: "none", Precision: rateText(s.Precision), Recall: rateText(s.Recall)}
	if s.Budget > 0 {
		v.Budget = fmt.Sprintf("%d a day, over it on %d days", s.Budget, s.OverBudget)
	}
	return v
}

func rateText(r tune.Rate) string {
	if r.Of == 0 {
		return "unknown, no labels"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f, %d of %d)", r.Value, r.Low, r.High, r.Hits, r.Of)
}

// formBacktest begins a backtest.
func (s *Server) formBacktest(w http.ResponseWriter, r *http.Request, _ person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	file, err := brandFile(r)
	if err != nil {
		return err
	}
	_, since, err := lookBack(r, 30)
	if err != nil {
		return err
	}
	if err := t.StartBacktest(r.Context(), file, since); err != nil {
		return err
	}
	seeOther(w, "/tune/backtest")
	return nil
}

type shadowView struct {
	Report           tune.ShadowReport
	Started, Stopped moment
	Kinds            []kindCount
	Rows             []differenceView
	File             string
}

type kindCount struct {
	Kind string
	N    int64
}

type differenceView struct {
	Mention, Kind, Was, Now, Severity, Before, Route, RouteBefore, Venting string
	Link                                                                   link
	At                                                                     moment
}

// pageShadow shows the candidate that runs, or the last one.
func (s *Server) pageShadow(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	rep, err := t.Shadow(r.Context())
	if err != nil {
		return err
	}
	now := time.Now()
	v := shadowView{Report: rep, Started: momentOf(rep.Shadow.StartedAt, now), Stopped: momentOf(rep.Shadow.StoppedAt, now), File: show(string(rep.Shadow.YAML))}
	for _, k := range record.DifferenceKinds() {
		v.Kinds = append(v.Kinds, kindCount{strings.ReplaceAll(k, "_", " "), rep.Shadow.Differences[k]})
	}
	for _, d := range rep.Differences {
		v.Rows = append(v.Rows, differenceView{
			Mention: d.Mention, Kind: strings.ReplaceAll(d.Kind, "_", " "), Was: outcomeWords(d.Was), Now: outcomeWords(d.Now), Severity: d.Severity, Before: d.SeverityBefore,
			Route: d.Route, RouteBefore: d.RouteBefore, Venting: percent(d.Venting), Link: linkOf(d.URL), At: momentOf(d.At, now),
		})
	}
	return s.tunePage(w, r, who, "Shadow", "shadow", v)
}

func (s *Server) formShadow(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	file, err := brandFile(r)
	if err != nil {
		return err
	}
	if _, err := t.StartShadow(r.Context(), file, who.name); err != nil {
		return err
	}
	seeOther(w, "/tune/shadow")
	return nil
}

func (s *Server) formShadowStop(w http.ResponseWriter, r *http.Request, _ person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	if _, err := t.StopShadow(r.Context()); err != nil {
		return err
	}
	seeOther(w, "/tune/shadow")
	return nil
}

type changeView struct {
	At     moment
	Hash   string
	Start  bool
	Other  bool
	Brands []brandChangeView
}

type brandChangeView struct {
	record.BrandChange
	Lines         []lineView
	Effect        bool
	Before, After effectView
}

type lineView struct{ Sign, Text string }

type effectView struct{ Decisions, Alerts, Excluded string }

// pageHistory shows the changes of the config.
func (s *Server) pageHistory(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	effects, err := t.History(r.Context())
	if err != nil {
		return err
	}
	now := time.Now()
	var v []changeView
	for _, e := range effects {
		c := changeView{At: momentOf(e.At, now), Hash: e.Hash, Start: e.Start, Other: e.Other}
		for _, b := range e.Brands {
			bv := brandChangeView{BrandChange: b}
			for _, l := range b.Lines {
				bv.Lines = append(bv.Lines, lineView{l[:min(1, len(l))], oneLine(strings.TrimPrefix(strings.TrimPrefix(l, "+"), "-"))})
			}
			if i := slices.IndexFunc(e.Effects, func(x tune.BrandEffect) bool { return x.Brand == b.Brand }); i >= 0 {
				x := e.Effects[i]
				bv.Effect = true
				bv.Before, bv.After = effectOf(x.Before.Decisions, x.Before.Alerts, x.Before.Excluded, x.DaysBefore), effectOf(x.After.Decisions, x.After.Alerts, x.After.Excluded, x.DaysAfter)
			}
			c.Brands = append(c.Brands, bv)
		}
		v = append(v, c)
	}
	return s.tunePage(w, r, who, "History of the config", "history", v)
}

// effectOf are counts a day; of under an hour nothing is said.
func effectOf(decisions, alerts, excluded int, days float64) effectView {
	if days < 1.0/24 {
		return effectView{"too early", "too early", "too early"}
	}
	text := func(n int) string { return fmt.Sprintf("%.1f", float64(n)/days) }
	return effectView{text(decisions), text(alerts), text(excluded)}
}

type explainView struct {
	Brands      []string
	Brand, Text string
	Asked       bool
	Results     []explainedView
	Missed      string
}

type explainedView struct {
	decisionView
	Terms  string
	Spans  []span
	Facts  string
	Labels string
}

// pageExplain shows what becomes of a pasted text. It changes nothing; a form is sent by
// POST since texts are long.
func (s *Server) pageExplain(w http.ResponseWriter, r *http.Request, who person) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	v := explainView{Brands: t.Brands(), Brand: r.FormValue("brand"), Text: r.FormValue("text")}
	if len(v.Text) > maxExplained {
		return badRequest("a text has at most 32 KiB")
	}
	if strings.TrimSpace(v.Text) != "" {
		v.Asked = true
		list, err := t.Explain(r.Context(), v.Brand, v.Text)
		if err != nil {
			return err
		}
		var missed []string
		for i := range list {
			if list[i].Missed {
				missed = append(missed, list[i].Decision.Brand)
				continue
			}
			v.Results = append(v.Results, explainedOf(list[i].Decision, v.Text))
		}
		v.Missed = strings.Join(missed, ", ")
	}
	v.Text = show(v.Text)
	return s.tunePage(w, r, who, "Explain", "explain", v)
}

func explainedOf(d record.Decision, text string) explainedView {
	sc := d.Score
	return explainedView{
		decisionView: decisionOf(d, time.Now()), Spans: spans(text, sc.Reasons), Terms: strings.Join(shown(d.Terms), " · "),
		Facts:  fmt.Sprintf("negative %s, neutral %s, positive %s, language %s", percent(sc.Negative), percent(sc.Neutral), percent(sc.Positive), sc.Lang),
		Labels: strings.Join(slices.Concat(sc.Topics, sc.Signals), ", "),
	}
}

// ShadowRequest is the body of POST /api/v1/shadow.
type ShadowRequest struct {
	// File is a brand file.
	File string `json:"file"`
}

func (s *Server) apiShadow(w http.ResponseWriter, r *http.Request, _ person) error {
	return s.answerShadow(w, func(t Tuning) (tune.ShadowReport, error) { return t.Shadow(r.Context()) })
}

func (s *Server) apiShadowStart(w http.ResponseWriter, r *http.Request, who person) error {
	var req ShadowRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	file, err := bounded([]byte(req.File))
	if err != nil {
		return err
	}
	return s.answerShadow(w, func(t Tuning) (tune.ShadowReport, error) { return t.StartShadow(r.Context(), file, who.name) })
}

func (s *Server) apiShadowStop(w http.ResponseWriter, r *http.Request, _ person) error {
	return s.answerShadow(w, func(t Tuning) (tune.ShadowReport, error) { return t.StopShadow(r.Context()) })
}

func (s *Server) answerShadow(w http.ResponseWriter, do func(Tuning) (tune.ShadowReport, error)) error {
	t, err := s.tuning()
	if err != nil {
		return err
	}
	rep, err := do(t)
	if err != nil {
		return err
	}
	rep.Differences = notNil(rep.Differences)
	writeJSON(w, http.StatusOK, rep)
	return nil
}
