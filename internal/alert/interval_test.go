package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

func parseIntervals(tb testing.TB, text string) []TimeInterval {
	tb.Helper()
	var ts []TimeInterval
	require.NoError(tb, yaml.Unmarshal([]byte(text), &ts))
	return ts
}

// As Alertmanager's own documentation writes them.
const intervals = `
- name: business
  time_intervals:
  - times: [{start_time: '09:00', end_time: '17:00'}]
    weekdays: ['monday:friday']
- name: offhours
  time_intervals:
  - times:
    - {start_time: '00:00', end_time: '09:00'}
    - {start_time: '17:00', end_time: '24:00'}
  - weekdays: ['Saturday', 'sunday']
- name: holidays
  time_intervals:
  - months: ['december']
    days_of_month: ['25:26']
  - months: ['1']
    days_of_month: ['1']
    years: ['2026:2027']
- name: month_end
  time_intervals: [{days_of_month: ['-2:-1']}]
- name: berlin_noon
  time_intervals: [{times: [{start_time: '12:00', end_time: '13:00'}], location: 'Europe/Berlin'}]
`

func TestIntervals(t *testing.T) {
	ts := parseIntervals(t, intervals)
	require.Empty(t, ValidateIntervals(ts))
	c := newCalendar(ts)
	york, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, tc := range []struct {
		name, at string
		zone     *time.Location
		want     bool
	}{
		{"business", "2026-11-24T09:00:00Z", time.UTC, true},
		{"business", "2026-11-24T16:59:59Z", time.UTC, true},
		{"business", "2026-11-24T17:00:00Z", time.UTC, false},
		{"business", "2026-11-24T08:59:59Z", time.UTC, false},
		{"business", "2026-11-28T12:00:00Z", time.UTC, false},
		{"business", "2026-11-24T21:00:00Z", york, true},
		{"business", "2026-11-24T10:00:00Z", york, false},
		{"offhours", "2026-11-24T23:59:59Z", time.UTC, true},
		{"offhours", "2026-11-24T12:00:00Z", time.UTC, false},
		{"offhours", "2026-11-28T12:00:00Z", time.UTC, true},
		{"holidays", "2026-12-26T12:00:00Z", time.UTC, true},
		{"holidays", "2026-12-27T12:00:00Z", time.UTC, false},
		{"holidays", "2027-01-01T12:00:00Z", time.UTC, true},
		{"holidays", "2028-01-01T12:00:00Z", time.UTC, false},
		{"month_end", "2026-02-27T12:00:00Z", time.UTC, true},
		{"month_end", "2026-02-26T12:00:00Z", time.UTC, false},
		{"month_end", "2028-02-29T12:00:00Z", time.UTC, true},
		{"berlin_noon", "2026-07-01T10:30:00Z", york, true},
		{"berlin_noon", "2026-11-24T11:30:00Z", york, true},
		{"berlin_noon", "2026-11-24T10:30:00Z", york, false},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		require.NoError(t, err)
		require.Equal(t, tc.want, c.in([]string{tc.name}, at, tc.zone) != "", "%s at %s in %s", tc.name, tc.at, tc.zone)
	}
}

func TestIntervalProblems(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"no name", `[{time_intervals: [{weekdays: [monday]}]}]`, "[0].name: a time interval needs a name"},
		{"twice", `[{name: a, time_intervals: [{weekdays: [monday]}]}, {name: a, time_intervals: [{weekdays: [monday]}]}]`, "[1].name: there is another time interval called a"},
		{"no times", `[{name: a}]`, "[0].time_intervals: a time interval needs times"},
		{"across midnight", `[{name: a, time_intervals: [{times: [{start_time: "22:00", end_time: "06:00"}]}]}]`, "[0].time_intervals[0].times[0]: times run from start_time to end_time"},
		{"no hour", `[{name: a, time_intervals: [{times: [{start_time: "9", end_time: "17:00"}]}]}]`, "times run from"},
		{"hour 25", `[{name: a, time_intervals: [{times: [{start_time: "09:00", end_time: "25:00"}]}]}]`, "times run from"},
		{"a weekday of nobody", `[{name: a, time_intervals: [{weekdays: [funday]}]}]`, `weekdays: "funday" is not a weekday, such as monday, or monday:friday`},
		{"a numbered weekday", `[{name: a, time_intervals: [{weekdays: ["1"]}]}]`, `"1" is not a weekday`},
		{"backwards", `[{name: a, time_intervals: [{weekdays: ["friday:monday"]}]}]`, `"friday:monday" is not a weekday`},
		{"day 0", `[{name: a, time_intervals: [{days_of_month: ["0"]}]}]`, `"0" is not a day of the month`},
		{"month 13", `[{name: a, time_intervals: [{months: ["13"]}]}]`, `"13" is not a month`},
		{"no year", `[{name: a, time_intervals: [{years: ["x"]}]}]`, `"x" is not a year`},
		{"no zone", `[{name: a, time_intervals: [{location: Europe/Nowhere}]}]`, `location: "Europe/Nowhere" is no time zone`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ps := ValidateIntervals(parseIntervals(t, tc.text))
			require.Len(t, ps, 1)
			require.Contains(t, ps[0].Error(), tc.want)
		})
	}
}

const quiet = `
receiver: support
routes:
  - match: {reach: ">= 10k"}
    receiver: press
    continue: true
  - match: {severity: [critical, high]}
    receiver: oncall
    active_time_intervals: [business]
    pass: [critical]
    continue: true
  - match: {hours: offhours, brand: acme}
    receiver: night
  - match: {brand: acme}
    receiver: support
    mute_time_intervals: [holidays, offhours]
    group_by: [topic]
    group_wait: 30s
    repeat_interval: 2h
    routes:
      - match: {topic: billing}
        group_wait: 1m
        group_interval: 10m
`

func routed(tb testing.TB, text string) *Router {
	tb.Helper()
	var rs []ReceiverConfig
	for _, n := range []string{"support", "press", "oncall", "night"} {
		rs = append(rs, ReceiverConfig{Name: n})
	}
	r, err := NewRouting(Routing{Route: parseRoute(tb, text), Receivers: rs, Intervals: parseIntervals(tb, intervals)})
	require.NoError(tb, err)
	return r
}

func TestRouterKnowsTheTime(t *testing.T) {
	r := routed(t, quiet)
	day, night := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 20, 30, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		labels Labels
		want   []string
	}{
		{"by day", Labels{Brand: "acme", Severity: "low", At: day}, []string{"support"}},
		{"by night another receiver", Labels{Brand: "acme", Severity: "low", At: night}, []string{"night"}},
		{"whose night it is", Labels{Brand: "acme", Severity: "low", At: night, Zone: "America/New_York"}, []string{"support"}},
		{"reach adds one", Labels{Brand: "acme", Severity: "low", Reach: 10_000, At: day}, []string{"press", "support"}},
		{"less reach does not", Labels{Brand: "acme", Severity: "low", Reach: 9_999, At: day}, []string{"support"}},
		{"held outside its hours", Labels{Brand: "acme", Severity: "high", At: night}, []string{"oncall (muted outside business)", "night"}},
		{"and what passes", Labels{Brand: "acme", Severity: "critical", At: night}, []string{"oncall", "night"}},
		{"all at once", Labels{Brand: "acme", Severity: "critical", Reach: 1e6, At: day}, []string{"press", "oncall", "support"}},
		{"a holiday in business hours", Labels{Brand: "acme", Severity: "low", At: time.Date(2026, 12, 25, 12, 0, 0, 0, time.UTC)}, []string{"support (muted in holidays)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, x := range r.Receivers(tc.labels) {
				name := x.Receiver
				if x.Muted != "" {
					name += " (muted " + x.Muted + ")"
				}
				got = append(got, name)
			}
			require.Equal(t, tc.want, got)
		})
	}
	held := r.Receivers(Labels{Brand: "acme", Severity: "high", At: night})[0]
	require.Equal(t, time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), held.Until)
	require.Equal(t, []string{"route: severity high -> oncall", "mute: oncall is muted outside business; held until 2026-11-25 09:00 UTC"}, held.Path)
	friday := r.Receivers(Labels{Brand: "acme", Severity: "high", At: time.Date(2026, 11, 27, 17, 0, 30, 0, time.UTC)})[0]
	require.Equal(t, time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), friday.Until, "over the weekend")
}

func TestRouterGroups(t *testing.T) {
	r := routed(t, quiet)
	day := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	one := r.Receivers(Labels{Brand: "acme", Severity: "low", Topics: []string{"app"}, At: day})[0]
	require.Equal(t, "topic=app", one.Group)
	require.Equal(t, " of topic app", one.GroupName)
	require.Equal(t, 30*time.Second, one.GroupWait)
	require.Equal(t, 30*time.Second, one.GroupInterval, "at least group_wait")
	require.Equal(t, 2*time.Hour, one.Repeat)
	two := r.Receivers(Labels{Brand: "acme", Severity: "low", Topics: []string{"billing"}, At: day})[0]
	require.Equal(t, "topic=billing", two.Group, "routes within group as the ones above")
	require.Equal(t, time.Minute, two.GroupWait)
	require.Equal(t, 10*time.Minute, two.GroupInterval)
	require.Equal(t, 2*time.Hour, two.Repeat)
	require.Empty(t, two.Muted, "routes within have mutes of their own")
	other := r.Receivers(Labels{Brand: "other", Severity: "low", At: day})[0]
	require.Zero(t, other.GroupWait)
}

func TestTheUnmutedWayWins(t *testing.T) {
	r := routed(t, `{receiver: support, routes: [
		{match: {severity: low}, receiver: support, mute_time_intervals: [business], continue: true},
		{match: {topic: app}, receiver: support}]}`)
	ts := r.Receivers(Labels{Severity: "low", Topics: []string{"app"}, At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)})
	require.Len(t, ts, 1)
	require.Empty(t, ts[0].Muted)
}

func TestDeliveryProblems(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"an interval of nobody", `{receiver: support, mute_time_intervals: [nigths]}`, `mute_time_intervals: there is no time interval called "nigths"; did you mean nights?`},
		{"hours of nobody", `{receiver: support, routes: [{match: {hours: lunch}}]}`, `routes[0].match.hours: there is no time interval called "lunch"; there are nights`},
		{"reach without a number", `{receiver: support, routes: [{match: {reach: many}}]}`, `routes[0].match.reach: "many" compares no followers`},
		{"reach without a comparison", `{receiver: support, routes: [{match: {reach: "10000"}}]}`, `compares no followers`},
		{"pass and no mute", `{receiver: support, pass: critical}`, "pass: nothing is held here"},
		{"pass what is none", `{receiver: support, mute_time_intervals: [nights], pass: urgent}`, `pass: "urgent" is none of low, medium, high, critical`},
		{"a group by what is none", `{receiver: support, group_by: [author]}`, `group_by: "author" is none of brand, severity, topic, platform, source, lang`},
		{"a long wait", `{receiver: support, group_wait: 2h}`, "group_wait: group_wait is between 1s and 1h, or 0 for none"},
		{"a short repeat", `{receiver: support, repeat_interval: 5s}`, "repeat_interval: repeat_interval is between 1m and 30d, or 0 for none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := parseRoute(t, tc.text)
			ps := r.Validate([]string{"support"}, TimeInterval{Name: "nights"})
			require.Len(t, ps, 1)
			require.Contains(t, ps[0].Error(), tc.want)
		})
	}
}

func TestReach(t *testing.T) {
	for _, tc := range []struct {
		text string
		n    int64
		want bool
	}{
		{">= 10000", 10000, true},
		{">=10k", 9999, false},
		{"> 10_000", 10000, false},
		{"< 1m", 999_999, true},
		{"<= 0", 0, true},
		{"= 5", 5, true},
	} {
		r, err := parseReach(tc.text)
		require.NoError(t, err)
		require.Equal(t, tc.want, r.holds(tc.n), tc.text)
	}
}

// FuzzIntervals holds whatever is written for times to an answer, and every mute to an end.
func FuzzIntervals(f *testing.F) {
	f.Add("09:00", "17:00", "monday:friday", "1:7", "december", "2026", "Europe/Berlin")
	f.Add("24:00", "24:00", "x", "-3:-1", "13", "9:1", "Local")
	f.Fuzz(func(t *testing.T, from, to, day, dom, month, year, zone string) {
		ts := []TimeInterval{{Name: "a", Intervals: []Interval{{
			Times: []TimeRange{{from, to}}, Weekdays: []string{day}, DaysOfMonth: []string{dom}, Months: []string{month}, Years: []string{year}, Location: zone,
		}}}}
		for _, p := range ValidateIntervals(ts) {
			require.False(t, strings.ContainsAny(p.Msg, "\x00"), "quoted: %q", p.Msg)
		}
		c, now := newCalendar(ts), time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)
		muted := func(at time.Time) bool { return c.in([]string{"a"}, at, time.UTC) != "" }
		if muted(now) {
			require.True(t, ends(now, muted).After(now))
		}
	})
}
