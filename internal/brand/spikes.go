package brand

import (
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// Spikes says when more complaints than usual are an incident.
type Spikes struct {
	// Enabled looks for spikes.
	Enabled bool `yaml:"enabled" json:"enabled"`
	// MinAuthors is the least number of people who complain about one topic within
	// Window; MinDays is of how many earlier days the same hours must be known before
	// any spike is told.
	MinAuthors int              `yaml:"min_authors" json:"min_authors"`
	MinDays    int              `yaml:"min_days" json:"min_days"`
	Window     setting.Duration `yaml:"window" json:"window"`
}

// DefaultSpikes are used where nothing is written.
func DefaultSpikes() Spikes {
	return Spikes{Enabled: true, MinAuthors: 10, MinDays: 3, Window: setting.Duration(time.Hour)}
}

// The limits of what may be written.
const (
	maxMinAuthors  = 100_000
	maxMinDays     = 7
	maxSpikeWindow = 6 * time.Hour
	minSpikeWindow = 15 * time.Minute
)

// Priority are the most points that each part of a case's priority may add; together
// they are brought to 100.
type Priority struct {
	Severity   int `yaml:"severity" json:"severity"`
	Reach      int `yaml:"reach" json:"reach"`
	Engagement int `yaml:"engagement" json:"engagement"`
	Age        int `yaml:"age" json:"age"`
	History    int `yaml:"history" json:"history"`
}

// DefaultPriority is used where nothing is written.
func DefaultPriority() Priority {
	return Priority{Severity: 60, Reach: 12, Engagement: 8, Age: 10, History: 10}
}

// Sum is the weights together.
func (p Priority) Sum() int { return p.Severity + p.Reach + p.Engagement + p.Age + p.History }

// maxWeight is the highest weight.
const maxWeight = 1000

func (v *validator) spikes(s Spikes) {
	if s.MinAuthors < 2 || s.MinAuthors > maxMinAuthors {
		v.add("spikes.min_authors", "%d people are no spike; write a number from 2 to %d, such as 10", s.MinAuthors, maxMinAuthors)
	}
	if s.MinDays < 1 || s.MinDays > maxMinDays {
		v.add("spikes.min_days", "%d is out of range; the last %d days are looked at, write 1 to %d", s.MinDays, maxMinDays, maxMinDays)
	}
	if d := s.Window.D(); d < minSpikeWindow || d > maxSpikeWindow {
		v.add("spikes.window", "%s is out of range; write a time from 15m to 6h", s.Window)
	}
}

func (v *validator) priority(p Priority) {
	for _, w := range []struct {
		name string
		n    int
	}{
		{"severity", p.Severity}, {"reach", p.Reach}, {"engagement", p.Engagement}, {"age", p.Age}, {"history", p.History},
	} {
		if w.n < 0 || w.n > maxWeight {
			v.add("priority."+w.name, "%d is no weight; write a number from 0 to %d", w.n, maxWeight)
		}
	}
	if p.Sum() <= 0 {
		v.add("priority", "all weights are 0; give at least severity one")
	}
}
