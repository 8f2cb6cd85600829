package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
)

func TestBlind(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	for _, tc := range []struct {
		name    string
		stat    record.SourceStat
		started time.Time
		want    bool
		since   time.Time
	}{
		{"never started", record.SourceStat{Type: TypeRSS}, ago(day), false, time.Time{}},
		{"just started", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(9 * time.Second)}, ago(day), false, time.Time{}},
		{"ten seconds are the least", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(time.Hour), LastOK: ago(9 * time.Second)}, ago(day), false, time.Time{}},
		{"no fetch for ten seconds", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(time.Hour), LastOK: ago(10 * time.Second)}, ago(day), true, ago(10 * time.Second)},
		{"two polls", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(time.Hour), LastOK: ago(179 * time.Second)}, ago(day), false, time.Time{}},
		{"three polls", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(time.Hour), LastOK: ago(180 * time.Second)}, ago(day), true, ago(180 * time.Second)},
		{"never a success", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(4 * time.Minute)}, ago(day), true, ago(4 * time.Minute)},
		{"a silent stream", record.SourceStat{Type: TypeBluesky, FirstAt: ago(time.Hour), LastOK: ago(11 * time.Second)}, ago(day), true, ago(11 * time.Second)},
		{"a lively stream", record.SourceStat{Type: TypeBluesky, FirstAt: ago(time.Hour), LastOK: ago(time.Second)}, ago(day), false, time.Time{}},
		{"a webhook is never blind", record.SourceStat{Type: TypeWebhook, FirstAt: ago(30 * day)}, ago(day), false, time.Time{}},
		{"a file that cannot be read", record.SourceStat{Type: TypeFile, Poll: time.Second, FirstAt: ago(30 * day), LastOK: ago(time.Minute)}, ago(day), true, ago(time.Minute)},
		{"a file without news", record.SourceStat{Type: TypeFile, Poll: time.Second, FirstAt: ago(30 * day), LastOK: now, LastItem: ago(20 * day), Read: 1e6}, ago(30 * day), false, time.Time{}},
		{"the daemon was off", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(30 * day), LastOK: ago(day)}, ago(5 * time.Second), false, time.Time{}},
		{"the daemon was off and it does not come back", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(30 * day), LastOK: ago(day)}, ago(11 * time.Second), true, ago(11 * time.Second)},
		{"fetches succeed and bring nothing, first day", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(23 * time.Hour), LastOK: now, LastItem: ago(22 * time.Hour), Read: 100000}, ago(day), false, time.Time{}},
		{"a busy source falls silent", record.SourceStat{Type: TypeHackerNews, Poll: 30 * time.Second, FirstAt: ago(10 * day), LastOK: now, LastItem: ago(16 * time.Minute), Read: 150000}, ago(10 * day), true, ago(16 * time.Minute)},
		{"a busy source takes a breath", record.SourceStat{Type: TypeHackerNews, Poll: 30 * time.Second, FirstAt: ago(10 * day), LastOK: now, LastItem: ago(14 * time.Minute), Read: 150000}, ago(10 * day), false, time.Time{}},
		{"a quiet forum over a weekend", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(30 * day), LastOK: now, LastItem: ago(64 * time.Hour), Read: 900}, ago(30 * day), false, time.Time{}},
		{"a quiet forum for a week", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(30 * day), LastOK: now, LastItem: ago(7 * day), Read: 900}, ago(30 * day), true, ago(7 * day)},
		{"a source with a post a month", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(90 * day), LastOK: now, LastItem: ago(60 * day), Read: 3}, ago(90 * day), false, time.Time{}},
		{"nothing was ever read", record.SourceStat{Type: TypeRSS, Poll: time.Minute, FirstAt: ago(90 * day), LastOK: now}, ago(90 * day), false, time.Time{}},
		{"a clock that jumped back", record.SourceStat{Type: TypeRSS, Poll: time.Second, FirstAt: ago(-day), LastOK: ago(-day)}, ago(day), false, time.Time{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			blind, since := Blind(tc.stat, tc.started, now)
			require.Equal(t, tc.want, blind)
			require.Equal(t, tc.since, since)
		})
	}
}
