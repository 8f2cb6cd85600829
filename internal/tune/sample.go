package tune

import (
	"context"
	"slices"

	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// Unmatched is what the sample of posts that matched no brand says about a query.
type Unmatched struct {
	// Sampled counts the posts of the sample, StandsFor the posts that they stand for.
	// Of nothing sampled nothing is known.
	Sampled   int     `json:"sampled"`
	StandsFor float64 `json:"stands_for"`
	Matched   int     `json:"matched"`
	// MatchesPerDay and AlertsPerDay are estimates.
	MatchesPerDay Count `json:"matches_per_day"`
	AlertsPerDay  Count `json:"alerts_per_day"`
	// Examples are sampled posts that it would match, worst first.
	Examples []Post `json:"examples"`
}

// probe asks the sample about one brand.
type probe struct {
	out             Unmatched
	matches, alerts struct{ sum, squares float64 }
	heaviest        float64
}

// sample estimates what new terms would bring: no stored decision knows of it.
func (b *backtest) sample(ctx context.Context) error {
	probes := map[string]*probe{}
	for name, hash := range b.candidate.Rules.Hashes {
		if b.running.Rules.Hashes[name] != hash {
			probes[name] = &probe{}
		}
	}
	if len(probes) == 0 {
		return nil
	}
	f := store.UnmatchedFilter{Since: b.opt.Since, Limit: pageRows}
	for {
		page, err := b.opt.Store.Unmatched(ctx, f)
		if err != nil {
			return err
		}
		for i := range page.Rows {
			b.ask(probes, &page.Rows[i])
		}
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	for name, p := range probes {
		r := b.brands[name]
		if r == nil {
			r = &brandRun{name: name, tally: newTally(name, b.running.Rules, b.candidate.Rules, b.opt.Posts)}
			b.brands[name] = r
		}
		days := max(b.until().Sub(b.opt.Since).Hours()/24, 1)
		p.out.MatchesPerDay = weighted(p.matches.sum, p.matches.squares, p.heaviest).by(days)
		p.out.AlertsPerDay = weighted(p.alerts.sum, p.alerts.squares, p.heaviest).by(days)
		r.tally.out.Unmatched = &p.out
	}
	return nil
}

// ask puts one sampled post to the candidate's queries.
func (b *backtest) ask(probes map[string]*probe, s *store.Sampled) {
	known := b.running.Rules.Matcher.Match(s.Mention)
	hits := b.candidate.Rules.Matcher.Match(s.Mention)
	for name, p := range probes {
		p.out.Sampled++
		p.out.StandsFor += s.Stands
		p.heaviest = max(p.heaviest, s.Stands)
		i := slices.IndexFunc(hits, func(h match.Hit) bool { return h.Brand == name && h.ExcludedBy == "" })
		if i < 0 || slices.ContainsFunc(known, func(h match.Hit) bool { return h.Brand == name }) {
			continue
		}
		d := decideFresh(b.candidate, name, hits[i], s.Mention)
		p.out.Matched++
		p.matches.sum, p.matches.squares = p.matches.sum+s.Stands, p.matches.squares+s.Stands*s.Stands
		if d.Outcome == record.OutcomeAlert {
			p.alerts.sum, p.alerts.squares = p.alerts.sum+s.Stands, p.alerts.squares+s.Stands*s.Stands
		}
		row := store.Decided{Post: record.Stored{Mention: s.Mention}, Decision: record.Decision{Now: s.Mention.ObservedAt}}
		was := record.Decision{ID: d.ID, Brand: name, Outcome: record.OutcomeNotMatched, Severity: d.Severity, Route: d.Route}
		p.out.Examples = keep(p.out.Examples, postOf(&row, was, d), b.opt.Posts)
	}
}

// decideFresh is what a side makes of a post as if nothing had ever happened.
func decideFresh(s Side, name string, hit match.Hit, m mention.Mention) record.Decision {
	in := record.Scored{Matched: record.Matched{
		V: record.Version, Brand: name, BrandHash: s.Rules.Hashes[name], Mention: m,
		Terms: hit.Terms, ExcludedBy: hit.ExcludedBy, Match: record.MatchQuery,
	}}
	if s.Score != nil {
		in.Score, in.Layer = s.Score(in.Matched)
	}
	return s.Rules.Preview(in, m.ObservedAt)
}
