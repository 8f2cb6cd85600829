package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/standin/feeds"
)

// served gives a handler an address that ends with the test.
func served(t *testing.T, s *feeds.Server, err error) string {
	t.Helper()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s.URL
}

// TestTryQuery tries a query on the stand-ins of Hacker News and of Bluesky's stream.
func TestTryQuery(t *testing.T) {
	t.Parallel()
	hn, sky := feeds.NewHackerNews(), feeds.NewJetstream()
	h, err := feeds.Serve(hn, "")
	hnURL := served(t, h, err)
	j, err := feeds.Serve(sky, "")
	skyURL := served(t, j, err)
	now := time.Now()
	for i := range 4 {
		hn.Put(feeds.HNItem{ID: int64(10 + i), Author: "jo", StoryID: 1, ParentID: 1, Comment: fmt.Sprintf("acme lost parcel %d of mine, nobody answers, i want my money back", i), Created: now.Add(-time.Duration(i+1) * time.Hour)})
		hn.Put(feeds.HNItem{ID: int64(20 + i), Author: "al", StoryID: 1, ParentID: 1, Comment: fmt.Sprintf("the acme orchestra plays piece %d", i), Created: now.Add(-time.Duration(i+1) * time.Hour)})
	}
	hn.Put(feeds.HNItem{ID: 30, Author: "al", StoryID: 1, ParentID: 1, Comment: "the acme bakery opens", Created: now.Add(-time.Hour)})
	hn.Put(feeds.HNItem{ID: 31, Author: "al", StoryID: 1, ParentID: 1, Comment: "nothing about it", Created: now.Add(-time.Hour)})
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				sky.Publish(feeds.Post{DID: fmt.Sprintf("did:plc:p%d", i), RKey: fmt.Sprintf("r%d", i), Text: "hello out there"})
				sky.Publish(feeds.Post{DID: fmt.Sprintf("did:plc:q%d", i), RKey: fmt.Sprintf("s%d", i), Text: "acme charged me twice and refuses the refund, i am furious"})
			}
		}
	}()

	cfg, ps := config.Parse(t.TempDir()+"/leakytap.yaml", fmt.Appendf(nil, `
sources:
  - {name: hn, type: hackernews, url: %q, allow_private: true}
  - {name: sky, type: bluesky, url: %q, profiles_url: %q, allow_private: true}
terms: {away: [acme bakery]}
brands: [{name: other, query: other}]
`, hnURL, skyURL, skyURL), config.Options{})
	require.Empty(t, config.Errors(ps))
	_, ps = cfg.Trial("", "acme OR (")
	require.Equal(t, "QUERY:1:10", fmt.Sprintf("%s:%d:%d", ps[0].File, ps[0].Line, ps[0].Column))
	trial, ps := cfg.Trial("", "acme NOT $away")
	require.Empty(t, ps)
	out, err := app.TryQuery(t.Context(), app.TryOptions{
		Config: trial, Window: app.Window{Since: now.Add(-48 * time.Hour), Until: now}, Stored: true, HackerNews: true, Bluesky: 4 * time.Second,
		Posts: 3, Version: "test", Log: zap.NewNop(),
	})
	require.NoError(t, err)
	require.Equal(t, `acme NOT ("acme bakery")`, out.Query)
	require.Len(t, out.Places, 2, "%v", out.Notes)
	past, live := out.Places[0], out.Places[1]
	require.Equal(t, []int{9, 8, 1, 4}, []int{past.Posts, past.Matched, past.Excluded, past.Alerts})
	require.InDelta(t, 4, past.MatchesPerDay.Value, 1e-6)
	require.Len(t, past.Complaints, 3)
	require.Contains(t, past.Others[0].URL, "news.ycombinator.com")
	require.Greater(t, live.Posts, live.Matched)
	require.Positive(t, live.Alerts)
	require.Greater(t, live.AlertsPerDay.High, live.AlertsPerDay.Low)
	require.Len(t, out.Notes, 1, "%v", out.Notes)
	require.Contains(t, out.Notes[0], "the store was not looked at: there is none yet")
	require.NotEmpty(t, out.Homonyms)
	require.Equal(t, "orchestra", out.Homonyms[0].Word)

	h.Close()
	out, err = app.TryQuery(t.Context(), app.TryOptions{
		Config: trial, Window: app.Window{Since: now.Add(-48 * time.Hour), Until: now}, HackerNews: true, Version: "test", Log: zap.NewNop(),
	})
	require.NoError(t, err, "a place that is down costs its part alone")
	require.Contains(t, out.Notes[0], "Hacker News was not looked at")
}
