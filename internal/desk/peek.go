package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Peek says what other rules would make of the next mention of a trial, with all that was
// decided before it as it is. It changes nothing of the trial. It is for the goroutine of the trial.
type Peek struct {
	trial *Trial
	rules *Rules
	rows  peekRows
}

// Peek makes one for other rules.
func (t *Trial) Peek(r *Rules) *Peek {
	return &Peek{trial: t, rules: r, rows: peekRows{memory: t.rows}}
}

// Decide decides on what Trial.Decide will be given next.
func (k *Peek) Decide(p Past) (record.Decision, error) {
	k.trial.at(&p)
	return newSession(k.trial.desk, &k.rows, k.rules).try(k.trial.job(k.rules, &p))
}

// peekRows are the rows of a trial that nothing is written to, but for the plan of the hour.
type peekRows struct {
	*memory
	plan record.Plan
}

var _ rows = (*peekRows)(nil)

// PutDecision keeps nothing.
func (*peekRows) PutDecision(record.Decision) error { return nil }

// PutMention keeps nothing.
func (*peekRows) PutMention(record.Stored) error { return nil }

// EraseMention takes nothing away.
func (*peekRows) EraseMention(string, string) error { return nil }

// PutCase keeps nothing.
func (*peekRows) PutCase(record.Case) error { return nil }

// PutWatch keeps nothing.
func (*peekRows) PutWatch(record.Watch) error { return nil }

// PutComplaint keeps nothing.
func (*peekRows) PutComplaint(record.Complaint) error { return nil }

// NextSeq is of no matter.
func (*peekRows) NextSeq(string) (int64, error) { return 0, nil }

// Plan is the plan of the hour that these rules have made, else the trial's own.
func (r *peekRows) Plan(brand string, at time.Time) (record.Plan, bool, error) {
	if r.plan.At.Equal(at) {
		return r.plan, true, nil
	}
	return r.memory.Plan(brand, at)
}

// PutPlan keeps the newest plan of these rules.
func (r *peekRows) PutPlan(p record.Plan) error {
	r.plan = p
	return nil
}
