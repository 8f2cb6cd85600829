package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
)

// plan is how the brand's budget is spread over the day. It is made when the first
// complaint of an hour asks for it, from what was decided before that hour, and kept:
// whoever asks later in the hour gets the same. A brand whose budget, threshold or
// timezone changed gets another.
func (s *session) plan(j *job) (record.Plan, error) {
	budget, floor, zone := int(j.brand.Alert.Budget), j.brand.Alert.Threshold, j.brand.Timezone
	day := s.desk.zone(zone)
	at := triage.HourStart(j.now, day)
	if s.planned.At.Equal(at) && s.planned.Holds(budget, floor, zone) {
		return s.planned, nil
	}
	p, ok, err := s.tx.Plan(j.in.Brand, at)
	if err != nil {
		return p, err
	}
	if !ok || !p.Holds(budget, floor, zone) {
		if p, err = s.makePlan(j, at, day); err != nil {
			return p, err
		}
	}
	s.planned = p
	return p, nil
}

func (s *session) makePlan(j *job, at time.Time, day *time.Location) (record.Plan, error) {
	in := triage.Planning{
		Brand: j.in.Brand, Budget: int(j.brand.Alert.Budget), Floor: j.brand.Alert.Threshold, Zone: j.brand.Timezone,
		Day: day, At: at, Since: at.AddDate(0, 0, -triage.StreamDays),
	}
	var none record.Plan
	first, ok, err := s.tx.FirstDecided(j.in.Brand)
	if err != nil {
		return none, err
	}
	if !ok {
		first = at
	}
	if first.After(in.Since) {
		in.Since = first
	}
	if in.Since.After(at) {
		in.Since = at
	}
	if in.Stream, err = s.tx.Stream(j.in.Brand, in.Since, at); err != nil {
		return none, err
	}
	today, err := s.tx.CountAlerts(j.in.Brand, triage.DayStart(at, day))
	if err != nil {
		return none, err
	}
	hour, err := s.tx.CountAlerts(j.in.Brand, at)
	if err != nil {
		return none, err
	}
	in.Spent = today - hour
	p := triage.PlanBudget(in)
	return p, s.tx.PutPlan(p)
}
