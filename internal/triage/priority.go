package triage

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// fullReach is the number of followers, fullEngagement of reactions, from which a
	// part is full; both count by their orders of magnitude.
	fullReach      = 1_000_000
	fullEngagement = 10_000
	// freshFor is the age at which a post is no longer fresh.
	freshFor = 24 * time.Hour
	// fullHistory is from how many earlier cases on that part is full.
	fullHistory = 3
	// verifiedReach is what a verified account adds to the part of reach.
	verifiedReach = 0.1
)

// part is one of those that a priority is made of: how much of its weight it has.
type part struct {
	name   string
	of     float64
	weight int
}

// priority is from 0 to 100: a sum of parts, each a share of the weight that the
// brand gives it.
func priority(sev vent.Severity, m mention.Mention, earlier int, now time.Time, w brand.Priority) (int, [5]part) {
	if w.Sum() <= 0 {
		w = brand.DefaultPriority()
	}
	parts := [5]part{
		{"severity", float64(max(sev.Rank(), 0)) / float64(vent.SeverityCritical.Rank()), w.Severity},
		{"reach", reachOf(m.Author), w.Reach},
		{"engagement", magnitude(reactions(m.Engagement), fullEngagement), w.Engagement},
		{"age", freshness(m, now), w.Age},
		{"history", min(float64(max(earlier, 0))/fullHistory, 1), w.History},
	}
	total := 0.0
	for _, p := range parts {
		total += p.of * p.most(float64(w.Sum()))
	}
	return min(int(math.Round(total)), 100), parts
}

// most is the part's share of 100, of weights that add up to sum.
func (p part) most(sum float64) float64 { return float64(p.weight) * 100 / sum }

// priorityWords show each part with its share of 100 and what it comes from.
func priorityWords(n int, parts [5]part, sev vent.Severity, m mention.Mention, earlier int, now time.Time) string {
	from := [5]string{string(sev), reachWords(m.Author), engagementWords(m.Engagement), ageWords(m, now), historyWords(earlier)}
	sum := 0.0
	for _, p := range parts {
		sum += float64(p.weight)
	}
	said := make([]string, len(parts))
	for i, p := range parts {
		most := p.most(sum)
		said[i] = fmt.Sprintf("%s %s of %s (%s)", p.name, points(p.of*most), points(most), from[i])
	}
	return fmt.Sprintf("priority %d: %s", n, strings.Join(said, ", "))
}

// points writes 7.5 and 8.
func points(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

// reachOf grows by the order of magnitude of followers.
func reachOf(a mention.Author) float64 {
	v := magnitude(clamp(a.Followers), fullReach)
	if a.Verified {
		v += verifiedReach
	}
	return min(v, 1)
}

// reactions are what others did with the post: to pass it on weighs more than to like it.
func reactions(e mention.Engagement) int64 {
	return clamp(e.Likes) + 3*clamp(e.Reposts) + 2*clamp(e.Replies) + clamp(e.Views)/100
}

// clamp keeps a stranger's number where sums of it cannot overflow.
func clamp(n int64) int64 { return min(max(n, 0), 1e12) }

// magnitude is 0 for none and 1 for full or more, by orders of magnitude.
func magnitude(n, full int64) float64 {
	if n < 1 {
		return 0
	}
	return min(math.Log10(float64(1+n))/math.Log10(float64(1+full)), 1)
}

func reachWords(a mention.Author) string {
	out := fmt.Sprintf("%d followers", max(a.Followers, 0))
	if a.Verified {
		out += ", verified"
	}
	return out
}

func engagementWords(e mention.Engagement) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		word string
	}{{e.Likes, "likes"}, {e.Reposts, "reposts"}, {e.Replies, "replies"}, {e.Views, "views"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func historyWords(earlier int) string {
	if earlier == 1 {
		return "1 earlier case"
	}
	return fmt.Sprintf("%d earlier cases", max(earlier, 0))
}

// postedAt is when the post was written, or observed where that is not known.
func postedAt(m mention.Mention) time.Time {
	if m.CreatedAt.IsZero() {
		return m.ObservedAt
	}
	return m.CreatedAt
}

// freshness falls from 1 to 0 over freshFor; a post from the future is as fresh as
// one of now, and so is one without any time.
func freshness(m mention.Mention, now time.Time) float64 {
	at := postedAt(m)
	if at.IsZero() {
		return 1
	}
	age := max(now.Sub(at), 0)
	if age >= freshFor {
		return 0
	}
	return 1 - float64(age)/float64(freshFor)
}

func ageWords(m mention.Mention, now time.Time) string {
	at := postedAt(m)
	if at.IsZero() {
		return "unknown"
	}
	switch age := max(now.Sub(at), 0); {
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return fmt.Sprintf("%d min", int(age.Minutes()))
	case age < 2*freshFor:
		return fmt.Sprintf("%d h", int(age.Hours()))
	default:
		return fmt.Sprintf("%d days", int(age.Hours()/24))
	}
}
