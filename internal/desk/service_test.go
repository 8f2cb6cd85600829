package desk_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
)

// nudging is acme with somebody to tell.
func nudging(receiver string) func(*bench) {
	return func(b *bench) {
		a := acme()
		a.Nudge.Receiver = receiver
		b.use(rulesOf(b.t, a, globex()))
	}
}

func (b *bench) tick() {
	b.t.Helper()
	require.NoError(b.t, b.desk.Tick(b.t.Context()))
}

func promise(what string, by time.Time) func(*record.Action) {
	return func(a *record.Action) { a.Note, a.Until = what, by }
}

func TestNudgeInTheThread(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.desk.Prepare([]string{"acme"})
	id := b.scored(complaint("1")).Case
	b.sent()
	b.pass(4*time.Hour - time.Second)
	b.tick()
	require.Empty(t, b.sent(), "a medium one may wait for four hours")
	b.pass(time.Second)
	b.tick()
	require.Equal(t, "update; reply (Nobody has claimed this for 4 hours)", kinds(b.sent()))
	b.pass(100 * time.Hour)
	b.tick()
	require.Empty(t, b.sent(), "one step")
	require.Equal(t, "opened nudged", history(b.dossier(id)))
	n, err := testutil.GatherAndCount(b.reg, "leakytap_case_nudges_total")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestNudgeElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	nudging("leads")(b)
	d := b.scored(complaint("1"))
	b.sent()
	b.pass(4 * time.Hour)
	b.tick()
	require.Equal(t, "update", kinds(b.sent()))
	ns := b.sent("leads")
	require.Equal(t, "reply (acme, medium: nobody has claimed this for 4 hours)", kinds(ns))
	require.Equal(t, d.Case, ns[0].Case)
	require.Equal(t, "https://social.example/1", ns[0].Body.Items[0].URL)
	require.Contains(t, b.dossier(d.Case).History[1].Detail, "told leads")
}

func TestNoNudgeForWhatIsClaimedSnoozedOrOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	nudging("leads")(b)
	for i, v := range []record.Verb{record.VerbClaim, record.VerbSnooze, record.VerbResolve, record.VerbDismiss} {
		id := b.scored(complaint(string(rune('a'+i)), from(string(rune('k'+i))))).Case
		b.act(id, v, func(a *record.Action) { a.Until = noon().Add(48 * time.Hour) })
	}
	b.pass(30 * time.Hour)
	b.tick()
	require.Empty(t, b.sent("leads"))
}

func TestANudgeSurvivesARestart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.scored(complaint("1"))
	b.sent()
	b.pass(5 * time.Hour)
	again, err := desk.New(desk.Options{
		Store: b.store, Rules: func() *desk.Rules { return b.rules }, Now: func() time.Time { return noon().Add(5 * time.Hour) },
	})
	require.NoError(t, err)
	require.NoError(t, again.Tick(t.Context()))
	b.tick()
	require.Equal(t, "update; reply (Nobody has claimed this for 5 hours)", kinds(b.sent()), "one of two desks did it")
}

func TestOverdueIsDrawn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbClaim)
	b.sent()
	b.pass(8 * time.Hour)
	b.tick()
	require.Equal(t, "update", kinds(b.sent()), "the answer is overdue")
	b.act(id, record.VerbAnswer)
	b.sent()
	b.pass(66 * time.Hour)
	b.tick()
	require.Equal(t, "update", kinds(b.sent()), "the resolution is")
}

func TestWorkingHoursOfTheBrand(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := acme()
	a.Timezone, a.Hours = "America/New_York", brand.Hours{"Mon-Fri 09:00-17:00"}
	b.use(rulesOf(t, a))
	// noon is a Saturday: Monday at nine in New York is 13:00 UTC.
	c := b.dossier(b.scored(complaint("1")).Case).Case
	require.Equal(t, time.Date(2026, 3, 16, 17, 0, 0, 0, time.UTC), c.Service.AckDue)
}

func TestPromiseRemindsAndIsDue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	by := noon().Add(24 * time.Hour)
	c := b.act(id, record.VerbPromise, promise("a call back", by))
	require.Equal(t, []any{record.StateClaimed, "kim", by}, []any{c.State, c.Owner, c.Service.Promise.By})
	b.sent()
	b.pass(23 * time.Hour)
	b.tick()
	require.Contains(t, kinds(b.sent()), "reply (A promise is due soon)")
	b.pass(time.Hour)
	b.tick()
	ns := b.sent()
	require.Equal(t, "update; reply (A promise is due now: was it kept?)", kinds(ns))
	require.Equal(t, []string{"kim promised this for Sun 15 Mar 12:00 UTC: a call back"}, ns[1].Body.Lines)
	b.act(id, record.VerbKept)
	b.sent()
	b.pass(48 * time.Hour)
	require.Equal(t, "opened promised promise_due promise_kept", history(b.dossier(id)))

	b.act(id, record.VerbPromise, promise("a refund", noon().Add(100*time.Hour)))
	b.act(id, record.VerbPromise, promise("a refund", noon().Add(200*time.Hour)))
	b.sent()
	b.pass(40 * time.Hour)
	b.tick()
	require.NotContains(t, kinds(b.sent()), "promise", "what was promised anew is due anew")
}

func TestSilenceEndsACase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.desk.Prepare([]string{"acme"})
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbAnswer)
	b.pass(48 * time.Hour)
	b.scored(complaint("2", under("1"), watched, saying("ok, i will look")))
	b.pass(48 * time.Hour)
	b.tick()
	require.Equal(t, record.StateAnswered, b.dossier(id).Case.State, "they spoke two days ago")
	b.sent()
	b.pass(24 * time.Hour)
	b.tick()
	c := b.dossier(id).Case
	require.Equal(t, []any{record.StateResolved, record.FateSilent}, []any{c.State, c.Fate})
	require.Contains(t, kinds(b.sent()), "Ended: the customer has said nothing since the answer")
	require.InDelta(t, 1, ended(t, b, "silent"), 0)
	b.scored(complaint("3", under("1"), watched))
	c = b.dossier(id).Case
	require.Equal(t, []any{record.StateOpen, record.FateUnknown, 2}, []any{c.State, c.Fate, c.Episode})
	require.NoError(t, checkClocks(t, b, id, "ack"))
}

func TestTheEndDropsEveryClock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbPromise, promise("x", noon().Add(5*time.Hour)))
	require.NoError(t, checkClocks(t, b, id, "answer", "promise", "remind"))
	b.act(id, record.VerbDismiss)
	require.NoError(t, checkClocks(t, b, id))
}

// checkClocks wants exactly these clocks of a case.
func checkClocks(t *testing.T, b *bench, id string, want ...string) error {
	t.Helper()
	due, err := b.store.DueClocks(t.Context(), noon().Add(10_000*time.Hour), 100)
	got := []string{}
	for _, c := range due {
		if c.Case == id {
			got = append(got, c.Kind)
		}
	}
	require.ElementsMatch(t, want, got)
	return err
}

// ended is how many cases came to that fate, by the metric.
func ended(t *testing.T, b *bench, fate string) float64 {
	t.Helper()
	all, err := b.reg.Gather()
	require.NoError(t, err)
	var sum float64
	for _, f := range all {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "leakytap_case_ended_total" && l.GetName() == "fate" && l.GetValue() == fate {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
