package teach

import (
	"fmt"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
)

// Enough is how many labels of its own a brand needs, Most how many are learned from.
const (
	Enough = learn.MinLabels
	Most   = learn.MaxLabels
)

// Words says in a sentence or two what came of a refit. own is how many labels of its
// own the brand has; a Version of 0 is no refit at all.
func Words(l record.Layer, own int) string {
	switch {
	case l.Version == 0 && own < learn.MinLabels:
		return fmt.Sprintf("Nothing is learned yet: there %s, and it takes %d.", countOf(own, "is 1 label", "are %d labels"), learn.MinLabels)
	case l.Version == 0:
		return "Nothing changes."
	case l.State == record.LayerRefused:
		return "Not learned: " + l.Refused + ". The label is kept; undo it, or label more posts of its kind."
	}
	e := l.Effect
	var changes string
	switch {
	case e.Lost == 0 && e.Gained == 0:
		changes = "No post of this week would be decided otherwise"
	case e.Gained == 0:
		changes = countOf(e.Lost, "1 post of this week would no longer alert", "%d posts of this week would no longer alert")
	case e.Lost == 0:
		changes = countOf(e.Gained, "1 more post of this week would alert", "%d more posts of this week would alert")
	default:
		changes = countOf(e.Lost, "1 post of this week would no longer alert", "%d posts of this week would no longer alert") +
			", " + fmt.Sprintf("%d would", e.Gained)
	}
	if e.More {
		changes += fmt.Sprintf(" (of the newest %d)", effectPosts)
	}
	if l.State == record.LayerProposed {
		return changes + ", once somebody accepts it."
	}
	return changes + "."
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}
