package brand

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are a brand's working hours as written: "Mon-Fri 09:00-18:00", or a list
// of such lines. None are all hours of all days.
type Hours []string

// UnmarshalYAML reads a text or a list of texts.
func (h *Hours) UnmarshalYAML(construct func(any) error) error {
	var one string
	if err := construct(&one); err == nil {
		*h = nil
		for part := range strings.SplitSeq(one, ";") {
			if part = strings.TrimSpace(part); part != "" {
				*h = append(*h, part)
			}
		}
		return nil
	}
	var many []string
	if err := construct(&many); err != nil {
		return fmt.Errorf("reading hours: write \"Mon-Fri 09:00-18:00\" or a list of such lines: %w", err)
	}
	*h = many
	return nil
}

// maxLines bounds the lines of Hours.
const maxLines = 50

const dayMinutes = 24 * 60

// shift is a part of a day, in minutes since midnight by the wall clock.
type shift struct{ from, to int }

// Week is working hours that can be counted in. The zero Week has none, and then
// all time counts.
type Week struct {
	days [7][]shift
	loc  *time.Location
}

// Week reads the hours; they are in the time zone of that name.
func (h Hours) Week(timezone string) (Week, error) {
	loc, err := time.LoadLocation(timezone)
	if err != nil {
		return Week{}, fmt.Errorf("%q is no time zone", timezone)
	}
	w := Week{loc: loc}
	for _, line := range h {
		if err := w.line(line); err != nil {
			return Week{}, err
		}
	}
	for d := range w.days {
		w.days[d] = merged(w.days[d])
	}
	return w, nil
}

// line adds "Mon-Fri 09:00-18:00" or "Mon,Wed 08:00-12:00 13:00-17:00".
func (w *Week) line(line string) error {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return hoursError(line)
	}
	var days []time.Weekday
	for part := range strings.SplitSeq(fields[0], ",") {
		from, to, ranged := strings.Cut(part, "-")
		a, ok := weekday(from)
		b := a
		if ranged && ok {
			b, ok = weekday(to)
		}
		if !ok {
			return hoursError(line)
		}
		for d := a; ; d = (d + 1) % 7 {
			days = append(days, d)
			if d == b {
				break
			}
		}
	}
	for _, span := range fields[1:] {
		from, to, _ := strings.Cut(span, "-")
		a, okA := minute(from)
		b, okB := minute(to)
		if !okA || !okB || a >= b {
			return hoursError(line)
		}
		for _, d := range days {
			w.days[d] = append(w.days[d], shift{a, b})
		}
	}
	return nil
}

func hoursError(line string) error {
	return fmt.Errorf("%q are no hours; write days and times such as \"Mon-Fri 09:00-18:00\" or \"Sat,Sun 10:00-14:00\"", line)
}

func weekday(s string) (time.Weekday, bool) {
	s = strings.ToLower(s)
	for d := time.Sunday; d <= time.Saturday; d++ {
		full := strings.ToLower(d.String())
		if s == full || s == full[:3] {
			return d, true
		}
	}
	return 0, false
}

// minute reads 09:00 as minutes since midnight; 24:00 is the day's end.
func minute(s string) (int, bool) {
	h, m, ok := strings.Cut(s, ":")
	hours, errH := strconv.Atoi(h)
	mins, errM := strconv.Atoi(m)
	if !ok || errH != nil || errM != nil || len(m) != 2 || len(h) > 2 || hours < 0 || mins < 0 || mins > 59 {
		return 0, false
	}
	at := hours*60 + mins
	return at, at <= dayMinutes
}

// merged joins shifts that touch or overlap.
func merged(in []shift) []shift {
	slices.SortFunc(in, func(a, b shift) int { return cmp.Or(a.from-b.from, a.to-b.to) })
	var out []shift
	for _, s := range in {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// Always reports whether all time counts.
func (w Week) Always() bool {
	return !slices.ContainsFunc(w.days[:], func(d []shift) bool { return len(d) > 0 })
}

// furthest is how far ahead Add looks: longer than any target takes at an hour a week.
const furthest = 10 * 366

// Add is when d of working time has passed since from. A shift lasts as long as the
// wall clock says, so that one over a change of the clocks is an hour shorter or
// longer.
func (w Week) Add(from time.Time, d time.Duration) time.Time {
	if w.Always() || d <= 0 {
		return from.Add(max(d, 0))
	}
	y, m, day := from.In(w.loc).Date()
	for i := range furthest {
		// Noon names the day in every zone, whatever the clocks do at midnight.
		noon := time.Date(y, m, day+i, 12, 0, 0, 0, w.loc)
		for _, s := range w.days[noon.Weekday()] {
			begin, end := wallTime(noon, s.from), wallTime(noon, s.to)
			if begin.Before(from) {
				begin = from
			}
			left := end.Sub(begin)
			if left <= 0 {
				continue
			}
			if left >= d {
				return begin.Add(d).UTC()
			}
			d -= left
		}
	}
	return from.Add(d)
}

// wallTime is a minute of the day of noon, by the wall clock.
func wallTime(noon time.Time, minute int) time.Time {
	y, m, d := noon.Date()
	return time.Date(y, m, d, minute/60, minute%60, 0, 0, noon.Location())
}
