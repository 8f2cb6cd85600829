package brand_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/pkg/vent"
)

func week(t *testing.T, zone string, lines ...string) brand.Week {
	t.Helper()
	w, err := brand.Hours(lines).Week(zone)
	require.NoError(t, err)
	return w
}

func TestHoursAdd(t *testing.T) {
	t.Parallel()
	const office = "Mon-Fri 09:00-18:00"
	for _, tt := range []struct {
		name, zone string
		hours      []string
		from       string
		add        time.Duration
		want       string
	}{
		{"all hours", "Europe/Berlin", nil, "2026-11-21T03:00:00Z", 4 * time.Hour, "2026-11-21T07:00:00Z"},
		{"within a day", "UTC", []string{office}, "2026-11-23T10:00:00Z", time.Hour, "2026-11-23T11:00:00Z"},
		{"before work", "UTC", []string{office}, "2026-11-23T05:00:00Z", time.Hour, "2026-11-23T10:00:00Z"},
		{"to the minute that work ends", "UTC", []string{office}, "2026-11-23T17:00:00Z", time.Hour, "2026-11-23T18:00:00Z"},
		{"over night", "UTC", []string{office}, "2026-11-23T17:30:00Z", time.Hour, "2026-11-24T09:30:00Z"},
		{"over the weekend", "UTC", []string{office}, "2026-11-27T17:30:00Z", time.Hour, "2026-11-30T09:30:00Z"},
		{"on the weekend", "UTC", []string{office}, "2026-11-28T12:00:00Z", time.Hour, "2026-11-30T10:00:00Z"},
		{"in the brand's zone", "America/New_York", []string{office}, "2026-11-23T11:00:00Z", time.Hour, "2026-11-23T15:00:00Z"},
		{"a break", "UTC", []string{"Mon 09:00-12:00 13:00-17:00"}, "2026-11-23T11:30:00Z", time.Hour, "2026-11-23T13:30:00Z"},
		{"two lines", "UTC", []string{office, "Sat 10:00-14:00"}, "2026-11-27T17:30:00Z", time.Hour, "2026-11-28T10:30:00Z"},
		{"overlapping lines count once", "UTC", []string{office, "Mon 08:00-10:00"}, "2026-11-23T08:00:00Z", 3 * time.Hour, "2026-11-23T11:00:00Z"},
		{"many days", "UTC", []string{office}, "2026-11-23T09:00:00Z", 45 * time.Hour, "2026-11-27T18:00:00Z"},
		{"days over the week's end", "UTC", []string{"Sat-Mon 10:00-11:00"}, "2026-11-27T10:00:00Z", 3 * time.Hour, "2026-11-30T11:00:00Z"},
		// Clocks went back at 03:00 on 25 October 2026 in Berlin: that night has an hour more.
		{"the long night", "Europe/Berlin", []string{"Sun 00:00-24:00"}, "2026-10-24T22:00:00Z", 25 * time.Hour, "2026-10-25T23:00:00Z"},
		// They go forward at 02:00 on 29 March 2026: that day has an hour less.
		{"the short night", "Europe/Berlin", []string{"Sun-Mon 00:00-24:00"}, "2026-03-28T23:00:00Z", 24 * time.Hour, "2026-03-29T23:00:00Z"},
		{"the morning after the clocks changed", "Europe/Berlin", []string{office}, "2026-10-23T15:30:00Z", time.Hour, "2026-10-26T08:30:00Z"},
		{"nothing to add", "UTC", []string{office}, "2026-11-28T12:00:00Z", 0, "2026-11-28T12:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			from, err := time.Parse(time.RFC3339, tt.from)
			require.NoError(t, err)
			got := week(t, tt.zone, tt.hours...).Add(from, tt.add)
			require.Equal(t, tt.want, got.UTC().Format(time.RFC3339))
		})
	}
}

// Adding twice is adding the sum, nothing is due before it is asked for, and what is
// due later is due no earlier.
func TestHoursAddUp(t *testing.T) {
	t.Parallel()
	w := week(t, "America/Sao_Paulo", "Mon-Fri 08:30-12:00 13:00-19:15", "Sat 09:00-13:00")
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "from"), 0).UTC()
		a := time.Duration(rapid.Int64Range(1, 60*60*40).Draw(t, "a")) * time.Second
		b := time.Duration(rapid.Int64Range(1, 60*60*40).Draw(t, "b")) * time.Second
		first := w.Add(from, a)
		require.False(t, first.Before(from.Add(a)))
		require.Equal(t, w.Add(from, a+b), w.Add(first, b))
	})
}

func TestHoursRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "Mon", "Mon-Fri", "Mon-Foo 09:00-17:00", "Mon 9-17", "Mon 09:00", "Mon 17:00-09:00", "Mon 09:00-09:00", "Mon 09:00-25:00",
		"Mon 09:60-10:00", "Mon -1:00-10:00", "09:00-18:00 Mon", "Mon 09:00-17:00 now", "Mon, 09:00-10:00", "Mon 24:01-24:02",
	} {
		_, err := brand.Hours{line}.Week("UTC")
		require.Error(t, err, "%q", line)
		b := brand.Default()
		b.Name, b.Query, b.Hours = "acme", "acme", brand.Hours{line}
		require.Len(t, b.Validate(), 1, "%q", line)
		require.Equal(t, "hours[0]", b.Validate()[0].Path)
	}
	_, err := brand.Hours{"Mon 09:00-10:00"}.Week("Mars/Olympus")
	require.Error(t, err)
}

func FuzzHours(f *testing.F) {
	f.Add("Mon-Fri 09:00-18:00")
	f.Add("sat,sun 00:00-24:00")
	f.Fuzz(func(t *testing.T, line string) {
		w, err := brand.Hours{line}.Week("Europe/Berlin")
		if err != nil {
			return
		}
		from := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)
		require.False(t, w.Always())
		require.False(t, w.Add(from, time.Hour).Before(from.Add(time.Hour)))
	})
}

func TestClockDue(t *testing.T) {
	t.Parallel()
	b := brand.Default()
	b.Hours = brand.Hours{"Mon-Fri 09:00-18:00"}
	saturday := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	c := b.Clock()
	ack, answer, _ := c.Due(saturday, vent.SeverityCritical)
	require.Equal(t, saturday.Add(15*time.Minute), ack, "critical ones run at all hours")
	require.Equal(t, saturday.Add(time.Hour), answer)
	ack, _, _ = c.Due(saturday, vent.SeverityHigh)
	require.Equal(t, time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC), ack)
	b.SLA.Ack = brand.Targets{}
	ack, _, resolve := b.Clock().Due(saturday, vent.SeverityLow)
	require.True(t, ack.IsZero(), "no time is set")
	require.False(t, resolve.IsZero())
	require.Equal(t, saturday.Add(72*time.Hour), c.Silent(saturday))
	b.SilentAfter = 0
	require.True(t, b.Clock().Silent(saturday).IsZero())
}

func TestClocksAreNoDecision(t *testing.T) {
	t.Parallel()
	a := brand.Default()
	a.Name, a.Query = "acme", "acme"
	b := a
	b.Hours, b.SLA.Ack.Low, b.Nudge.Receiver, b.Praise.Receiver, b.SilentAfter = brand.Hours{"Mon 09:00-10:00"}, 7, "leads", "kudos", 0
	require.Equal(t, a.Hash(), b.Hash())
}
