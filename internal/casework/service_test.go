package casework_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// monday is a Monday at noon; the office works from nine to six.
var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func office() brand.Clock {
	b := brand.Default()
	b.Hours = brand.Hours{"Mon-Fri 09:00-18:00"}
	return b.Clock()
}

func begun(sev vent.Severity) record.Case {
	c, _ := casework.Open(casework.Opening{
		Mention:  mention.Mention{ID: "x:1", Platform: "x", NativeID: "1", Author: mention.Author{ID: "jo"}, Text: "where is it"},
		Decision: record.Decision{Brand: "acme", Severity: sev, Route: "support"},
	}, monday)
	return casework.Timed(record.Case{}, c, office(), monday)
}

// did carries out an action that must be legal and sets the clocks.
func did(t *testing.T, c record.Case, v record.Verb, now time.Time, edit ...func(*record.Action)) record.Case {
	t.Helper()
	a := record.Action{Case: c.ID, Verb: v, Actor: "kim", Via: "slack"}
	for _, e := range edit {
		e(&a)
	}
	next, _, err := casework.Apply(c, a, now)
	require.NoError(t, err)
	next = casework.Timed(c, next, office(), now)
	require.NoError(t, casework.Check(next))
	return next
}

func promising(what string, by time.Time) func(*record.Action) {
	return func(a *record.Action) { a.Note, a.Until = what, by }
}

func TestClocksOfAnEpisode(t *testing.T) {
	t.Parallel()
	c := begun(vent.SeverityMedium)
	require.Equal(t, map[string]time.Time{casework.ClockAck: monday.Add(4 * time.Hour)}, casework.Clocks(c, office()))
	duty, at := c.Due()
	require.Equal(t, []any{record.DutyAck, monday.Add(4 * time.Hour)}, []any{duty, at})
	require.False(t, c.Overdue(monday))
	require.True(t, c.Overdue(monday.Add(4*time.Hour)))

	worse := c
	worse.Severity = vent.SeverityCritical
	worse = casework.Timed(c, worse, office(), monday.Add(time.Hour))
	require.Equal(t, monday.Add(15*time.Minute), worse.Service.AckDue, "what became worse is due sooner, from its beginning on")

	claimed := did(t, c, record.VerbClaim, monday.Add(time.Hour))
	require.Equal(t, map[string]time.Time{casework.ClockAnswer: time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC)}, casework.Clocks(claimed, office()))
	answered := did(t, claimed, record.VerbAnswer, monday.Add(2*time.Hour))
	require.Equal(t, monday.Add(2*time.Hour).Add(72*time.Hour), casework.Clocks(answered, office())[casework.ClockSilence])
	require.Contains(t, casework.Clocks(answered, office()), casework.ClockResolve)
	resolved := did(t, answered, record.VerbResolve, monday.Add(3*time.Hour))
	require.Equal(t, map[string]time.Time{casework.ClockSilence: monday.Add(75 * time.Hour)}, casework.Clocks(resolved, office()))
	again := did(t, resolved, record.VerbReopen, monday.Add(4*time.Hour))
	require.Equal(t, monday.Add(4*time.Hour), again.Began())
	require.Equal(t, time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC), again.Service.AckDue, "an episode's clocks begin with it")
}

func TestASnoozeStopsTheClocks(t *testing.T) {
	t.Parallel()
	c := did(t, begun(vent.SeverityHigh), record.VerbSnooze, monday, func(a *record.Action) { a.Until = monday.Add(20 * time.Hour) })
	require.Equal(t, map[string]time.Time{casework.ClockSnooze: monday.Add(20 * time.Hour)}, casework.Clocks(c, office()))
	duty, _ := c.Due()
	require.Equal(t, record.DutyNone, duty)
	woken, _, ok := casework.Wake(c, monday.Add(20*time.Hour))
	require.True(t, ok)
	woken = casework.Timed(c, woken, office(), monday.Add(20*time.Hour))
	require.Equal(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), woken.Service.AckDue, "they begin anew when it ends")
}

func TestNudgedOnce(t *testing.T) {
	t.Parallel()
	c := begun(vent.SeverityHigh)
	_, _, ok := casework.Nudged(c, "leads", monday.Add(59*time.Minute))
	require.False(t, ok, "too early")
	c, e, ok := casework.Nudged(c, "leads", monday.Add(time.Hour))
	require.True(t, ok)
	require.Equal(t, []string{"nudged", "clock", "nobody has claimed it in time, told leads"}, []string{e.What, e.Actor, e.Detail})
	require.Empty(t, casework.Clocks(c, office()), "one step, no more")
	_, _, ok = casework.Nudged(c, "leads", monday.Add(2*time.Hour))
	require.False(t, ok)
	claimed := did(t, begun(vent.SeverityHigh), record.VerbClaim, monday)
	_, _, ok = casework.Nudged(claimed, "leads", monday.Add(time.Hour))
	require.False(t, ok, "somebody has it")
}

func TestPromises(t *testing.T) {
	t.Parallel()
	by := monday.Add(26 * time.Hour)
	c := did(t, begun(vent.SeverityHigh), record.VerbPromise, monday, promising(" a call back ", by))
	require.Equal(t, []any{record.StateClaimed, "kim"}, []any{c.State, c.Owner}, "who promises has it")
	require.Equal(t, &record.Promise{What: "a call back", By: by, Actor: "kim", Via: "slack", At: monday}, c.Service.Promise)
	clocks := casework.Clocks(c, office())
	require.Equal(t, []time.Time{by.Add(-time.Hour), by}, []time.Time{clocks[casework.ClockRemind], clocks[casework.ClockPromise]})
	require.Equal(t, c, did(t, c, record.VerbPromise, monday, promising("a call back", by)), "the same once more is no change")

	_, _, ok := casework.PromiseDue(c, by.Add(-time.Second))
	require.False(t, ok)
	_, e, ok := casework.PromiseDue(c, by)
	require.True(t, ok)
	require.Equal(t, "a call back", e.Detail)

	kept := did(t, c, record.VerbKept, by)
	require.True(t, kept.Service.Promise.Kept)
	require.NotContains(t, casework.Clocks(kept, office()), casework.ClockPromise)
	require.Equal(t, kept, did(t, kept, record.VerbKept, by.Add(time.Minute)), "a double click is no mistake")
	require.Nil(t, begun(vent.SeverityHigh).Service.Promise)

	next := did(t, c, record.VerbPromise, monday.Add(time.Hour), promising("a new router", by.Add(time.Hour)))
	require.Equal(t, "a new router", next.Service.Promise.What)
	require.True(t, did(t, c, record.VerbResolve, by).Service.Promise.Kept, "put right in time")
	require.False(t, did(t, c, record.VerbResolve, by.Add(time.Second)).Service.Promise.Kept, "put right too late")
	require.False(t, did(t, c, record.VerbDismiss, monday).Service.Promise.Kept)

	short := did(t, begun(vent.SeverityHigh), record.VerbPromise, monday, promising("x", monday.Add(20*time.Minute)))
	require.Equal(t, monday.Add(15*time.Minute), casework.Clocks(short, office())[casework.ClockRemind])
}

func TestPromisesRefused(t *testing.T) {
	t.Parallel()
	open := begun(vent.SeverityHigh)
	ended := did(t, open, record.VerbResolve, monday)
	broken := did(t, did(t, open, record.VerbPromise, monday, promising("x", monday.Add(time.Hour))), record.VerbBroken, monday)
	long := make([]rune, 301)
	for i := range long {
		long[i] = 'é'
	}
	for _, tt := range []struct {
		name string
		c    record.Case
		a    record.Action
		says string
	}{
		{"of nothing", open, record.Action{Verb: record.VerbPromise, Note: "  ", Until: monday.Add(time.Hour)}, "nothing that is promised"},
		{"too long", open, record.Action{Verb: record.VerbPromise, Note: string(long), Until: monday.Add(time.Hour)}, "300"},
		{"for the past", open, record.Action{Verb: record.VerbPromise, Note: "x", Until: monday}, "ahead"},
		{"for never", open, record.Action{Verb: record.VerbPromise, Note: "x"}, "ahead"},
		{"after the end", ended, record.Action{Verb: record.VerbPromise, Note: "x", Until: monday.Add(time.Hour)}, "it is resolved"},
		{"kept without one", open, record.Action{Verb: record.VerbKept}, "nothing is promised"},
		{"kept after broken", broken, record.Action{Verb: record.VerbKept}, "nothing is promised"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.a.Case, tt.a.Actor = tt.c.ID, "kim"
			next, events, err := casework.Apply(tt.c, tt.a, monday)
			require.ErrorIs(t, err, casework.ErrIllegal)
			require.ErrorContains(t, err, tt.says)
			require.Empty(t, events)
			require.Equal(t, tt.c, next)
		})
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	answered := did(t, begun(vent.SeverityMedium), record.VerbAnswer, monday.Add(time.Hour))
	at := casework.Clocks(answered, office())[casework.ClockSilence]
	_, _, ok := casework.Silent(answered, office(), at.Add(-time.Second))
	require.False(t, ok)
	c, e, ok := casework.Silent(answered, office(), at)
	require.True(t, ok)
	require.NoError(t, casework.Check(c))
	require.Equal(t, []any{record.StateResolved, record.FateSilent, "silent"}, []any{c.State, c.Fate, e.What})

	word := casework.Word{Mention: mention.Mention{ID: "x:2"}, Tone: record.ToneVenting, Customer: true, Thread: true}
	back, e := casework.Hear(c, word, at.Add(time.Hour))
	require.NoError(t, casework.Check(back))
	require.Equal(t, []any{record.StateOpen, record.FateUnknown, "reopened"}, []any{back.State, back.Fate, e.What}, "a later word reopens it")

	word.Tone = record.ToneNeutral
	spoke, _ := casework.Hear(answered, word, monday.Add(30*time.Hour))
	_, _, ok = casework.Silent(spoke, office(), at)
	require.False(t, ok, "who spoke meanwhile is not silent")
	require.Equal(t, monday.Add(102*time.Hour), casework.Clocks(spoke, office())[casework.ClockSilence])

	resolved := did(t, answered, record.VerbResolve, monday.Add(2*time.Hour))
	c, _, ok = casework.Silent(resolved, office(), monday.Add(80*time.Hour))
	require.True(t, ok)
	require.Equal(t, resolved.ResolvedAt, c.ResolvedAt)
	_, _, ok = casework.Silent(did(t, begun(vent.SeverityLow), record.VerbResolve, monday), office(), monday.Add(1000*time.Hour))
	require.False(t, ok, "nobody ever answered: nothing was asked")
}

func TestLost(t *testing.T) {
	t.Parallel()
	word := casework.Word{Mention: mention.Mention{ID: "x:2"}, Tone: record.ToneLeft, Customer: true, Thread: true, Severity: vent.SeverityHigh}
	resolved := did(t, begun(vent.SeverityMedium), record.VerbResolve, monday)
	c, e := casework.Hear(resolved, word, monday.Add(time.Hour))
	require.NoError(t, casework.Check(c))
	require.Equal(t, []any{"lost", record.StateResolved, record.StateOpen, record.FateLost}, []any{e.What, e.From, e.To, c.Fate})
	require.Equal(t, vent.SeverityHigh, c.Severity)
	c = did(t, c, record.VerbResolve, monday.Add(2*time.Hour))
	require.Equal(t, record.FateLost, c.Fate, "resolving does not bring them back")
	word.Tone = record.ToneResolved
	c, e = casework.Hear(c, word, monday.Add(3*time.Hour))
	require.Equal(t, []any{record.FateRecovered, "recovered"}, []any{c.Fate, e.What}, "their own word does")

	said := did(t, begun(vent.SeverityMedium), record.VerbLost, monday)
	require.Equal(t, []any{record.StateResolved, record.FateLost}, []any{said.State, said.Fate})
	require.Equal(t, said, did(t, said, record.VerbLost, monday.Add(time.Minute)))
	require.Equal(t, record.FateLost, did(t, resolved, record.VerbLost, monday).Fate)
	require.Equal(t, record.FateUnknown, did(t, said, record.VerbReopen, monday).Fate)
}

func TestCasesFromBeforeThereWereClocks(t *testing.T) {
	t.Parallel()
	c := begun(vent.SeverityHigh)
	c.Service = record.Service{}
	claimed := did(t, c, record.VerbClaim, monday)
	require.Empty(t, casework.Clocks(claimed, office()))
	answered := did(t, claimed, record.VerbAnswer, monday)
	require.Empty(t, casework.Clocks(answered, office()))
	require.NotEmpty(t, casework.Clocks(did(t, did(t, answered, record.VerbResolve, monday), record.VerbReopen, monday), office()))
}
