package desk

import (
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
)

// session is one transaction: what was read once for all mentions of the batch,
// and what is to be counted when it is on the disk.
type session struct {
	desk  *Desk
	tx    rows
	rules *Rules

	silences   []record.Silence
	silencesAt time.Time
	// cards counts the cards since a day's beginning.
	cards    int
	cardsDay time.Time
	// planned is how the budget of the hour is spread, once it was asked for.
	planned record.Plan

	// prints are the fingerprints of cases, the newest last.
	prints      []casePrint
	printsSince time.Time

	// clock is that of the brand with that name.
	clockOf string
	clockIs brand.Clock

	crowds crowds
	// incidents are the brands of the incidents that began.
	incidents []string

	// batch are the mentions that are decided upon together.
	batch   []*job
	decided []record.Decision
	moves   []move
	// nudges are the brands of the nudges that were made.
	nudges []string
}

// move is a change of a case that may have stopped its clocks.
type move struct {
	before, after record.Case
	at            time.Time
}

func newSession(d *Desk, tx rows, r *Rules) *session { return &session{desk: d, tx: tx, rules: r} }

func (s *session) counted(m *metrics) {
	for _, v := range s.moves {
		m.moved(v.before, v.after, v.at)
	}
	for _, b := range s.incidents {
		m.spikes.WithLabelValues(b).Inc()
	}
	for _, b := range s.nudges {
		m.nudges.WithLabelValues(b).Inc()
	}
}

// take decides on one mention and does what follows from it.
func (s *session) take(j *job) (record.Decision, error) {
	m := &j.in.Mention
	if j.in.Match == record.MatchCanary {
		return record.Decision{ID: m.ID, Brand: j.in.Brand, Match: record.MatchCanary, Now: j.now}, s.canary(j)
	}
	latest, seen, err := s.tx.LatestDecision(j.in.Brand, m.ID)
	if err != nil {
		return record.Decision{}, err
	}
	switch {
	case seen && latest.Outcome == record.OutcomeRetracted && !m.Retracted && m.Revision > latest.Revision:
		return final(j, latest), nil
	case seen && latest.Outcome == record.OutcomeRetracted:
		return duplicate(j, latest), nil
	case m.Retracted:
		// A retraction is final whatever its revision: platforms that count edits do
		// not count deletions.
		if seen && m.Revision <= latest.Revision {
			m.Revision = latest.Revision + 1
		}
		return s.retract(j)
	case seen && m.Revision <= latest.Revision:
		return duplicate(j, latest), nil
	case !j.known:
		return s.store(j, unknownBrand(j.in), nil)
	}
	return s.decide(j, latest, seen)
}

// decide takes a mention that is new, or a newer revision of one that was seen.
func (s *session) decide(j *job, latest record.Decision, seen bool) (record.Decision, error) {
	found, cands, err := s.find(j, seen)
	if err != nil {
		return record.Decision{}, err
	}
	h, err := s.history(j, found, cands)
	if err != nil {
		return record.Decision{}, err
	}
	dec := triage.Decide(triage.Input{Scored: j.in, Brand: j.brand, History: h, Now: j.now, Terse: j.past != nil})
	put := &record.Stored{Brand: j.in.Brand, Mention: j.in.Mention, Simhash: j.print.Simhash}
	switch dec.Outcome {
	case record.OutcomeAlert:
		err = s.open(j, &dec, cands)
		put.Case = dec.Case
	case record.OutcomeJoined:
		put.Case = dec.Case
		dec.Route = record.Opened(found.Case.Route)
		if found.edit {
			err = s.edit(j, dec, found)
		} else {
			err = s.join(j, dec, found, cands)
		}
	case record.OutcomeInhibited:
		put.Case = dec.Case
		err = s.inhibited(j, &dec, cands)
	case record.OutcomeOwnAccount:
		if dec.Case != "" && (!seen || latest.Outcome != record.OutcomeOwnAccount) {
			err = s.brandReplied(j, found.Case)
		}
	case record.OutcomeDigest, record.OutcomeOverBudget:
		// An edit of what stands in a digest already is no second post.
		if !seen || (latest.Outcome != record.OutcomeDigest && latest.Outcome != record.OutcomeOverBudget) {
			err = s.digest(j, dec)
		}
	case record.OutcomeBelowThreshold, record.OutcomeNotMatched:
		err = s.praise(j, dec.Outcome, seen)
		if j.in.Match == record.MatchWatched {
			// What a customer says about other things is nobody's business here.
			put = nil
		}
	case record.OutcomeSilenced, record.OutcomeExcluded, record.OutcomeAlreadyHandled,
		record.OutcomeDuplicate, record.OutcomeRetracted:
	}
	if err != nil {
		return record.Decision{}, err
	}
	if seen {
		if err := s.rewrite(j); err != nil {
			return record.Decision{}, err
		}
	}
	if mayOpen(j) && j.in.Match == record.MatchQuery && (!seen || !complained(latest.Outcome)) {
		if err := s.note(j, dec, found.Copy); err != nil {
			return record.Decision{}, err
		}
	}
	return s.store(j, dec, put)
}

// store writes the decision, and the mention where there is one to keep.
func (s *session) store(j *job, dec record.Decision, put *record.Stored) (record.Decision, error) {
	seq, err := s.tx.NextSeq(j.in.Brand)
	if err != nil {
		return dec, err
	}
	dec.Seq, dec.Now = seq, j.now
	dec.ConfigHash, dec.BrandHash = s.rules.Hash, s.rules.Hashes[j.in.Brand]
	if put != nil {
		if err := s.tx.PutMention(*put); err != nil {
			return dec, err
		}
	}
	return dec, s.tx.PutDecision(dec)
}

// retract erases a post's words everywhere and tells its case.
func (s *session) retract(j *job) (record.Decision, error) {
	m := j.in.Mention
	var h triage.History
	c, held, err := s.tx.CaseByMention(j.in.Brand, m.ID)
	if err != nil {
		return record.Decision{}, err
	}
	if held {
		h.Join = &triage.Join{Case: c.ID, Live: c.State.Live()}
	}
	if err := s.tx.EraseMention(j.in.Brand, m.ID); err != nil {
		return record.Decision{}, err
	}
	if err := s.unquote(j.in.Brand, m.ID, j.now); err != nil {
		return record.Decision{}, err
	}
	dec := triage.Decide(triage.Input{Scored: j.in, Brand: j.brand, History: h, Now: j.now})
	if held {
		// Read again: erasing took words out of the row.
		if c, _, err = s.tx.Case(c.ID); err != nil {
			return dec, err
		}
		if err := s.retracted(j, c); err != nil {
			return dec, err
		}
		dec.Route = record.Opened(c.Route)
	}
	return s.store(j, dec, &record.Stored{Brand: j.in.Brand, Mention: m, Case: dec.Case})
}

// wordOf is the mention as its case hears it.
func wordOf(j *job, dec record.Decision, f found, newAuthor bool) casework.Word {
	said := j.in.Mention
	if j.past != nil && j.past.Altered {
		said.Text = j.past.Said
	}
	tone := triage.ToneOf(said, j.in.Score, j.brand.Alert)
	if f.Customer && tone != record.ToneResolved && triage.Left(said.Text, j.brand.Competitors) {
		tone = record.ToneLeft
	}
	return casework.Word{
		Mention: j.in.Mention, Score: j.in.Score, Tone: tone,
		Severity: dec.Severity, Priority: dec.Priority,
		Customer: f.Customer, Thread: f.Thread, NewAuthor: newAuthor, Reason: f.Reason, Also: f.Also,
		Many: manyOf(j, f),
	}
}
