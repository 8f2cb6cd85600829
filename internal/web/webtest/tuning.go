package webtest

import (
	"context"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// hostile is a stranger's text that pages must show as text.
const hostile = "<script>alert(1)</script> \u202e\"'>"

// Tuning is invented: it answers every tuning page with the same things. Empty is one to
// which nothing happened yet.
type Tuning struct {
	Now   time.Time
	Empty bool
	// Refuse is what is wrong with each candidate, empty for nothing.
	Refuse string
}

var _ web.Tuning = Tuning{}

// Brands are two.
func (Tuning) Brands() []string { return []string{"acme", "bolt"} }

func (t Tuning) posts() []tune.Post {
	return []tune.Post{{
		ID: "bluesky:x/y", Brand: "acme", URL: "https://social.example/1", Text: "acme lost my bag " + hostile, At: t.Now, Was: record.OutcomeAlert,
		Now: record.OutcomeExcluded, Severity: vent.SeverityHigh, SeverityBefore: vent.SeverityLow, Venting: 0.93, Why: "excluded by " + hostile,
	}}
}

// Ledger has a term, a phrase and an exclusion.
func (t Tuning) Ledger(_ context.Context, brand string, _ time.Time) ([]tune.BrandLedger, error) {
	if brand == "nobody" {
		return nil, web.ErrNotFound
	}
	if t.Empty {
		return []tune.BrandLedger{{Brand: brand}}, nil
	}
	return []tune.BrandLedger{{Brand: "acme", Mentions: 12, Entries: []tune.Entry{
		{Position: 1, Text: `"acme air"`, Kind: tune.EntryPhrase, Matches: 7, Alerts: 3, Confirmed: 2, Alone: 4, Trend: []int{0, 1, 2, 4}},
		{Position: 2, Text: hostile, Kind: tune.EntryTerm, Matches: 1, Trend: []int{1, 0, 0, 0}},
		{Position: 3, Text: `"acme air force"`, Kind: tune.EntryExclusion, Matches: 4, Swallowed: 1, Complaints: 2, Posts: t.posts(), Trend: []int{0, 0, 0, 4}},
		{Text: "acme", Kind: tune.EntryTerm, Matches: 1},
	}}}, nil
}

// StartBacktest refuses as it is told.
func (t Tuning) StartBacktest(context.Context, []byte, time.Time) error { return t.refuse() }

func (t Tuning) refuse() error {
	if t.Refuse != "" {
		return &web.Refused{Message: t.Refuse}
	}
	return nil
}

// Backtest has a report of one brand.
func (t Tuning) Backtest() web.BacktestState {
	if t.Empty {
		return web.BacktestState{}
	}
	return web.BacktestState{Brand: "acme", Since: t.Now.Add(-time.Hour), Report: &tune.Report{
		From: t.Now.Add(-48 * time.Hour), To: t.Now, Days: 2, Mentions: 12, Differences: 2, Reproduced: tune.Rate{Hits: 12, Of: 12},
		Brands: []tune.BrandReport{{
			Brand: "acme", Changed: true, Mentions: 12, Lost: 2, Posts: tune.Posts{Lost: t.posts()},
			Edits: []tune.EditReport{
				{Edits: []string{"query: + NOT orchestra"}, Lost: 1},
				{Edits: []string{"alert.threshold: 0.6 -> 0.7"}},
				{Edits: []string{"query: + NOT orchestra", "alert.threshold: 0.6 -> 0.7"}, Lost: 1},
			},
			Running:   tune.SideReport{Cards: 5, CardsPerDay: 2.5, Precision: tune.Rate{Hits: 3, Of: 5, Value: 0.6, Low: 0.2, High: 0.9}},
			Candidate: tune.SideReport{Cards: 3, CardsPerDay: 1.5, Budget: 2, OverBudget: 1},
			ByDay:     []tune.Day{{Date: "2026-11-23", Running: 2, Candidate: 0}, {Date: "2026-11-24", Running: 3, Candidate: 3}},
			Unmatched: &tune.Unmatched{Sampled: 250, StandsFor: 9000, MatchesPerDay: tune.Count{Value: 2, Low: 0.1, High: 9}},
		}},
	}}
}

// Shadow is one that runs and has found a difference.
func (t Tuning) Shadow(context.Context) (tune.ShadowReport, error) {
	if t.Empty {
		return tune.ShadowReport{}, nil
	}
	return tune.ShadowReport{
		Running: true,
		Shadow: record.Shadow{
			N: 3, Brand: "acme", YAML: []byte("query: acme " + hostile + "\n"), By: "dana", StartedAt: t.Now.Add(-time.Hour), Posts: 40,
			Differences: map[string]int64{"lost": 1}, Missed: 2,
		},
		Differences: []record.Difference{{
			Mention: "bluesky:x/y", Brand: "acme", URL: "https://social.example/1", Kind: "lost", Was: record.OutcomeAlert, Now: record.OutcomeExcluded,
			Severity: "high", Route: "", RouteBefore: "support", Venting: 0.9, At: t.Now,
		}},
	}, nil
}

// StartShadow refuses as it is told.
func (t Tuning) StartShadow(ctx context.Context, _ []byte, _ string) (tune.ShadowReport, error) {
	if err := t.refuse(); err != nil {
		return tune.ShadowReport{}, err
	}
	return t.Shadow(ctx)
}

// StopShadow stops nothing.
func (t Tuning) StopShadow(ctx context.Context) (tune.ShadowReport, error) { return t.Shadow(ctx) }

// History has a start and a change.
func (t Tuning) History(context.Context) ([]tune.Effect, error) {
	if t.Empty {
		return nil, nil
	}
	return []tune.Effect{
		{
			ConfigChange: record.ConfigChange{N: 2, At: t.Now, Hash: "0123", Other: true, Brands: []record.BrandChange{
				{Brand: "acme", What: "changed", Lines: []string{"- query: acme", "+ query: acme NOT " + hostile}, Who: "dana (a1b2c3)", File: "brands/acme.yaml", Stale: true},
			}},
			Effects: []tune.BrandEffect{{
				Brand: "acme", Before: store.Activity{Decisions: 20, Alerts: 10}, After: store.Activity{Decisions: 10, Alerts: 1, Excluded: 8}, DaysBefore: 2, DaysAfter: 1,
			}},
		},
		{ConfigChange: record.ConfigChange{N: 1, At: t.Now.Add(-48 * time.Hour), Hash: "abcd", Start: true, Brands: []record.BrandChange{{Brand: "acme", What: "added"}}}},
	}, nil
}

// Explain finds the text a complaint about acme.
func (t Tuning) Explain(_ context.Context, _, text string) ([]tune.Explained, error) {
	reason := text[:min(4, len(text))]
	return []tune.Explained{
		{Decision: record.Decision{
			Brand: "acme", Outcome: record.OutcomeAlert, Severity: vent.SeverityHigh, Venting: 0.93, Threshold: 0.6, Route: "support", Terms: []string{"acme"},
			Why: []string{"matched: acme"}, Now: t.Now, Score: vent.Score{Lang: "en", Negative: 0.9, Topics: []string{"support"}, Reasons: []vent.Reason{{Start: 0, End: len(reason), Text: reason, Weight: 1}}},
		}},
		{Decision: record.Decision{Brand: "bolt", Outcome: record.OutcomeNotMatched}, Missed: true},
	}, nil
}

// Unseen knows a source that was blind.
func (t Tuning) Unseen(_ context.Context, asked, text string) (tune.Unseen, error) {
	out := tune.Unseen{Asked: asked, Platform: "bluesky", At: t.Now.Add(-time.Hour), Text: text, Sources: []tune.UnseenSource{{
		Source: "sky", Reasons: []string{"it was blind about then: see the windows"},
		Windows: []record.BlindWindow{{Source: "sky", From: t.Now.Add(-2 * time.Hour), Until: t.Now, Reason: "timeout"}},
	}}}
	if text != "" {
		out.Brands = []tune.UnseenBrand{
			{Brand: "acme", Outcome: record.OutcomeAlert, Severity: vent.SeverityHigh, Venting: 0.9, Why: []string{"matched: " + hostile}},
			{Brand: "bolt", Outcome: record.OutcomeNotMatched},
		}
	}
	return out, nil
}

// Trace is kept whole.
func (t Tuning) Trace(_ context.Context, brand, id string) (tune.Trace, error) {
	return tune.Trace{
		Brand: brand, Kept: true,
		Post: record.Stored{Brand: brand, Mention: mention.Mention{
			ID: id, Source: "sky", Platform: "bluesky", URL: "https://social.example/1", Text: "acme lost my bag " + hostile, CreatedAt: t.Now, ObservedAt: t.Now,
			Author: mention.Author{Handle: "jo.example"},
		}},
		Events: []record.Event{{At: t.Now, What: "opened", Detail: hostile}},
		Sent: []record.Notice{{
			Kind: record.NoticeCard, Receiver: "support", State: record.NoticeSent, CreatedAt: t.Now, SentAt: t.Now.Add(time.Second), ObservedAt: t.Now, Attempts: 1,
		}},
	}, nil
}
