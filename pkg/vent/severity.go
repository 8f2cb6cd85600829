package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// severityOf weighs what the text shows. A text that is no complaint has none.
// Danger to people is critical; law, lost money, broken privacy and a customer
// who leaves are high; waiting and repeated contact add up.
func severityOf(venting float64, t *tally, negative float64) Severity {
	if venting < 0.5 {
		return SeverityNone
	}
	points := 0.0
	add := func(k cue.Kind, least int, v float64) {
		if t.weight[k] >= least {
			points += v
		}
	}
	add(cue.Churn, 2, 1.5)
	add(cue.Legal, 2, 2.5)
	add(cue.Money, 2, 1.2)
	add(cue.Privacy, 2, 2)
	add(cue.Outage, 2, 1)
	add(cue.Waiting, 2, 0.8)
	add(cue.Waiting, 5, 0.5)
	add(cue.Repeated, 1, 1)
	add(cue.RudeStaff, 2, 1)
	add(cue.BrokenPromise, 2, 0.6)
	add(cue.Vulnerable, 1, 2.5)
	add(cue.Press, 1, 1.5)
	add(cue.Negative, 3, 0.5)
	add(cue.Negative, 7, 0.7)
	add(cue.Complaint, 3, 0.7)
	if venting > 0.8 {
		points += 0.4
	}
	if negative > 0.7 {
		points += 0.3
	}
	switch {
	case t.weight[cue.Threat] > 0, t.weight[cue.Safety] >= 3:
		return SeverityCritical
	case points >= 5.5:
		return SeverityCritical
	case points >= 2.6:
		return SeverityHigh
	case points >= 1:
		return SeverityMedium
	}
	return SeverityLow
}
