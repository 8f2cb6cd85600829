package alert

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/setting"
)

// TimeInterval is a name for some times, as Alertmanager writes it: a moment is in
// it when it is in one of its parts.
type TimeInterval struct {
	Name      string     `yaml:"name" json:"name"`
	Intervals []Interval `yaml:"time_intervals" json:"time_intervals"`
}

// Interval is one part of a TimeInterval: a moment is in it when every field that is
// written holds.
type Interval struct {
	Times       []TimeRange `yaml:"times" json:"times,omitempty"`
	Weekdays    []string    `yaml:"weekdays" json:"weekdays,omitempty"`
	DaysOfMonth []string    `yaml:"days_of_month" json:"days_of_month,omitempty"`
	Months      []string    `yaml:"months" json:"months,omitempty"`
	Years       []string    `yaml:"years" json:"years,omitempty"`
	// Location is a time zone; empty is the brand's own.
	Location string `yaml:"location" json:"location,omitempty"`
}

// TimeRange is a part of a day, its end left out; 24:00 is the day's end.
type TimeRange struct {
	Start string `yaml:"start_time" json:"start_time"`
	End   string `yaml:"end_time" json:"end_time"`
}

// span is a range of numbers, both ends in it.
type span struct{ from, to int }

func within(spans []span, v int) bool {
	return len(spans) == 0 || slices.ContainsFunc(spans, func(s span) bool { return s.from <= v && v <= s.to })
}

// window is an Interval that was read.
type window struct {
	minutes, weekdays, days, months, years []span
	zone                                   *time.Location
}

// Validate names every mistake of the interval.
func (t *TimeInterval) Validate() []setting.Problem {
	var ps []setting.Problem
	if t.Name == "" {
		ps = append(ps, setting.Problem{Path: "name", Msg: "a time interval needs a name that routes call it by"})
	}
	if len(t.Intervals) == 0 {
		ps = append(ps, setting.Problem{Path: "time_intervals", Msg: "a time interval needs times, such as [{weekdays: [monday:friday], times: [{start_time: \"09:00\", end_time: \"17:00\"}]}]"})
	}
	for i := range t.Intervals {
		_, more := t.Intervals[i].read()
		ps = append(ps, setting.Under("time_intervals["+itoa(i)+"]", more)...)
	}
	return ps
}

// ValidateIntervals names every mistake of the intervals together.
func ValidateIntervals(ts []TimeInterval) []setting.Problem {
	var ps []setting.Problem
	seen := map[string]bool{}
	for i := range ts {
		at := "[" + itoa(i) + "]"
		ps = append(ps, setting.Under(at, ts[i].Validate())...)
		if ts[i].Name != "" && seen[ts[i].Name] {
			ps = append(ps, setting.Problem{Path: at + ".name", Msg: "there is another time interval called " + ts[i].Name})
		}
		seen[ts[i].Name] = true
	}
	return ps
}

// read makes a window of the interval, and names its mistakes.
func (iv *Interval) read() (window, []setting.Problem) {
	var w window
	var ps []setting.Problem
	add := func(path string, err error) { ps = append(ps, setting.Problem{Path: path, Msg: err.Error()}) }
	for i, r := range iv.Times {
		s, err := r.read()
		if err != nil {
			add("times["+itoa(i)+"]", err)
		}
		w.minutes = append(w.minutes, s)
	}
	for _, f := range []struct {
		path string
		in   []string
		out  *[]span
		unit unit
	}{
		{"weekdays", iv.Weekdays, &w.weekdays, unit{names: weekdays(), least: 0, most: 6, hint: "a weekday, such as monday, or monday:friday"}},
		{"days_of_month", iv.DaysOfMonth, &w.days, unit{least: -31, most: 31, zeroless: true, hint: "a day of the month, such as 1, 1:7 or -3:-1 for the last three"}},
		{"months", iv.Months, &w.months, unit{names: months(), first: 1, least: 1, most: 12, hint: "a month, such as december, 12 or january:march"}},
		{"years", iv.Years, &w.years, unit{least: 1970, most: 9999, hint: "a year, such as 2026 or 2026:2028"}},
	} {
		for _, text := range f.in {
			s, err := f.unit.read(text)
			if err != nil {
				add(f.path, err)
			}
			*f.out = append(*f.out, s)
		}
	}
	if iv.Location != "" {
		zone, err := time.LoadLocation(iv.Location)
		if err != nil || strings.EqualFold(iv.Location, "local") {
			add("location", fmt.Errorf("%q is no time zone; write one such as Europe/Berlin or UTC", iv.Location))
		}
		w.zone = zone
	}
	return w, ps
}

var errTimes = errors.New("times run from start_time to end_time, such as {start_time: \"09:00\", end_time: \"17:00\"}; what crosses midnight is two of them, to 24:00 and from 00:00")

func (r TimeRange) read() (span, error) {
	from, ok := minuteOf(r.Start)
	to, ok2 := minuteOf(r.End)
	if !ok || !ok2 || from >= to {
		return span{}, errTimes
	}
	return span{from, to - 1}, nil
}

// minuteOf is the minute of the day of hh:mm.
func minuteOf(s string) (int, bool) {
	hh, mm, ok := strings.Cut(s, ":")
	h, err := strconv.Atoi(hh)
	m, err2 := strconv.Atoi(mm)
	if !ok || err != nil || err2 != nil || len(hh) > 2 || len(mm) != 2 || h < 0 || m < 0 || m > 59 || h > 24 || h == 24 && m > 0 {
		return 0, false
	}
	return h*60 + m, true
}

// unit is what a span counts.
type unit struct {
	names       []string
	first       int // the number of the first name
	least, most int
	zeroless    bool
	hint        string
}

func (u unit) read(text string) (span, error) {
	a, b, two := strings.Cut(text, ":")
	from, ok := u.number(a)
	to, ok2 := from, true
	if two {
		to, ok2 = u.number(b)
	}
	// Days that count from the month's end are compared among themselves.
	if !ok || !ok2 || from > to && (from < 0) == (to < 0) {
		return span{}, fmt.Errorf("%q is not %s", text, u.hint)
	}
	return span{from, to}, nil
}

func (u unit) number(s string) (int, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := slices.Index(u.names, s); i >= 0 {
		return i + u.first, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < u.least || n > u.most || n == 0 && u.zeroless || len(u.names) == 7 {
		return 0, false
	}
	return n, true
}

func weekdays() []string {
	return []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
}

func months() []string {
	return []string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
	}
}

// holds reports whether t is in the window; zone is where the window names none.
func (w *window) holds(t time.Time, zone *time.Location) bool {
	if w.zone != nil {
		zone = w.zone
	}
	t = t.In(zone)
	if !within(w.minutes, t.Hour()*60+t.Minute()) || !within(w.weekdays, int(t.Weekday())) ||
		!within(w.months, int(t.Month())) || !within(w.years, t.Year()) {
		return false
	}
	if len(w.days) == 0 {
		return true
	}
	last := time.Date(t.Year(), t.Month()+1, 0, 12, 0, 0, 0, zone).Day()
	return slices.ContainsFunc(w.days, func(s span) bool {
		from, to := s.from, s.to
		if from < 0 {
			from = max(last+from+1, 1)
		}
		if to < 0 {
			to = last + to + 1
		}
		return from <= t.Day() && t.Day() <= to
	})
}

// calendar are all intervals by their names.
type calendar map[string][]window

func newCalendar(ts []TimeInterval) calendar {
	c := calendar{}
	for _, t := range ts {
		for _, iv := range t.Intervals {
			w, _ := iv.read()
			c[t.Name] = append(c[t.Name], w)
		}
	}
	return c
}

// in is the first of the named intervals that t is in, or empty.
func (c calendar) in(names []string, t time.Time, zone *time.Location) string {
	for _, name := range names {
		ws := c[name]
		if slices.ContainsFunc(ws, func(w window) bool { return w.holds(t, zone) }) {
			return name
		}
	}
	return ""
}

const (
	// fineFor is for how long ahead the end of a mute is looked for minute by minute,
	// coarseFor for how long at all: what is muted for longer is told then.
	fineFor    = 48 * time.Hour
	coarseStep = 15 * time.Minute
	coarseFor  = 60 * 24 * time.Hour
)

// ends is when a mute ends that holds at t.
func ends(t time.Time, muted func(time.Time) bool) time.Time {
	start := t.Truncate(time.Minute)
	at := start
	for at.Sub(start) < fineFor {
		if at = at.Add(time.Minute); !muted(at) {
			return at
		}
	}
	for at.Sub(start) < coarseFor {
		if at = at.Add(coarseStep); !muted(at) {
			for !muted(at.Add(-time.Minute)) {
				at = at.Add(-time.Minute)
			}
			return at
		}
	}
	return at
}
