package triage

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// StreamDays is how many days of complaints a plan looks back on, and minStream the
	// least that it needs.
	StreamDays = 14
	minStream  = 2 * 24 * time.Hour
	// nothingBut is a threshold that only what is never held back passes.
	nothingBut = 1.0
	hoursInDay = 24
)

// HourStart is the beginning of the hour of now in the zone: plans hold for an hour.
func HourStart(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	return now.Add(-into).UTC()
}

// Planning is what a plan is worked out from.
type Planning struct {
	Brand  string
	Budget int
	Floor  float64
	Zone   string
	// Day is the zone of the brand's day, At the beginning of the hour.
	Day *time.Location
	At  time.Time
	// Since is from when on Stream is known; it holds what came before At.
	Since  time.Time
	Stream []record.StreamPost
	// Spent counts the cards of the day before At.
	Spent int
}

// PlanBudget spreads what is left of a day's budget over what is left of the day: it
// asks for the lowest threshold at which no more cards are to be expected than are
// left, by the complaints of the last days and the hours at which they came. Critical
// ones are counted and never held back.
func PlanBudget(in Planning) record.Plan {
	p := record.Plan{
		Brand: in.Brand, At: in.At, Budget: in.Budget, Floor: in.Floor, Zone: in.Zone, Spent: in.Spent,
		Days: in.At.Sub(in.Since).Hours() / hoursInDay, Posts: len(in.Stream), Rest: restOfDay(in), Threshold: in.Floor,
	}
	var calm, critical []float64
	for _, v := range in.Stream {
		switch {
		case v.Venting < in.Floor:
		case v.Critical:
			critical = append(critical, v.Venting)
		default:
			calm = append(calm, v.Venting)
		}
	}
	p.Critical = len(critical)
	if in.Budget <= 0 || in.At.Sub(in.Since) < minStream {
		return p
	}
	// The largest first; sums of floats depend on their order.
	for _, list := range [][]float64{calm, critical} {
		slices.SortFunc(list, func(a, b float64) int { return cmp.Compare(b, a) })
	}
	perPost := p.Rest / p.Days
	left := float64(in.Budget-in.Spent) - float64(p.Critical)*perPost
	keep := len(calm)
	if perPost > 0 && left/perPost < float64(keep) {
		keep = max(int(left/perPost), 0)
	}
	switch {
	case keep == len(calm):
	case left < 1:
		keep, p.Threshold = 0, nothingBut
	default:
		// At least what is worth as much as the best of the stream may have a card.
		keep = max(keep, 1)
		p.Threshold = max(calm[keep-1], in.Floor)
		for keep < len(calm) && calm[keep] >= p.Threshold {
			keep++
		}
	}
	p.Expected = float64(keep+p.Critical) * perPost
	if all := sum(calm) + sum(critical); all > 0 {
		p.Deferred = sum(calm[keep:]) / all
	}
	return p
}

func sum(list []float64) float64 {
	out := 0.0
	for _, v := range list {
		out += v
	}
	return out
}

// restOfDay is the part of a day's complaints that comes at or after At: the hours of
// the stream, each with one complaint more than it had, so that no hour is thought empty.
func restOfDay(in Planning) float64 {
	var hours [hoursInDay]float64
	for _, v := range in.Stream {
		hours[v.At.In(in.Day).Hour()]++
	}
	rest := 0.0
	for h := in.At.In(in.Day).Hour(); h < hoursInDay; h++ {
		rest += hours[h] + 1
	}
	return rest / (float64(len(in.Stream)) + hoursInDay)
}

// PlanWords says in a sentence what a plan holds back.
func PlanWords(p record.Plan) string {
	if !p.Raised() {
		return ""
	}
	return fmt.Sprintf("about %s of real complaints wait for the digest", percentWords(p.Deferred))
}

// percentWords is a share in whole percent, never rounded to none or all.
func percentWords(share float64) string {
	switch {
	case share <= 0:
		return "none"
	case share < 0.01:
		return "less than 1 %"
	default:
		return fmt.Sprintf("%.0f %%", math.Min(share*100, 100))
	}
}
