package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

// job is one mention on its way through the desk, with what was worked out before
// the transaction.
type job struct {
	index int
	in    record.Scored
	brand brand.Brand
	known bool
	print casework.Print
	about string
	// report is what it says of a fault that others have too, spike the one that it makes.
	report crowd.Report
	spike  *crowd.Spike
	now    time.Time
	// targets are the receivers that the routes lead to, and how each is told.
	targets []alert.Target
	// past is set in a trial: what is known of how it was decided live.
	past *Past
}

// Scored decides on a batch: one transaction for each brand in it. The decisions
// stand at the places of their mentions; a duplicate is answered as such and leaves
// what was decided as it is; a canary has no outcome.
//
// A *BadRecordsError says that all but some records were decided upon and that the
// batch is done with. After any other error the whole batch may be given again.
func (d *Desk) Scored(ctx context.Context, batch []record.Scored) ([]record.Decision, error) {
	r := d.opt.Rules()
	out := make([]record.Decision, len(batch))
	var bad []BadRecord
	var order []string
	groups := map[string][]*job{}
	for i, s := range batch {
		reason, err := check(s)
		if err != nil {
			bad = append(bad, BadRecord{Index: i, Reason: reason, Err: err})
			continue
		}
		j, err := d.prepare(r, i, s)
		if err != nil {
			bad = append(bad, BadRecord{Index: i, Reason: reasonPanic, Err: err})
			continue
		}
		if groups[s.Brand] == nil {
			order = append(order, s.Brand)
		}
		groups[s.Brand] = append(groups[s.Brand], j)
	}
	for _, name := range order {
		more, err := d.group(ctx, r, name, groups[name], out)
		if err != nil {
			return out, fmt.Errorf("deciding on %d mentions of brand %s: %w", len(groups[name]), name, err)
		}
		bad = append(bad, more...)
	}
	if len(bad) > 0 {
		return out, &BadRecordsError{Bad: bad}
	}
	return out, nil
}

// prepare does what needs no store: matching again, fingerprints and what a
// complaint is about.
func (d *Desk) prepare(r *Rules, index int, s record.Scored) (j *job, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
	}()
	j = &job{index: index, in: s, now: d.at(s)}
	if s.Match == record.MatchCanary {
		return j, nil
	}
	j.brand, j.known = r.Brands[s.Brand]
	if !j.known || s.Mention.Retracted {
		return j, nil
	}
	j.in = r.fresh(s)
	j.print = casework.PrintOf(s.Mention)
	if mayOpen(j) {
		names := r.names(j.brand)
		j.report = crowd.Read(words(s.Mention), names, j.in.Score.Signals, j.in.Score.Topics)
		if d.opt.About != nil {
			j.about = d.opt.About(words(s.Mention), names)
		}
	}
	return j, nil
}

// mayOpen reports whether the mention may open a case or rewrite the text of one.
func mayOpen(j *job) bool {
	if j.in.Match == record.MatchWatched || j.in.Late || j.in.ExcludedBy != "" || !triage.Complaint(j.in.Score, j.brand.Alert) {
		return false
	}
	_, own := triage.OwnAccount(j.brand, j.in.Mention.Author)
	return !own
}

// group decides on the mentions of one brand in one transaction. Where one of
// several cannot be decided upon, each gets a transaction of its own, so that the
// others go on.
func (d *Desk) group(ctx context.Context, r *Rules, name string, jobs []*job, out []record.Decision) ([]BadRecord, error) {
	err := d.commit(ctx, r, name, jobs, out)
	if err == nil {
		return nil, nil
	}
	if ctx.Err() != nil {
		return nil, err
	}
	if len(jobs) == 1 {
		if p, ok := errors.AsType[*panicError](err); ok {
			return []BadRecord{{Index: jobs[0].index, Reason: reasonPanic, Err: p}}, nil
		}
		return nil, err
	}
	var bad []BadRecord
	failed := 0
	for _, j := range jobs {
		one := d.commit(ctx, r, name, []*job{j}, out)
		if one == nil {
			continue
		}
		reason := reasonFailed
		if _, ok := errors.AsType[*panicError](one); ok {
			reason = reasonPanic
		} else {
			failed++
		}
		bad = append(bad, BadRecord{Index: j.index, Reason: reason, Err: one})
	}
	// A store that takes none of them is no fault of theirs.
	if failed == len(jobs) || (failed > 0 && ctx.Err() != nil) {
		return nil, err
	}
	return bad, nil
}

// commit is one transaction over some mentions of one brand. What is to be counted
// is counted once it is on the disk.
func (d *Desk) commit(ctx context.Context, r *Rules, name string, jobs []*job, out []record.Decision) error {
	var s *session
	err := d.opt.Store.Update(ctx, []string{name}, func(tx *store.Tx) error {
		s = newSession(d, tx, r)
		s.batch = jobs
		for _, j := range jobs {
			dec, err := s.try(j)
			if err != nil {
				return err
			}
			s.decided = append(s.decided, dec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, j := range jobs {
		out[j.index] = s.decided[i]
		d.met.decided(s.decided[i])
	}
	s.counted(d.met)
	return nil
}

// try takes one mention and turns a panic into an error: the transaction is given
// up, the daemon is not.
func (s *session) try(j *job) (dec record.Decision, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
	}()
	return s.take(j)
}

// duplicate answers a mention that was decided upon before. What is stored stays.
func duplicate(j *job, old record.Decision) record.Decision {
	m := j.in.Mention
	why := fmt.Sprintf("duplicate: revision %d was decided upon before, as %s", m.Revision, old.Outcome)
	if m.Revision < old.Revision {
		why = fmt.Sprintf("duplicate: revision %d is older than %d, which was decided upon as %s", m.Revision, old.Revision, old.Outcome)
	}
	return record.Decision{
		ID: m.ID, Brand: j.in.Brand, Outcome: record.OutcomeDuplicate, Severity: old.Severity, Venting: old.Venting,
		Priority: old.Priority, Case: old.Case, Route: old.Route, Why: []string{why}, Revision: m.Revision, Now: j.now, Match: j.in.Match,
	}
}

// final answers a mention that comes after its own retraction.
func final(j *job, old record.Decision) record.Decision {
	return record.Decision{
		ID: j.in.Mention.ID, Brand: j.in.Brand, Outcome: record.OutcomeRetracted, Severity: vent.SeverityNone, Case: old.Case,
		Why:      []string{"retracted: the post was taken away before this revision came, and that is final"},
		Revision: j.in.Mention.Revision, Now: j.now, Match: j.in.Match,
	}
}
