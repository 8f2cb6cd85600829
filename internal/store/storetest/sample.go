package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

func testSample(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	tomorrow := base().Add(24 * time.Hour)
	offer(t, s, "calm", [2]int{0, 20}, base(), 1)
	for n := range 5 {
		offer(t, s, "flood", [2]int{n * 100, n*100 + 100}, base(), 0.1)
	}
	offer(t, s, "flood", [2]int{0, 30}, tomorrow, 1) // seen the day before: no second rows
	offer(t, s, "flood", [2]int{9000, 9010}, tomorrow, 1)

	got := sampled(t, s, time.Time{})
	require.Len(t, got["calm"], 20, "a source that says little is kept whole")
	for _, v := range got["calm"] {
		require.InDelta(t, 1, v.Stands, 1e-9)
	}
	day, next := 0, 0
	ids := map[string]bool{}
	for _, v := range got["flood"] {
		require.False(t, ids[v.Mention.ID])
		ids[v.Mention.ID] = true
		if v.Mention.ObservedAt.Before(tomorrow) {
			day++
			require.InDelta(t, 5000.0/store.SamplePerDay, v.Stands, 1e-9, "500 posts at a rate of 0.1, 250 kept")
		} else {
			next++
		}
	}
	require.Equal(t, store.SamplePerDay, day)
	lateOnes := 0
	for n := 400; n < 500; n++ {
		if ids["flood:"+post(n).NativeID] {
			lateOnes++
		}
	}
	require.InDelta(t, 50, lateOnes, 40, "late in the day the chance is the same")
	require.GreaterOrEqual(t, next, 10)
	require.Len(t, sampled(t, s, tomorrow)["flood"], next)
	require.Empty(t, sampled(t, s, tomorrow)["calm"])

	gone := got["calm"][3].Mention.ID
	require.NoError(t, s.SaveProgress(t.Context(), store.Progress{Source: "calm", Gone: []string{gone, "unknown"}}))
	for _, v := range sampled(t, s, time.Time{})["calm"] {
		require.NotEqual(t, gone, v.Mention.ID)
	}
	for _, rate := range []float64{0, -1, 1.1} {
		require.ErrorContains(t, s.SampleUnmatched(t.Context(), []record.Stored{{Mention: post(1)}}, rate), "the rate must be")
	}
}

// offer offers posts of a source to the sample.
func offer(t *testing.T, s *store.Store, source string, numbers [2]int, at time.Time, rate float64) {
	t.Helper()
	var rows []record.Stored
	for n := numbers[0]; n < numbers[1]; n++ {
		v := record.Stored{Mention: post(n)}
		v.Mention.Source, v.Mention.ObservedAt = source, at
		v.Mention.ID = source + ":" + v.Mention.NativeID
		rows = append(rows, v)
	}
	require.NoError(t, s.SampleUnmatched(t.Context(), rows, rate))
}

// sampled is the sample by source, read in pages.
func sampled(t *testing.T, s *store.Store, since time.Time) map[string][]store.Sampled {
	t.Helper()
	out := map[string][]store.Sampled{}
	f := store.UnmatchedFilter{Since: since, Limit: 37}
	for {
		page, err := s.Unmatched(t.Context(), f)
		require.NoError(t, err)
		for _, v := range page.Rows {
			out[v.Mention.Source] = append(out[v.Mention.Source], v)
		}
		if f.After = page.Next; f.After == "" {
			return out
		}
	}
}
