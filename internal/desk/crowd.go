package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
)

const (
	// maxRows is how many of a brand's latest complaints are looked at.
	maxRows = 2000
	// slotFor is the grid of times from which earlier days are read: all posts of a
	// slot are held against the same hours.
	slotFor = 5 * time.Minute
	day     = 24 * time.Hour
	// quietFor is how long after an incident has ended its topic makes no other one.
	quietFor = 6 * time.Hour
)

// crowds is what a session has read of the many.
type crowds struct {
	rows  []record.Complaint
	since time.Time
	days  map[time.Time][][]record.Complaint
	first time.Time
	known bool
}

// complaintOf is what is kept of a post that asks for a card.
func complaintOf(j *job) record.Complaint {
	m := j.in.Mention
	return record.Complaint{
		Brand: j.in.Brand, Mention: m.ID, At: j.now, Author: casework.AuthorOf(m), Topics: j.in.Score.Topics,
		Outage: j.report.Outage, Words: j.report.Words, About: j.about, Reach: max(m.Author.Followers, 0),
	}
}

// asks reports whether a post asks for a card by the brand's rules.
func asks(j *job) bool {
	if !mayOpen(j) || j.in.Match != record.MatchQuery {
		return false
	}
	return j.past == nil || !j.past.Altered
}

// lately are the brand's complaints of the time that any rule looks at, oldest first.
func (s *session) lately(j *job) ([]record.Complaint, error) {
	since := j.now.Add(-max(crowd.FaultFor, j.brand.Spikes.Window.D()))
	k := &s.crowds
	if k.since.IsZero() || since.Before(k.since) {
		rows, err := s.tx.Complaints(j.in.Brand, since, j.now.Add(1000*day), maxRows)
		if err != nil {
			return nil, err
		}
		k.rows, k.since = rows, since
	}
	from, _ := slices.BinarySearchFunc(k.rows, since, func(c record.Complaint, t time.Time) int { return c.At.Compare(t) })
	to, _ := slices.BinarySearchFunc(k.rows, j.now.Add(time.Nanosecond), func(c record.Complaint, t time.Time) int { return c.At.Compare(t) })
	rows := k.rows[from:max(from, to)]
	return rows[max(0, len(rows)-maxRows):], nil
}

// note keeps what a complaint says, for those that come after it.
func (s *session) note(j *job, dec record.Decision, isCopy bool) error {
	c := complaintOf(j)
	c.Case, c.Copy = dec.Case, isCopy
	if err := s.tx.PutComplaint(c); err != nil {
		return err
	}
	k := &s.crowds
	if k.since.IsZero() {
		return nil
	}
	at, _ := slices.BinarySearchFunc(k.rows, c.At.Add(time.Nanosecond), func(v record.Complaint, t time.Time) int { return v.At.Compare(t) })
	k.rows = slices.Insert(k.rows, at, c)
	return nil
}

// earlierDays are the complaints of the same time on the earlier days that are known.
func (s *session) earlierDays(j *job) ([][]record.Complaint, error) {
	k := &s.crowds
	slot := j.now.Truncate(slotFor)
	if days, ok := k.days[slot]; ok {
		return days, nil
	}
	if !k.known {
		var err error
		if k.first, err = s.tx.FirstComplaint(j.in.Brand); err != nil {
			return nil, err
		}
		k.known, k.days = true, map[time.Time][][]record.Complaint{}
	}
	days, err := crowd.Earlier(k.first, slot.Add(slotFor), spikeWindow(j), func(from, to time.Time) ([]record.Complaint, error) {
		return s.tx.Complaints(j.in.Brand, from, to, maxRows)
	})
	if err == nil {
		k.days[slot] = days
	}
	return days, err
}

func spikeWindow(j *job) time.Duration {
	if w := j.brand.Spikes.Window.D(); w > 0 {
		return w
	}
	return time.Hour
}

// rule is the brand's rule about spikes.
func rule(j *job) crowd.Rule {
	p := j.brand.Spikes
	return crowd.Rule{Window: spikeWindow(j), MinAuthors: p.MinAuthors, MinDays: p.MinDays}
}

// fault is the live case whose fault the mention tells of in other words.
func (s *session) fault(j *job) (found, bool, error) {
	if !asks(j) || triage.Personal(j.in.Score, triage.Severity(j.in.Score, j.brand.Alert)) {
		return found{}, false, nil
	}
	rows, err := s.lately(j)
	if err != nil || !slices.ContainsFunc(rows, func(c record.Complaint) bool { return c.Outage }) {
		return found{}, false, err
	}
	days, err := s.earlierDays(j)
	if err != nil {
		return found{}, false, err
	}
	usual := crowd.GuessUsual(rows, j.now)
	if r := rule(j); len(days) >= max(r.MinDays, 1) {
		usual = crowd.UsualReports(days, r.Window)
	}
	for _, m := range crowd.Find(rows, complaintOf(j), usual, j.now) {
		c, ok, err := s.tx.Case(m.Case)
		if err != nil {
			return found{}, false, err
		}
		if ok && c.State.Live() {
			return found{Found: casework.Found{Case: c, Reason: casework.SameFault(m), Fault: m.Fault, Recent: m.Others + 1}}, true, nil
		}
	}
	return found{}, false, nil
}

// spikes fills in what the history of a mention that no case took says of incidents:
// one that it is part of, or one that it begins.
func (s *session) spikes(j *job, h *triage.History) error {
	if err := s.spiked(j, h); err != nil || h.Inhibit != nil || h.Spike != "" {
		return err
	}
	p := j.past
	if p == nil || !p.Inhibited || !p.Altered && !p.Recall {
		return nil
	}
	_, live, err := s.live(p.Case)
	if live {
		h.Inhibit = &triage.Inhibit{Case: p.Case, Reason: "as it was decided"}
		p.recalled = true
	}
	return err
}

// spiked is spikes by the rows alone.
func (s *session) spiked(j *job, h *triage.History) error {
	if !j.brand.Spikes.Enabled || !asks(j) {
		return nil
	}
	incidents, err := s.tx.Incidents(j.in.Brand, j.now.Add(-day))
	if err != nil {
		return err
	}
	rows, err := s.lately(j)
	if err != nil {
		return err
	}
	if h.Inhibit = inhibit(j, incidents, rows); h.Inhibit != nil {
		return nil
	}
	sp, ok, err := s.detect(j, complaintOf(j), incidents, rows)
	if err != nil || !ok {
		return err
	}
	if sp.Case != "" {
		c, live, err := s.live(sp.Case)
		if err != nil {
			return err
		}
		if live {
			if c, err = s.spread(j, c, sp); err != nil {
				return err
			}
			h.Inhibit = inhibit(j, []record.Case{c}, rows)
			return nil
		}
	}
	j.spike = &sp
	h.Spike = casework.IncidentWords(incidentOf(j, sp))
	return nil
}

func (s *session) live(id string) (record.Case, bool, error) {
	c, ok, err := s.tx.Case(id)
	return c, ok && c.State.Live(), err
}

// inhibit is the incident case that the mention is one more of.
func inhibit(j *job, incidents []record.Case, rows []record.Complaint) *triage.Inhibit {
	r, mine := rule(j), complaintOf(j)
	for _, c := range incidents {
		i := c.Crowd.Incident
		if i == nil || !c.State.Live() || !crowd.OfFault(c.Crowd.Fault, mine) || !r.On(rows, *i, j.now) || !crowd.Told(rows, *i, mine, r.Window, j.now) {
			continue
		}
		return &triage.Inhibit{Case: c.ID, Reason: "one more of the spike of complaints about " + i.Topic}
	}
	return nil
}

// detect looks for a spike that this complaint makes.
func (s *session) detect(j *job, mine record.Complaint, incidents []record.Case, rows []record.Complaint) (crowd.Spike, bool, error) {
	var skip []string
	for _, c := range incidents {
		if i := c.Crowd.Incident; i != nil && (c.State.Live() || j.now.Sub(c.UpdatedAt) < quietFor) {
			skip = append(skip, i.Topic)
		}
	}
	return rule(j).Find(rows, mine, skip, func() ([][]record.Complaint, error) { return s.earlierDays(j) }, j.now)
}

func incidentOf(j *job, sp crowd.Spike) record.Incident {
	i := record.Incident{
		Topic: sp.Topic, Since: sp.Since, At: j.now, Authors: sp.Authors, Window: spikeWindow(j), Usual: sp.Usual, Days: sp.Days,
	}
	seen := map[uint64]bool{}
	for _, c := range sp.Members {
		if !seen[c.Author] {
			seen[c.Author] = true
			i.Reach += c.Reach
		}
	}
	return i
}

// aboutSpike says in a few words what a spike is about: phrases of its posts that
// other complaints have not.
func (s *session) aboutSpike(j *job, sp crowd.Spike) (string, error) {
	days, err := s.earlierDays(j)
	if err != nil {
		return "", err
	}
	var others []record.Complaint
	for _, c := range s.crowds.rows {
		if !slices.Contains(crowd.Topics(c), sp.Topic) {
			others = append(others, c)
		}
	}
	return crowd.About(sp.Members, append(others, slices.Concat(days...)...)), nil
}

// spread makes the case that took most of a spike its incident case.
func (s *session) spread(j *job, before record.Case, sp crowd.Spike) (record.Case, error) {
	about, err := s.aboutSpike(j, sp)
	if err != nil {
		return before, err
	}
	after, e := casework.Spread(before, incidentOf(j, sp), about, j.now)
	title := worsened(before, &after)
	if err := s.change(before, after, j.now, e); err != nil {
		return before, err
	}
	s.incidents = append(s.incidents, after.Brand)
	if err := s.update(after, j.now, j.in.Mention.ObservedAt); err != nil {
		return before, err
	}
	return after, s.worse(after, j, title)
}

// widen looks, when a case has taken one more report of its fault, whether it has
// become a spike.
func (s *session) widen(j *job, c record.Case) error {
	if !j.brand.Spikes.Enabled || c.Crowd.Incident != nil || len(c.Crowd.Fault) == 0 || !asks(j) {
		return nil
	}
	rows, err := s.lately(j)
	if err != nil {
		return err
	}
	incidents, err := s.tx.Incidents(j.in.Brand, j.now.Add(-day))
	if err != nil {
		return err
	}
	mine := complaintOf(j)
	mine.Case = c.ID
	sp, ok, err := s.detect(j, mine, incidents, rows)
	if err != nil || !ok || sp.Case != c.ID {
		return err
	}
	_, err = s.spread(j, c, sp)
	return err
}

// incident makes a new case the incident of the spike that its post began.
func (s *session) incident(j *job, c *record.Case) error {
	sp := *j.spike
	about, err := s.aboutSpike(j, sp)
	if err != nil {
		return err
	}
	if about == "" {
		about = sp.Topic
	}
	i := incidentOf(j, sp)
	c.About, c.Crowd.Incident = about, &i
	c.Crowd.Told = sp.Authors
	for _, m := range sp.Members {
		if m.Case != "" && m.Case != c.ID && !slices.Contains(c.Linked, m.Case) && len(c.Linked) < casework.MaxLinked {
			c.Linked = append(c.Linked, m.Case)
		}
	}
	s.incidents = append(s.incidents, c.Brand)
	return nil
}

// members tells the thread of an incident which posts make it, each by its address.
func (s *session) members(j *job, c record.Case) error {
	var items []record.NoticeItem
	for _, m := range j.spike.Members {
		if m.Mention == j.in.Mention.ID {
			continue
		}
		stored, ok, err := s.tx.Mention(c.Brand, m.Mention)
		if err != nil {
			return err
		}
		if ok && !stored.Mention.Retracted {
			items = append(items, item(stored.Mention, ""))
		}
	}
	for i := 0; i < len(items); i += alert.MaxItems {
		part := items[i:min(i+alert.MaxItems, len(items))]
		n := notice(c, record.NoticeReply, fmt.Sprintf("members/%d", i/alert.MaxItems), j.now, j.in.Mention.ObservedAt)
		n.Mention = c.Root
		n.Body = record.NoticeBody{Title: fmt.Sprintf("%d of the complaints before this one, which make it a spike", len(part)), Items: part}
		if _, err := s.enqueue(n); err != nil {
			return err
		}
	}
	return nil
}

// worsened says how a case became worse, and notes what was told.
func worsened(before record.Case, after *record.Case) string {
	title, told := casework.Worse(before, *after)
	if title != "" {
		after.Crowd.Told = told
	}
	return title
}

// worse tells the thread, and the channel, that a case of many became worse.
func (s *session) worse(c record.Case, j *job, title string) error {
	if title == "" {
		return nil
	}
	m := j.in.Mention
	n := notice(c, record.NoticeReply, fmt.Sprintf("worse/%d", c.Version), j.now, m.ObservedAt)
	n.Mention = m.ID
	n.Body = record.NoticeBody{Title: title, Items: []record.NoticeItem{item(m, "")}, Broadcast: true}
	_, err := s.enqueue(n)
	return err
}

// manyOf is what a mention adds to the many of its case.
func manyOf(j *job, f found) casework.Many {
	return casework.Many{Author: casework.AuthorOf(j.in.Mention), Copy: f.Copy, Fault: f.Fault, Recent: f.Recent}
}

// complained reports whether an earlier decision has noted the post as a complaint.
func complained(o record.Outcome) bool {
	switch o {
	case record.OutcomeAlert, record.OutcomeJoined, record.OutcomeDigest, record.OutcomeSilenced, record.OutcomeInhibited,
		record.OutcomeOverBudget, record.OutcomeAlreadyHandled:
		return true
	case record.OutcomeBelowThreshold, record.OutcomeExcluded, record.OutcomeNotMatched, record.OutcomeOwnAccount,
		record.OutcomeDuplicate, record.OutcomeRetracted:
	}
	return false
}
