package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

func testJournal(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	now := time.Now().UTC().Truncate(time.Microsecond)
	var last int64
	for i := range 5 {
		n, err := s.AddJournal(t.Context(), record.JournalBlind, "sky", now, record.BlindWindow{Source: "sky", Reason: string(rune('a' + i))}, 3)
		require.NoError(t, err)
		require.Greater(t, n, last)
		last = n
	}
	_, err := s.AddJournal(t.Context(), record.JournalBlind, "forum", now, record.BlindWindow{Source: "forum"}, 3)
	require.NoError(t, err)
	rows, err := s.Journal(t.Context(), record.JournalBlind, "sky", 10)
	require.NoError(t, err)
	require.Len(t, rows, 3, "the newest stay")
	require.Equal(t, last, rows[0].N)
	require.Equal(t, now, rows[0].At)
	require.JSONEq(t, `{"source":"sky","from":"0001-01-01T00:00:00Z","reason":"e"}`, string(rows[0].Body))
	require.NoError(t, s.SetJournal(t.Context(), last, record.BlindWindow{Source: "sky", Reason: "z"}))
	rows, err = s.Journal(t.Context(), record.JournalBlind, "", 2)
	require.NoError(t, err)
	require.Equal(t, []string{"forum", "sky"}, []string{rows[0].Key, rows[1].Key})
	require.Contains(t, string(rows[1].Body), `"z"`)
	require.NoError(t, s.SetJournal(t.Context(), 999, 1), "a line that is gone")

	old := now.Add(-100 * 24 * time.Hour)
	for _, kind := range []string{record.JournalDifference, record.JournalConfig} {
		_, err := s.AddJournal(t.Context(), kind, "1", old, record.Difference{Mention: "x:1"}, 10)
		require.NoError(t, err)
	}
	require.NoError(t, s.Prune(t.Context(), now))
	rows, err = s.Journal(t.Context(), record.JournalDifference, "1", 10)
	require.NoError(t, err)
	require.Empty(t, rows, "what names posts goes at the retention")
	rows, err = s.Journal(t.Context(), record.JournalConfig, "1", 10)
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

func testActivity(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	a, err := s.Activity(t.Context(), "acme", time.Now().Add(-time.Hour), time.Now())
	require.NoError(t, err)
	require.Zero(t, a)
	notices, err := s.NoticesOfCase(t.Context(), "none")
	require.NoError(t, err)
	require.Empty(t, notices)
	now := time.Now().UTC().Truncate(time.Microsecond)
	require.NoError(t, s.PutNotices(t.Context(), []record.Notice{
		{Key: "k1", Receiver: "r", Kind: record.NoticeCard, State: record.NoticePending, Case: "c1", CreatedAt: now, DueAt: now},
		{Key: "k2", Receiver: "r", Kind: record.NoticeUpdate, State: record.NoticePending, Case: "c1", CreatedAt: now, DueAt: now},
		{Key: "k3", Receiver: "r", Kind: record.NoticeCard, State: record.NoticePending, Case: "c2", CreatedAt: now, DueAt: now},
	}))
	notices, err = s.NoticesOfCase(t.Context(), "c1")
	require.NoError(t, err)
	require.Len(t, notices, 2)
	require.Equal(t, "k1", notices[0].Key)
}
