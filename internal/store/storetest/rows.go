package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

func testProgress(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	c, err := s.LoadCursor(t.Context(), "sky")
	require.NoError(t, err)
	require.Nil(t, c)
	seen := record.Seen{
		ID: "x:1", Source: "sky", AuthorKey: "x:a", Conversation: "x:0", Brands: []string{"acme", "globex"}, TextHash: 1<<64 - 1,
		Revision: 7, At: base(),
	}
	stat := record.SourceStat{Source: "sky", Type: "bluesky", FirstAt: base(), Read: 9}
	require.NoError(t, s.SaveProgress(t.Context(), store.Progress{
		Source: "sky", Cursor: json.RawMessage(`{"at":1}`), Seen: []record.Seen{seen}, Stat: stat,
	}))
	require.NoError(t, s.SaveProgress(t.Context(), store.Progress{Source: "sky"}))
	c, err = s.LoadCursor(t.Context(), "sky")
	require.NoError(t, err)
	require.JSONEq(t, `{"at":1}`, string(c), "no cursor keeps the one before")
	require.NoError(t, s.SaveProgress(t.Context(), store.Progress{Source: "sky", Cursor: json.RawMessage(`{"at":2}`)}))
	c, err = s.LoadCursor(t.Context(), "sky")
	require.NoError(t, err)
	require.JSONEq(t, `{"at":2}`, string(c))
	got, err := s.SeenByID(t.Context(), []string{"x:1"})
	require.NoError(t, err)
	require.Equal(t, map[string]record.Seen{"x:1": seen}, got)
	stats, err := s.SourceStats(t.Context())
	require.NoError(t, err)
	require.Equal(t, []record.SourceStat{stat}, stats)

	t.Run("an author's posts, page by page", func(t *testing.T) {
		var many []record.Seen
		for n := range 70 {
			id := fmt.Sprintf("y:%03d", n)
			many = append(many, record.Seen{ID: id, Conversation: id, AuthorKey: "y:a", At: base()}, record.Seen{ID: "z" + id, Conversation: id, At: base()})
		}
		require.NoError(t, s.SaveProgress(t.Context(), store.Progress{Source: "sky", Seen: many}))
		var ids []string
		for after := ""; ; {
			page, err := s.SeenByAuthor(t.Context(), "y:a", after, 30)
			require.NoError(t, err)
			for _, v := range page {
				ids = append(ids, v.ID)
				require.Equal(t, v.ID, v.Conversation)
			}
			if len(page) < 30 {
				break
			}
			after = ids[len(ids)-1]
		}
		require.Len(t, ids, 70)
		none, err := s.SeenByAuthor(t.Context(), "", "", 0)
		require.NoError(t, err)
		require.Empty(t, none, "posts without an author are nobody's")
		byID, err := s.SeenByID(t.Context(), ids)
		require.NoError(t, err)
		require.Len(t, byID, 70)
	})
}

func testSources(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	full := record.SourceStat{
		Source: "sky", Type: "bluesky", FirstAt: base(), LastOK: base().Add(1), LastItem: base().Add(time.Second), LastError: "eof",
		Reason: "reset", ErrorAt: base().Add(time.Minute), Read: 10, Matched: 2, Poll: time.Minute,
	}
	full.LastOK = full.LastOK.Truncate(time.Microsecond)
	require.NoError(t, s.SaveSourceStat(t.Context(), full))
	require.NoError(t, s.SetBlind(t.Context(), "sky", true, base()))
	later := full
	later.FirstAt, later.Read = base().Add(time.Hour), 20
	require.NoError(t, s.SaveSourceStat(t.Context(), later))
	later.FirstAt, later.Blind, later.BlindSince = base(), true, base()
	got, err := s.SourceStats(t.Context())
	require.NoError(t, err)
	require.Equal(t, []record.SourceStat{later}, got, "it was first seen once, and its blindness is not its own to judge")
	require.NoError(t, s.SetBlind(t.Context(), "sky", false, base()))
	got, err = s.SourceStats(t.Context())
	require.NoError(t, err)
	require.False(t, got[0].Blind)
	require.True(t, got[0].BlindSince.IsZero())
	require.ErrorIs(t, s.SetBlind(t.Context(), "nobody", true, base()), store.ErrNotFound)
}

func testWatches(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	w := record.Watch{Platform: "x", Conversation: "conv", AuthorKey: "x:a", Brand: "acme", Case: "c1", Until: until}
	version := func() int64 {
		t.Helper()
		v, err := s.WatchVersion(t.Context())
		require.NoError(t, err)
		return v
	}
	watches := func() []record.Watch {
		t.Helper()
		ws, err := s.Watches(t.Context())
		require.NoError(t, err)
		return ws
	}
	write := func(ws ...record.Watch) {
		t.Helper()
		update(t, s, "acme", func(tx *store.Tx) {
			for _, w := range ws {
				require.NoError(t, tx.PutWatch(w))
			}
		})
	}
	require.Zero(t, version())
	write(w)
	v1 := version()
	require.Positive(t, v1)
	require.Equal(t, []record.Watch{w}, watches())
	write(w)
	require.Equal(t, v1, version(), "the same again is no change")

	second := w
	second.Case, second.Until = "c2", until.Add(-time.Minute)
	ended := w
	ended.Conversation, ended.Until = "old", time.Now().Add(-time.Minute)
	w.Until = until.Add(time.Hour)
	write(w, second, ended)
	require.Greater(t, version(), v1)
	require.Equal(t, []record.Watch{w, second}, watches())

	v2 := version()
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.DropWatches("c1")) })
	require.Greater(t, version(), v2)
	require.Equal(t, []record.Watch{second}, watches(), "the other case still watches")
	v3 := version()
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.DropWatches("c1")) })
	require.Equal(t, v3, version())
	err := s.Update(t.Context(), nil, func(tx *store.Tx) error { return tx.PutWatch(record.Watch{Platform: "x", Brand: "acme", Case: "c"}) })
	require.ErrorContains(t, err, "neither a conversation nor an author")
}

func testClocks(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutClock(record.Clock{Case: "c", Kind: "snooze", DueAt: base().Add(time.Hour)}))
		require.NoError(t, tx.PutClock(record.Clock{Case: "c", Kind: "snooze", DueAt: base()}))
		require.NoError(t, tx.PutClock(record.Clock{Case: "c", Kind: "ack", DueAt: base().Add(-time.Second)}))
		require.NoError(t, tx.PutClock(record.Clock{Case: "d", Kind: "ack", DueAt: base().Add(time.Second)}))
	})
	due := func(at time.Time) []record.Clock {
		t.Helper()
		cs, err := s.DueClocks(t.Context(), at, 10)
		require.NoError(t, err)
		return cs
	}
	cs := due(base())
	require.Len(t, cs, 2)
	require.Equal(t, "ack", cs[0].Kind)
	require.Equal(t, "snooze", cs[1].Kind, "one of each kind, as it was set last")
	one, err := s.DueClocks(t.Context(), base(), 1)
	require.NoError(t, err)
	require.Equal(t, cs[:1], one)
	update(t, s, "acme", func(tx *store.Tx) {
		mine, err := tx.TakeClock(cs[0])
		require.NoError(t, err)
		require.True(t, mine)
		mine, err = tx.TakeClock(cs[0])
		require.NoError(t, err)
		require.False(t, mine, "a clock is taken once")
		require.NoError(t, tx.PutClock(record.Clock{Case: "c", Kind: "snooze", DueAt: base().Add(time.Minute)}))
		mine, err = tx.TakeClock(cs[1])
		require.NoError(t, err)
		require.False(t, mine, "it was set anew")
		require.NoError(t, tx.DropClock("d", "snooze"))
	})
	require.Len(t, due(base().Add(time.Hour)), 2)
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.DropClock("d", "ack"))
		require.NoError(t, tx.DropClock("c", ""))
	})
	require.Empty(t, due(base().Add(time.Hour)))
}

func testSilences(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	now := time.Now().UTC().Truncate(time.Microsecond)
	full := record.Silence{
		ID: "s1", Brand: "acme", Author: "x:a", Topic: "billing", Query: `"planned work"`, By: "U1", Reason: "maintenance",
		From: now.Add(-time.Minute), Until: now.Add(time.Hour),
	}
	got, err := s.AddSilence(t.Context(), full)
	require.NoError(t, err)
	require.Equal(t, full, got)
	future, err := s.AddSilence(t.Context(), record.Silence{From: now.Add(time.Minute), Until: now.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.NotEmpty(t, future.ID)
	fromNow, err := s.AddSilence(t.Context(), record.Silence{Brand: "globex", Until: now.Add(3 * time.Hour)})
	require.NoError(t, err)
	require.WithinDuration(t, now, fromNow.From, time.Minute)
	_, err = s.AddSilence(t.Context(), record.Silence{From: now, Until: now})
	require.ErrorContains(t, err, "ends before it begins")
	list, err := s.ListSilences(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, full, list[0])

	holding := func(at time.Time) (ids []string) {
		t.Helper()
		update(t, s, "acme", func(tx *store.Tx) {
			silences, err := tx.Silences(at)
			require.NoError(t, err)
			for _, v := range silences {
				ids = append(ids, v.ID)
			}
		})
		return ids
	}
	require.Equal(t, []string{"s1"}, holding(now.Add(-time.Second)))
	require.Equal(t, []string{"s1", future.ID, fromNow.ID}, holding(now.Add(10*time.Minute)))
	require.Equal(t, []string{future.ID, fromNow.ID}, holding(full.Until))
	require.NoError(t, s.ExpireSilence(t.Context(), "s1"))
	list, err = s.ListSilences(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, []string{future.ID, fromNow.ID}, holding(now.Add(10*time.Minute)))
	require.ErrorIs(t, s.ExpireSilence(t.Context(), "nothing"), store.ErrNotFound)
}

func testDead(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	d := record.Dead{
		ID: "01A", Stage: "score", Reason: "panic", Detail: "index out of range", Topic: "mentions", Key: "acme/x",
		Value: []byte("\x00\xff{\"id\":"), At: base(),
	}
	require.NoError(t, s.PutDead(t.Context(), d))
	require.NoError(t, s.PutDead(t.Context(), d), "the same again is no second one")
	got, err := s.Dead(t.Context(), "01A")
	require.NoError(t, err)
	require.Equal(t, d, got)
	second := record.Dead{ID: "01B", Stage: "ingest", Reason: "bad_line", At: base()}
	third := record.Dead{ID: "01C", Stage: "score", Reason: "failed", At: base()}
	require.NoError(t, s.PutDead(t.Context(), second))
	require.NoError(t, s.PutDead(t.Context(), third))

	bare := d
	bare.Value = nil
	list, err := s.ListDead(t.Context(), store.DeadFilter{})
	require.NoError(t, err)
	require.Equal(t, []record.Dead{third, second, bare}, list)
	list, err = s.ListDead(t.Context(), store.DeadFilter{Stage: "score", Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []record.Dead{third}, list)
	list, err = s.ListDead(t.Context(), store.DeadFilter{Stage: "score", After: "01C"})
	require.NoError(t, err)
	require.Equal(t, []record.Dead{bare}, list)
	counts, err := s.DeadCounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"score": 2, "ingest": 1}, counts)

	require.NoError(t, s.DropDead(t.Context(), "01A"))
	require.ErrorIs(t, s.DropDead(t.Context(), "01A"), store.ErrNotFound)
	_, err = s.Dead(t.Context(), "01A")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func testLeases(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	lease := func(name, holder string, ttl time.Duration, want bool) {
		t.Helper()
		got, err := s.Lease(t.Context(), name, holder, ttl)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	lease("drain/r", "a", time.Minute, true)
	lease("drain/r", "b", time.Minute, false)
	lease("drain/r", "a", time.Minute, true)
	lease("drain/q", "b", time.Minute, true)
	require.NoError(t, s.ReleaseLease(t.Context(), "drain/r", "b"))
	lease("drain/r", "b", time.Minute, false)
	require.NoError(t, s.ReleaseLease(t.Context(), "drain/r", "a"))
	lease("drain/r", "b", time.Minute, true)

	lease("short", "a", time.Millisecond, true)
	require.Eventually(t, func() bool {
		got, err := s.Lease(t.Context(), "short", "b", time.Minute)
		return err == nil && got
	}, 10*time.Second, time.Millisecond, "a lease runs out")
	lease("short", "a", time.Minute, false)

	// A lease from before the clock was set back by a day does not hold for a day.
	lease("jump", "dead", 24*time.Hour, true)
	lease("jump", "alive", time.Minute, true)

	all, err := s.Leases(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.NoError(t, s.DropLeases(t.Context()))
	lease("drain/q", "c", time.Minute, true)
}

func testMeta(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	_, ok, err := s.Meta(t.Context(), "canary")
	require.NoError(t, err)
	require.False(t, ok)
	for _, v := range []string{"1", "", "2"} {
		require.NoError(t, s.SetMeta(t.Context(), "canary", v))
		got, ok, err := s.Meta(t.Context(), "canary")
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, v, got)
	}
	require.NoError(t, s.SetMeta(t.Context(), "config_hash/a%", "h1"))
	require.NoError(t, s.SetMeta(t.Context(), "config_hash/b", "h2"))
	require.NoError(t, s.SetMeta(t.Context(), "config_hasi", "no"))
	vs, err := s.MetaPrefix(t.Context(), "config_hash/")
	require.NoError(t, err)
	require.Len(t, vs, 2)
	require.Equal(t, "h1", vs[0].Value)
	require.WithinDuration(t, time.Now(), vs[1].At, time.Minute)
	require.NoError(t, s.DropMeta(t.Context(), "config_hash/b"))
	vs, err = s.MetaPrefix(t.Context(), "config_hash/")
	require.NoError(t, err)
	require.Len(t, vs, 1)

	_, ok, err = s.LastGoodBrand(t.Context(), "acme")
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, s.SaveGoodBrand(t.Context(), "acme", []byte("name: acme\n"), "h1"))
	require.NoError(t, s.SaveGoodBrand(t.Context(), "acme", []byte("name: acme\nquery: x\n"), "h2"))
	y, ok, err := s.LastGoodBrand(t.Context(), "acme")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "name: acme\nquery: x\n", string(y))
	require.NoError(t, s.SaveGoodBrand(t.Context(), "acme", []byte("# a word\nname: acme\nquery: x\n"), "h2"))
	y, _, err = s.LastGoodBrand(t.Context(), "acme")
	require.NoError(t, err)
	require.Contains(t, string(y), "# a word", "the same brand in another file")
	require.NoError(t, s.Ping(t.Context()))
	size, err := s.Size(t.Context())
	require.NoError(t, err)
	require.Positive(t, size)
}
