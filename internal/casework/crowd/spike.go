package crowd

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// EarlierDays is how many earlier days are looked at.
	EarlierDays = 7
	// spikeRisk is how unlikely a number of people must be for it to be a spike.
	spikeRisk = 1e-4
	// leastTimes is how many times the usual number a spike must be at least.
	leastTimes = 2.5
	// stillOn is which part of a spike's number keeps it on.
	stillOn = 0.5
	// topicOther stands for complaints without a topic.
	topicOther = "other"
	// maxSteps bounds the search for the number that makes a spike.
	maxSteps = 100_000
)

// Rule says when more complaints than usual are a spike.
type Rule struct {
	// Window is the time in which authors are counted, MinAuthors the least number of
	// them, MinDays of how many earlier days the same hours must be known.
	Window     time.Duration
	MinAuthors int
	MinDays    int
}

// Topics are those that a complaint counts for.
func Topics(c record.Complaint) []string {
	if len(c.Topics) == 0 {
		return []string{topicOther}
	}
	return c.Topics
}

// Spike is more complaints about a topic than usual.
type Spike struct {
	Topic   string
	Authors int
	Since   time.Time
	Usual   float64
	Days    int
	// Case is the case that took most of its complaints, or empty.
	Case string
	// Members are its complaints, oldest first.
	Members []record.Complaint
}

// count is how many authors complained about a topic in a time; in it is asked for
// each complaint that counts.
func count(rows []record.Complaint, topic string, from, to time.Time, in func(record.Complaint)) int {
	seen := map[uint64]bool{}
	for _, c := range rows {
		if c.Copy || c.At.Before(from) || c.At.After(to) || !slices.Contains(Topics(c), topic) {
			continue
		}
		seen[c.Author] = true
		if in != nil {
			in(c)
		}
	}
	return len(seen)
}

// members are the complaints about a topic in a time.
func members(rows []record.Complaint, topic string, from, to time.Time) []record.Complaint {
	var out []record.Complaint
	count(rows, topic, from, to, func(c record.Complaint) { out = append(out, c) })
	return out
}

// Find looks for a spike among the topics of a complaint that has just come and is not
// among rows yet: the one that stands out most. days are the complaints of the same time on earlier
// days, one list for each day that is known; it is asked for only where a topic has
// the least number of authors. With too few days there is none.
func (r Rule) Find(rows []record.Complaint, mine record.Complaint, skip []string, days func() ([][]record.Complaint, error), now time.Time) (Spike, bool, error) {
	var best Spike
	found := false
	for _, topic := range Topics(mine) {
		if slices.Contains(skip, topic) {
			continue
		}
		again := false
		n := 1 + count(rows, topic, now.Add(-r.Window), now, func(c record.Complaint) { again = again || c.Author == mine.Author })
		if again {
			n--
		}
		if n < r.MinAuthors {
			continue
		}
		earlier, err := days()
		if err != nil {
			return Spike{}, false, err
		}
		if len(earlier) < r.MinDays {
			continue
		}
		usual := UsualAuthors(earlier, topic)
		if n < r.Needs(usual) || found && float64(n)*best.Usual <= float64(best.Authors)*usual {
			continue
		}
		found = true
		all := append(members(rows, topic, now.Add(-r.Window), now), mine)
		best = Spike{Topic: topic, Authors: n, Since: all[0].At, Usual: usual, Days: len(earlier), Members: all, Case: holder(all)}
	}
	return best, found, nil
}

// Earlier reads the complaints of the window that ends at to, on each of the earlier
// days since the first complaint: one list for each day that is known whole.
func Earlier(first, to time.Time, window time.Duration, read func(from, to time.Time) ([]record.Complaint, error)) ([][]record.Complaint, error) {
	var out [][]record.Complaint
	for k := 1; k <= EarlierDays; k++ {
		end := to.Add(-time.Duration(k) * 24 * time.Hour)
		from := end.Add(-window)
		if first.IsZero() || from.Before(first) {
			break
		}
		rows, err := read(from, end)
		if err != nil {
			return nil, err
		}
		out = append(out, rows)
	}
	return out, nil
}

// Needs is the number of authors that makes a spike where usual are expected.
func (r Rule) Needs(usual float64) int {
	n := max(r.MinAuthors, int(math.Ceil(leastTimes*usual)), 1)
	for n < maxSteps && tail(n, usual) >= spikeRisk {
		n++
	}
	return n
}

// Topics is how each topic of the complaints stands against its earlier days, the one
// with most people first.
func (r Rule) Topics(rows []record.Complaint, days [][]record.Complaint) []record.SpikeTopic {
	var out []record.SpikeTopic
	seen := map[string]bool{}
	for _, c := range rows {
		for _, t := range Topics(c) {
			if seen[t] {
				continue
			}
			seen[t] = true
			usual := UsualAuthors(days, t)
			if n := count(rows, t, time.Time{}, farAhead(), nil); n > 0 {
				out = append(out, record.SpikeTopic{Topic: t, Authors: n, Usual: usual, Needs: r.Needs(usual)})
			}
		}
	}
	slices.SortFunc(out, func(a, b record.SpikeTopic) int {
		return cmp.Or(b.Authors-a.Authors, strings.Compare(a.Topic, b.Topic))
	})
	return out
}

// On reports whether a spike of a topic still goes on: at least half of what makes one.
func (r Rule) On(rows []record.Complaint, i record.Incident, now time.Time) bool {
	n := count(rows, i.Topic, now.Add(-r.Window), now, nil)
	return float64(n) >= stillOn*float64(r.Needs(i.Usual))
}

// UsualAuthors is how many distinct authors complain about a topic in the time that
// the days are of: the median of the days, and their median distance from it, so that
// one wild day changes little.
func UsualAuthors(days [][]record.Complaint, topic string) float64 {
	counts := make([]float64, len(days))
	for i, d := range days {
		counts[i] = float64(count(d, topic, time.Time{}, farAhead(), nil))
	}
	return max(median(counts)+spread(counts), FloorUsual)
}

// UsualReports is how many distinct authors report a fault within RateFor, by the
// complaints of window on earlier days.
func UsualReports(days [][]record.Complaint, window time.Duration) float64 {
	counts := make([]float64, len(days))
	for i, d := range days {
		seen := map[uint64]bool{}
		for _, c := range d {
			if c.Outage && !c.Copy {
				seen[c.Author] = true
			}
		}
		counts[i] = float64(len(seen)) * float64(RateFor) / float64(window)
	}
	return max(median(counts)+spread(counts), FloorUsual)
}

func farAhead() time.Time { return time.Unix(1<<40, 0) }

// holder is the case that took at least half of the complaints' authors, or empty.
func holder(members []record.Complaint) string {
	byCase := map[string]map[uint64]bool{}
	all := map[uint64]bool{}
	for _, c := range members {
		all[c.Author] = true
		if c.Case == "" {
			continue
		}
		if byCase[c.Case] == nil {
			byCase[c.Case] = map[uint64]bool{}
		}
		byCase[c.Case][c.Author] = true
	}
	for _, id := range slices.Sorted(maps.Keys(byCase)) {
		if 2*len(byCase[id]) >= len(all) && len(byCase[id]) > 1 {
			return id
		}
	}
	return ""
}

// flood is how many times the usual number of people make every further complaint
// about a topic most likely one of the spike.
const flood = 4

// Told reports whether a complaint tells of what a spike is made of. In a flood the
// topic alone says so. Else it must share one of the words that the spike's complaints
// have and others have not, where they have such words.
func Told(rows []record.Complaint, i record.Incident, r record.Complaint, window time.Duration, now time.Time) bool {
	if !slices.Contains(Topics(r), i.Topic) {
		return false
	}
	if n := count(rows, i.Topic, now.Add(-window), now, nil); float64(n) >= flood*i.Usual {
		return true
	}
	words := telling(rows, i.Topic, now.Add(-window), now)
	if len(words) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Words, func(w string) bool { return slices.Contains(words, w) })
}

// telling are the words that the complaints about a topic have far more often than
// others do.
func telling(rows []record.Complaint, topic string, from, to time.Time) []string {
	ours, theirs := map[string]int{}, map[string]int{}
	n, m := 0, 0
	for _, c := range rows {
		if c.Copy {
			continue
		}
		into := theirs
		if !c.At.Before(from) && !c.At.After(to) && slices.Contains(Topics(c), topic) {
			into = ours
			n++
		} else {
			m++
		}
		for _, w := range c.Words {
			if w[0] != '+' {
				into[w]++
			}
		}
	}
	var out []string
	for w, k := range ours {
		share := float64(k) / float64(max(n, 1))
		other := (float64(theirs[w]) + 0.5) / (float64(m) + 2)
		if k >= 3 && share >= 0.15 && share >= 2*other {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

const (
	// maxPhrases is how many phrases say what a spike is about, minSaid how many
	// people must say one: what one person said is not shown for many.
	maxPhrases = 2
	minSaid    = 3
)

// About is what complaints are about: the phrases that many of them have and the
// others have not, in few words. It is empty where no phrase is said by several.
func About(members, others []record.Complaint) string {
	ours, theirs := phrases(members), phrases(others)
	type said struct {
		phrase string
		weight float64
	}
	var all []said
	for p, authors := range ours {
		if len(authors) < minSaid {
			continue
		}
		share := float64(len(authors)) / float64(max(len(members), 1))
		other := (float64(len(theirs[p])) + 0.5) / (float64(len(others)) + 2)
		if share > other {
			all = append(all, said{p, float64(len(authors)) * math.Log(share/other)})
		}
	}
	slices.SortFunc(all, func(a, b said) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.phrase, b.phrase))
	})
	var out []string
	for _, s := range all {
		if len(out) == maxPhrases {
			break
		}
		if !slices.ContainsFunc(out, func(o string) bool { return strings.Contains(o, s.phrase) || strings.Contains(s.phrase, o) }) {
			out = append(out, s.phrase)
		}
	}
	return strings.Join(out, ", ")
}

// phrases are what each phrase is said by.
func phrases(rows []record.Complaint) map[string]map[uint64]bool {
	out := map[string]map[uint64]bool{}
	for _, c := range rows {
		if c.About == "" || c.Copy {
			continue
		}
		for p := range strings.SplitSeq(c.About, ", ") {
			if out[p] == nil {
				out[p] = map[uint64]bool{}
			}
			out[p][c.Author] = true
		}
	}
	return out
}
