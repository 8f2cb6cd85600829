package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

func testFindingCases(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	ended := aCase("acme", "ended", 2)
	ended.State, ended.Conversation, ended.AuthorKey = record.StateResolved, "talk", "who"
	old := aCase("acme", "old", 3)
	old.State, old.UpdatedAt, old.Conversation, old.AuthorKey = record.StateDismissed, base().Add(-time.Hour), "talk", "who"
	oldLive := aCase("acme", "oldlive", 4)
	oldLive.UpdatedAt, oldLive.Conversation, oldLive.AuthorKey = base().Add(-2*time.Hour), "talk", "who"
	other := aCase("globex", "other", 5)
	other.Conversation, other.AuthorKey = "talk", "who"
	joined := aCase("acme", "joined", 6)
	joined.UpdatedAt = base().Add(2 * time.Minute)
	nobody := aCase("acme", "nobody", 7)
	nobody.AuthorKey = ""

	require.NoError(t, s.Update(t.Context(), []string{"acme", "globex"}, func(tx *store.Tx) error {
		for _, c := range []record.Case{ended, old, oldLive, other, joined, nobody} {
			require.NoError(t, tx.PutCase(c))
		}
		// A post of that conversation and author joined a case that began elsewhere.
		m := stored("acme", 8, "joined")
		m.Mention.RootID, m.Mention.Platform, m.Mention.Author.ID, m.Mention.Author.Handle = "talk", "who", "", "x"
		require.NoError(t, tx.PutMention(m))
		// A post that no case took is no way to a case.
		require.NoError(t, tx.PutMention(stored("acme", 9, "")))
		return nil
	}))
	update(t, s, "acme", func(tx *store.Tx) {
		got, err := tx.CasesByConversation("acme", "talk", base())
		require.NoError(t, err)
		require.Equal(t, []string{"joined", "ended", "oldlive"}, caseIDs(got))

		got, err = tx.CasesByAuthor("acme", "who", base())
		require.NoError(t, err)
		require.Equal(t, []string{"ended", "oldlive"}, caseIDs(got))
		got, err = tx.CasesByAuthor("acme", "who:@x", base())
		require.NoError(t, err)
		require.Equal(t, []string{"joined"}, caseIDs(got))
		got, err = tx.CasesByAuthor("acme", "", base())
		require.NoError(t, err)
		require.Empty(t, got, "posts without an author have nothing in common")

		c, ok, err := tx.CaseByMention("acme", post(8).ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, "joined", c.ID)
		for _, none := range []struct{ brand, id string }{{"acme", post(9).ID}, {"globex", post(8).ID}, {"acme", "x"}} {
			_, ok, err = tx.CaseByMention(none.brand, none.id)
			require.NoError(t, err)
			require.False(t, ok)
		}
	})
}

// What ended long ago takes no place among the cases that a post may join, however many
// of an author there are.
func testFindingAmongMany(t *testing.T, open Opener) {
	t.Helper()
	const limit, who = 100, "bluesky:who"
	s := open(t, store.Config{})
	id := func(i int) string { return fmt.Sprintf("case%04d", i) }
	update(t, s, "acme", func(tx *store.Tx) {
		for i := range 3 * limit {
			c := aCase("acme", id(i), i)
			c.Conversation, c.AuthorKey, c.UpdatedAt = "talk", who, base().Add(-time.Hour)
			switch {
			case i >= 2*limit:
				c.State = record.StateResolved
			case i%2 == 1: // began elsewhere, and took a post of theirs
				c.Conversation, c.AuthorKey = fmt.Sprint("talk", i), fmt.Sprint("who", i)
				m := stored("acme", i, c.ID)
				m.Mention.RootID, m.Mention.Author.ID = "talk", "who"
				require.NoError(t, tx.PutMention(m))
			}
			require.NoError(t, tx.PutCase(c))
		}
	})
	update(t, s, "acme", func(tx *store.Tx) {
		check := func(n int, first, last string) {
			t.Helper()
			for key, find := range map[string]func(string, string, time.Time) ([]record.Case, error){
				"talk": tx.CasesByConversation, who: tx.CasesByAuthor,
			} {
				got, err := find("acme", key, base())
				require.NoError(t, err)
				require.Len(t, caseIDs(got), n)
				require.Equal(t, first, got[0].ID, key)
				require.Equal(t, last, got[len(got)-1].ID, key)
			}
		}
		check(limit, id(2*limit-1), id(limit))
		// What has ended takes no place of those that are live.
		old, _, err := tx.Case(id(2*limit + 5))
		require.NoError(t, err)
		old.UpdatedAt = base().Add(time.Minute)
		require.NoError(t, tx.PutCase(old))
		check(limit+1, id(2*limit+5), id(limit))
	})
}

func testRecentCases(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	ended, old := aCase("acme", "ended", 2), aCase("acme", "old", 3)
	ended.State = record.StateResolved
	old.State, old.UpdatedAt = record.StateDismissed, base().Add(-time.Hour)
	joined := aCase("acme", "joined", 6)
	joined.UpdatedAt = base().Add(2 * time.Minute)
	require.NoError(t, s.Update(t.Context(), []string{"acme", "globex"}, func(tx *store.Tx) error {
		for _, c := range []record.Case{ended, old, aCase("globex", "other", 5), joined, aCase("acme", "nobody", 7)} {
			require.NoError(t, tx.PutCase(c))
		}
		return nil
	}))
	update(t, s, "acme", func(tx *store.Tx) {
		check := func(since time.Time, want ...string) {
			t.Helper()
			got, err := tx.CasesSince("acme", since)
			require.NoError(t, err)
			require.Equal(t, want, caseIDs(got))
		}
		check(base(), "joined", "nobody", "ended")
		fresh := aCase("acme", "fresh", 10)
		fresh.UpdatedAt = base().Add(90 * time.Second)
		require.NoError(t, tx.PutCase(fresh))
		check(base(), "joined", "fresh", "nobody", "ended")
		ended.UpdatedAt = base().Add(time.Hour)
		require.NoError(t, tx.PutCase(ended))
		check(base(), "ended", "joined", "fresh", "nobody")
		check(base().Add(100*time.Second), "ended", "joined")
		old.UpdatedAt = base().Add(-time.Minute)
		require.NoError(t, tx.PutCase(old))
		check(base(), "ended", "joined", "fresh", "nobody")
		check(base().Add(-time.Hour), "ended", "joined", "fresh", "nobody", "old")
		got, err := tx.CasesSince("acme", base())
		require.NoError(t, err)
		want, ok, err := tx.Case("fresh")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, want, got[2], "as it was read")
	})
}

func testPrints(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		long, short := aCase("acme", "long", 20), aCase("acme", "short", 21)
		long.State, long.Simhash, long.UpdatedAt = record.StateClaimed, 1<<63|5, base().Add(2*time.Hour)
		short.State, short.Simhash, short.UpdatedAt = record.StateOpen, 0, base().Add(3*time.Hour)
		over := short
		over.ID, over.State = "over", record.StateResolved
		for _, c := range []record.Case{long, short, over, aCase("acme", "before", 22)} {
			require.NoError(t, tx.PutCase(c))
		}
		got, err := tx.RecentPrints("acme", base().Add(2*time.Hour))
		require.NoError(t, err)
		require.Equal(t, []store.CasePrint{{ID: "short", Text: short.Text}, {ID: "long", Simhash: 1<<63 | 5, Text: long.Text}}, got)
	})
}

func testListingCases(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // reproducible
	states, severities, brands := record.States(), vent.Severities(), []string{"acme", "globex"}
	var all []record.Case
	require.NoError(t, s.Update(t.Context(), brands, func(tx *store.Tx) error {
		for n := range 200 {
			c := aCase(brands[rnd.IntN(2)], fmt.Sprintf("c%03d", n), n)
			c.State, c.Severity, c.Priority = states[rnd.IntN(len(states))], severities[rnd.IntN(len(severities))], rnd.IntN(3)
			c.OpenedAt, c.Owner = base().Add(time.Duration(rnd.IntN(3))*time.Second), []string{"", "U1"}[rnd.IntN(2)]
			require.NoError(t, tx.PutCase(c))
			all = append(all, c)
		}
		return nil
	}))
	slices.SortFunc(all, func(a, b record.Case) int {
		switch {
		case a.Severity != b.Severity:
			return b.Severity.Rank() - a.Severity.Rank()
		case a.Priority != b.Priority:
			return b.Priority - a.Priority
		case !a.OpenedAt.Equal(b.OpenedAt):
			return a.OpenedAt.Compare(b.OpenedAt)
		case a.ID < b.ID:
			return -1
		default:
			return 1
		}
	})
	for _, c := range []struct {
		name   string
		filter store.CaseFilter
		keep   func(c record.Case) bool
	}{
		{"live", store.CaseFilter{}, func(c record.Case) bool { return c.State.Live() }},
		{"live of a brand", store.CaseFilter{Brand: "acme"}, func(c record.Case) bool { return c.State.Live() && c.Brand == "acme" }},
		{
			"some states",
			store.CaseFilter{States: []record.State{record.StateResolved, record.StateOpen, record.StateOpen}},
			func(c record.Case) bool { return c.State == record.StateOpen || c.State == record.StateResolved },
		},
		{"an owner's", store.CaseFilter{States: states, Owner: "U1"}, func(c record.Case) bool { return c.Owner == "U1" }},
		{"no brand's", store.CaseFilter{Brand: "initech"}, func(record.Case) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := caseIDs(slices.DeleteFunc(slices.Clone(all), func(v record.Case) bool { return !c.keep(v) }))
			for _, limit := range []int{7, 1000} {
				got := []string{}
				f := c.filter
				for f.Limit = limit; ; f.After = got[len(got)-1] {
					page, err := s.Cases(t.Context(), f)
					require.NoError(t, err)
					require.LessOrEqual(t, len(page), limit)
					got = append(got, caseIDs(page)...)
					if len(page) < limit {
						break
					}
				}
				require.Equal(t, want, got)
			}
		})
	}
	_, err := s.Cases(t.Context(), store.CaseFilter{After: "gone"})
	require.ErrorIs(t, err, store.ErrNotFound)

	want := map[string]map[vent.Severity]int{}
	for _, c := range all {
		if c.State.Live() {
			if want[c.Brand] == nil {
				want[c.Brand] = map[vent.Severity]int{}
			}
			want[c.Brand][c.Severity]++
		}
	}
	counts, err := s.CaseCounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, counts)
}

func testDossier(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	_, err := s.Dossier(t.Context(), "case")
	require.ErrorIs(t, err, store.ErrNotFound)
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutCase(aCase("acme", "case", 0)))
	})
	d, err := s.Dossier(t.Context(), "case")
	require.NoError(t, err)
	require.Equal(t, post(0).Text, d.Root.Text, "the case stands for a post that is stored no more")

	update(t, s, "acme", func(tx *store.Tx) {
		for n := range 60 {
			require.NoError(t, tx.PutMention(stored("acme", n, "case")))
		}
		require.NoError(t, tx.PutDecision(decision("acme", 0, record.OutcomeAlert)))
		edit := decision("acme", 0, record.OutcomeJoined)
		edit.Revision, edit.Why = 9, []string{"edited"}
		require.NoError(t, tx.PutDecision(edit))
		require.NoError(t, tx.AddEvent(record.Event{Case: "case", What: "opened", At: base()}))
		require.NoError(t, tx.AddEvent(record.Event{Case: "other", What: "opened", At: base()}))
	})
	d, err = s.Dossier(t.Context(), "case")
	require.NoError(t, err)
	require.Equal(t, aCase("acme", "case", 0), d.Case)
	require.Equal(t, post(0), d.Root)
	require.Len(t, d.Later, 50)
	for i, m := range d.Later {
		require.Equal(t, post(10+i), m, "the latest fifty, oldest first")
	}
	require.Equal(t, []record.Event{{Case: "case", Seq: 1, What: "opened", At: base()}}, d.History)
	require.Equal(t, decision("acme", 0, record.OutcomeAlert).Why, d.Why)
}
