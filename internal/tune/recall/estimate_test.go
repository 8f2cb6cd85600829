package recall

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
)

// sampled makes the draws and labelled posts of a time: of each stratum how many posts
// there were, how many were drawn, and how many of the drawn were labelled complaints.
func sampled(cells ...cell) (draws []record.Draw, posts []record.Sampled) {
	for _, c := range cells {
		draws = append(draws, record.Draw{Stratum: c.stratum, Posts: c.posts, Drawn: c.drawn})
		for i := range c.labelled {
			yes := i < c.complaints
			posts = append(posts, record.Sampled{Stratum: c.stratum, Weight: float64(c.posts) / float64(c.drawn), Label: &yes})
		}
	}
	return draws, posts
}

type cell struct {
	stratum                            record.Stratum
	posts, drawn, labelled, complaints int
}

func TestEstimate(t *testing.T) {
	e := estimate(nil, nil)
	require.False(t, e.Known)
	require.Equal(t, Rate{High: 1}, e.Recall)
	require.Contains(t, Words(e), "Nothing was drawn")

	e = estimate(sampled(cell{record.StratumReached, 100, 60, 0, 0}, cell{record.StratumLow, 1000, 60, 0, 0}))
	require.False(t, e.Known)
	require.Equal(t, Rate{High: 1}, e.Recall)
	require.Equal(t, Rate{High: 1}, e.Precision)
	require.Contains(t, Words(e), "nobody has labelled any of the 120")

	// Ninety of the hundred cards are complaints, and one in sixty of the thousand others.
	e = estimate(sampled(cell{record.StratumReached, 100, 60, 60, 54}, cell{record.StratumLow, 1000, 60, 60, 1}))
	require.True(t, e.Known)
	require.InDelta(t, 90/(90+1000.0/60), e.Recall.Value, 1e-9)
	require.InDelta(t, 0.9, e.Precision.Value, 1e-9)
	require.Less(t, e.Recall.Low, 0.72)
	require.Greater(t, e.Recall.High, 0.94)
	require.Greater(t, e.Precision.Low, 0.78)
	require.Less(t, e.Precision.High, 0.97)
	require.Contains(t, Words(e), "About 84 % of the real complaints")
	again := estimate(sampled(cell{record.StratumReached, 100, 60, 60, 54}, cell{record.StratumLow, 1000, 60, 60, 1}))
	require.Equal(t, e, again)

	// None found below the threshold is not none there.
	e = estimate(sampled(cell{record.StratumReached, 100, 60, 60, 54}, cell{record.StratumLow, 1000, 60, 60, 0}))
	require.InDelta(t, 1, e.Recall.Value, 1e-9)
	require.Less(t, e.Recall.Low, 0.8)

	// Half of the strata labelled says little, and says so.
	e = estimate(sampled(cell{record.StratumReached, 100, 60, 60, 54}, cell{record.StratumLow, 1000, 60, 0, 0}))
	require.False(t, e.Known)
	require.Less(t, e.Recall.Low, 0.15)
	require.Contains(t, Words(e), "none of the 1000 posts")

	// A digest tells, and reaches nobody by itself.
	e = estimate(sampled(cell{record.StratumReached, 100, 50, 50, 50}, cell{record.StratumDeferred, 100, 50, 50, 50}))
	require.InDelta(t, 0.5, e.Recall.Value, 1e-9)
	require.InDelta(t, 1, e.Told.Value, 1e-9)
}

// The intervals hold the true recall as often as they say, in invented months of a draw a
// day, labels that are partly missing, and days of different size.
func TestIntervalsCover(t *testing.T) {
	truth := map[record.Stratum]struct{ perDay, rate float64 }{
		record.StratumReached: {20, 0.85}, record.StratumDeferred: {5, 0.7}, record.StratumNear: {30, 0.25},
		record.StratumLow: {80, 0.04}, record.StratumLowest: {400, 0.002}, record.StratumExcludedHigh: {10, 0.2}, record.StratumExcludedLow: {60, 0.01},
	}
	r := rand.New(rand.NewPCG(5, 6))
	const months = 60
	recalls, precisions, width := 0, 0, 0.0
	for range months {
		var draws []record.Draw
		var posts []record.Sampled
		all, reached, cards, good := 0.0, 0.0, 0.0, 0.0
		for range 30 {
			for _, s := range record.Strata() {
				n := int(truth[s].perDay * (0.5 + r.Float64()))
				yes := 0
				for range n {
					if r.Float64() < truth[s].rate {
						yes++
					}
				}
				all += float64(yes)
				if s == record.StratumReached {
					reached, cards, good = reached+float64(yes), cards+float64(n), good+float64(yes)
				}
				drawn := min(share(s), n)
				draws = append(draws, record.Draw{Stratum: s, Posts: n, Drawn: drawn})
				left, complaints := n, yes
				for range drawn {
					hit := r.IntN(left) < complaints
					left--
					if hit {
						complaints--
					}
					p := record.Sampled{Stratum: s, Weight: float64(n) / float64(drawn)}
					if r.IntN(5) > 0 {
						p.Label = &hit
					}
					posts = append(posts, p)
				}
			}
		}
		e := estimate(draws, posts)
		if v := reached / all; v >= e.Recall.Low && v <= e.Recall.High {
			recalls++
		}
		if v := good / cards; v >= e.Precision.Low && v <= e.Precision.High {
			precisions++
		}
		width += e.Recall.High - e.Recall.Low
	}
	t.Logf("of %d intervals %d hold the recall and %d the precision; the mean width of recall is %.2f", months, recalls, precisions, width/months)
	require.GreaterOrEqual(t, recalls, months*90/100)
	require.GreaterOrEqual(t, precisions, months*90/100)
}

func TestStratumOf(t *testing.T) {
	for _, c := range []struct {
		outcome record.Outcome
		venting float64
		want    record.Stratum
	}{
		{record.OutcomeAlert, 0.9, record.StratumReached},
		{record.OutcomeJoined, 0.1, record.StratumReached},
		{record.OutcomeOverBudget, 0.7, record.StratumDeferred},
		{record.OutcomeDigest, 0.7, record.StratumDeferred},
		{record.OutcomeBelowThreshold, 0.3, record.StratumNear},
		{record.OutcomeBelowThreshold, 0.29, record.StratumLow},
		{record.OutcomeBelowThreshold, 0.09, record.StratumLowest},
		{record.OutcomeExcluded, 0.5, record.StratumExcludedHigh},
		{record.OutcomeExcluded, 0.1, record.StratumExcludedLow},
		{record.OutcomeSilenced, 0.9, ""},
		{record.OutcomeOwnAccount, 0.9, ""},
		{record.OutcomeRetracted, 0, ""},
	} {
		got, ok := StratumOf(c.outcome, c.venting)
		require.Equal(t, c.want, got)
		require.Equal(t, c.want != "", ok)
	}
	most := 0
	for _, s := range record.Strata() {
		require.Positive(t, share(s))
		require.NotEqual(t, string(s), StratumWords(s))
		most += share(s)
	}
	require.Equal(t, PerDraw, most)
	require.Greater(t, Window, 24*time.Hour)
}
