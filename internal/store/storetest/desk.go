package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

var errPlanned = errors.New("planned")

func testOwnWrites(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		for want := range int64(3) {
			n, err := tx.NextSeq("acme")
			require.NoError(t, err)
			require.Equal(t, want+1, n)
		}
		require.NoError(t, tx.PutMention(stored("acme", 1, "case")))
		m, ok, err := tx.Mention("acme", post(1).ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, stored("acme", 1, "case"), m)

		require.NoError(t, tx.PutDecision(decision("acme", 1, record.OutcomeAlert)))
		d, ok, err := tx.Decision("acme", post(1).ID, 5)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, decision("acme", 1, record.OutcomeAlert), d)

		require.NoError(t, tx.PutCase(aCase("acme", "case", 1)))
		c, ok, err := tx.Case("case")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, aCase("acme", "case", 1), c)

		e := record.Event{
			Case: "case", Seq: 77, At: base(), Actor: "U1", Via: "slack", What: "claimed", From: record.StateOpen,
			To: record.StateClaimed, Mention: post(1).ID, URL: post(1).URL, Detail: "claimed by U1",
		}
		require.NoError(t, tx.AddEvent(e))
		require.NoError(t, tx.AddEvent(e))
		events, err := tx.CaseEvents("case")
		require.NoError(t, err)
		e1, e2 := e, e
		e1.Seq, e2.Seq = 1, 2
		require.Equal(t, []record.Event{e1, e2}, events)
	})
	update(t, s, "acme", func(tx *store.Tx) {
		n, err := tx.NextSeq("acme")
		require.NoError(t, err)
		require.EqualValues(t, 4, n, "the sequence goes on after the transaction")
	})
	update(t, s, "globex", func(tx *store.Tx) {
		n, err := tx.NextSeq("globex")
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "each brand has its own sequence")
	})
}

func testUndo(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	err := s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		_, err := tx.NextSeq("acme")
		require.NoError(t, err)
		require.NoError(t, tx.PutMention(stored("acme", 1, "case")))
		require.NoError(t, tx.PutDecision(decision("acme", 1, record.OutcomeAlert)))
		require.NoError(t, tx.PutCase(aCase("acme", "case", 1)))
		require.NoError(t, tx.PutWatch(record.Watch{Platform: "bluesky", Conversation: "c", Brand: "acme", Case: "case", Until: base()}))
		require.NoError(t, tx.MarkAction("key", "case", base()))
		_, err = tx.PutNotice(notice("k", "r", "case", record.NoticeCard))
		require.NoError(t, err)
		return errPlanned
	})
	require.ErrorIs(t, err, errPlanned)
	_, err = s.Case(t.Context(), "case")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Mention(t.Context(), "acme", post(1).ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	ds, err := s.Decisions(t.Context(), post(1).ID)
	require.NoError(t, err)
	require.Empty(t, ds)
	for _, version := range []func(context.Context) (int64, error){s.WatchVersion, s.CaseVersion} {
		v, err := version(t.Context())
		require.NoError(t, err)
		require.Zero(t, v)
	}
	update(t, s, "acme", func(tx *store.Tx) {
		n, err := tx.NextSeq("acme")
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		_, done, err := tx.ActionDone("key")
		require.NoError(t, err)
		require.False(t, done)
		fresh, err := tx.PutNotice(notice("k", "r", "case", record.NoticeCard))
		require.NoError(t, err)
		require.True(t, fresh)
	})
}

func testSecondDecision(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	d := decision("acme", 1, record.OutcomeAlert)
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.PutDecision(d)) })
	err := s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		require.NoError(t, tx.PutCase(aCase("acme", "second", 1)))
		return tx.PutDecision(d)
	})
	require.ErrorIs(t, err, store.ErrExists)
	_, err = s.Case(t.Context(), "second")
	require.ErrorIs(t, err, store.ErrNotFound, "what came with it is undone")
	update(t, s, "acme", func(tx *store.Tx) {
		d.Revision++
		require.NoError(t, tx.PutDecision(d), "another revision is another decision")
		latest, ok, err := tx.LatestDecision("acme", d.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, d, latest)
	})
}

func testLocks(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	for _, write := range []func(tx *store.Tx) error{
		func(tx *store.Tx) error { return tx.PutMention(stored("globex", 1, "")) },
		func(tx *store.Tx) error { return tx.PutDecision(decision("globex", 1, record.OutcomeAlert)) },
		func(tx *store.Tx) error { return tx.PutCase(aCase("globex", "c", 1)) },
		func(tx *store.Tx) error { return tx.EraseMention("globex", post(1).ID) },
		func(tx *store.Tx) error { _, err := tx.NextSeq("globex"); return err },
	} {
		err := s.Update(t.Context(), []string{"acme", "initech"}, write)
		require.ErrorContains(t, err, `brand "globex" is not among those`)
	}
	require.NoError(t, s.Update(t.Context(), []string{"initech", "globex", "acme", "acme"}, func(tx *store.Tx) error {
		return tx.PutCase(aCase("globex", "c", 1))
	}))
}

func testVersions(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	for i, v := range []struct{ put, want int64 }{{0, 1}, {1, 2}, {1, 3}, {9, 9}, {2, 10}} {
		c := aCase("acme", "c", 1)
		c.Version = v.put
		update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.PutCase(c)) })
		got, err := s.Case(t.Context(), "c")
		require.NoError(t, err)
		require.Equal(t, v.want, got.Version)
		n, err := s.CaseVersion(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, i+1, n)
	}
}

func testBudget(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		for n := range 5 {
			require.NoError(t, tx.PutDecision(decision("acme", n, record.OutcomeAlert)))
			d := decision("acme", n+100, record.OutcomeDigest)
			require.NoError(t, tx.PutDecision(d))
		}
		n, err := tx.CountAlerts("acme", base().Add(2*time.Second))
		require.NoError(t, err)
		require.Equal(t, 3, n)
		n, err = tx.CountAlerts("globex", base())
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func testEndedContext(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, []string{"acme"}, func(tx *store.Tx) error { return tx.PutCase(aCase("acme", "c", 1)) })
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Case(t.Context(), "c")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func testConcurrentDesks(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	c := aCase("acme", "c", 1)
	c.Owner = ""
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.PutCase(c)) })
	const claimers = 100
	var winners, failed atomic.Int64
	var wg sync.WaitGroup
	for i := range claimers {
		wg.Go(func() {
			err := s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
				c, _, err := tx.Case("c")
				if err != nil || c.Owner != "" {
					return err
				}
				if _, err := tx.NextSeq("acme"); err != nil {
					return err
				}
				c.Owner = "U" + string(rune('A'+i%26))
				winners.Add(1)
				if err := tx.AddEvent(record.Event{Case: "c", What: "claimed", Actor: c.Owner, At: base()}); err != nil {
					return err
				}
				return tx.PutCase(c)
			})
			if err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
	require.EqualValues(t, 1, winners.Load(), "of all who claim one wins")
	d, err := s.Dossier(t.Context(), "c")
	require.NoError(t, err)
	require.Len(t, d.History, 1)
	require.Equal(t, d.Case.Owner, d.History[0].Actor)
}
