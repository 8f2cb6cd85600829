package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

func testMentions(t *testing.T, open Opener) {
	t.Helper()
	for _, c := range []struct {
		name string
		// change makes the second write from the first.
		change func(v *record.Stored)
		// want makes what is then stored from the first.
		want func(v *record.Stored)
	}{
		{"an edit replaces", func(v *record.Stored) { v.Mention.Revision, v.Mention.Text = 6, "edited" }, func(v *record.Stored) {
			v.Mention.Revision, v.Mention.Text = 6, "edited"
		}},
		{"the same revision may bring news", func(v *record.Stored) { v.Mention.Engagement.Likes = 90 }, func(v *record.Stored) {
			v.Mention.Engagement.Likes = 90
		}},
		{"an older revision changes nothing", func(v *record.Stored) { v.Mention.Revision, v.Mention.Text = 4, "older" }, func(*record.Stored) {}},
		{"an older revision links", func(v *record.Stored) { v.Mention.Revision, v.Case = 4, "other" }, func(v *record.Stored) { v.Case = "other" }},
		{"no case keeps the case", func(v *record.Stored) { v.Case = "" }, func(*record.Stored) {}},
		{"it was first observed once", func(v *record.Stored) { v.Mention.ObservedAt = base().Add(time.Hour) }, func(*record.Stored) {}},
		{"a retraction takes the words", func(v *record.Stored) { v.Mention.Revision, v.Mention.Retracted = 6, true }, func(v *record.Stored) {
			v.Mention.Revision, v.Mention.Retracted, v.Simhash = 6, true, 0
			v.Mention.Text, v.Mention.Title, v.Mention.Author = "", "", mention.Author{}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, store.Config{})
			second, want := stored("acme", 1, "case"), stored("acme", 1, "case")
			c.change(&second)
			c.want(&want)
			update(t, s, "acme", func(tx *store.Tx) {
				require.NoError(t, tx.PutMention(stored("acme", 1, "case")))
				require.NoError(t, tx.PutMention(second))
			})
			got, err := s.Mention(t.Context(), "acme", want.Mention.ID)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func testRetractionFinal(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	gone := stored("acme", 1, "case")
	gone.Mention.Retracted = true
	back := stored("acme", 1, "case")
	back.Mention.Revision = 99
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutMention(gone))
		require.NoError(t, tx.PutMention(back))
	})
	got, err := s.Mention(t.Context(), "acme", gone.Mention.ID)
	require.NoError(t, err)
	require.True(t, got.Mention.Retracted)
	require.Empty(t, got.Mention.Text)
	require.Empty(t, got.Mention.Author)
}

func testNativeID(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	v := stored("acme", 1, "")
	v.Mention.ID, v.Mention.NativeID = "row-17", "native"
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.PutMention(v)) })
	got, err := s.Mention(t.Context(), "acme", "row-17")
	require.NoError(t, err)
	require.Equal(t, v, got)
}

func testMentionPages(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	require.NoError(t, s.Update(t.Context(), []string{"acme", "globex"}, func(tx *store.Tx) error {
		for n := range 50 {
			v := stored("acme", n, "")
			v.Mention.ObservedAt = base().Add(time.Duration(n/3) * time.Second) // several at one time
			require.NoError(t, tx.PutMention(v))
			require.NoError(t, tx.PutMention(stored("globex", n, "")))
		}
		return nil
	}))
	var got []string
	f := store.MentionFilter{Brand: "acme", Since: base().Add(time.Second), Until: base().Add(10 * time.Second), Limit: 4}
	for {
		page, err := s.Mentions(t.Context(), f)
		require.NoError(t, err)
		for _, v := range page.Rows {
			got = append(got, v.Mention.ID)
		}
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	var want []string
	for n := 3; n < 30; n++ {
		want = append(want, post(n).ID)
	}
	require.Equal(t, want, got)
	f.After = "nonsense"
	_, err := s.Mentions(t.Context(), f)
	require.ErrorContains(t, err, "no page of this list")
}

func testDecisions(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	require.NoError(t, s.Update(t.Context(), []string{"acme", "globex"}, func(tx *store.Tx) error {
		for n := range 30 {
			outcome := record.OutcomeBelowThreshold
			if n%3 == 0 {
				outcome = record.OutcomeAlert
			}
			require.NoError(t, tx.PutMention(stored("acme", n, "")))
			require.NoError(t, tx.PutDecision(decision("acme", n, outcome)))
		}
		later := decision("globex", 4, record.OutcomeExcluded)
		later.Now = base().Add(time.Hour)
		require.NoError(t, tx.PutDecision(later))
		bare := record.Decision{ID: "bare", Brand: "globex", Outcome: record.OutcomeExcluded, Severity: "none", Now: base()}
		require.NoError(t, tx.PutDecision(bare))
		got, ok, err := tx.Decision("globex", "bare", 0)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, bare, got)
		return nil
	}))
	for _, name := range []string{post(4).ID, post(4).URL, post(4).URL + "/"} {
		t.Run("all about "+name, func(t *testing.T) {
			ds, err := s.Decisions(t.Context(), name)
			require.NoError(t, err)
			require.Len(t, ds, 2)
			require.Equal(t, decision("acme", 4, record.OutcomeBelowThreshold), ds[0])
			require.Equal(t, "globex", ds[1].Brand)
		})
	}
	for _, name := range []string{"x:y", "https://nowhere.example/", ""} {
		ds, err := s.Decisions(t.Context(), name)
		require.NoError(t, err)
		require.Empty(t, ds)
	}
	for _, c := range []struct {
		name   string
		filter store.DecisionFilter
		want   []int
	}{
		{"newest first", store.DecisionFilter{Brand: "acme", Since: base().Add(25 * time.Second)}, []int{29, 28, 27, 26, 25}},
		{"until", store.DecisionFilter{Brand: "acme", Until: base().Add(3 * time.Second)}, []int{2, 1, 0}},
		{
			"outcomes",
			store.DecisionFilter{Brand: "acme", Outcomes: []record.Outcome{record.OutcomeAlert, record.OutcomeJoined}},
			[]int{27, 24, 21, 18, 15, 12, 9, 6, 3, 0},
		},
		{"no such brand", store.DecisionFilter{Brand: "initech"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			f := c.filter
			for f.Limit = 3; ; {
				page, err := s.RecentDecisions(t.Context(), f)
				require.NoError(t, err)
				for _, d := range page.Rows {
					got = append(got, int(d.Seq))
				}
				if f.After = page.Next; f.After == "" {
					break
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}
