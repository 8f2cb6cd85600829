package desk

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
)

// trialSession is for how many decisions a trial keeps what it read, as a batch does.
const trialSession = 64

// Past is a stored mention as it is decided again.
type Past struct {
	Scored record.Scored
	// Now is the time at which it was decided.
	Now time.Time
	// Earlier and Later say that older and newer revisions of the post were decided upon.
	Earlier, Later bool
	// Altered says that the words which were decided upon are not stored any more: the
	// post was edited or taken away since. They are not compared with others then.
	Altered bool
	// Case is the case that took it live. An altered post is held to that link; with
	// Recall another one is too, where no stored words lead to a case. Customer says that the case's customer wrote it,
	// Thread that they share a conversation.
	Case     string
	Recall   bool
	Customer bool
	Thread   bool
	// Inhibited says that the case was an incident that stood for it.
	Inhibited bool
	// Silence is the one that held an altered post back live, or empty, and Said
	// stands for the words of one that a case heard.
	Silence string
	Said    string
	// Handled is why nobody needed to be told of it live, or empty.
	Handled string

	recalled    bool
	fingerprint *casework.Print
}

// Prepare works out what does not depend on the rules, so that several trials need
// not each do it.
func (p *Past) Prepare() {
	if !p.Scored.Mention.Retracted {
		fingerprint := casework.PrintOf(p.Scored.Mention)
		p.fingerprint = &fingerprint
	}
}

// Trial decides on the stored mentions of one brand again, under the rules that it
// was made with, with the code that decides live. Its cases live in memory: they
// grow with the cards of the time looked at, not with its mentions. Nothing is
// written or sent. It is for one goroutine.
type Trial struct {
	desk    *Desk
	rules   *Rules
	rows    *memory
	session *session
	left    int
	now     time.Time
	actions actions
	// recalled says that the last mention was held to its link.
	recalled bool
}

// NewTrial makes a trial. silences are all that held at any time looked at.
func NewTrial(r *Rules, silences []record.Silence) *Trial {
	t := &Trial{rules: r, rows: newMemory(silences), actions: actions{of: map[string]int{}}}
	t.desk = &Desk{
		opt:     Options{Log: zap.NewNop(), Now: func() time.Time { return t.now }},
		queries: map[string]*match.Set{}, zones: map[string]*time.Location{},
	}
	return t
}

// Seed adds a case that was there before the first mention, and Hold posts that it held.
func (t *Trial) Seed(c record.Case) error {
	t.rows.seeded[c.ID] = true
	return t.rows.PutCase(c)
}

// Hold adds posts that a case held before the first mention.
func (t *Trial) Hold(caseID string, posts []record.Stored) error {
	for _, p := range posts {
		p.Case = caseID
		if err := t.rows.PutMention(p); err != nil {
			return err
		}
	}
	return nil
}

// SeedComplaints adds the complaints from before the first mention, oldest first, and
// when the first of all came.
func (t *Trial) SeedComplaints(rows []record.Complaint, first time.Time) {
	t.rows.complaints = slices.Clone(rows)
	for i := range rows {
		t.rows.complained[t.rows.hash(rows[i].Mention)] = rows[i].At
	}
	t.rows.firstComplaint = first
}

// SeedAlert counts a card that was posted before the first mention.
func (t *Trial) SeedAlert(at time.Time) { t.rows.alerted(at) }

// SeedStream gives the complaints of the days before the first mention by which a budget
// is planned, and when the brand was first decided for.
func (t *Trial) SeedStream(first time.Time, posts []record.StreamPost) {
	t.rows.first = first
	for _, p := range posts {
		t.rows.streamed(p)
	}
}

// Remember tells of a decision from before the first mention, on a post that a
// later revision will be decided of.
func (t *Trial) Remember(d record.Decision) {
	if !t.Knows(d.ID) {
		t.rows.remember(d)
	}
}

// Knows reports whether an earlier revision of a post was decided upon here.
func (t *Trial) Knows(id string) bool {
	_, ok := t.rows.latest[t.rows.hash(id)]
	return ok
}

// Has reports whether the case was opened here.
func (t *Trial) Has(caseID string) bool { return t.rows.cases[caseID] != nil }

// Decide decides on the next mention, in the order in which they were decided live.
func (t *Trial) Decide(p Past) (record.Decision, error) {
	if t.left == 0 {
		t.session, t.left = newSession(t.desk, t.rows, t.rules), trialSession
		t.rows.prune(p.Now, t.actions.waits)
	}
	t.left--
	t.at(&p)
	d, err := t.session.try(t.job(t.rules, &p))
	t.recalled = p.recalled
	return d, err
}

// at brings the trial to the time of a mention.
func (t *Trial) at(p *Past) {
	t.now = p.Now
	t.rows.earlier, t.rows.later = p.Earlier, p.Later
}

// job is a mention as rules take it.
func (t *Trial) job(r *Rules, p *Past) *job {
	j := &job{in: p.Scored, now: p.Now, past: p}
	j.brand, j.known = r.Brands[p.Scored.Brand]
	if !j.known || p.Scored.Mention.Retracted {
		return j
	}
	j.in = r.fresh(p.Scored)
	if j.in.Match == record.MatchSeen && p.Scored.Match != record.MatchSeen && t.rows.watched(j.in.Mention, p.Now) {
		// It would have come for its conversation or author alone.
		j.in.Match = record.MatchWatched
	}
	if p.fingerprint == nil {
		p.Prepare()
	}
	j.print = *p.fingerprint
	if mayOpen(j) {
		j.report = crowd.Read(words(j.in.Mention), r.names(j.brand), j.in.Score.Signals, j.in.Score.Topics)
	}
	return j
}

// Recalled reports whether the last mention found its case only because Recall said so.
func (t *Trial) Recalled() bool { return t.recalled }

// act does to a case what a person or a clock did to it live, as its history tells.
// What is not legal here, or of a case that was not opened here, changes nothing.
func (t *Trial) act(e record.Event) error {
	if !t.Has(e.Case) {
		return nil
	}
	t.now, t.left = e.At, 0
	s := newSession(t.desk, t.rows, t.rules)
	if e.Via == "clock" {
		if e.What == "silent" {
			return s.silentAgain(e.Case, e.At)
		}
		return s.wake(e.Case, e.At)
	}
	a, ok := actionOf(e)
	if !ok {
		return nil
	}
	_, err := s.act(a)
	if _, illegal := errors.AsType[*casework.IllegalError](err); illegal {
		return nil
	}
	return err
}

// actionOf is the action that an event of a case's history tells of.
func actionOf(e record.Event) (record.Action, bool) {
	a := record.Action{Case: e.Case, Actor: cmp.Or(e.Actor, "unknown"), Via: e.Via}
	first, _, _ := strings.Cut(e.Detail, "; ")
	switch e.What {
	case "claimed":
		a.Verb = record.VerbClaim
	case "answered":
		a.Verb = record.VerbAnswer
	case "resolved":
		a.Verb = record.VerbResolve
	case "lost":
		a.Verb = record.VerbLost
	case "reopened":
		a.Verb = record.VerbReopen
	case "dismissed", "reason":
		a.Verb = record.VerbDismiss
		if e.What == "reason" {
			a.Verb = record.VerbReason
		}
		if slices.Contains(record.DismissReasons(), first) {
			a.Reason = first
		}
	case "snoozed":
		until, err := time.Parse(time.RFC3339, strings.TrimPrefix(first, "until "))
		if err != nil {
			return a, false
		}
		a.Verb, a.Until = record.VerbSnooze, until
	case "assigned":
		a.Verb, a.To = record.VerbAssign, strings.TrimPrefix(first, "to ")
	default:
		return a, false
	}
	return a, true
}

// recall finds the case that took the mention live, where its words do not lead
// there any more.
func (s *session) recall(j *job) (found, bool, error) {
	p := j.past
	if p.Case == "" || p.Inhibited {
		return found{}, false, nil
	}
	c, ok, err := s.tx.Case(p.Case)
	if err != nil || !ok || c.Root == j.in.Mention.ID || !c.State.Live() && (!p.Customer || j.now.Sub(c.UpdatedAt) > casework.WatchFor) {
		return found{}, false, err
	}
	return found{Found: casework.Found{
		Case: c, Reason: "as it was decided", Customer: p.Customer, Thread: p.Thread || c.Conversation == j.in.Mention.Conversation(),
	}}, true, nil
}
