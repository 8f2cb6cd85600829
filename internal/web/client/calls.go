package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
)

// Shadow is the candidate that runs beside the daemon's config, or the last one.
func (c *Client) Shadow(ctx context.Context) (tune.ShadowReport, error) {
	var out tune.ShadowReport
	err := c.do(ctx, http.MethodGet, "/shadow", nil, &out)
	return out, err
}

// StartShadow begins one from a brand file. Who starts it is the Client's Actor or the
// token's login.
func (c *Client) StartShadow(ctx context.Context, file []byte, _ string) (tune.ShadowReport, error) {
	var out tune.ShadowReport
	err := c.do(ctx, http.MethodPost, "/shadow", web.ShadowRequest{File: string(file)}, &out)
	return out, err
}

// StopShadow ends it.
func (c *Client) StopShadow(ctx context.Context) (tune.ShadowReport, error) {
	var out tune.ShadowReport
	err := c.do(ctx, http.MethodDelete, "/shadow", nil, &out)
	return out, err
}

// Status asks which daemon this is and whether it is ready.
func (c *Client) Status(ctx context.Context) (web.Status, error) {
	var st web.Status
	err := c.do(ctx, http.MethodGet, "/status", nil, &st)
	return st, err
}

// Cases lists cases, worst first and of the equally bad the oldest first.
func (c *Client) Cases(ctx context.Context, f web.CaseFilter) ([]record.Case, error) {
	q := url.Values{}
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	if f.Brand != "" {
		q.Set("brand", f.Brand)
	}
	if f.Owner != "" {
		q.Set("owner", f.Owner)
	}
	return pages(ctx, c, "/cases", q, f.Page, func(x record.Case) string { return x.ID })
}

// pages asks until there are as many rows as the page wants: the daemon gives at
// most maxPage at once.
func pages[T any](ctx context.Context, c *Client, path string, q url.Values, p web.Page, id func(T) string) ([]T, error) {
	var out []T
	for {
		if p.After != "" {
			q.Set("after", p.After)
		}
		if p.Limit > 0 {
			q.Set("limit", strconv.Itoa(min(p.Limit-len(out), maxPage)))
		}
		var list web.List[T]
		if err := c.do(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &list); err != nil {
			return nil, err
		}
		out = append(out, list.Items...)
		if list.Next == "" || len(list.Items) == 0 || len(out) >= p.Limit {
			return out, nil
		}
		p.After = id(list.Items[len(list.Items)-1])
	}
}

// Dossier is all about one case.
func (c *Client) Dossier(ctx context.Context, id string) (record.Dossier, error) {
	var d record.Dossier
	err := c.do(ctx, http.MethodGet, "/cases/"+url.PathEscape(id), nil, &d)
	return d, err
}

// Act moves a case. Who acts is the Client's Actor or the token's login, and
// through what is the command line, whatever a says.
func (c *Client) Act(ctx context.Context, a record.Action) (record.Case, error) {
	var out record.Case
	err := c.do(ctx, http.MethodPost, "/cases/"+url.PathEscape(a.Case)+"/actions", web.ActionRequest{
		Key: a.Key, Verb: a.Verb, Until: a.Until, To: a.To, Reason: a.Reason, Note: a.Note,
	}, &out)
	return out, err
}

// Decisions are those about one mention, by id or URL.
func (c *Client) Decisions(ctx context.Context, idOrURL string) ([]record.Decision, error) {
	var list web.List[record.Decision]
	err := c.do(ctx, http.MethodGet, "/decisions?"+url.Values{"q": {idOrURL}}.Encode(), nil, &list)
	return list.Items, err
}

// Sources are all configured sources.
func (c *Client) Sources(ctx context.Context) ([]record.SourceStat, error) {
	var list web.List[record.SourceStat]
	err := c.do(ctx, http.MethodGet, "/sources", nil, &list)
	return list.Items, err
}

// Labels lists what people taught, newest first.
func (c *Client) Labels(ctx context.Context, f web.LabelFilter) ([]web.Taught, error) {
	q := url.Values{}
	for name, v := range map[string]string{"brand": f.Brand, "mention": f.Mention} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if f.Undone {
		q.Set("undone", "true")
	}
	return pages(ctx, c, "/labels", q, f.Page, func(t web.Taught) string { return strconv.FormatInt(t.Label.ID, 10) })
}

// GiveLabel writes a label. Who gives it is the Client's Actor or the token's login.
func (c *Client) GiveLabel(ctx context.Context, l record.Label) (web.Taught, error) {
	var out web.Taught
	err := c.do(ctx, http.MethodPost, "/labels", web.LabelRequest{
		Brand: l.Brand, Mention: l.Mention, Reason: l.Reason, Text: l.Text, Sample: l.Source == record.LabelFromSample,
	}, &out)
	return out, err
}

// ImportLabels writes at most 1,000 labels.
func (c *Client) ImportLabels(ctx context.Context, ls []record.Label, learn bool) (web.Imported, error) {
	req := web.ImportRequest{Labels: make([]web.ImportedLabel, len(ls)), Learn: learn}
	for i, l := range ls {
		req.Labels[i] = web.ImportedLabel{
			ID: l.Mention, Text: l.Text, Brand: l.Brand, Venting: &l.Venting, Reason: l.Reason, Actor: l.Actor, Lang: l.Lang, URL: l.URL, At: l.At,
		}
	}
	var out web.Imported
	err := c.do(ctx, http.MethodPost, "/labels/import", req, &out)
	return out, err
}

// UndoLabel takes a label back. Who does is the Client's Actor or the token's login.
func (c *Client) UndoLabel(ctx context.Context, id int64, _ string) (web.Taught, error) {
	var out web.Taught
	err := c.do(ctx, http.MethodDelete, "/labels/"+strconv.FormatInt(id, 10), nil, &out)
	return out, err
}

// Disagreements are the posts about which several people's last words differ.
func (c *Client) Disagreements(ctx context.Context, brand string) ([]record.Disagreement, error) {
	q := url.Values{}
	if brand != "" {
		q.Set("brand", brand)
	}
	var list web.List[record.Disagreement]
	err := c.do(ctx, http.MethodGet, "/labels/disagreements?"+q.Encode(), nil, &list)
	return list.Items, err
}

// Learned is what each brand learned.
func (c *Client) Learned(ctx context.Context) ([]web.Learned, error) {
	var list web.List[web.Learned]
	err := c.do(ctx, http.MethodGet, "/layers", nil, &list)
	return list.Items, err
}

// AcceptLayer puts the proposal of a brand to use.
func (c *Client) AcceptLayer(ctx context.Context, brand string) (web.Taught, error) {
	var out web.Taught
	err := c.do(ctx, http.MethodPost, "/layers/"+url.PathEscape(brand)+"/accept", nil, &out)
	return out, err
}

// ListDead lists dead letters without their values.
func (c *Client) ListDead(ctx context.Context, p web.Page) ([]record.Dead, error) {
	return pages(ctx, c, "/dead", url.Values{}, p, func(x record.Dead) string { return x.ID })
}

// Dead is one dead letter with its value.
func (c *Client) Dead(ctx context.Context, id string) (record.Dead, error) {
	var d record.Dead
	err := c.do(ctx, http.MethodGet, "/dead/"+url.PathEscape(id), nil, &d)
	return d, err
}

// RetryDead puts a dead letter back under its old key.
func (c *Client) RetryDead(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodPost, "/dead/"+url.PathEscape(id)+"/retry", nil, nil)
}

// DropDead forgets a dead letter.
func (c *Client) DropDead(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/dead/"+url.PathEscape(id), nil, nil)
}

// ListSilences lists the silences that have not ended.
func (c *Client) ListSilences(ctx context.Context) ([]record.Silence, error) {
	var list web.List[record.Silence]
	err := c.do(ctx, http.MethodGet, "/silences", nil, &list)
	return list.Items, err
}

// AddSilence stores a silence. Who made it is the Client's Actor or the token's login.
func (c *Client) AddSilence(ctx context.Context, s record.Silence) (record.Silence, error) {
	var out record.Silence
	err := c.do(ctx, http.MethodPost, "/silences", web.SilenceRequest{
		Brand: s.Brand, Author: s.Author, Topic: s.Topic, Query: s.Query, Reason: s.Reason, Until: s.Until,
	}, &out)
	return out, err
}

// ExpireSilence ends a silence now.
func (c *Client) ExpireSilence(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/silences/"+url.PathEscape(id), nil, nil)
}

// Measures are those of every configured brand.
func (c *Client) Measures(ctx context.Context) ([]web.Measure, error) {
	var list web.List[web.Measure]
	err := c.do(ctx, http.MethodGet, "/measures", nil, &list)
	return list.Items, err
}

// SampledPosts are drawn posts that nobody has labelled yet.
func (c *Client) SampledPosts(ctx context.Context, brand string, limit int) ([]record.Sampled, error) {
	var list web.List[record.Sampled]
	err := c.do(ctx, http.MethodGet, "/samples?"+url.Values{"brand": {brand}}.Encode(), nil, &list)
	return list.Items[:min(len(list.Items), limit)], err
}

// DrawSample draws a sample of what came since the last one.
func (c *Client) DrawSample(ctx context.Context, brand string) (int, error) {
	var d web.Drawn
	err := c.do(ctx, http.MethodPost, "/samples/draw?"+url.Values{"brand": {brand}}.Encode(), nil, &d)
	return d.Drawn, err
}

// LabelSampled says whether a drawn post is a complaint.
func (c *Client) LabelSampled(ctx context.Context, l record.Label) error {
	return c.do(ctx, http.MethodPost, "/samples/label", web.SampleLabel{Brand: l.Brand, Mention: l.Mention, Venting: l.Venting}, nil)
}
