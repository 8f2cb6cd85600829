package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// lateSettle is how long a digest of late posts waits for more of them, and
	// budgetSettle how long the first digest of what was over a day's budget does;
	// the next ones go out by the hour.
	lateSettle   = 10 * time.Second
	budgetSettle = 30 * time.Second
	// manyPosts is from which number of posts on a case's further joins are
	// gathered for crowdSettle, so that a crowd does not fill the thread.
	manyPosts   = 10
	crowdSettle = 5 * time.Second
	// praiseSettle is how long kind words wait for more of them.
	praiseSettle = time.Minute
	// maxItemText bounds the text of a post in a digest or reply.
	maxItemText = 400
)

// key names a case's message: case, episode, kind, receiver, and what tells it
// from others of the kind.
func key(c record.Case, kind record.NoticeKind, rest string) string {
	k := fmt.Sprintf("%s/%d/%s/%s", c.ID, c.Episode, kind, c.Route)
	if rest != "" {
		k += "/" + rest
	}
	return k
}

// notice is a case's message, due now.
func notice(c record.Case, kind record.NoticeKind, rest string, now, observed time.Time) record.Notice {
	return record.Notice{
		Key: key(c, kind, rest), Receiver: c.Route, Kind: kind, State: record.NoticePending, Brand: c.Brand, Case: c.ID,
		ObservedAt: observed, CreatedAt: now, DueAt: now,
	}
}

// enqueue adds a notice for each receiver that it names; it is false where all of
// them had it before. Where no router chose a receiver there is no outbox.
func (s *session) enqueue(n record.Notice) (bool, error) {
	if n.Receiver == "" {
		return true, nil
	}
	fresh := false
	for _, one := range each(n) {
		ok, err := s.tx.PutNotice(one)
		if err != nil {
			return false, err
		}
		fresh = fresh || ok
	}
	return fresh, nil
}

// each is the notice for each of the receivers that it names.
func each(n record.Notice) []record.Notice {
	receivers := record.Receivers(n.Receiver)
	if len(receivers) < 2 {
		return []record.Notice{n}
	}
	out := make([]record.Notice, 0, len(receivers))
	for _, r := range receivers {
		one := n
		one.Receiver, one.Key = r, strings.Replace(n.Key, "/"+n.Receiver, "/"+r, 1)
		if one.Key == n.Key {
			one.Key += "/" + r
		}
		out = append(out, one)
	}
	return out
}

// update owes the receiver the root message as the case is now. One that waits
// already says the same.
func (s *session) update(c record.Case, now, observed time.Time) error {
	return s.refresh(notice(c, record.NoticeUpdate, strconv.FormatInt(c.Version, 10), now, observed))
}

// refresh adds an update at each receiver where none waits.
func (s *session) refresh(n record.Notice) error {
	for _, one := range each(n) {
		if one.Receiver == "" {
			continue
		}
		waiting, err := s.tx.PendingUpdate(one.Case, one.Receiver)
		if err != nil {
			return err
		}
		if waiting {
			continue
		}
		if _, err := s.tx.PutNotice(one); err != nil {
			return err
		}
	}
	return nil
}

// reply owes the thread a word about the mention.
func (s *session) reply(c record.Case, j *job, title string) error {
	m := j.in.Mention
	n := notice(c, record.NoticeReply, fmt.Sprintf("%s@%d", m.ID, m.Revision), j.now, m.ObservedAt)
	n.Mention = m.ID
	n.Body = record.NoticeBody{Title: title, Items: []record.NoticeItem{item(m, "")}}
	return s.tell(c, j, n)
}

// heard tells the thread what a post did to the case.
func (s *session) heard(c record.Case, e record.Event, w casework.Word, j *job) error {
	var title string
	switch {
	case e.What == "reopened" && w.Tone == record.ToneVenting:
		title = "Reopened: the customer is still unhappy"
	case e.What == "reopened":
		title = "Reopened: the customer wrote again"
	case e.What == "lost":
		title = "The customer says that they have left"
	case e.What == "woken":
		title = "Woken: the customer is still unhappy"
	case e.What == "recovered":
		title = "The customer says that it is settled"
	case w.Customer && w.Tone == record.ToneVenting:
		title = "The customer is still unhappy"
	case w.Customer:
		title = "The customer wrote again"
	default:
		return s.crowd(c, w, j)
	}
	return s.reply(c, j, title)
}

// crowd tells the thread about posts of others, several in one message while it waits.
func (s *session) crowd(c record.Case, w casework.Word, j *job) error {
	for _, r := range record.Receivers(c.Route) {
		if err := s.crowdAt(at(c, r), w, j); err != nil {
			return err
		}
	}
	return nil
}

// at is the case as one of its receivers has it.
func at(c record.Case, receiver string) record.Case {
	c.Route = receiver
	return c
}

func (s *session) crowdAt(c record.Case, w casework.Word, j *job) error {
	prefix := key(c, record.NoticeReply, "joins/")
	more := func(items []record.NoticeItem) record.NoticeBody {
		title := "Another post joined: " + w.Reason
		if len(items) > 1 {
			title = fmt.Sprintf("%d more posts joined", len(items))
		}
		return record.NoticeBody{Title: title, Items: items}
	}
	m := j.in.Mention
	added, err := s.append(c.Route, prefix, item(m, string(w.Severity)), more)
	if err != nil || added {
		return err
	}
	n := notice(c, record.NoticeReply, fmt.Sprintf("joins/%s@%d", m.ID, m.Revision), j.now, m.ObservedAt)
	n.Mention = m.ID
	n.Body = more([]record.NoticeItem{item(m, string(w.Severity))})
	if c.Mentions > manyPosts {
		n.DueAt = j.now.Add(crowdSettle)
	}
	return s.tell(c, j, n)
}

// append adds a post to a notice that still waits and has room.
func (s *session) append(receiver, prefix string, it record.NoticeItem, body func([]record.NoticeItem) record.NoticeBody) (bool, error) {
	n, ok, err := s.tx.PendingNotice(receiver, prefix)
	if err != nil || !ok || len(n.Body.Items) >= alert.MaxItems {
		return false, err
	}
	return s.tx.SetNoticeBody(n.ID, body(append(n.Body.Items, it)))
}

// digest owes the receiver a line about a post that got no card.
func (s *session) digest(j *job, dec record.Decision) error {
	for _, r := range record.Receivers(dec.Route) {
		if err := s.digestAt(j, dec, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) digestAt(j *job, dec record.Decision, receiver string) error {
	quiet := j.target(receiver).Until
	m := j.in.Mention
	late := dec.Outcome == record.OutcomeDigest
	prefix := fmt.Sprintf("digest/%s/%s/%s/", dec.Outcome, dec.Brand, receiver)
	body := func(items []record.NoticeItem) record.NoticeBody {
		what := fmt.Sprintf("%s: %d complaints over the budget of %s, without cards of their own", dec.Brand, len(items), j.brand.Alert.Budget)
		if late {
			what = fmt.Sprintf("%s: %d complaints that were old when they were collected", dec.Brand, len(items))
		}
		out := record.NoticeBody{Title: strings.Replace(what, ": 1 complaints", ": 1 complaint", 1), Items: items}
		if held := triage.PlanWords(s.planned); held != "" && !late {
			out.Lines = []string{fmt.Sprintf("Of %s, by the last %d days: %s.", dec.Brand, triage.StreamDays, held)}
		}
		return out
	}
	it := item(m, string(dec.Severity))
	added, err := s.append(receiver, prefix, it, body)
	if err != nil || added {
		return err
	}
	n := record.Notice{
		Receiver: receiver, Kind: record.NoticeDigest, State: record.NoticePending, Brand: dec.Brand,
		Body: body([]record.NoticeItem{it}), ObservedAt: m.ObservedAt, CreatedAt: j.now, DueAt: j.now.Add(lateSettle),
		Key: fmt.Sprintf("%s%s@%d", prefix, m.ID, m.Revision),
	}
	if late {
		n.DueAt = latest(n.DueAt, quiet)
		_, err := s.enqueue(n)
		return err
	}
	// The day's first digest says soon that the budget is used up.
	first := n
	first.Key = prefix + triage.DayStart(j.now, s.desk.zone(j.brand.Timezone)).Format(time.DateOnly)
	first.DueAt = latest(j.now.Add(budgetSettle), quiet)
	if ok, err := s.enqueue(first); err != nil || ok {
		return err
	}
	n.DueAt = latest(j.now.Truncate(time.Hour).Add(time.Hour), quiet)
	_, err = s.enqueue(n)
	return err
}

// canary lets a marked post cross the outbox.
func (s *session) canary(j *job) error {
	m := j.in.Mention
	_, err := s.tx.PutNotice(record.Notice{
		Key: "canary/" + m.ID, Receiver: record.ReceiverCanary, Kind: record.NoticeCanary, State: record.NoticePending,
		Mention: m.ID, ObservedAt: m.ObservedAt, CreatedAt: j.now, DueAt: j.now,
	})
	return err
}

// item names a post in a digest or reply.
func item(m mention.Mention, severity string) record.NoticeItem {
	author := m.Author.Name
	if m.Author.Handle != "" {
		author = "@" + m.Author.Handle
	}
	return record.NoticeItem{Mention: m.ID, URL: m.URL, Author: author, Text: cut(words(m)), Severity: severity}
}

// cut keeps the beginning of a text.
func cut(s string) string {
	if len(s) <= maxItemText {
		return s
	}
	end := maxItemText
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// unquote has every reply and digest that quoted a post drawn anew, now that its
// words are gone: what was sent must not keep them either.
func (s *session) unquote(brandName, mentionID string, now time.Time) error {
	sent, err := s.tx.NoticesByMention(mentionID)
	if err != nil {
		return err
	}
	for _, n := range sent {
		quotes := n.Kind == record.NoticeReply || n.Kind == record.NoticeDigest
		if !quotes || n.Brand != brandName || n.State != record.NoticeSending && n.State != record.NoticeSent {
			continue
		}
		_, err := s.tx.PutNotice(record.Notice{
			Key: alert.RewriteKey(n.ID, "erased/"+mentionID), Receiver: n.Receiver, Kind: record.NoticeRewrite, State: record.NoticePending,
			Brand: n.Brand, Case: n.Case, CreatedAt: now, DueAt: now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
