package brand

import (
	"time"

	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/pkg/vent"
)

// SLA is by when a case should be claimed, answered and resolved, counted from the
// beginning of its episode.
type SLA struct {
	Ack     Targets `yaml:"ack" json:"ack,omitzero"`
	Answer  Targets `yaml:"answer" json:"answer,omitzero"`
	Resolve Targets `yaml:"resolve" json:"resolve,omitzero"`
}

// Targets are times by severity; 0 sets none.
type Targets struct {
	Critical setting.Duration `yaml:"critical" json:"critical,omitempty"`
	High     setting.Duration `yaml:"high" json:"high,omitempty"`
	Medium   setting.Duration `yaml:"medium" json:"medium,omitempty"`
	Low      setting.Duration `yaml:"low" json:"low,omitempty"`
}

// For is the time of a severity, 0 where there is none.
func (t Targets) For(s vent.Severity) time.Duration {
	switch s {
	case vent.SeverityCritical:
		return t.Critical.D()
	case vent.SeverityHigh:
		return t.High.D()
	case vent.SeverityMedium:
		return t.Medium.D()
	case vent.SeverityLow, vent.SeverityNone:
	}
	return t.Low.D()
}

// Nudge is who hears that nobody has claimed a case in time.
type Nudge struct {
	// Receiver is told; empty says it in the case's own thread.
	Receiver string `yaml:"receiver" json:"receiver,omitempty"`
}

// Praise is who hears what people liked.
type Praise struct {
	// Receiver gets kind words about the brand, in digests; empty is nobody.
	Receiver string `yaml:"receiver" json:"receiver,omitempty"`
}

// DefaultSLA is what is expected of who writes nothing else: those who complain in
// public expect an answer within one to three hours.
func DefaultSLA() SLA {
	d := func(hours float64) setting.Duration { return setting.Duration(hours * float64(time.Hour)) }
	return SLA{
		Ack:     Targets{Critical: d(0.25), High: d(1), Medium: d(4), Low: d(24)},
		Answer:  Targets{Critical: d(1), High: d(3), Medium: d(8), Low: d(48)},
		Resolve: Targets{Critical: d(24), High: d(48), Medium: d(72), Low: d(168)},
	}
}

// DefaultSilentAfter is how long a customer who was answered may say nothing before
// the case is put down as silent.
const DefaultSilentAfter = 3 * 24 * time.Hour

// Clock counts a brand's working time: critical complaints run at all hours.
type Clock struct {
	sla    SLA
	week   Week
	silent time.Duration
}

// Clock is the brand's. What is wrong with its hours Validate has said; all time
// counts then.
func (b *Brand) Clock() Clock {
	if len(b.Hours) == 0 { // all time counts, in any zone
		return Clock{sla: b.SLA, silent: b.SilentAfter.D()}
	}
	week, err := b.Hours.Week(b.Timezone)
	if err != nil {
		week = Week{}
	}
	return Clock{sla: b.SLA, week: week, silent: b.SilentAfter.D()}
}

// Due are the times by which a case of that severity should be claimed, answered
// and resolved, where its episode began at from; zero where none is set.
func (c Clock) Due(from time.Time, s vent.Severity) (ack, answer, resolve time.Time) {
	due := func(t Targets) time.Time {
		d := t.For(s)
		switch {
		case d <= 0:
			return time.Time{}
		case s == vent.SeverityCritical:
			return from.Add(d)
		}
		return c.week.Add(from, d)
	}
	return due(c.sla.Ack), due(c.sla.Answer), due(c.sla.Resolve)
}

// Silent is when a customer who was answered at from counts as silent, zero where
// that never happens.
func (c Clock) Silent(from time.Time) time.Time {
	if c.silent <= 0 {
		return time.Time{}
	}
	return from.Add(c.silent)
}
