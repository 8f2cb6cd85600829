package desk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Rules is one generation of the configuration. It never changes; a reload makes a
// new one. A mention is decided by exactly one generation.
type Rules struct {
	// Hash is of the whole configuration, Hashes of each brand.
	Hash   string
	Brands map[string]brand.Brand
	Hashes map[string]string
	// Names are those that each brand's query asks for.
	Names map[string][]string
	// Matcher matches again where a mention was matched by another generation. Nil
	// keeps the old match.
	Matcher *match.Set
	// Score scores again in the same case. Nil keeps the old score.
	Score func(record.Matched) (vent.Score, int64)
	// Router says where a case goes. Nil leaves the outbox empty: for dry runs.
	Router *alert.Router
}

// fresh brings a mention that another generation matched up to this one.
func (r *Rules) fresh(in record.Scored) record.Scored {
	hash := r.Hashes[in.Brand]
	if hash == in.BrandHash || hash == "" || in.Mention.Retracted {
		return in
	}
	in.BrandHash = hash
	if r.Matcher != nil {
		in = r.rematch(in)
	}
	if r.Score != nil {
		in.Score, in.Layer = r.Score(in.Matched)
	}
	return in
}

func (r *Rules) rematch(in record.Scored) record.Scored {
	in.Terms, in.ExcludedBy = nil, ""
	if hit, ok := hitOf(r.Matcher.Match(in.Mention), in.Brand); ok {
		in.Terms, in.ExcludedBy, in.Match = hit.Terms, hit.ExcludedBy, record.MatchQuery
		return in
	}
	if in.Match == record.MatchQuery {
		in.Match = record.MatchSeen
	}
	return in
}

func hitOf(hits []match.Hit, name string) (match.Hit, bool) {
	for _, h := range hits {
		if h.Brand == name {
			return h, true
		}
	}
	return match.Hit{}, false
}

// names are all names of a brand, which say nothing about what a complaint is about.
func (r *Rules) names(b brand.Brand) []string {
	out := append([]string{b.Name}, b.Aliases...)
	out = append(out, b.OwnAccounts...)
	return append(out, r.Names[b.Name]...)
}

// Brands are the names of the brands in use, in order.
func (d *Desk) Brands() []string {
	r := d.opt.Rules()
	if r == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(r.Brands))
}

// Preview decides on a mention without a store: as if nothing had ever happened.
func (d *Desk) Preview(_ context.Context, s record.Scored) record.Decision {
	return d.opt.Rules().Preview(s, d.at(s))
}

// Preview decides on a mention at now without a store: as if nothing had ever happened.
func (r *Rules) Preview(s record.Scored, now time.Time) record.Decision {
	b, ok := r.Brands[s.Brand]
	if !ok {
		dec := unknownBrand(s)
		dec.Now, dec.ConfigHash = now, r.Hash
		return dec
	}
	s = r.fresh(s)
	in := triage.Input{Scored: s, Brand: b, Now: now}
	in.History.Route, in.History.Path = way(r.targets(s, triage.Severity(s.Score, b.Alert), b, now))
	dec := triage.Decide(in)
	dec.BrandHash, dec.ConfigHash = r.Hashes[s.Brand], r.Hash
	return dec
}

// unknownBrand is the decision on a mention of a brand that this generation does not have.
func unknownBrand(s record.Scored) record.Decision {
	return record.Decision{
		ID: s.Mention.ID, Brand: s.Brand, Revision: s.Mention.Revision, Outcome: record.OutcomeNotMatched,
		Severity: vent.SeverityNone, Match: s.Match,
		Why: []string{"not matched: brand " + s.Brand + " is not configured any more"},
	}
}

// words are title and text, which is what a complaint is about.
func words(m mention.Mention) string { return strings.TrimSpace(m.Title + "\n" + m.Text) }
