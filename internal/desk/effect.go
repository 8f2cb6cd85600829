package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
)

// maxWatched is up to which number of posts of one case each further post's own
// conversation is watched too: what thousands copy is not followed everywhere.
const maxWatched = 50

// open begins a case: the decision gets its id.
func (s *session) open(j *job, dec *record.Decision, cands casework.Candidates) error {
	about := j.about
	if about == "" {
		about = topicWords(dec.Score.Topics)
	}
	c, e := casework.Open(casework.Opening{
		Mention: j.in.Mention, Decision: *dec, About: about, Print: j.print,
		Linked: earlier(cands, j.in.Mention.AuthorKey(), ""),
	}, j.now)
	c = s.timed(record.Case{}, c, j.now)
	dec.Case = c.ID
	if j.spike != nil {
		if err := s.incident(j, &c); err != nil {
			return err
		}
		e.Detail = casework.IncidentWords(*c.Crowd.Incident)
	}
	s.cards++
	s.prints = append(s.prints, casePrint{id: c.ID, Print: j.print, text: c.Text})
	if err := s.put(c, e); err != nil {
		return err
	}
	if err := s.wind(record.Case{}, c); err != nil {
		return err
	}
	if err := s.watch(c, j.now); err != nil {
		return err
	}
	if err := s.rearm(record.Case{}, c, j.now); err != nil {
		return err
	}
	if err := s.card(c, j); err != nil || j.spike == nil {
		return err
	}
	return s.members(j, c)
}

// inhibited lets a case stand for one more post.
func (s *session) inhibited(j *job, dec *record.Decision, cands casework.Candidates) error {
	c, ok, err := s.tx.Case(dec.Case)
	if err != nil || !ok {
		return err
	}
	dec.Route = record.Opened(c.Route)
	why := "held back by a rule"
	if i := c.Crowd.Incident; i != nil {
		more := *i
		more.Inhibited++
		c.Crowd.Incident, why = &more, "one more of the spike"
	}
	return s.join(j, *dec, found{Found: casework.Found{Case: c, Reason: why}}, cands)
}

// join lets a case hear a post.
func (s *session) join(j *job, dec record.Decision, f found, cands casework.Candidates) error {
	newAuthor := !f.Customer && !slices.ContainsFunc(cands.Author, func(c record.Case) bool { return c.ID == f.Case.ID })
	w := wordOf(j, dec, f, newAuthor)
	c, e := casework.Hear(f.Case, w, j.now)
	c = s.timed(f.Case, c, j.now)
	if dec.Outcome == record.OutcomeInhibited {
		e.What = "inhibited"
	}
	worse := worsened(f.Case, &c)
	if err := s.escalate(f.Case, &c, j); err != nil {
		return err
	}
	if err := s.change(f.Case, c, j.now, e); err != nil {
		return err
	}
	m := j.in.Mention
	if conv := m.Conversation(); conv != c.Conversation && c.Mentions <= maxWatched {
		err := s.tx.PutWatch(record.Watch{
			Platform: m.Platform, Conversation: conv, Brand: c.Brand, Case: c.ID, Until: watchUntil(j.now),
		})
		if err != nil {
			return err
		}
	}
	if err := s.update(c, j.now, m.ObservedAt); err != nil {
		return err
	}
	if err := s.heard(c, e, w, j); err != nil {
		return err
	}
	if err := s.worse(c, j, worse); err != nil {
		return err
	}
	return s.widen(j, c)
}

// edit brings a case up to a newer revision of a post that it holds.
func (s *session) edit(j *job, dec record.Decision, f found) error {
	w := wordOf(j, dec, f, false)
	c, e := casework.Edit(f.Case, w, j.print, j.about, j.now)
	c = s.timed(f.Case, c, j.now)
	if err := s.change(f.Case, c, j.now, e); err != nil {
		return err
	}
	if err := s.update(c, j.now, j.in.Mention.ObservedAt); err != nil {
		return err
	}
	if e.What != "recovered" {
		return nil
	}
	return s.heard(c, e, w, j)
}

// rewrite brings the text in waiting notices up to a newer revision.
func (s *session) rewrite(j *job) error {
	m := j.in.Mention
	notices, err := s.tx.NoticesByMention(m.ID)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if n.State != record.NoticePending || n.Brand != j.in.Brand {
			continue
		}
		for i, it := range n.Body.Items {
			if it.Mention == m.ID {
				n.Body.Items[i] = item(m, it.Severity)
			}
		}
		if _, err := s.tx.SetNoticeBody(n.ID, n.Body); err != nil {
			return err
		}
	}
	return nil
}

// brandReplied notes the brand's own word in a case's conversation.
func (s *session) brandReplied(j *job, before record.Case) error {
	c, e := casework.BrandReplied(before, j.in.Mention, j.now)
	if err := s.change(before, c, j.now, e); err != nil {
		return err
	}
	if err := s.update(c, j.now, j.in.Mention.ObservedAt); err != nil {
		return err
	}
	return s.reply(c, j, "The brand answered where the post stands")
}

// retracted tells a case that a post of it was taken away.
func (s *session) retracted(j *job, before record.Case) error {
	c, e := casework.Retract(before, j.in.Mention.ID, topicWords(before.Topics), j.now)
	if e.URL == "" {
		e.URL = j.in.Mention.URL
	}
	if err := s.change(before, c, j.now, e); err != nil {
		return err
	}
	return s.update(c, j.now, j.in.Mention.ObservedAt)
}

// put writes a case and a line of its history.
func (s *session) put(c record.Case, events ...record.Event) error {
	if err := s.tx.PutCase(c); err != nil {
		return err
	}
	for _, e := range events {
		if err := s.tx.AddEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// change writes a case that was there before, and keeps its clocks and watches in
// step with its state.
func (s *session) change(before, after record.Case, now time.Time, events ...record.Event) error {
	if err := s.put(after, events...); err != nil {
		return err
	}
	s.moves = append(s.moves, move{before, after, now})
	if after.State.Live() && !s.printsSince.IsZero() {
		// It may have come to life, or got other words, since the prints were read.
		s.prints = append(s.prints, casePrint{id: after.ID, Print: casework.PrintOfCase(after), text: after.Text})
	}
	if err := s.wind(before, after); err != nil {
		return err
	}
	if err := s.rearm(before, after, now); err != nil {
		return err
	}
	return s.watch(after, now)
}

// watch asks ingest for what the customer says next, for WatchFor from the last
// change on.
func (s *session) watch(c record.Case, now time.Time) error {
	return s.tx.PutWatch(record.Watch{
		Platform: c.Platform, Conversation: c.Conversation, AuthorKey: c.AuthorKey, Brand: c.Brand, Case: c.ID, Until: watchUntil(now),
	})
}

// watchUntil is rounded up to the hour, so that a busy case does not make ingest
// read all watches again with each post.
func watchUntil(now time.Time) time.Time {
	return now.Add(casework.WatchFor).Truncate(time.Hour).Add(time.Hour)
}

// topicWords is what a case is about where no phrase says it.
func topicWords(topics []string) string {
	var out []string
	for _, t := range topics {
		if t != "other" && len(out) < 2 {
			out = append(out, t)
		}
	}
	return strings.Join(out, ", ")
}
