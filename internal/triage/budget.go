package triage

import "time"

// Zone is the zone of a brand's day; an unknown or empty name is UTC. It reads the
// zone's file: keep what it gives.
func Zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// DayStart is when the day of now began in the zone. On a day without midnight it is
// the first moment of that day.
func DayStart(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	// Where clocks jump over midnight, time.Date may give the evening before.
	for start.Day() != d {
		start = start.Add(30 * time.Minute)
	}
	return start
}
