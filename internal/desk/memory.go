package desk

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// memoryPrints is the limit that the store has too.
	memoryPrints = 2000
)

// decided is what is remembered of a decision.
type decided struct {
	outcome  record.Outcome
	severity vent.Severity
	revision int64
	caseID   string
	route    string
}

// caseChange is a change of a case.
type caseChange struct {
	id string
	at time.Time
}

// memory are the rows of a trial: what the store would answer, without what only
// people and receivers read.
type memory struct {
	seed     maphash.Seed
	cases    map[string]*record.Case
	thread   map[uint64][]string
	author   map[uint64][]string
	mentions map[uint64]string
	watches  map[uint64]time.Time
	// latest is what was decided of posts of which a newer revision is to come.
	latest map[uint64]decided
	// past are the ended cases of an author that are kept no more.
	past map[uint64][]pastCase
	// seeded are the cases from before the first mention. Of their posts it isn't known
	// whether newer revisions are to come.
	seeded   map[string]bool
	alerts   []time.Time
	silences []record.Silence
	// complaints are in the order of their times; those of the last days are kept.
	complaints     []record.Complaint
	complained     map[uint64]time.Time
	firstComplaint time.Time
	incidents      []string
	// stream are the complaints that the budget is planned by, in the order of their
	// times, first is the brand's first decision, and plan the newest plan.
	stream []record.StreamPost
	first  time.Time
	plan   record.Plan
	// changed are the changes of cases in the order of their times, for as long as copies may join.
	changed []caseChange

	// earlier and later say that the post at hand has older and newer revisions: only
	// those are remembered.
	earlier, later bool
	seq            int64
	pruned         time.Time
}

var _ rows = (*memory)(nil)

func newMemory(silences []record.Silence) *memory {
	return &memory{
		seed:  maphash.MakeSeed(),
		cases: map[string]*record.Case{}, thread: map[uint64][]string{}, author: map[uint64][]string{},
		mentions: map[uint64]string{}, watches: map[uint64]time.Time{}, latest: map[uint64]decided{}, silences: silences,
		past: map[uint64][]pastCase{}, seeded: map[string]bool{}, complained: map[uint64]time.Time{},
	}
}

// hash stands for an id or a key: 64 bits, so that two never meet in practice.
func (m *memory) hash(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, p := range parts {
		_, _ = h.WriteString(p)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// alerted counts a card.
func (m *memory) alerted(at time.Time) {
	i, _ := slices.BinarySearchFunc(m.alerts, at, time.Time.Compare)
	m.alerts = slices.Insert(m.alerts, i, at)
}

// watched reports whether ingest would bring a post that names no brand.
func (m *memory) watched(post mention.Mention, now time.Time) bool {
	if m.watches[m.hash("c", post.Platform, post.Conversation())].After(now) {
		return true
	}
	key := post.AuthorKey()
	return key != "" && m.watches[m.hash("a", post.Platform, key)].After(now)
}

// NextSeq counts.
func (m *memory) NextSeq(string) (int64, error) { m.seq++; return m.seq, nil }

// LatestDecision is what was decided here about the newest revision.
func (m *memory) LatestDecision(brand, id string) (record.Decision, bool, error) {
	if !m.earlier {
		return record.Decision{}, false, nil
	}
	d, ok := m.latest[m.hash(id)]
	return record.Decision{
		ID: id, Brand: brand, Outcome: d.outcome, Severity: d.severity, Revision: d.revision, Case: d.caseID, Route: d.route,
	}, ok, nil
}

// remember keeps what was decided of a post of which a newer revision is to come.
func (m *memory) remember(d record.Decision) {
	m.latest[m.hash(d.ID)] = decided{outcome: d.Outcome, severity: d.Severity, revision: d.Revision, caseID: d.Case, route: d.Route}
}

// PutDecision remembers what the rest of the trial may depend on.
func (m *memory) PutDecision(d record.Decision) error {
	if d.Outcome == record.OutcomeAlert {
		m.alerted(d.Now)
	}
	if m.first.IsZero() {
		m.first = d.Now
	}
	if d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeOverBudget {
		m.streamed(record.StreamPost{At: d.Now, Venting: d.Venting, Critical: d.Severity == vent.SeverityCritical})
	}
	switch {
	case m.later:
		m.remember(d)
	case m.earlier:
		delete(m.latest, m.hash(d.ID))
	}
	return nil
}

// PutMention links a post of a case with its conversation and its author.
func (m *memory) PutMention(v record.Stored) error {
	if v.Case == "" {
		return nil
	}
	m.mentions[m.hash(v.Mention.ID)] = v.Case
	m.lead(m.thread, v.Mention.Conversation(), v.Case)
	m.lead(m.author, v.Mention.AuthorKey(), v.Case)
	return nil
}

func (m *memory) lead(index map[uint64][]string, key, caseID string) {
	if key == "" {
		return
	}
	h := m.hash(key)
	if !slices.Contains(index[h], caseID) {
		index[h] = append(index[h], caseID)
	}
}

// RepliesIn are none: the history says what was handled already.
func (*memory) RepliesIn(string, string) ([]record.Stored, error) { return nil, nil }

// EraseMention takes the words of the case that the post opened.
func (m *memory) EraseMention(_, id string) error {
	m.takeComplaint(id)
	if c := m.cases[m.mentions[m.hash(id)]]; c != nil && c.Root == id {
		c.Text, c.Simhash = "", 0
	}
	return nil
}

// streamed adds a complaint to the stream.
func (m *memory) streamed(p record.StreamPost) {
	i, _ := slices.BinarySearchFunc(m.stream, p.At.Add(1), streamAt)
	m.stream = slices.Insert(m.stream, i, p)
}

func streamAt(p record.StreamPost, at time.Time) int { return p.At.Compare(at) }

// Stream are the newest complaints of a time, as the store gives them.
func (m *memory) Stream(_ string, since, before time.Time) ([]record.StreamPost, error) {
	from, _ := slices.BinarySearchFunc(m.stream, since, streamAt)
	to, _ := slices.BinarySearchFunc(m.stream, before, streamAt)
	return m.stream[max(from, to-store.MaxStream):max(from, to)], nil
}

// FirstDecided is when the brand was first decided for.
func (m *memory) FirstDecided(string) (time.Time, bool, error) {
	return m.first, !m.first.IsZero(), nil
}

// Plan is the newest plan where it is for that hour.
func (m *memory) Plan(_ string, at time.Time) (record.Plan, bool, error) {
	return m.plan, m.plan.At.Equal(at), nil
}

// PutPlan keeps the newest plan.
func (m *memory) PutPlan(p record.Plan) error {
	m.plan = p
	return nil
}

// CountAlerts counts the cards since then.
func (m *memory) CountAlerts(_ string, since time.Time) (int, error) {
	i, _ := slices.BinarySearchFunc(m.alerts, since, time.Time.Compare)
	return len(m.alerts) - i, nil
}

// Silences are those that hold at now.
func (m *memory) Silences(now time.Time) ([]record.Silence, error) {
	var out []record.Silence
	for _, s := range m.silences {
		if s.Until.After(now) && !s.From.After(now) {
			out = append(out, s)
		}
	}
	return out, nil
}

// Case is a case by its id.
func (m *memory) Case(id string) (record.Case, bool, error) {
	c := m.cases[id]
	if c == nil {
		return record.Case{}, false, nil
	}
	return *c, true, nil
}

// PutCase keeps a case without the words that nothing depends on.
func (m *memory) PutCase(v record.Case) error {
	v.URL, v.AuthorName, v.About, v.Reasons = "", "", "", nil
	if v.Simhash != 0 {
		v.Text = ""
	}
	if old := m.cases[v.ID]; old == nil {
		m.mentions[m.hash(v.Root)] = v.ID
		m.lead(m.thread, v.Conversation, v.ID)
		m.lead(m.author, v.AuthorKey, v.ID)
	} else if v.Version <= old.Version {
		v.Version = old.Version + 1
	}
	if v.Crowd.Incident != nil && !slices.Contains(m.incidents, v.ID) {
		m.incidents = append(m.incidents, v.ID)
	}
	v.Crowd.Examples = nil
	m.cases[v.ID] = &v
	i, _ := slices.BinarySearchFunc(m.changed, v.UpdatedAt, func(c caseChange, at time.Time) int {
		if c.at.After(at) {
			return 1
		}
		return -1
	})
	m.changed = slices.Insert(m.changed, i, caseChange{v.ID, v.UpdatedAt})
	return nil
}

// CaseByMention is the case that took a post.
func (m *memory) CaseByMention(_, mentionID string) (record.Case, bool, error) {
	return m.Case(m.mentions[m.hash(mentionID)])
}

// CasesByConversation are those of a conversation that are live or changed since.
func (m *memory) CasesByConversation(_, conversation string, since time.Time) ([]record.Case, error) {
	return store.Joinable(m.joinable(m.thread[m.hash(conversation)], since)), nil
}

// CasesByAuthor are those of an author that are live or changed since.
func (m *memory) CasesByAuthor(_, authorKey string, since time.Time) ([]record.Case, error) {
	if authorKey == "" {
		return nil, nil
	}
	key := m.hash(authorKey)
	return store.Joinable(append(m.joinable(m.author[key], since), m.earlierCases(key, authorKey, since)...)), nil
}

// joinable are the cases of these ids that are live or changed since.
func (m *memory) joinable(ids []string, since time.Time) []record.Case {
	var out []record.Case
	for _, id := range ids {
		if c := m.cases[id]; c != nil && (c.State.Live() || !c.UpdatedAt.Before(since)) {
			out = append(out, *c)
		}
	}
	return out
}

func newestChange(a, b record.Case) int {
	if n := b.UpdatedAt.Compare(a.UpdatedAt); n != 0 {
		return n
	}
	return strings.Compare(b.ID, a.ID)
}

// RecentPrints are the fingerprints of the live cases that changed since.
func (m *memory) RecentPrints(_ string, since time.Time) ([]store.CasePrint, error) {
	var recent []*record.Case
	seen := map[string]bool{}
	for _, change := range slices.Backward(m.changed) {
		if change.at.Before(since) {
			break
		}
		if seen[change.id] {
			continue
		}
		seen[change.id] = true
		if c := m.cases[change.id]; c != nil && c.State.Live() && !c.UpdatedAt.Before(since) {
			recent = append(recent, c)
		}
	}
	slices.SortFunc(recent, func(a, b *record.Case) int { return newestChange(*a, *b) })
	recent = recent[:min(len(recent), memoryPrints)]
	out := make([]store.CasePrint, len(recent))
	for i, c := range recent {
		out[i] = store.CasePrint{ID: c.ID, Simhash: c.Simhash, Text: c.Text}
	}
	return out, nil
}

// PutWatch remembers whose next words ingest would bring.
func (m *memory) PutWatch(w record.Watch) error {
	if w.Conversation != "" {
		m.watches[m.hash("c", w.Platform, w.Conversation)] = w.Until
	}
	if w.AuthorKey != "" {
		m.watches[m.hash("a", w.Platform, w.AuthorKey)] = w.Until
	}
	return nil
}

func complaintAt(c record.Complaint, t time.Time) int { return c.At.Compare(t) }

// PutComplaint notes a complaint in its place.
func (m *memory) PutComplaint(v record.Complaint) error {
	v.About, v.Reach = "", 0
	if m.firstComplaint.IsZero() || v.At.Before(m.firstComplaint) {
		m.firstComplaint = v.At
	}
	at, _ := slices.BinarySearchFunc(m.complaints, v.At.Add(time.Nanosecond), complaintAt)
	m.complaints = slices.Insert(m.complaints, at, v)
	m.complained[m.hash(v.Mention)] = v.At
	return nil
}

// Complaints are those of a time, the newest of them.
func (m *memory) Complaints(_ string, from, to time.Time, limit int) ([]record.Complaint, error) {
	i, _ := slices.BinarySearchFunc(m.complaints, from, complaintAt)
	j, _ := slices.BinarySearchFunc(m.complaints, to, complaintAt)
	return slices.Clone(m.complaints[max(i, j-limit):max(i, j)]), nil
}

// FirstComplaint is when the first of all came.
func (m *memory) FirstComplaint(string) (time.Time, error) { return m.firstComplaint, nil }

// Incidents are the incident cases that changed since, the one that changed last first.
func (m *memory) Incidents(_ string, since time.Time) ([]record.Case, error) {
	var out []record.Case
	for _, id := range m.incidents {
		if c := m.cases[id]; c != nil && !c.UpdatedAt.Before(since) {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, newestChange)
	return out, nil
}

// Mention is none: only messages name it, and there are none.
func (*memory) Mention(string, string) (record.Stored, bool, error) {
	return record.Stored{}, false, nil
}

// AddEvent has nobody to read it.
func (*memory) AddEvent(record.Event) error { return nil }

// ActionDone is no: what was done twice live has no second event.
func (*memory) ActionDone(string) (string, bool, error) { return "", false, nil }

// MarkAction has nothing to prevent.
func (*memory) MarkAction(string, string, time.Time) error { return nil }

// ReplaceLabels teaches nobody.
func (*memory) ReplaceLabels(string, string, time.Time) (int, error) { return 0, nil }

// PutLabel teaches nobody.
func (*memory) PutLabel(record.Label) (int64, error) { return 0, nil }

// PutClock is left out: the history says when a clock struck.
func (*memory) PutClock(record.Clock) error { return nil }

// DropClock is left out as PutClock is.
func (*memory) DropClock(string, string) error { return nil }

// PutNotice owes nobody anything.
func (*memory) PutNotice(record.Notice) (bool, error) { return true, nil }

// PendingUpdate is yes: no message has to be made.
func (*memory) PendingUpdate(string, string) (bool, error) { return true, nil }

// PendingNotice is none.
func (*memory) PendingNotice(string, string) (record.Notice, bool, error) {
	return record.Notice{}, false, nil
}

// SetNoticeBody has no notice to change.
func (*memory) SetNoticeBody(int64, record.NoticeBody) (bool, error) { return false, nil }

// NoticesByMention are none.
func (*memory) NoticesByMention(string) ([]record.Notice, error) { return nil, nil }

// LiveCases are the live cases of the brand, as the store gives them.
func (m *memory) LiveCases(brand string, limit int) ([]record.Case, error) {
	var out []record.Case
	for _, c := range m.cases {
		if c.Brand == brand && c.State.Live() {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b record.Case) int { return strings.Compare(a.ID, b.ID) })
	return out[:min(len(out), limit)], nil
}

// LatestNotice is none: a trial sends nothing.
func (*memory) LatestNotice(string, string) (record.Notice, bool, error) {
	return record.Notice{}, false, nil
}

// CountCards counts none: what a receiver has had changes no decision.
func (*memory) CountCards(string, time.Time) (int, error) { return 0, nil }
