package app

import (
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
)

// positionsCounted is how many parts of a query are counted one by one. Those behind them
// are counted together, so that no query, however long, makes more series than this.
const positionsCounted = 20

// positionRest is the label of the parts behind positionsCounted.
const positionRest = "rest"

// partCounts count what each part of the brands' queries brings or keeps away, by its place
// in the query, which is that of the ledger. A term's text is in no label.
type partCounts struct {
	matches, alerts *prometheus.CounterVec

	mu     sync.Mutex
	brands map[string]*queryParts
}

// queryParts are the places of a query's parts.
type queryParts struct {
	query  string
	places map[match.Side]string
}

func newPartCounts(reg prometheus.Registerer) *partCounts {
	f := promauto.With(reg)
	return &partCounts{
		brands: map[string]*queryParts{},
		matches: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_brand_term_matches_total",
			Help: "Decided posts in which a part of the brand's query matched, or, of an exclusion, that it kept away; by the part's place in the query, from 1, as in the ledger.",
		}, []string{"brand", "position"}),
		alerts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_brand_term_alerts_total",
			Help: "Cards that were opened by posts in which a part of the brand's query matched, by the part's place in the query.",
		}, []string{"brand", "position"}),
	}
}

// prepare makes the samples of all parts exist at 0. The counts of a brand begin anew when
// its query changes, since places are others then, and end with the brand.
func (p *partCounts) prepare(brands []brand.Brand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := make(map[string]*queryParts, len(brands))
	for i := range brands {
		b := &brands[i]
		if old := p.brands[b.Name]; old != nil && old.query == b.Query {
			now[b.Name] = old
			continue
		}
		q, err := match.Parse(b.Query)
		if err != nil { // a brand that loads has a query that does
			continue
		}
		p.drop(b.Name)
		parts := &queryParts{query: b.Query, places: map[match.Side]string{}}
		for n, part := range q.Parts() {
			place := positionRest
			if n < positionsCounted {
				place = strconv.Itoa(n + 1)
			}
			parts.places[part.Side()] = place
			p.matches.WithLabelValues(b.Name, place)
			if !part.Excludes {
				p.alerts.WithLabelValues(b.Name, place)
			}
		}
		now[b.Name] = parts
	}
	for name := range p.brands {
		if now[name] == nil {
			p.drop(name)
		}
	}
	p.brands = now
}

func (p *partCounts) drop(name string) {
	p.matches.DeletePartialMatch(prometheus.Labels{"brand": name})
	p.alerts.DeletePartialMatch(prometheus.Labels{"brand": name})
}

// count counts decisions that were made and written; repeats name no terms.
func (p *partCounts) count(decisions []record.Decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range decisions {
		d := &decisions[i]
		parts := p.brands[d.Brand]
		if parts == nil || d.Match != record.MatchQuery || d.Revision > 0 && d.Outcome == record.OutcomeRetracted {
			continue
		}
		if d.ExcludedBy != "" {
			if place, ok := parts.places[match.Side{Text: d.ExcludedBy, Excludes: true}]; ok {
				p.matches.WithLabelValues(d.Brand, place).Inc()
			}
			continue
		}
		var counted []string // several parts behind the last place count once
		for _, text := range d.Terms {
			place, ok := parts.places[match.Side{Text: text}]
			if !ok || slices.Contains(counted, place) {
				continue
			}
			counted = append(counted, place)
			p.matches.WithLabelValues(d.Brand, place).Inc()
			if d.Outcome == record.OutcomeAlert {
				p.alerts.WithLabelValues(d.Brand, place).Inc()
			}
		}
	}
}
