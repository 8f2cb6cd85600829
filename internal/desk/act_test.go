package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
)

// histogram is a case histogram that observed one value.
func histogram(name, help string, seconds float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name)
	for _, le := range []float64{30, 60, 180, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 345600, 604800, 1.2096e6} {
		n := 0
		if seconds <= le {
			n = 1
		}
		fmt.Fprintf(&b, "%s_bucket{le=\"%v\"} %d\n", name, le, n)
	}
	fmt.Fprintf(&b, "%s_bucket{le=\"+Inf\"} 1\n%s_sum %v\n%s_count 1\n", name, name, seconds, name)
	return b.String()
}

func TestActMovesACase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.sent()
	b.pass(5 * time.Minute)
	c := b.act(id, record.VerbClaim)
	require.Equal(t, []any{record.StateClaimed, "kim", int64(2)}, []any{c.State, c.Owner, c.Version})
	require.Equal(t, "update", kinds(b.sent()))
	require.Equal(t, c, b.act(id, record.VerbClaim), "claiming what one owns is no change")
	require.Empty(t, b.sent())
	b.pass(time.Minute)
	b.act(id, record.VerbAnswer)
	b.act(id, record.VerbResolve, func(a *record.Action) { a.Note = "sent a new one" })
	require.Equal(t, "update", kinds(b.sent()), "two changes, one update while it waits")
	k := b.dossier(id)
	require.Equal(t, "opened claimed answered resolved", history(k))
	require.Equal(t, []any{"kim", "web", "sent a new one"}, []any{k.History[3].Actor, k.History[3].Via, k.History[3].Detail})
	require.NoError(t, testutil.GatherAndCompare(b.reg, strings.NewReader(
		histogram("leakytap_case_ack_seconds", "Seconds from a case's opening to the first person who claimed, answered or ended it.", 300)+
			histogram("leakytap_case_resolve_seconds", "Seconds from a case's opening to its first resolution.", 360)),
		"leakytap_case_ack_seconds", "leakytap_case_resolve_seconds"))
}

func TestActRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbClaim)
	b.sent()
	_, err := b.desk.Act(t.Context(), record.Action{Case: id, Verb: record.VerbClaim, Actor: "jan", Via: "slack", Key: "k1"})
	require.ErrorIs(t, err, casework.ErrTaken)
	require.ErrorContains(t, err, "kim has claimed it already")
	k := b.dossier(id)
	require.Equal(t, "opened claimed refused", history(k), "a refusal is in the history")
	require.Equal(t, "jan", k.History[2].Actor)
	require.Equal(t, "kim", k.Case.Owner)
	require.Empty(t, b.sent())

	_, err = b.desk.Act(t.Context(), record.Action{Case: "01NONE", Verb: record.VerbClaim, Actor: "jan"})
	require.ErrorIs(t, err, desk.ErrNotFound)
	_, err = b.desk.Act(t.Context(), record.Action{Case: id, Verb: record.VerbReopen, Actor: "jan"})
	illegal, ok := errors.AsType[*casework.IllegalError](err)
	require.True(t, ok)
	require.Contains(t, illegal.Legal, record.VerbResolve)
}

func TestActIsIdempotentByKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id, other := b.scored(complaint("1")).Case, b.scored(complaint("2", from("sam"))).Case
	a := record.Action{Case: id, Verb: record.VerbResolve, Actor: "kim", Via: "slack", Key: "click-1"}
	first, err := b.desk.Act(t.Context(), a)
	require.NoError(t, err)
	b.act(id, record.VerbReopen)
	again, err := b.desk.Act(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, record.StateResolved, first.State)
	require.Equal(t, record.StateOpen, again.State, "the replayed click has no second effect")
	a.Case = other
	_, err = b.desk.Act(t.Context(), a)
	require.ErrorContains(t, err, `key "click-1" was used for case `+id)
	require.ErrorIs(t, err, casework.ErrIllegal)
	require.Equal(t, "opened resolved reopened", history(b.dossier(id)))
}

// What was refused stays refused: a replayed click must not do later what it could not
// do when it was made.
func TestARefusedActionStaysRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.act(id, record.VerbClaim)
	a := record.Action{Case: id, Verb: record.VerbClaim, Actor: "jan", Via: "slack", Key: "click-1"}
	_, err := b.desk.Act(t.Context(), a)
	require.ErrorIs(t, err, casework.ErrTaken)
	b.act(id, record.VerbResolve)
	b.act(id, record.VerbReopen)
	again, err := b.desk.Act(t.Context(), a)
	require.ErrorIs(t, err, casework.ErrIllegal)
	require.ErrorContains(t, err, "refused when it was asked for first")
	require.Equal(t, record.StateOpen, again.State)
	require.Equal(t, "opened claimed refused resolved reopened", history(b.dossier(id)), "one line for one click")
	a.Key = "click-2"
	again, err = b.desk.Act(t.Context(), a)
	require.NoError(t, err)
	require.Equal(t, "jan", again.Owner)
}

// Of a hundred people who claim one case at once exactly one owns it, and every
// other is told who.
func TestOneWinner(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	var won atomic.Int32
	var winner atomic.Value
	var mu sync.Mutex
	var refusals []error
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			actor := fmt.Sprint("user", i)
			c, err := b.desk.Act(context.Background(), record.Action{Case: id, Verb: record.VerbClaim, Actor: actor, Via: "web"})
			if err == nil && c.Owner == actor {
				won.Add(1)
				winner.Store(actor)
				return
			}
			mu.Lock()
			refusals = append(refusals, err)
			mu.Unlock()
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.Len(t, refusals, 99)
	for _, err := range refusals {
		require.ErrorIs(t, err, casework.ErrTaken)
		require.ErrorContains(t, err, fmt.Sprint(winner.Load())+" has claimed it")
	}
	require.Equal(t, winner.Load(), b.dossier(id).Case.Owner)
}

func TestSnooze(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.sent()
	until := func(d time.Duration) func(*record.Action) { return func(a *record.Action) { a.Until = noon().Add(d) } }
	b.act(id, record.VerbSnooze, until(time.Hour))
	b.act(id, record.VerbSnooze, until(2*time.Hour))
	b.sent()
	b.pass(time.Hour)
	require.NoError(t, b.desk.Tick(t.Context()))
	require.Equal(t, record.StateSnoozed, b.dossier(id).Case.State, "the later end counts")
	b.pass(time.Hour)
	require.NoError(t, b.desk.Tick(t.Context()))
	require.NoError(t, b.desk.Tick(t.Context()))
	k := b.dossier(id)
	require.Equal(t, record.StateOpen, k.Case.State)
	require.Equal(t, "opened snoozed snoozed woken", history(k))
	require.Equal(t, "update; reply (The snooze is over)", kinds(b.sent()))

	b.act(id, record.VerbSnooze, until(3*time.Hour))
	b.act(id, record.VerbResolve)
	b.pass(24 * time.Hour)
	require.NoError(t, b.desk.Tick(t.Context()))
	require.Equal(t, record.StateResolved, b.dossier(id).Case.State, "resolving stops the clock")
	due, err := b.store.DueClocks(t.Context(), noon().Add(1000*time.Hour), 10)
	require.NoError(t, err)
	require.Empty(t, due)
}

func TestSeveralTickersWakeOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var ids []string
	for i := range 5 {
		id := b.scored(complaint(strconv.Itoa(i), from(fmt.Sprint("a", i)))).Case
		b.act(id, record.VerbSnooze, func(a *record.Action) { a.Until = noon().Add(time.Minute) })
		ids = append(ids, id)
	}
	b.pass(time.Minute)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := b.desk.Tick(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		require.Equal(t, "opened snoozed woken", history(b.dossier(id)))
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	because := func(r string) func(*record.Action) { return func(a *record.Action) { a.Reason = r } }
	type step struct {
		verb   record.Verb
		reason string
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"claiming is no label", []step{{record.VerbClaim, ""}, {record.VerbAnswer, ""}}, ""},
		{"resolved", []step{{record.VerbResolve, ""}}, "true resolved"},
		{"dismissed", []step{{record.VerbDismiss, ""}}, ""},
		{"dismissed with a reason", []step{{record.VerbDismiss, record.ReasonSpam}}, "false spam"},
		{"handled already", []step{{record.VerbDismiss, record.ReasonAlreadyHandled}}, ""},
		{"a reason afterwards", []step{{record.VerbDismiss, ""}, {record.VerbReason, record.ReasonNotCustomer}}, "false not_a_customer"},
		{"another reason", []step{{record.VerbDismiss, record.ReasonSpam}, {record.VerbReason, record.ReasonWrongCompany}}, "false wrong_company"},
		{"taken back", []step{{record.VerbDismiss, record.ReasonSpam}, {record.VerbReopen, ""}}, ""},
		{"taken back and resolved", []step{{record.VerbDismiss, record.ReasonSpam}, {record.VerbReopen, ""}, {record.VerbResolve, ""}}, "true resolved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			id := b.scored(complaint("1")).Case
			for _, s := range c.steps {
				b.act(id, s.verb, because(s.reason))
			}
			ls, err := b.store.Labels(t.Context(), "acme", 0, 0)
			require.NoError(t, err)
			var got []string
			for _, l := range ls {
				if !l.Undone {
					got = append(got, fmt.Sprint(l.Venting, " ", l.Reason))
					require.Equal(t, []any{"bluesky:1", "kim", complaint("1").Mention.Text}, []any{l.Mention, l.Actor, l.Text})
				}
			}
			require.Equal(t, c.want, strings.Join(got, "; "))
		})
	}
}

func TestLabelsOfAnErasedPostAreNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.scored(complaint("1")).Case
	b.scored(complaint("1", retracted))
	b.act(id, record.VerbResolve)
	ls, err := b.store.Labels(t.Context(), "acme", 0, 0)
	require.NoError(t, err)
	require.Empty(t, ls)
}
