package desk

import (
	"fmt"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
)

// clock is the one of a case's brand. A brand that is not configured any more has
// none: nothing of it is due.
func (s *session) clock(name string) brand.Clock {
	b, ok := s.rules.Brands[name]
	if !ok {
		return brand.Clock{}
	}
	if s.clockOf != name {
		// Its time zone is read from a file.
		s.clockOf, s.clockIs = name, b.Clock()
	}
	return s.clockIs
}

// timed gives a case that has changed the times by which it is due.
func (s *session) timed(before, after record.Case, now time.Time) record.Case {
	return casework.Timed(before, after, s.clock(after.Brand), now)
}

// wind keeps a case's clocks in step with it: those that are the same stay as they
// are, struck ones included.
func (s *session) wind(before, after record.Case) error {
	clock := s.clock(after.Brand)
	had := map[string]time.Time{}
	if before.ID != "" {
		had = casework.Clocks(before, clock)
	}
	want := casework.Clocks(after, clock)
	for kind, at := range want {
		if had[kind].Equal(at) {
			continue
		}
		if err := s.tx.PutClock(record.Clock{Case: after.ID, Kind: kind, DueAt: at}); err != nil {
			return err
		}
	}
	for kind := range had {
		if _, still := want[kind]; still {
			continue
		}
		if err := s.tx.DropClock(after.ID, kind); err != nil {
			return err
		}
	}
	return nil
}

// nudge tells one more place, or the case's thread, that nobody has claimed it.
func (s *session) nudge(id string, now time.Time) error {
	before, ok, err := s.tx.Case(id)
	if err != nil || !ok {
		return err
	}
	to := s.rules.Brands[before.Brand].Nudge.Receiver
	after, e, due := casework.Nudged(before, to, now)
	if !due {
		return nil
	}
	if err := s.change(before, after, now, e); err != nil {
		return err
	}
	s.nudges = append(s.nudges, after.Brand)
	if err := s.update(after, now, now); err != nil {
		return err
	}
	title := "Nobody has claimed this for " + lasting(now.Sub(after.Began()))
	if to == "" || slices.Contains(record.Receivers(after.Route), to) {
		return s.say(after, now, title)
	}
	// Elsewhere it stands alone: it says what it is about.
	elsewhere := after
	elsewhere.Route = to
	title = fmt.Sprintf("%s, %s: nobody has claimed this for %s", after.Brand, after.Severity, lasting(now.Sub(after.Began())))
	n := notice(elsewhere, record.NoticeReply, "nudge", now, now)
	n.Mention = after.Root
	n.Body = record.NoticeBody{Title: title, Items: []record.NoticeItem{{Mention: after.Root, URL: after.URL, Author: after.AuthorName, Text: cut(after.Text)}}}
	if after.Text == "" {
		n.Body.Items[0].Author = ""
	}
	_, err = s.enqueue(n)
	return err
}

// late has the card say that an answer or a resolution is overdue.
func (s *session) late(id string, now time.Time) error {
	c, ok, err := s.tx.Case(id)
	if err != nil || !ok || !c.Overdue(now) {
		return err
	}
	// The row is the same and the card is not: it is drawn for the time that has come.
	duty, at := c.Due()
	return s.refresh(notice(c, record.NoticeUpdate, fmt.Sprintf("%s/%d", duty, at.UnixMicro()), now, now))
}

// remind speaks of a promise before it is due.
func (s *session) remind(id string, now time.Time) error {
	c, ok, err := s.tx.Case(id)
	if err != nil || !ok || !c.State.Live() || !c.Service.Promise.Open() || c.Service.Promise.Overdue(now) {
		return err
	}
	return s.speak(c, now, "remind", "A promise is due soon", promised(c, "promised this"))
}

// promiseDue speaks of a promise whose time has come.
func (s *session) promiseDue(id string, now time.Time) error {
	before, ok, err := s.tx.Case(id)
	if err != nil || !ok {
		return err
	}
	after, e, due := casework.PromiseDue(before, now)
	if !due {
		return nil
	}
	if err := s.change(before, after, now, e); err != nil {
		return err
	}
	if err := s.update(after, now, now); err != nil {
		return err
	}
	return s.speak(after, now, "promise", "A promise is due now: was it kept?", promised(after, "promised this"))
}

// promised is a line about the case's promise. It quotes what a person of ours wrote.
func promised(c record.Case, verb string) string {
	p := c.Service.Promise
	return fmt.Sprintf("%s %s for %s: %s", p.Actor, verb, p.By.UTC().Format("Mon 2 Jan 15:04 MST"), p.What)
}

// silent ends a case whose customer was answered and says nothing more.
func (s *session) silent(id string, now time.Time) error {
	before, ok, err := s.tx.Case(id)
	if err != nil || !ok {
		return err
	}
	after, e, quiet := casework.Silent(before, s.clock(before.Brand), now)
	if !quiet {
		return nil
	}
	return s.ended(before, after, now, e)
}

// silentAgain is silent in a trial: the history says that it was so.
func (s *session) silentAgain(id string, now time.Time) error {
	before, ok, err := s.tx.Case(id)
	if err != nil || !ok {
		return err
	}
	after, e, quiet := casework.SilentNow(before, now)
	if !quiet {
		return nil
	}
	return s.ended(before, after, now, e)
}

func (s *session) ended(before, after record.Case, now time.Time, e record.Event) error {
	if err := s.change(before, after, now, e); err != nil {
		return err
	}
	if err := s.update(after, now, now); err != nil {
		return err
	}
	if before.State == after.State {
		return nil
	}
	return s.say(after, now, "Ended: the customer has said nothing since the answer. A later word of theirs reopens it")
}

// speak owes the thread a line with further ones below it.
func (s *session) speak(c record.Case, now time.Time, what, title string, lines ...string) error {
	n := notice(c, record.NoticeReply, fmt.Sprintf("%s/%d", what, c.Service.Promise.By.UnixMicro()), now, now)
	n.Mention = c.Root
	n.Body = record.NoticeBody{Title: title, Lines: lines, Items: []record.NoticeItem{{Mention: c.Root, URL: c.URL}}}
	_, err := s.enqueue(n)
	return err
}

// lasting is a length of time in the unit that fits, as a person says it.
func lasting(d time.Duration) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case d < 2*time.Hour:
		return count(max(int(d/time.Minute), 1), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	default:
		return count(int(d/(24*time.Hour)), "day")
	}
}
