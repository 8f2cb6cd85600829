package casework_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
)

func TestRewrites(t *testing.T) {
	t.Parallel()
	const campaign = "acme robs pensioners with fake contracts. their agents lie on the phone and laugh when anybody complains. deposits stolen, refunds refused for months. worst scam company ever"
	for _, tc := range []struct {
		name, a, b string
		want       bool
	}{
		{"words changed", campaign, "acme cheats pensioners with bogus contracts! their agents lie on the phone and hang up when anybody complains. savings gone, refunds denied for months. worst scam company around, boycott", true},
		{"sentences in another order", campaign, "their agents lie on the phone and laugh when anybody complains, acme robs pensioners with fake contracts, worst scam company, share", true},
		{"the same brand, another matter", campaign, "acme dumps waste water into the river behind the school and pays nothing for the damage. inspectors look away, children play there every afternoon", false},
		{
			"who tells of themselves", "acme charged me twice for the sofa and refuses the refund, agents lie on the phone and laugh, worst scam company ever",
			"acme charged me twice for the heater and refuses the refund, agents lie on the phone and laugh, worst scam company ever", false,
		},
		{"one of them tells of themselves", campaign, "acme robbed my pensioner mother with fake contracts. their agents lie on the phone and laugh when anybody complains. deposits stolen, refunds refused", false},
		{"too short", "acme scam worst company", "acme scam worst company", false},
		{"no words", "", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, b := casework.GistOfText(tc.a), casework.GistOfText(tc.b)
			require.Equal(t, tc.want, a.Rewrites(b))
			require.Equal(t, tc.want, b.Rewrites(a))
		})
	}
}

// Of a thousand complaints of one person each none is another in other words, though
// they were made by a few patterns; of a brigade most are of a few.
func TestRewritesOfManyComplaints(t *testing.T) {
	t.Parallel()
	var gists []casework.Gist
	for _, p := range scenario.Generate(1000, 1000, "acme", 3) {
		g := casework.GistOfText(p.Text)
		for _, h := range gists {
			require.False(t, g.Rewrites(h), p.Text)
		}
		gists = append(gists, g)
	}
	r := rand.New(rand.NewPCG(4, 4))
	var firsts []casework.Gist
	for range 1000 {
		g := casework.GistOfText(scenario.Rewrite(r, "acme"))
		known := false
		for _, h := range firsts {
			known = known || g.Rewrites(h)
		}
		if !known {
			firsts = append(firsts, g)
		}
	}
	require.LessOrEqual(t, len(firsts), 20, "of 1,000 posts")
	t.Log("first ones:", len(firsts))
}

func TestRewrittenEnds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	text := scenario.Rewrite(rand.New(rand.NewPCG(1, 1)), "acme")
	c := record.Case{State: record.StateOpen, Text: text, LastPostAt: now.Add(-casework.RewriteFor)}
	g := casework.GistOfText(text)
	require.True(t, casework.Rewritten(c, g, now))
	require.False(t, casework.Rewritten(c, g, now.Add(time.Second)), "a day later it is another matter")
	c.State = record.StateResolved
	require.False(t, casework.Rewritten(c, g, now))
}

func FuzzGist(f *testing.F) {
	f.Add("acme robs pensioners", "\xff\x00 i my")
	f.Fuzz(func(t *testing.T, a, b string) {
		g, h := casework.GistOfText(a), casework.GistOfText(b)
		require.Equal(t, g.Rewrites(h), h.Rewrites(g))
	})
}
