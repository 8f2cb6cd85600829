package tune_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
)

func TestPlatformOf(t *testing.T) {
	for asked, want := range map[string]string{
		"https://bsky.app/profile/jo.example/post/3lbz6xxxxxxxx": "bluesky", "bluesky:did:plc:x/3m6abc": "bluesky",
		"https://news.ycombinator.com/item?id=1": "hackernews", "https://old.reddit.com/r/x": "reddit", "https://www.x.com/a": "x",
		"https://forum.example/t/1": "", "not a url": "", "hackernews:7": "hackernews",
	} {
		got, _ := tune.PlatformOf(asked)
		require.Equal(t, want, got, asked)
	}
	_, at := tune.PlatformOf("https://bsky.app/profile/jo.example/post/3l7sbnz5kus2a")
	require.Equal(t, "2024-10-31", at.Format(time.DateOnly))
	for _, none := range []string{"https://bsky.app/profile/x/post/short", "https://bsky.app/x/zzzzzzzzzzzzz", "https://bsky.app/x/1111111111111"} {
		_, at := tune.PlatformOf(none)
		require.True(t, at.IsZero(), none)
	}
}

func TestHearing(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := now.Add(-3 * time.Hour)
	window := record.BlindWindow{Source: "sky", From: at.Add(-10 * time.Minute), Until: at.Add(20 * time.Minute), Reason: "timeout"}
	far := record.BlindWindow{Source: "sky", From: now.Add(-20 * 24 * time.Hour), Until: now.Add(-19 * 24 * time.Hour)}
	sky := tune.Listening{Name: "sky", Type: "bluesky", Windows: []record.BlindWindow{far, window}, Stat: record.SourceStat{FirstAt: now.Add(-48 * time.Hour), LastOK: now}}
	forum := tune.Listening{Name: "forum", Type: "rss", URL: "https://feeds.forum.example/rss", MaxAge: 24 * time.Hour, Stat: record.SourceStat{FirstAt: now.Add(-time.Hour), LastOK: now, Read: 7}}
	all := []tune.Listening{sky, forum}

	u := tune.Hearing("https://bsky.app/profile/x/post/short", at, all, now)
	require.Equal(t, "bluesky", u.Platform)
	require.Equal(t, []record.BlindWindow{window}, u.Sources[0].Windows)
	require.Equal(t, []string{"it was blind about then: see the windows"}, u.Sources[0].Reasons)

	u = tune.Hearing("https://forum.example/t/1", now.Add(-30*time.Hour), all, now)
	require.Len(t, u.Sources, 1)
	require.Contains(t, u.Sources[0].Reasons[0], "older than 24h0m0s before it first listened")
	u = tune.Hearing("https://forum.example/t/1", time.Time{}, all, now)
	require.Contains(t, u.Sources[0].Reasons[0], "it was hearing, with 7 posts read")

	down := sky
	down.Windows, down.Stat.Blind, down.Stat.BlindSince, down.Stat.LastOK, down.Stat.LastError = nil, true, at.Add(-time.Minute), at.Add(-time.Minute), "refused"
	u = tune.Hearing("bluesky:x", at, []tune.Listening{down}, now)
	require.Len(t, u.Sources[0].Reasons, 4)
	require.True(t, u.Sources[0].Windows[0].Until.IsZero())

	require.Contains(t, tune.Hearing("https://x.com/a/status/1", at, all, now).NoSource, "no source of type x")
	require.Contains(t, tune.Hearing("https://elsewhere.example/1", at, all, now).NoSource, "no source reads elsewhere.example")
	require.Contains(t, tune.Hearing("gibberish", at, all, now).NoSource, "neither a URL")
}
