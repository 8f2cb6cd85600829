package casework_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func post(id, author, text string) mention.Mention {
	return mention.Mention{
		ID: "bluesky:" + id, Platform: "bluesky", NativeID: id, URL: "https://social.example/" + id,
		Author: mention.Author{ID: author, Handle: author + ".example", Followers: 12}, Text: text, CreatedAt: noon(),
	}
}

func opened(t *testing.T) record.Case {
	t.Helper()
	m := post("1", "jo", "day 6 and still no parcel from acme, nobody answers")
	c, e := casework.Open(casework.Opening{
		Mention: m, About: "parcel",
		Decision: record.Decision{
			Brand: "acme", Severity: vent.SeverityMedium, Priority: 40, Venting: 0.9, Route: "support",
			Score: vent.Score{Topics: []string{"delivery"}, Signals: []string{"waiting"}},
		},
		Print: casework.PrintOf(m),
	}, noon())
	require.NoError(t, casework.Check(c))
	require.Equal(t, "opened", e.What)
	require.Equal(t, m.URL, e.URL)
	return c
}

func by(v record.Verb, actor string) record.Action {
	return record.Action{Verb: v, Actor: actor, Via: "web", Until: noon().Add(time.Hour), To: "kim"}
}

// apply goes through the actions in their order; every one must be legal.
func apply(t *testing.T, c record.Case, actions ...record.Action) record.Case {
	t.Helper()
	for _, a := range actions {
		next, _, err := casework.Apply(c, a, noon())
		require.NoError(t, err)
		require.NoError(t, casework.Check(next))
		c = next
	}
	return c
}

// in brings a new case into a state.
func in(t *testing.T, s record.State) record.Case {
	t.Helper()
	c := opened(t)
	switch s {
	case record.StateOpen:
		return c
	case record.StateSnoozed:
		return apply(t, c, by(record.VerbSnooze, "jan"))
	case record.StateClaimed:
		return apply(t, c, by(record.VerbClaim, "jan"))
	case record.StateAnswered:
		return apply(t, c, by(record.VerbAnswer, "jan"))
	case record.StateResolved:
		return apply(t, c, by(record.VerbResolve, "jan"))
	case record.StateDismissed:
		return apply(t, c, by(record.VerbDismiss, "jan"))
	}
	return c
}

// The contract: claim, resolve and dismiss act at one click from every live state.
func TestOneClick(t *testing.T) {
	t.Parallel()
	for _, s := range []record.State{record.StateOpen, record.StateSnoozed, record.StateClaimed, record.StateAnswered} {
		for verb, want := range map[record.Verb]record.State{
			record.VerbClaim: record.StateClaimed, record.VerbResolve: record.StateResolved, record.VerbDismiss: record.StateDismissed,
		} {
			t.Run(fmt.Sprintf("%s from %s", verb, s), func(t *testing.T) {
				t.Parallel()
				c := apply(t, in(t, s), by(verb, "jan"))
				require.Equal(t, want, c.State)
				require.Equal(t, "jan", c.Owner)
			})
		}
	}
}

func TestApplyMoves(t *testing.T) {
	t.Parallel()
	type want struct {
		state  record.State
		owner  string
		what   string
		detail string
	}
	for _, c := range []struct {
		name string
		from record.State
		act  record.Action
		want want
	}{
		{"claim", record.StateOpen, by(record.VerbClaim, "kim"), want{record.StateClaimed, "kim", "claimed", ""}},
		{"take over what was answered", record.StateAnswered, by(record.VerbClaim, "kim"), want{record.StateClaimed, "kim", "claimed", "taken over from jan"}},
		{"answer another's", record.StateClaimed, by(record.VerbAnswer, "kim"), want{record.StateAnswered, "jan", "answered", ""}},
		{"snooze", record.StateClaimed, by(record.VerbSnooze, "jan"), want{record.StateSnoozed, "jan", "snoozed", "until 2026-03-14T13:00:00Z"}},
		{"assign", record.StateOpen, by(record.VerbAssign, "jan"), want{record.StateClaimed, "kim", "assigned", "to kim"}},
		{"assign what was answered", record.StateAnswered, by(record.VerbAssign, "jan"), want{record.StateAnswered, "kim", "assigned", "to kim"}},
		{"reopen what was resolved", record.StateResolved, by(record.VerbReopen, "kim"), want{record.StateOpen, "", "reopened", "was jan's"}},
		{"reopen what was dismissed", record.StateDismissed, by(record.VerbReopen, "kim"), want{record.StateOpen, "", "reopened", "was jan's"}},
		{"reopen what sleeps", record.StateSnoozed, by(record.VerbReopen, "kim"), want{record.StateOpen, "", "reopened", ""}},
		{
			"dismiss with a reason and a note", record.StateOpen,
			record.Action{Verb: record.VerbDismiss, Actor: "kim", Reason: record.ReasonSpam, Note: "the third today"},
			want{record.StateDismissed, "kim", "dismissed", "spam; the third today"},
		},
		{
			"a reason afterwards", record.StateDismissed,
			record.Action{Verb: record.VerbReason, Actor: "kim", Reason: record.ReasonWrongCompany},
			want{record.StateDismissed, "jan", "reason", "wrong_company"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := in(t, c.from)
			after, events, err := casework.Apply(before, c.act, noon().Add(time.Minute))
			require.NoError(t, err)
			require.NoError(t, casework.Check(after))
			require.Len(t, events, 1)
			e := events[0]
			require.Equal(t, c.want, want{after.State, after.Owner, e.What, e.Detail})
			require.Equal(t, c.from, e.From)
			require.Equal(t, after.State, e.To)
			require.Equal(t, before.Version+1, after.Version)
			require.Equal(t, noon().Add(time.Minute), after.UpdatedAt)
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		from record.State
		act  record.Action
		want string
	}{
		{"claimed by another", record.StateClaimed, by(record.VerbClaim, "kim"), "jan has claimed it already; assign it to take it over"},
		{"claim what ended", record.StateResolved, by(record.VerbClaim, "kim"), "it is resolved; legal now: reopen"},
		{"resolve what was dismissed", record.StateDismissed, by(record.VerbResolve, "kim"), "it is dismissed; legal now: reopen, reason"},
		{"dismiss what was resolved", record.StateResolved, by(record.VerbDismiss, "kim"), "it is resolved; legal now: reopen"},
		{"reopen what is claimed", record.StateClaimed, by(record.VerbReopen, "kim"), "it is claimed; legal now: claim, answer"},
		{"a reason for what was not dismissed", record.StateOpen, record.Action{Verb: record.VerbReason, Actor: "kim", Reason: record.ReasonSpam}, "it is open"},
		{"no such reason", record.StateOpen, record.Action{Verb: record.VerbDismiss, Actor: "kim", Reason: "boring"}, `"boring" is no reason; write one of wrong_company`},
		{"no such verb", record.StateOpen, record.Action{Verb: "delete", Actor: "kim"}, "no such action"},
		{"nobody", record.StateOpen, record.Action{Verb: record.VerbClaim, Actor: " "}, "nobody is named who does it"},
		{"assigned to nobody", record.StateOpen, record.Action{Verb: record.VerbAssign, Actor: "kim"}, "nobody is named who takes it"},
		{"a snooze without an end", record.StateOpen, record.Action{Verb: record.VerbSnooze, Actor: "kim"}, "an end that lies ahead"},
		{"a snooze for ever", record.StateOpen, record.Action{Verb: record.VerbSnooze, Actor: "kim", Until: noon().AddDate(3, 0, 0)}, "at most a year"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := in(t, c.from)
			after, events, err := casework.Apply(before, c.act, noon())
			require.ErrorContains(t, err, c.want)
			require.ErrorIs(t, err, casework.ErrIllegal)
			require.Equal(t, before, after)
			require.Empty(t, events)
		})
	}
	_, _, err := casework.Apply(in(t, record.StateClaimed), by(record.VerbClaim, "kim"), noon())
	require.ErrorIs(t, err, casework.ErrTaken)
	illegal, ok := errors.AsType[*casework.IllegalError](err)
	require.True(t, ok)
	require.Equal(t, "jan", illegal.Owner)
}

// A double click changes nothing and is no mistake.
func TestApplyTwice(t *testing.T) {
	t.Parallel()
	for s, v := range map[record.State]record.Verb{
		record.StateClaimed: record.VerbClaim, record.StateAnswered: record.VerbAnswer, record.StateSnoozed: record.VerbSnooze,
		record.StateResolved: record.VerbResolve, record.StateDismissed: record.VerbDismiss, record.StateOpen: record.VerbReopen,
	} {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			before := in(t, s)
			after, events, err := casework.Apply(before, by(v, "jan"), noon())
			require.NoError(t, err)
			require.Empty(t, events)
			require.Equal(t, before, after)
		})
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	c := in(t, record.StateSnoozed)
	_, _, woke := casework.Wake(c, noon().Add(59*time.Minute))
	require.False(t, woke, "too early")
	c2, e, woke := casework.Wake(c, noon().Add(time.Hour))
	require.True(t, woke)
	require.Equal(t, record.StateOpen, c2.State)
	require.Equal(t, "woken", e.What)
	require.NoError(t, casework.Check(c2))
	owned := apply(t, in(t, record.StateClaimed), by(record.VerbSnooze, "jan"))
	c3, _, woke := casework.Wake(owned, noon().Add(time.Hour))
	require.True(t, woke)
	require.Equal(t, record.StateClaimed, c3.State)
	require.Equal(t, "jan", c3.Owner)
	_, _, woke = casework.Wake(in(t, record.StateResolved), noon().Add(time.Hour))
	require.False(t, woke)
}

// What happens to any case, in any order, never leaves it in an illegal state; its
// version grows by one with each change, a refusal changes nothing, and of several
// people who claim one case at the same version exactly one wins.
func TestLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c, now := opened(t), noon()
		step := func(next record.Case, events ...record.Event) {
			require.NoError(rt, casework.Check(next))
			for _, e := range events {
				require.Equal(rt, c.State, e.From)
				require.Equal(rt, next.State, e.To)
				require.NotEmpty(rt, e.What)
				require.NotEmpty(rt, e.Actor)
			}
			if len(events) == 0 {
				require.Equal(rt, c, next)
			} else {
				require.Equal(rt, c.Version+1, next.Version)
			}
			require.GreaterOrEqual(rt, next.Episode, c.Episode)
			require.GreaterOrEqual(rt, next.Mentions, c.Mentions)
			require.GreaterOrEqual(rt, next.Severity.Rank(), c.Severity.Rank())
			c = next
		}
		rt.Repeat(map[string]func(*rapid.T){
			"time": func(rt *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 7200).Draw(rt, "s")) * time.Second) },
			"act": func(rt *rapid.T) {
				a := record.Action{
					Verb: rapid.SampledFrom([]record.Verb{
						record.VerbClaim, record.VerbAnswer, record.VerbSnooze, record.VerbResolve,
						record.VerbDismiss, record.VerbReopen, record.VerbAssign, record.VerbReason,
					}).Draw(rt, "verb"),
					Actor:  rapid.SampledFrom([]string{"jan", "kim", "lou"}).Draw(rt, "actor"),
					To:     rapid.SampledFrom([]string{"jan", "kim", ""}).Draw(rt, "to"),
					Reason: rapid.SampledFrom([]string{"", record.ReasonSpam, "boring"}).Draw(rt, "reason"),
					Until:  now.Add(time.Duration(rapid.IntRange(-10, 5000).Draw(rt, "until")) * time.Second),
				}
				next, events, err := casework.Apply(c, a, now)
				if err != nil {
					require.ErrorIs(rt, err, casework.ErrIllegal)
					require.Equal(rt, c, next)
					return
				}
				step(next, events...)
			},
			"race": func(rt *rapid.T) {
				if c.State.Live() && c.State != record.StateClaimed {
					first, events, err := casework.Apply(c, by(record.VerbClaim, "jan"), now)
					require.NoError(rt, err)
					step(first, events...)
					_, _, err = casework.Apply(c, by(record.VerbClaim, "kim"), now)
					require.ErrorIs(rt, err, casework.ErrTaken)
					require.ErrorContains(rt, err, "jan")
				}
			},
			"hear": func(rt *rapid.T) {
				next, e := casework.Hear(c, drawWord(rt), now)
				step(next, e)
			},
			"reply": func(*rapid.T) {
				next, e := casework.BrandReplied(c, post("r", "acmeair", "sorry to hear"), now)
				step(next, e)
			},
			"edit": func(rt *rapid.T) {
				next, e := casework.Edit(c, drawWord(rt), casework.Print{}, "", now)
				step(next, e)
			},
			"retract": func(rt *rapid.T) {
				next, e := casework.Retract(c, rapid.SampledFrom([]string{c.Root, "bluesky:2"}).Draw(rt, "id"), "delivery", now)
				step(next, e)
			},
			"wake": func(*rapid.T) {
				next, e, woke := casework.Wake(c, now)
				if woke {
					step(next, e)
				}
			},
		})
	})
}

func drawWord(rt *rapid.T) casework.Word {
	return casework.Word{
		Mention: post(rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "id"), "jo", "still nothing"),
		Score:   vent.Score{Venting: 0.8, Topics: []string{"refund"}},
		Tone: rapid.SampledFrom([]record.Tone{
			record.ToneVenting, record.ToneResolved, record.ToneThanks, record.TonePleased, record.ToneNeutral,
		}).Draw(rt, "tone"),
		Severity: rapid.SampledFrom(vent.Severities()).Draw(rt, "severity"),
		Priority: rapid.IntRange(0, 100).Draw(rt, "priority"),
		Customer: rapid.Bool().Draw(rt, "customer"), Thread: rapid.Bool().Draw(rt, "thread"),
		Reason: "same conversation", Also: rapid.SampledFrom([]string{"", "01X"}).Draw(rt, "also"),
	}
}
