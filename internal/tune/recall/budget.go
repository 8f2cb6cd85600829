package recall

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
)

const (
	// spentDays is how many whole days of a brand are held against its budget, and
	// deferredDays how many are looked at for what waits in digests.
	spentDays    = 30
	deferredDays = 7
	// planFor is how long the newest plan says what is asked for.
	planFor = 24 * time.Hour
)

// Spending is what Spent needs of the store. *store.Store is one.
type Spending interface {
	NewestPlan(ctx context.Context, brand string, since time.Time) (record.Plan, bool, error)
	FirstDecided(ctx context.Context, brand string) (time.Time, bool, error)
	Spending(ctx context.Context, brand string, from, to time.Time) (store.Spending, error)
}

// Budget is how a brand's budget was kept.
type Budget struct {
	// Budget is how many cards a day are welcome, 0 for no limit; Today counts those of
	// the brand's day so far.
	Budget int `json:"budget"`
	Today  int `json:"today"`
	// Threshold is the probability that is asked for now: the brand's own, or more.
	Threshold float64 `json:"threshold"`
	Floor     float64 `json:"floor"`
	// Days counts the whole days of the last thirty, Within those that kept the budget, and
	// Critical those that did not for the critical ones alone, which are never held back.
	Days     int `json:"days"`
	Within   int `json:"days_within"`
	Critical int `json:"days_over_by_critical_ones"`
	// Deferred is the part of the real complaints of the last seven days that waited for
	// a digest: by the probabilities of what was over the budget and of all.
	Deferred float64 `json:"deferred"`
	Posts    int     `json:"deferred_posts"`
}

// Spent sums up how a brand's budget was kept.
func Spent(ctx context.Context, s Spending, b *brand.Brand, now time.Time) (Budget, error) {
	out := Budget{Budget: int(b.Alert.Budget), Threshold: b.Alert.Threshold, Floor: b.Alert.Threshold}
	if out.Budget == 0 {
		return out, nil
	}
	p, ok, err := s.NewestPlan(ctx, b.Name, now.Add(-planFor))
	if err != nil {
		return out, err
	}
	if ok && p.Holds(out.Budget, out.Floor, b.Timezone) {
		out.Threshold = p.Threshold
	}
	first, ok, err := s.FirstDecided(ctx, b.Name)
	if err != nil || !ok {
		return out, err
	}
	zone := triage.Zone(b.Timezone)
	day, to := triage.DayStart(now, zone), now.Add(time.Second)
	var cards, over float64
	for back := 0; back <= spentDays && !to.Before(first); back++ {
		spent, err := s.Spending(ctx, b.Name, day, to)
		if err != nil {
			return out, err
		}
		if back == 0 {
			out.Today = spent.Cards
		} else if !day.Before(first) {
			out.day(spent)
		}
		if back <= deferredDays {
			cards, over, out.Posts = cards+spent.CardsVenting, over+spent.OverVenting, out.Posts+spent.Over
		}
		day, to = triage.DayStart(day.Add(-time.Second), zone), day
	}
	if cards+over > 0 {
		out.Deferred = over / (cards + over)
	}
	return out, nil
}

// day holds a whole day against the budget.
func (b *Budget) day(spent store.Spending) {
	b.Days++
	switch {
	case spent.Cards <= b.Budget:
		b.Within++
	case spent.Cards-spent.Critical <= b.Budget:
		b.Critical++
	}
}

// BudgetWords say in a sentence how a budget is kept.
func BudgetWords(b Budget) string {
	if b.Budget == 0 {
		return "No budget."
	}
	parts := []string{fmt.Sprintf("%d of %d cards today", b.Today, b.Budget)}
	if b.Threshold > b.Floor {
		parts = append(parts, fmt.Sprintf("now only from %s on, the brand's own threshold is %s", percent(b.Threshold), percent(b.Floor)))
	}
	if b.Days > 0 {
		within := fmt.Sprintf("kept on %d of the last %d days", b.Within, b.Days)
		if b.Critical > 0 {
			within += fmt.Sprintf(", over it for critical ones alone on %d", b.Critical)
		}
		parts = append(parts, within)
	}
	if b.Posts > 0 {
		parts = append(parts, fmt.Sprintf("about %s of the real complaints of the last %d days waited for a digest (%d posts)", share1(b.Deferred), deferredDays, b.Posts))
	}
	return strings.Join(parts, "; ") + "."
}

// share1 is a part in percent that is never said to be none where it is some.
func share1(v float64) string {
	if v > 0 && v < 0.01 {
		return "less than 1 %"
	}
	return percent(v)
}
