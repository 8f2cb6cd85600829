package vent

import "github.com/leakytap/leakytap/pkg/vent/internal/cue"

// severityOf is how severe the text is. A text that is no complaint has no severity, and
// danger to people is critical whatever else it says. Between them the model tells, and
// what speaks strongly by itself is no less than high; a model that learned from no
// severities leaves all to the points.
func (s *Scorer) severityOf(w *work, out *Score, t *tally) Severity {
	switch {
	case out.Venting < 0.5:
		return SeverityNone
	case t.weight[cue.Threat] > 0, t.weight[cue.Safety] >= 3:
		return SeverityCritical
	case s.model.Grade == nil:
		return points(out.Venting, t, out.Negative)
	}
	x := w.grave(t, out.Negative)
	level := s.model.Grade.Level(out.Venting, s.model.Grade.Sum(x[:]))
	if level == 1 && points(out.Venting, t, out.Negative) == SeverityHigh {
		level = 2
	}
	return [...]Severity{SeverityLow, SeverityMedium, SeverityHigh, SeverityCritical}[level]
}

// points weighs what the text shows. Law, lost money, broken privacy and a customer who
// leaves are high; waiting and repeated contact add up.
func points(venting float64, t *tally, negative float64) Severity {
	sum := 0.0
	add := func(k cue.Kind, least int, v float64) {
		if t.weight[k] >= least {
			sum += v
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
		sum += 0.4
	}
	if negative > 0.7 {
		sum += 0.3
	}
	switch {
	case sum >= 5.5:
		return SeverityCritical
	case sum >= 2.6:
		return SeverityHigh
	case sum >= 1:
		return SeverityMedium
	}
	return SeverityLow
}
