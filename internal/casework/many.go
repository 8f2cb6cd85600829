package casework

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/casework/crowd"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
)

const (
	// maxExamples is how many posts stand for many.
	maxExamples = 3
	// manyAuthors is from how many people on a case is theirs, not its first author's alone.
	manyAuthors = 5
	// firstTold is the number of people that is told first; each doubling is told again.
	firstTold = 10
)

// Many is what a post adds to the many who tell of a case's fault.
type Many struct {
	// Author tells authors apart.
	Author uint64
	// Copy says that the text is nearly the first one's.
	Copy bool
	// Fault names what it shares with the case; empty where it joins for another reason.
	Fault []string
	// Recent counts the case's authors of the last quarter of an hour, this one included.
	Recent int
}

// Shared reports whether a case is that of many people: then what its first author
// says, good or bad, does not end it for the others.
func Shared(c record.Case) bool {
	return (len(c.Crowd.Fault) > 0 || c.Crowd.Incident != nil) && c.Authors >= manyAuthors
}

// grow counts a post of somebody else among the many. The authors are counted already.
func grow(c *record.Case, w Word, now time.Time) {
	k := c.Crowd
	if k.Reach == 0 {
		k.Reach = c.Followers
	}
	if len(k.Steps) == 0 {
		k.Steps = []time.Time{c.OpenedAt}
	}
	if w.NewAuthor {
		k.Reach += max(w.Mention.Author.Followers, 0)
		for c.Authors >= 1<<len(k.Steps) {
			k.Steps = append(slices.Clip(k.Steps), now)
		}
	}
	if w.Many.Copy {
		k.Copies++
	} else {
		k.Examples = exemplify(k.Examples, w)
	}
	if len(w.Many.Fault) > 0 {
		k.Fault = w.Many.Fault
	}
	if w.Many.Recent > 0 {
		k.Recent, k.RecentAt = w.Many.Recent, now
	}
	c.Crowd = k
}

// exemplify keeps the posts that say it best: those of a clear complaint with reach,
// one of each author.
func exemplify(have []record.Example, w Word) []record.Example {
	m := w.Mention
	e := m.Engagement
	seen := max(m.Author.Followers, 0) + 10*max(e.Likes, 0) + 30*max(e.Reposts, 0)
	x := record.Example{
		Mention: m.ID, URL: m.URL, Author: w.Many.Author,
		Weight: int(100*w.Score.Venting) + int(20*math.Log10(float64(1+min(seen, 1e12)))) + 10*w.Severity.Rank(),
	}
	if slices.ContainsFunc(have, func(h record.Example) bool { return h.Author == x.Author }) {
		return have
	}
	out := append(slices.Clone(have), x)
	slices.SortStableFunc(out, func(a, b record.Example) int { return cmp.Compare(b.Weight, a.Weight) })
	return out[:min(len(out), maxExamples)]
}

// forget takes a post out of the examples.
func forget(c *record.Case, mentionID string) {
	c.Crowd.Examples = slices.DeleteFunc(slices.Clone(c.Crowd.Examples), func(e record.Example) bool { return e.Mention == mentionID })
}

// Spread makes a case an incident: more people complain than usual, most of them here.
func Spread(c record.Case, inc record.Incident, about string, now time.Time) (record.Case, record.Event) {
	if about != "" {
		c.About = about
	}
	c.Crowd.Incident = &inc
	touch(&c, now)
	return c, record.Event{
		Case: c.ID, At: now, Actor: "clock", Via: "desk", What: "incident", From: c.State, To: c.State, Detail: IncidentWords(inc),
	}
}

// IncidentWords says in words how a spike stands out.
func IncidentWords(i record.Incident) string {
	window := "hour"
	if i.Window != time.Hour {
		window = setting.Duration(i.Window).String()
	}
	return fmt.Sprintf("%d people complained about %s within the last %s; usual at this time is %.1f (%d earlier days)",
		i.Authors, i.Topic, window, i.Usual, i.Days)
}

// Worse says in words how a case of many became worse, and is empty where it did
// not: its severity rose, it became an incident, or its people doubled since that was
// said last. Told of the answer is the number of people that is told now. What is
// copied is counted and makes nothing worse.
func Worse(before, after record.Case) (title string, told int) {
	k := after.Crowd
	told = k.Told
	if len(k.Fault) == 0 && k.Incident == nil {
		return "", told
	}
	people := after.Authors - k.Copies
	switch {
	case k.Incident != nil && before.Crowd.Incident == nil:
		title = "More complaints than usual: " + IncidentWords(*k.Incident)
	case after.Severity.Rank() > before.Severity.Rank():
		title = fmt.Sprintf("Worse: %s by now, %d people", after.Severity, people)
	case people >= max(firstTold, 2*told):
		title = fmt.Sprintf("Worse: %d people by now", people)
		if d, ok := Doubling(after); ok {
			title += ", doubled within " + short(d)
		}
	default:
		return "", told
	}
	return title, max(people, told)
}

// Doubling is how long the last doubling of the case's people took.
func Doubling(c record.Case) (time.Duration, bool) {
	s := c.Crowd.Steps
	if len(s) < 3 {
		return 0, false
	}
	return s[len(s)-1].Sub(s[len(s)-2]), true
}

// short is a duration in its largest unit.
func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
}

// SameFault is why a post joins a case whose fault it tells of.
func SameFault(m crowd.Match) string {
	others := "1 other reports"
	if m.Others != 1 {
		others = fmt.Sprintf("%d others report", m.Others)
	}
	what := ""
	if len(m.Fault) > 0 {
		what = ": " + strings.Join(m.Fault, ", ")
	}
	return fmt.Sprintf("the same fault (%s it within 15 min%s; shared %.1f >= %.1f, usual %.1f)", others, what, m.Score, m.Bar, m.Usual)
}
