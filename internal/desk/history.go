package desk

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/mention"
)

// historyFor is how far back an author's earlier cases count.
const historyFor = 90 * 24 * time.Hour

// maxQueries bounds how many compiled queries of silences are kept.
const maxQueries = 1000

// found is the case that a mention belongs to, its ID empty where there is none.
type found struct {
	casework.Found
	// edit says that the case holds an older revision of the very post.
	edit bool
}

// find looks for the case that a mention belongs to, and gives the candidates.
func (s *session) find(j *job, seen bool) (found, casework.Candidates, error) {
	var cands casework.Candidates
	m, name := j.in.Mention, j.in.Brand
	if f, ok, err := s.held(j, seen); err != nil || ok {
		return f, cands, err
	}
	var err error
	if cands.Thread, err = s.thread(name, m, j.now); err != nil {
		return found{}, cands, err
	}
	_, own := triage.OwnAccount(j.brand, m.Author)
	if own {
		f, ok := casework.Find(cands, m, j.now)
		if !ok || !f.Case.State.Live() {
			return found{}, cands, nil
		}
		return found{Found: f}, cands, nil
	}
	if cands.Author, err = s.tx.CasesByAuthor(name, m.AuthorKey(), j.now.Add(-historyFor)); err != nil {
		return found{}, cands, err
	}
	if j.in.Match == record.MatchQuery && j.in.ExcludedBy == "" && triage.Complaint(j.in.Score, j.brand.Alert) {
		if cands.Near, err = s.near(j); err == nil && cands.Near == nil {
			cands.Near, err = s.reworded(j)
			cands.Reworded = cands.Near != nil
		}
		if err != nil {
			return found{}, cands, err
		}
	}
	f, ok := casework.Find(cands, m, j.now)
	if !ok {
		if fault, told, err := s.fault(j); err != nil || told {
			return fault, cands, err
		}
	}
	if !ok && j.past != nil && j.past.Recall {
		link, linked, err := s.recall(j)
		j.past.recalled = linked
		return link, cands, err
	}
	return found{Found: f}, cands, nil
}

// thread is the cases of the conversation.
func (s *session) thread(name string, m mention.Mention, now time.Time) ([]record.Case, error) {
	cases, err := s.tx.CasesByConversation(name, m.Conversation(), now.Add(-casework.WatchFor))
	if err != nil || m.ParentID == "" || len(cases) > 0 {
		return cases, err
	}
	// A platform may name the post that is answered and no first one.
	c, ok, err := s.tx.CaseByMention(name, m.ParentID)
	if err != nil || !ok {
		return nil, err
	}
	return []record.Case{c}, nil
}

// held is the case that is known to hold the mention, whatever its words: it took an
// older revision, or, in a trial, these very words before they were lost.
func (s *session) held(j *job, seen bool) (found, bool, error) {
	m := j.in.Mention
	if seen {
		c, ok, err := s.tx.CaseByMention(j.in.Brand, m.ID)
		if err != nil || ok {
			return found{edit: true, Found: casework.Found{
				Case: c, Reason: "the same post", Customer: casework.SameAuthor(c.AuthorKey, m.AuthorKey()),
				Thread: c.Conversation == m.Conversation(),
			}}, ok, err
		}
	}
	if j.past != nil && j.past.Altered {
		return s.recall(j)
	}
	return found{}, false, nil
}

// casePrint is a case and the fingerprint of its first post.
type casePrint struct {
	id string
	casework.Print
	// text is the first post's; gist is what it keeps in other words, once it was asked for.
	text string
	gist *casework.Gist
}

// near is the live case that a near-copy of the mention opened, nil where there is
// none. The fingerprints are read once for a batch; what has changed since is read
// from the case itself.
func (s *session) near(j *job) (*record.Case, error) {
	if j.print == (casework.Print{}) || j.past != nil && j.past.Altered {
		return nil, nil //nolint:nilnil // none is an answer.
	}
	if j.past != nil && j.past.Case != "" {
		// Of several that it copies, the one that took it.
		c, ok, err := s.tx.Case(j.past.Case)
		if err != nil {
			return nil, err
		}
		if ok && casework.Copied(c, j.print, j.now) {
			return &c, nil
		}
	}
	if err := s.readPrints(j); err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(s.prints) {
		if !j.print.Near(p.Print) {
			continue
		}
		c, ok, err := s.tx.Case(p.id)
		if err != nil {
			return nil, err
		}
		if ok && casework.Copied(c, j.print, j.now) {
			return &c, nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer.
}

// readPrints reads the fingerprints of the cases that copies may join, once for a batch.
func (s *session) readPrints(j *job) error {
	since := j.now.Add(-casework.CopyFor)
	if !s.printsSince.IsZero() && !since.Before(s.printsSince) {
		return nil
	}
	rows, err := s.tx.RecentPrints(j.in.Brand, since)
	if err != nil {
		return err
	}
	s.prints, s.printsSince = s.prints[:0], since
	for _, r := range slices.Backward(rows) {
		s.prints = append(s.prints, casePrint{id: r.ID, Print: casework.PrintOfRow(r.Simhash, r.Text), text: r.Text})
	}
	return nil
}

// reworded is the live case that the mention's text opened in other words, nil where
// there is none: what many were asked to post, and each has turned a little.
func (s *session) reworded(j *job) (*record.Case, error) {
	g := casework.GistOf(j.in.Mention)
	if g.Empty() || j.past != nil && j.past.Altered {
		return nil, nil //nolint:nilnil // none is an answer.
	}
	if j.past != nil && j.past.Case != "" {
		c, ok, err := s.tx.Case(j.past.Case)
		if err != nil {
			return nil, err
		}
		if ok && casework.Rewritten(c, g, j.now) {
			return &c, nil
		}
	}
	if err := s.readPrints(j); err != nil {
		return nil, err
	}
	for i := len(s.prints) - 1; i >= 0; i-- {
		p := &s.prints[i]
		if p.gist == nil {
			its := casework.GistOfText(p.text)
			p.gist = &its
		}
		if !g.Rewrites(*p.gist) {
			continue
		}
		c, ok, err := s.tx.Case(p.id)
		if err != nil {
			return nil, err
		}
		if ok && casework.Rewritten(c, g, j.now) {
			return &c, nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer.
}

// history is what triage is told.
func (s *session) history(j *job, f found, cands casework.Candidates) (triage.History, error) {
	var h triage.History
	if f.Case.ID != "" {
		h.Join = &triage.Join{
			Case: f.Case.ID, Live: f.Case.State.Live(), Reason: f.Reason,
			Customer: f.Customer, Thread: f.Thread, Edit: f.edit, Also: f.Also,
		}
	}
	h.EarlierCases = len(earlier(cands, j.in.Mention.AuthorKey(), f.Case.ID))
	if j.in.Match != record.MatchQuery || !triage.Complaint(j.in.Score, j.brand.Alert) {
		return h, nil
	}
	err := s.route(j, &h)
	if err != nil {
		return h, err
	}
	if h.Silence, err = s.silence(j); err != nil {
		return h, err
	}
	if h.Handled, err = s.handled(j); err != nil {
		return h, err
	}
	if h.Silence == nil && (h.Join == nil || !h.Join.Live && !h.Join.Customer) {
		if err := s.spikes(j, &h); err != nil {
			return h, err
		}
		if err := s.inhibitor(j, &h); err != nil {
			return h, err
		}
	}
	if j.brand.Alert.Budget > 0 {
		if h.CardsToday, err = s.cardsToday(j); err == nil {
			h.Plan, err = s.plan(j)
		}
	}
	return h, err
}

// earlier are the cases that the author began, but for one.
func earlier(cands casework.Candidates, author, but string) []string {
	var out []string
	for _, c := range cands.Author {
		if author != "" && c.AuthorKey == author && c.ID != but {
			out = append(out, c.ID)
		}
	}
	return out
}

// cardsToday counts the cards of the brand's day; the session's own are added by open.
func (s *session) cardsToday(j *job) (int, error) {
	day := triage.DayStart(j.now, s.desk.zone(j.brand.Timezone))
	if !s.cardsDay.Equal(day) {
		n, err := s.tx.CountAlerts(j.in.Brand, day)
		if err != nil {
			return 0, err
		}
		s.cards, s.cardsDay = n, day
	}
	return s.cards, nil
}

// silence is the one that covers the mention, nil where there is none.
func (s *session) silence(j *job) (*record.Silence, error) {
	if age := j.now.Sub(s.silencesAt); age < 0 || age > time.Second {
		all, err := s.tx.Silences(j.now)
		if err != nil {
			return nil, err
		}
		s.silences, s.silencesAt = all, j.now
	}
	i := slices.IndexFunc(s.silences, func(v record.Silence) bool {
		if j.past != nil && j.past.Altered {
			return v.ID == j.past.Silence
		}
		return triage.Covers(v, j.in, j.now) && s.desk.asks(v, j)
	})
	if i < 0 {
		return nil, nil //nolint:nilnil // none is an answer, and the field it fills is a pointer.
	}
	return &s.silences[i], nil
}

// asks reports whether a silence's query matches the mention; an empty one matches
// all, a broken one none.
func (d *Desk) asks(v record.Silence, j *job) bool {
	if v.Query == "" {
		return true
	}
	d.mu.Lock()
	set, known := d.queries[v.Query]
	d.mu.Unlock()
	if !known {
		var err error
		if set, err = match.Compile([]brand.Brand{{Name: "silence", Query: v.Query}}); err != nil {
			d.opt.Log.Warn("a silence's query is broken and holds nothing back", zap.String("silence", v.ID), zap.Error(err))
			set = nil
		}
		d.mu.Lock()
		if len(d.queries) >= maxQueries {
			clear(d.queries)
		}
		d.queries[v.Query] = set
		d.mu.Unlock()
	}
	if set == nil {
		return false
	}
	hit, ok := hitOf(set.Match(j.in.Mention), "silence")
	return ok && hit.ExcludedBy == ""
}
