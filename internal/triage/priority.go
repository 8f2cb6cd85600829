package triage

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// The most that each part may add; together they are 100.
const (
	maxSeverity = 60
	maxReach    = 20
	maxFresh    = 10
	maxHistory  = 10
)

// freshFor is the age at which a post is no longer fresh.
const freshFor = 24 * time.Hour

// priority is the sum of four parts and a line that shows each of them.
func priority(sev vent.Severity, m mention.Mention, earlier int, now time.Time) (int, string) {
	s := max(sev.Rank(), 0) * maxSeverity / vent.SeverityCritical.Rank()
	reach := reachOf(m)
	fresh := freshness(m, now)
	history := min(max(earlier, 0)*4, maxHistory)
	total := s + reach + fresh + history
	parts := []string{fmt.Sprintf("severity %s %d", sev, s)}
	if reach > 0 {
		parts = append(parts, fmt.Sprintf("reach %d (%s)", reach, reachWords(m)))
	}
	if fresh > 0 {
		parts = append(parts, fmt.Sprintf("fresh %d", fresh))
	}
	if history > 0 {
		parts = append(parts, fmt.Sprintf("earlier cases %d (%d)", history, earlier))
	}
	return total, fmt.Sprintf("priority %d: %s", total, strings.Join(parts, ", "))
}

// reachOf grows by the order of magnitude of followers and engagement: a million
// followers are worth 15 points, a hundred thousand reactions 10.
func reachOf(m mention.Mention) int {
	e := m.Engagement
	reactions := clamp(e.Likes) + 3*clamp(e.Reposts) + 2*clamp(e.Replies) + clamp(e.Views)/100
	points := 2.5*magnitude(clamp(m.Author.Followers)) + 2*magnitude(reactions)
	if m.Author.Verified {
		points += 2
	}
	return min(int(points), maxReach)
}

// clamp keeps a stranger's number where sums of it cannot overflow.
func clamp(n int64) int64 { return min(max(n, 0), 1e12) }

func magnitude(n int64) float64 {
	if n < 1 {
		return 0
	}
	return math.Log10(float64(n))
}

func reachWords(m mention.Mention) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		word string
	}{
		{m.Author.Followers, "followers"},
		{m.Engagement.Likes, "likes"},
		{m.Engagement.Reposts, "reposts"},
		{m.Engagement.Replies, "replies"},
		{m.Engagement.Views, "views"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if m.Author.Verified {
		parts = append(parts, "verified")
	}
	return strings.Join(parts, ", ")
}

// freshness falls from maxFresh to 0 over freshFor; a post from the future is as
// fresh as one of now, one without a time counts from when it was observed.
func freshness(m mention.Mention, now time.Time) int {
	at := m.CreatedAt
	if at.IsZero() {
		at = m.ObservedAt
	}
	if at.IsZero() {
		return maxFresh
	}
	age := now.Sub(at)
	if age >= freshFor {
		return 0
	}
	return maxFresh - int(max(age, 0)*maxFresh/freshFor)
}
