package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// testDraws are random samples of decided posts.
func testDraws(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	to := at.Add(24 * time.Hour)
	require.NoError(t, s.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		for i, match := range []string{record.MatchQuery, record.MatchQuery, record.MatchWatched, record.MatchQuery} {
			d := record.Decision{ID: "x:" + string(rune('a'+i)), Brand: "acme", Outcome: record.OutcomeAlert, Match: match, Now: at.Add(time.Duration(i) * time.Hour)}
			if i == 3 {
				d.ID, d.Revision = "x:a", 2 // an edit
			}
			if err := tx.PutDecision(d); err != nil {
				return err
			}
		}
		if err := tx.PutMention(record.Stored{Brand: "acme", Mention: mention.Mention{
			ID: "x:b", Platform: "x", NativeID: "b", URL: "https://social.example/b", Title: "only a title", Author: mention.Author{Name: "Jo"},
		}}); err != nil {
			return err
		}
		draws := []record.Draw{{Brand: "acme", Stratum: record.StratumReached, From: at, To: to, Posts: 9, Drawn: 2}}
		posts := []record.Sampled{
			{Brand: "acme", Mention: "x:a", Stratum: record.StratumReached, Outcome: record.OutcomeAlert, Venting: 0.5, To: to},
			{Brand: "acme", Mention: "x:b", Stratum: record.StratumReached, Outcome: record.OutcomeAlert, Venting: 0.7, To: to},
		}
		for _, fresh := range []bool{true, false} {
			got, err := tx.PutDraw(draws, posts)
			require.NoError(t, err)
			require.Equal(t, fresh, got)
		}
		_, err := tx.PutDraw([]record.Draw{{Brand: "other", To: to}}, nil)
		require.Error(t, err, "a brand that is not locked")
		first, err := tx.PutLabel(record.Label{Brand: "acme", Mention: "x:b", Text: "b", Venting: false, At: at})
		require.NoError(t, err)
		_, err = tx.PutLabel(record.Label{Brand: "acme", Mention: "x:b", Text: "b", Venting: true, At: at})
		require.NoError(t, err)
		_, err = tx.PutLabel(record.Label{Brand: "acme", Mention: "x:a", Text: "a", Venting: true, At: at, Undone: true})
		require.NoError(t, err)
		require.Positive(t, first)
		return nil
	}))

	ranks := map[string]int64{}
	require.NoError(t, s.EachDrawable(t.Context(), "acme", at, to, func(p store.Drawable) { ranks[p.ID] = p.Rank }))
	require.Len(t, ranks, 2, "watched posts are not drawn, and an edited one counts once")
	require.NotEqual(t, ranks["x:a"], ranks["x:b"])
	require.NoError(t, s.EachDrawable(t.Context(), "acme", to, to.Add(time.Hour), func(store.Drawable) { t.Error("nothing was decided then") }))

	until, err := s.DrawnUntil(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, to, until)
	until, err = s.DrawnUntil(t.Context(), "globex")
	require.NoError(t, err)
	require.True(t, until.IsZero())
	draws, err := s.Draws(t.Context(), "acme", at)
	require.NoError(t, err)
	require.Equal(t, []record.Draw{{Brand: "acme", Stratum: record.StratumReached, From: at, To: to, Posts: 9, Drawn: 2}}, draws)

	posts, err := s.SampledPosts(t.Context(), "acme", at, 0)
	require.NoError(t, err)
	require.Len(t, posts, 2)
	require.Nil(t, posts[0].Label, "a label that was taken back is none")
	require.Empty(t, posts[0].Text)
	require.NotNil(t, posts[1].Label)
	require.True(t, *posts[1].Label, "the last word counts")
	require.Equal(t, "only a title", posts[1].Text)
	require.Equal(t, "Jo", posts[1].Author)
	require.InDelta(t, 4.5, posts[1].Weight, 1e-9)
	posts, err = s.SampledPosts(t.Context(), "acme", to, 0)
	require.NoError(t, err)
	require.Empty(t, posts)
}
