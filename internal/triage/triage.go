// Package triage decides what becomes of one scored mention for one brand, and
// says why in words. It is pure: the mention, the brand's rules, what the store
// knows and the time go in, a decision comes out. The same code runs live, in
// replay, in explain and in backtest.
//
// It promises that every decision has at least one line of why, that a critical
// complaint is never held back by a budget, and that a watched post never opens
// a case. It refuses nothing: what cannot be decided upon is the desk's to refuse.
//
//	triage.go    what goes in, and the order of the steps
//	why.go       the lines of why
//	tone.go      what a post says to a case that it belongs to
//	priority.go  from 0 to 100, in parts that are shown
//	account.go   whether an author is one of the brand's own accounts
//	silence.go   whether a silence covers a mention
//	left.go      whether a customer says that they have left; kind words
//	budget.go    where a brand's day begins
//	plan.go      a day's budget, spread over the day
package triage

import (
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Input is all that a decision may depend on.
type Input struct {
	Scored  record.Scored
	Brand   brand.Brand
	History History
	Now     time.Time
	// Terse leaves out the line of what the priority is made of: for a decision of which
	// nobody reads it.
	Terse bool
}

// History is what the store knew when the mention came.
type History struct {
	// Join is the case that the mention belongs to, nil where there is none.
	Join *Join
	// Silence is the one that covers the mention, nil where there is none.
	Silence *record.Silence
	// CardsToday counts the cards since the brand's day began.
	CardsToday int
	// Inhibit is the case that stands for the mention, nil where there is none.
	Inhibit *Inhibit
	// Spike says in words that this mention is what makes more complaints than usual:
	// its card is the incident's. Empty where it does not.
	Spike string
	// Plan is how the budget is spread over the day, zero where there is none.
	Plan record.Plan
	// EarlierCases counts the author's earlier cases with the brand.
	EarlierCases int
	// Handled says why nobody needs to be told any more, empty where that is not known.
	Handled string
	// Route is the receiver that the router chose, and Path the nodes that chose it.
	Route string
	Path  []string
}

// Join says which case a mention belongs to, and how.
type Join struct {
	Case string
	// Live says that the case had not ended.
	Live bool
	// Reason says in words what they share.
	Reason string
	// Customer says that the case's own customer wrote it, Thread that it stands in
	// the case's conversation.
	Customer bool
	Thread   bool
	// Edit says that it is a newer revision of a post that the case already took.
	Edit bool
	// Also is another live case that it would have joined, or empty.
	Also string
}

// Inhibit names a case that stands for the mention, and says why: an incident, or,
// with Rule, a live case that one of inhibit_rules names.
type Inhibit struct {
	Case   string
	Reason string
	Rule   bool
}

// Decide says what becomes of the mention. Case is filled where a case took it;
// a decision to alert leaves it to the caller, who opens the case.
func Decide(in Input) record.Decision {
	s := in.Scored
	d := record.Decision{
		ID: s.Mention.ID, Brand: s.Brand, Revision: s.Mention.Revision,
		Severity: Severity(s.Score, in.Brand.Alert), Venting: s.Score.Venting,
		Now: in.Now, Threshold: in.Brand.Alert.Threshold,
		Terms: s.Terms, ExcludedBy: s.ExcludedBy, Match: s.Match, Score: s.Score, Layer: s.Layer,
	}
	if s.Mention.Retracted {
		d.Severity, d.Venting, d.Score = vent.SeverityNone, 0, vent.Score{Severity: vent.SeverityNone}
		d.Outcome = record.OutcomeRetracted
		d.Why = []string{"retracted: the post was taken away where it stood"}
		if in.History.Join != nil {
			d.Case = in.History.Join.Case
			d.Why = append(d.Why, "case "+d.Case+" goes on without its text")
		}
		return d
	}
	earlier := in.History.EarlierCases
	priority, parts := priority(d.Severity, s.Mention, earlier, in.Now, in.Brand.Priority)
	d.Priority = priority
	w := &why{}
	w.match(s)
	d.Outcome = decide(in, &d, w)
	if !in.Terse && (d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeJoined ||
		d.Outcome == record.OutcomeDigest || d.Outcome == record.OutcomeOverBudget || d.Outcome == record.OutcomeInhibited) {
		w.add(priorityWords(priority, parts, d.Severity, s.Mention, earlier, in.Now))
	}
	d.Why = w.lines
	return d
}

// decide goes through the steps in their order; the first that applies ends it.
func decide(in Input, d *record.Decision, w *why) record.Outcome {
	s, h := in.Scored, in.History
	if account, own := OwnAccount(in.Brand, s.Mention.Author); own {
		w.addf("own account: %s", account)
		if h.Join != nil {
			d.Case = h.Join.Case
			w.addf("the brand spoke in the conversation of case %s", d.Case)
		}
		return record.OutcomeOwnAccount
	}
	if h.Join != nil && h.Join.Edit {
		w.score(s.Score, in.Brand.Alert)
		w.addf("joined: an edit of a post that case %s already holds", h.Join.Case)
		d.Case = h.Join.Case
		return record.OutcomeJoined
	}
	if s.ExcludedBy != "" {
		return record.OutcomeExcluded
	}
	w.score(s.Score, in.Brand.Alert)
	switch s.Match {
	case record.MatchWatched:
		return decideWatched(in, d, w)
	case record.MatchSeen:
		return record.OutcomeNotMatched
	default:
		return decideMatched(in, d, w)
	}
}

// decideWatched takes a post that names no brand: it may move a case and never
// opens one. What the customer says in the case's own conversation is for the case;
// of any other post more is asked than of one that names the brand.
func decideWatched(in Input, d *record.Decision, w *why) record.Outcome {
	j := in.History.Join
	if j == nil {
		w.add("watched: no case is waiting for it any more")
		return record.OutcomeNotMatched
	}
	if j.Customer && j.Thread {
		return joined(in, d, w)
	}
	strict := in.Brand.Alert
	strict.Threshold = (1 + strict.Threshold) / 2
	if Complaint(in.Scored.Score, strict) && (j.Customer || j.Thread && j.Live) {
		return joined(in, d, w)
	}
	who := "someone else, in its conversation"
	if j.Customer {
		who = "its customer, elsewhere"
	}
	w.addf("watched: nothing to case %s: by %s, names no brand, venting %s", j.Case, who, compare(in.Scored.Score.Venting, strict.Threshold))
	return record.OutcomeBelowThreshold
}

func decideMatched(in Input, d *record.Decision, w *why) record.Outcome {
	s, j, complaint := in.Scored, in.History.Join, Complaint(in.Scored.Score, in.Brand.Alert)
	if j != nil && j.Customer && (complaint || j.Thread || grateful(in)) {
		return joined(in, d, w)
	}
	if !complaint {
		return record.OutcomeBelowThreshold
	}
	if silence := in.History.Silence; silence != nil {
		w.silence(*silence)
		return record.OutcomeSilenced
	}
	if j != nil && j.Live {
		return joined(in, d, w)
	}
	if i := in.History.Inhibit; i != nil && !Personal(s.Score, d.Severity) {
		d.Case = i.Case
		kind := "incident case"
		if i.Rule {
			kind = "held back by case"
		}
		w.addf("inhibited: %s, %s %s", i.Reason, kind, i.Case)
		return record.OutcomeInhibited
	}
	if in.History.Handled != "" {
		w.add("already handled: " + in.History.Handled)
		return record.OutcomeAlreadyHandled
	}
	d.Route = in.History.Route
	w.route(in.History.Route, in.History.Path)
	if in.Scored.Late {
		w.add("digest: older than the source's max_age when it was collected")
		return record.OutcomeDigest
	}
	if in.History.Spike != "" {
		w.add("spike: " + in.History.Spike)
		return record.OutcomeAlert
	}
	if in.Brand.Alert.Budget > 0 {
		return budgeted(in, d, w)
	}
	return record.OutcomeAlert
}

// budgeted holds a complaint against the brand's budget. The day's plan asks for a
// higher threshold where the day would bring too many; the number of cards is the last
// resort. Critical ones pass both.
func budgeted(in Input, d *record.Decision, w *why) record.Outcome {
	budget, cards, plan := int(in.Brand.Alert.Budget), in.History.CardsToday, in.History.Plan
	over, below := cards >= budget, plan.Raised() && in.Scored.Score.Venting < plan.Threshold
	switch {
	case (over || below) && d.Severity == vent.SeverityCritical:
		w.addf("budget: %d of %d cards today, and critical ones are never held back", cards, budget)
		return record.OutcomeAlert
	case over:
		w.addf("over budget: %d of %d cards today; it goes into a digest", cards, budget)
		return record.OutcomeOverBudget
	case below:
		w.addf("over budget: venting %s, the bar that keeps this day to %d cards; it goes into a digest; %s",
			compare(in.Scored.Score.Venting, plan.Threshold), budget, PlanWords(plan))
		return record.OutcomeOverBudget
	case plan.Raised():
		w.addf("budget: card %d of %d today; venting %s, the bar of this hour; %s",
			cards+1, budget, compare(in.Scored.Score.Venting, plan.Threshold), PlanWords(plan))
	default:
		w.addf("budget: card %d of %d today", cards+1, budget)
	}
	return record.OutcomeAlert
}

func joined(in Input, d *record.Decision, w *why) record.Outcome {
	j := in.History.Join
	d.Case = j.Case
	if j.Live {
		w.addf("joined: %s as case %s", j.Reason, j.Case)
	} else {
		w.addf("joined: %s as case %s, which had ended", j.Reason, j.Case)
	}
	if j.Also != "" {
		w.addf("linked: it would have joined case %s too", j.Also)
	}
	return record.OutcomeJoined
}

// grateful reports whether the customer's post elsewhere, naming the brand, says
// that all is well.
func grateful(in Input) bool {
	t := ToneOf(in.Scored.Mention, in.Scored.Score, in.Brand.Alert)
	return t == record.ToneResolved || t == record.ToneThanks
}

// Complaint reports whether a score asks for a card by the brand's rules.
func Complaint(s vent.Score, a brand.Alert) bool {
	return s.Venting >= a.Threshold && Severity(s, a).Rank() >= minSeverity(a).Rank()
}

// Personal reports whether a complaint needs a card of its own even in the middle of
// an incident: somebody may come to harm, goes to law, or it is critical.
func Personal(s vent.Score, sev vent.Severity) bool {
	return sev == vent.SeverityCritical || slices.Contains(s.Signals, "safety") || slices.Contains(s.Signals, "legal")
}

// Severity is the score's severity; what is a complaint is at least low.
func Severity(s vent.Score, a brand.Alert) vent.Severity {
	switch {
	case s.Severity.Rank() > vent.SeverityNone.Rank():
		return s.Severity
	case s.Venting >= a.Threshold:
		return vent.SeverityLow
	default:
		return vent.SeverityNone
	}
}

func minSeverity(a brand.Alert) vent.Severity {
	if a.MinSeverity.Rank() < vent.SeverityLow.Rank() {
		return vent.SeverityLow
	}
	return a.MinSeverity
}
