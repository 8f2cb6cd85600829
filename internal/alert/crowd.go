package alert

import (
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// recentFor is how long the number of people of the last quarter of an hour is shown.
const recentFor = 30 * time.Minute

// crowdLine says what is known of the many who tell of a case: that it is a spike,
// what they share, how they grow, and the posts that say it best.
func crowdLine(c *record.Case, now time.Time) []Span {
	k := c.Crowd
	var words []string
	if i := k.Incident; i != nil {
		words = append(words, "Spike: "+Count(int64(i.Authors), "person", "people")+" complained about "+i.Topic+" within "+length(i.Window)+
			", usual at this time is "+strconv.FormatFloat(i.Usual, 'f', 1, 64))
	}
	if len(k.Fault) > 0 {
		words = append(words, "same fault: "+strings.Join(k.Fault, ", "))
	}
	if k.Incident != nil || len(k.Fault) > 0 {
		if n := len(k.Steps); n > 2 {
			words = append(words, "doubled within "+length(k.Steps[n-1].Sub(k.Steps[n-2])))
		}
		if k.Recent > 0 && now.Sub(k.RecentAt) < recentFor {
			words = append(words, Count(int64(k.Recent), "person", "people")+" in 15 min")
		}
		if k.Reach > 0 {
			words = append(words, "reach "+Count(k.Reach, "follower", "followers"))
		}
	}
	if k.Copies > 0 {
		words = append(words, Count(int64(k.Copies), "near-copy", "near-copies")+" of one text")
	}
	if len(words) == 0 {
		return nil
	}
	out := []Span{{Text: strings.Join(words, "; ")}}
	if k.Incident != nil && !k.Incident.Since.IsZero() {
		out = append(out, Span{Text: ", since "}, Span{At: k.Incident.Since})
	} else if len(k.Steps) > 0 && len(k.Fault) > 0 {
		out = append(out, Span{Text: ", since "}, Span{At: k.Steps[0]})
	}
	if len(k.Fault) > 0 || k.Incident != nil {
		for i, e := range k.Examples {
			label := ", "
			if i == 0 {
				label = ". Best examples: "
			}
			out = append(out, Span{Text: label}, linkTo(e.URL, ""))
		}
	}
	return append(out, Span{Text: ". "})
}

// length is a time in its largest unit.
func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return Count(int64(d/time.Second), "second", "seconds")
	case d < 2*time.Hour && d != time.Hour:
		return Count(int64(d/time.Minute), "minute", "minutes")
	default:
		return Count(int64(d/time.Hour), "hour", "hours")
	}
}
