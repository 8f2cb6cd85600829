package triage

import "time"

// DayStart is when the day of now began in the named zone; an unknown or empty
// name is UTC. On a day without midnight it is the first moment of that day.
func DayStart(now time.Time, zone string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	y, m, d := now.In(loc).Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, loc)
	// Where clocks jump over midnight, time.Date may give the evening before.
	for start.Day() != d {
		start = start.Add(30 * time.Minute)
	}
	return start
}
