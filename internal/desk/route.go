package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

// budgetWindow is over which time a receiver's cards are counted.
const budgetWindow = 24 * time.Hour

// labels are what routes may ask about a mention as it is decided.
func labels(in record.Scored, severity vent.Severity, b brand.Brand, now time.Time) alert.Labels {
	return alert.Labels{
		Brand: in.Brand, Severity: string(severity), Topics: in.Score.Topics, Signals: in.Score.Signals,
		Lang: in.Score.Lang, Source: in.Mention.Source, Platform: in.Mention.Platform, Reach: in.Mention.Author.Followers,
		At: now, Zone: b.Timezone,
	}
}

// targets are the receivers of a case that this mention opens.
func (r *Rules) targets(in record.Scored, severity vent.Severity, b brand.Brand, now time.Time) []alert.Target {
	if r.Router == nil {
		return nil
	}
	return r.Router.Receivers(labels(in, severity, b, now))
}

// way is the route of targets, and the nodes that chose it.
func way(targets []alert.Target) (route string, path []string) {
	var names []string
	for _, t := range targets {
		names = append(names, t.Receiver)
		path = append(path, t.Path...)
	}
	return record.RouteOf(names), path
}

// target is how a receiver of the mention's is told: at once, where nothing else is known.
func (j *job) target(receiver string) alert.Target {
	for _, t := range j.targets {
		if t.Receiver == receiver {
			return t
		}
	}
	return alert.Target{Receiver: receiver}
}

// route finds the receivers of the mention, and which of them have had their budget.
func (s *session) route(j *job, h *triage.History) error {
	sev := triage.Severity(j.in.Score, j.brand.Alert)
	j.targets = s.rules.targets(j.in, sev, j.brand, j.now)
	h.Route, h.Path = way(j.targets)
	for _, t := range j.targets {
		over, n, most, err := s.over(t.Receiver, sev, j.now)
		if err != nil {
			return err
		}
		switch {
		case over:
			h.Path = append(h.Path, fmt.Sprintf("budget of %s: %d of %d cards in 24 hours; it goes into a digest there", t.Receiver, n, most))
		case most > 0 && n >= most:
			h.Path = append(h.Path, fmt.Sprintf("budget of %s: %d of %d cards in 24 hours, and critical ones are never held back", t.Receiver, n, most))
		}
	}
	return nil
}

// maxInhibitors is how many live cases are asked whether they hold a post back.
const maxInhibitors = 500

// inhibitor finds the live case that holds the mention back by the rules.
func (s *session) inhibitor(j *job, h *triage.History) error {
	if h.Inhibit != nil || h.Spike != "" || s.rules.Router == nil {
		return nil
	}
	l := labels(j.in, triage.Severity(j.in.Score, j.brand.Alert), j.brand, j.now)
	if !s.rules.Router.Inhibits(l) {
		return nil
	}
	live, err := s.tx.LiveCases(j.in.Brand, maxInhibitors)
	if err != nil {
		return err
	}
	if id, why := s.rules.Router.Inhibitor(l, live); id != "" {
		h.Inhibit = &triage.Inhibit{Case: id, Reason: why, Rule: true}
	}
	return nil
}

// over reports whether a receiver has had as many cards as it takes in a day.
func (s *session) over(receiver string, sev vent.Severity, now time.Time) (over bool, n, most int, err error) {
	if s.rules.Router == nil {
		return false, 0, 0, nil
	}
	if most = s.rules.Router.Budget(receiver); most == 0 {
		return false, 0, 0, nil
	}
	if n, err = s.tx.CountCards(receiver, now.Add(-budgetWindow)); err != nil {
		return false, 0, most, err
	}
	return n >= most && sev != vent.SeverityCritical, n, most, nil
}

// card owes each receiver the root message of a new case, or what stands for it: a
// line in the digest at the end of a mute, in its group's message, or in the digest
// of what is over its budget.
func (s *session) card(c record.Case, j *job) error {
	return s.deliver(c, j, record.Receivers(c.Route))
}

func (s *session) deliver(c record.Case, j *job, receivers []string) error {
	for _, r := range receivers {
		t := j.target(r)
		over, _, most, err := s.over(r, c.Severity, j.now)
		switch {
		case err != nil:
			return err
		case t.Muted != "":
			err = s.hold(j, t, item(j.in.Mention, string(c.Severity)))
		case over:
			err = s.full(j, r, most, item(j.in.Mention, string(c.Severity)))
		case t.GroupWait > 0:
			err = s.gather(j, t, item(j.in.Mention, string(c.Severity)))
		default:
			err = s.root(c, j, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// root owes one receiver the root message, once however often it is asked for.
func (s *session) root(c record.Case, j *job, receiver string) error {
	c.Episode = 1 // there is one root message, whichever episode it comes in
	n := notice(at(c, receiver), record.NoticeCard, "", j.now, j.in.Mention.ObservedAt)
	n.Mention = c.Root
	_, err := s.tx.PutNotice(n)
	return err
}

// escalate sends a case that has become worse where one so bad goes: receivers that
// had none of it, or had it held, get its card.
func (s *session) escalate(before record.Case, c *record.Case, j *job) error {
	if s.rules.Router == nil || c.Severity.Rank() <= before.Severity.Rank() || c.Route == "" {
		return nil
	}
	j.targets = s.rules.Router.Receivers(caseLabels(*c, j))
	for _, t := range j.targets {
		if !slices.Contains(record.Receivers(c.Route), t.Receiver) {
			c.Route = record.Widened(c.Route, t.Receiver)
		}
	}
	for _, t := range j.targets {
		if t.Muted == "" && t.GroupWait == 0 {
			if err := s.root(*c, j, t.Receiver); err != nil {
				return err
			}
		}
	}
	return nil
}

// caseLabels are those of a case that a mention speaks to.
func caseLabels(c record.Case, j *job) alert.Labels {
	l := alert.LabelsOfCase(c)
	l.Lang, l.Source, l.At, l.Zone = j.in.Score.Lang, j.in.Mention.Source, j.now, j.brand.Timezone
	return l
}

// tell adds a reply at each receiver of the case, at the end of its mute where it is
// muted now.
func (s *session) tell(c record.Case, j *job, n record.Notice) error {
	var muted []alert.Target
	if s.rules.Router != nil && n.Receiver != "" {
		muted = slices.DeleteFunc(s.rules.Router.Receivers(caseLabels(c, j)), func(t alert.Target) bool { return t.Muted == "" })
	}
	for _, one := range each(n) {
		i := slices.IndexFunc(muted, func(t alert.Target) bool { return t.Receiver == one.Receiver })
		var err error
		if i >= 0 && len(n.Body.Items) > 0 {
			err = s.hold(j, muted[i], n.Body.Items[0])
		} else {
			_, err = s.enqueue(one)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hold puts a post into the digest at the end of a mute.
func (s *session) hold(j *job, t alert.Target, it record.NoticeItem) error {
	name := j.in.Brand
	prefix := fmt.Sprintf("held/%s/%s/%d/", name, t.Receiver, t.Until.Unix())
	return s.digested(j, t.Receiver, prefix, it, t.Until, func(n int) string {
		return fmt.Sprintf("%s: %s came while %s was muted", name, posts(n), t.Receiver)
	})
}

// full puts a post into the digest of what is over a receiver's budget.
func (s *session) full(j *job, receiver string, most int, it record.NoticeItem) error {
	name := j.in.Brand
	prefix := fmt.Sprintf("full/%s/%s/", name, receiver)
	due := latest(j.now.Truncate(time.Hour).Add(time.Hour), j.target(receiver).Until)
	return s.digested(j, receiver, prefix, it, due, func(n int) string {
		return fmt.Sprintf("%s: %s beyond the budget of %s, %d cards in 24 hours; each has a case in the inbox", name, posts(n), receiver, most)
	})
}

// gather puts a post into the message of its group. The first waits for group_wait,
// the next ones until group_interval after the last.
func (s *session) gather(j *job, t alert.Target, it record.NoticeItem) error {
	name := j.in.Brand
	sum := sha256.Sum256([]byte(t.Group))
	prefix := fmt.Sprintf("group/%s/%s/%s/", t.Receiver, name, hex.EncodeToString(sum[:6]))
	last, sent, err := s.tx.LatestNotice(t.Receiver, prefix)
	if err != nil {
		return err
	}
	due := j.now.Add(t.GroupWait)
	if sent {
		due = latest(due, last.DueAt.Add(t.GroupInterval))
	}
	return s.digested(j, t.Receiver, prefix, it, due, func(n int) string {
		return fmt.Sprintf("%s: %s gathered%s", name, posts(n), t.GroupName)
	})
}

// digested adds a post to a digest that waits, or begins one.
func (s *session) digested(j *job, receiver, prefix string, it record.NoticeItem, due time.Time, title func(n int) string) error {
	body := func(items []record.NoticeItem) record.NoticeBody {
		return record.NoticeBody{Title: title(len(items)), Items: items}
	}
	added, err := s.append(receiver, prefix, it, body)
	if err != nil || added {
		return err
	}
	m := j.in.Mention
	_, err = s.tx.PutNotice(record.Notice{
		Key: fmt.Sprintf("%s%s@%d", prefix, m.ID, m.Revision), Receiver: receiver, Kind: record.NoticeDigest, State: record.NoticePending,
		Brand: j.in.Brand, Body: body([]record.NoticeItem{it}), ObservedAt: m.ObservedAt, CreatedAt: j.now, DueAt: due,
	})
	return err
}

// posts counts them in words.
func posts(n int) string {
	if n == 1 {
		return "1 post"
	}
	return fmt.Sprintf("%d posts", n)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// repeatClock is the kind of the clock that has an open case told again at a receiver.
func repeatClock(receiver string) string { return casework.ClockRepeat + "/" + receiver }

// rearm sets the clocks of repeat_interval while a case is open.
func (s *session) rearm(before, after record.Case, now time.Time) error {
	if s.rules.Router == nil || after.State != record.StateOpen || before.State == record.StateOpen && before.Route == after.Route {
		return nil
	}
	return s.arm(after, now)
}

func (s *session) arm(c record.Case, now time.Time) error {
	for _, t := range s.repeats(c, now) {
		err := s.tx.PutClock(record.Clock{Case: c.ID, Kind: repeatClock(t.Receiver), DueAt: latest(now.Add(t.Repeat), t.Until)})
		if err != nil {
			return err
		}
	}
	return nil
}

// repeats are the receivers of a case at which it is told again.
func (s *session) repeats(c record.Case, now time.Time) []alert.Target {
	l := alert.LabelsOfCase(c)
	l.At, l.Zone = now, s.rules.Brands[c.Brand].Timezone
	receivers := record.Receivers(c.Route)
	return slices.DeleteFunc(s.rules.Router.Receivers(l), func(t alert.Target) bool {
		return t.Repeat == 0 || !slices.Contains(receivers, t.Receiver)
	})
}

// repeat tells an open case again where nobody has claimed it.
func (s *session) repeat(id, receiver string, now time.Time) error {
	c, ok, err := s.tx.Case(id)
	if err != nil || !ok || s.rules.Router == nil || c.State != record.StateOpen && c.State != record.StateSnoozed {
		return err
	}
	for _, t := range s.repeats(c, now) {
		if t.Receiver != receiver {
			continue
		}
		if c.State == record.StateOpen && t.Muted == "" {
			n := notice(at(c, receiver), record.NoticeReply, fmt.Sprintf("repeat/%d", now.Unix()), now, now)
			n.Mention = c.Root
			n.Body = record.NoticeBody{Title: "Still open, nobody has it yet", Items: []record.NoticeItem{{Mention: c.Root, URL: c.URL}}}
			if _, err := s.enqueue(n); err != nil {
				return err
			}
		}
		return s.tx.PutClock(record.Clock{Case: c.ID, Kind: repeatClock(receiver), DueAt: latest(now.Add(t.Repeat), t.Until)})
	}
	return nil
}

// repeatsAt reports whether a clock is one of repeat_interval, and at which receiver.
func repeatsAt(kind string) (receiver string, ok bool) {
	return strings.CutPrefix(kind, casework.ClockRepeat+"/")
}
