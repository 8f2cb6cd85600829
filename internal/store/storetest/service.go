package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

func testEarlier(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	now := aCase("acme", "now", 1)
	now.Linked = []string{"gone"}
	update(t, s, "acme", func(tx *store.Tx) {
		for i := range 7 {
			c := aCase("acme", fmt.Sprintf("old%d", i), i+2)
			c.State, c.Fate = record.StateResolved, record.FateLost
			if i == 6 {
				c.State = record.StateDismissed
			}
			now.Linked = append(now.Linked, c.ID)
			require.NoError(t, tx.PutCase(c))
		}
		require.NoError(t, tx.PutCase(now))
	})
	d, err := s.Dossier(t.Context(), "now")
	require.NoError(t, err)
	require.Len(t, d.Earlier, 5, "the newest of them")
	require.Equal(t, "old6", d.Earlier[0].ID)
	require.Equal(t, base().Add(time.Minute), d.Earlier[0].EndedAt, "a dismissed one ended with its last change")
	require.Equal(t, record.Earlier{
		ID: "old5", State: record.StateResolved, Fate: record.FateLost, About: "hours on hold", URL: post(7).URL,
		OpenedAt: base(), EndedAt: base().Add(4 * time.Second),
	}, d.Earlier[1])
}

func testLives(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		one, old := aCase("acme", "one", 1), aCase("acme", "old", 2)
		old.OpenedAt = base().Add(-time.Hour)
		old.Service = record.Service{}
		require.NoError(t, tx.PutCase(one))
		require.NoError(t, tx.PutCase(old))
	})
	got, err := s.Lives(t.Context(), base())
	require.NoError(t, err)
	require.Len(t, got, 1)
	c := aCase("acme", "one", 1)
	require.Equal(t, store.Life{
		Brand: "acme", Platform: c.Platform, Topics: []string{"support"}, State: record.StateOpen, Fate: record.FateRecovered,
		Began: base(), ClaimedAt: c.ClaimedAt, AnsweredAt: c.AnsweredAt, ResolvedAt: c.ResolvedAt, Promise: c.Service.Promise,
	}, got[0])
	got, err = s.Lives(t.Context(), base().Add(-2*time.Hour))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, base().Add(-time.Hour), got[1].Began, "one from before there were clocks began when it was opened")
}

func testReplies(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		root := stored("acme", 1, "")
		root.Mention.RootID, root.Mention.ParentID = "", ""
		require.NoError(t, tx.PutMention(root))
		for i := range 60 {
			m := stored("acme", 100+i, "")
			m.Mention.RootID, m.Mention.CreatedAt = root.Mention.ID, base().Add(time.Duration(i)*time.Minute)
			require.NoError(t, tx.PutMention(m))
		}
		taken := stored("acme", 200, "")
		taken.Mention.RootID, taken.Mention.CreatedAt, taken.Mention.Retracted = root.Mention.ID, base().Add(24*time.Hour), true
		require.NoError(t, tx.PutMention(taken))
		got, err := tx.RepliesIn("acme", root.Mention.ID)
		require.NoError(t, err)
		require.Len(t, got, 50)
		require.Equal(t, base().Add(59*time.Minute), got[0].Mention.CreatedAt, "the newest first, what was taken away is not there")
		got, err = tx.RepliesIn("globex", root.Mention.ID)
		require.NoError(t, err)
		require.Empty(t, got)
		got, err = tx.RepliesIn("acme", "")
		require.NoError(t, err)
		require.Empty(t, got, "no conversation is not the one of all first posts")
	})
}

func testErasePromise(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		c := aCase("acme", "c", 1)
		c.Service.Promise.What = "call about " + post(1).Text + " by noon"
		require.NoError(t, tx.PutCase(c))
		require.NoError(t, tx.PutMention(stored("acme", 1, "c")))
	})
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.EraseMention("acme", post(1).ID)) })
	c, err := s.Case(t.Context(), "c")
	require.NoError(t, err)
	require.NotContains(t, c.Service.Promise.What, post(1).Text)
	require.Contains(t, c.Service.Promise.What, "by noon", "our own words stay")
	require.Equal(t, base().Add(24*time.Hour), c.Service.Promise.By)
}
