package tune_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// manyPosts is how many posts the long tests let come; LEAKYTAP_BACKTEST_POSTS asks for more.
func manyPosts(tb testing.TB) int {
	tb.Helper()
	n, err := strconv.Atoi(os.Getenv("LEAKYTAP_BACKTEST_POSTS"))
	if err != nil {
		if raced {
			return 400
		}
		return 3000
	}
	return n
}

func dayAge(string) time.Duration { return 24 * time.Hour }

func (w *world) backtest(since time.Time, running, candidate *desk.Rules) tune.Report {
	w.tb.Helper()
	rep, err := tune.Backtest(w.tb.Context(), tune.Options{
		Store: w.reader(), Running: tune.Side{Rules: running}, Candidate: tune.Side{Rules: candidate},
		Since: since, Until: w.now.Add(time.Hour), MaxAge: dayAge,
	})
	require.NoError(w.tb, err)
	return rep
}

// What the live path decided comes out again, with cases, silences, a budget, edits,
// retractions, people and clocks moving meanwhile.
func TestUnchangedIsNoDifference(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, "one", acme(), globex())
	w := newWorld(t, rules)
	w.live(manyPosts(t) / 6)
	rep := w.backtest(morning(), rules, rules)
	require.Zero(t, rep.Differences)
	require.Greater(t, rep.Mentions, manyPosts(t)/2)
	seen := map[record.Outcome]int{}
	for _, b := range rep.Brands {
		for o, n := range b.Running.Outcomes {
			seen[o] += n
		}
	}
	t.Logf("%d decisions, %d of %d reproduced, %v", rep.Mentions, rep.Reproduced.Hits, rep.Reproduced.Of, seen)
	require.Empty(t, rep.Otherwise)
	require.Equal(t, rep.Reproduced.Of, rep.Reproduced.Hits)
	require.Greater(t, rep.Reproduced.Of, rep.Mentions*9/10)
	if raced {
		return // too few posts to have all of it
	}
	for _, o := range []record.Outcome{
		record.OutcomeAlert, record.OutcomeJoined, record.OutcomeDigest, record.OutcomeSilenced, record.OutcomeBelowThreshold,
		record.OutcomeOverBudget, record.OutcomeExcluded, record.OutcomeNotMatched, record.OutcomeOwnAccount, record.OutcomeRetracted,
	} {
		require.Positive(t, seen[o], "the invented stream has no %s", o)
	}

	acme := rep.Brands[0]
	require.Equal(t, "acme", acme.Brand)
	require.Positive(t, acme.Altered)
	require.Positive(t, acme.Unkept)
	require.Positive(t, acme.Running.Precision.Of, "people labelled")
	require.Equal(t, acme.Running.Precision, acme.Candidate.Precision)
	require.Nil(t, acme.Unmatched)
	whole := rep.Mentions

	t.Run("from the middle on", func(t *testing.T) {
		// The cases of before come from their histories.
		rep := w.backtest(morning().Add(w.now.Sub(morning())/2), rules, rules)
		require.Zero(t, rep.Differences)
		require.Positive(t, rep.Mentions)
		require.Less(t, rep.Mentions, whole*2/3)
		require.Greater(t, rep.Reproduced.Value, 0.99, "%v", rep.Otherwise)
	})
}

// What the backtest says of a candidate is what the candidate does live.
func TestCandidateIsWhatItDoesLive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*brand.Brand)
	}{
		{"a lower threshold", func(b *brand.Brand) { b.Alert.Threshold = 0.4 }},
		{"a higher threshold and severity", func(b *brand.Brand) { b.Alert.Threshold, b.Alert.MinSeverity = 0.8, vent.SeverityHigh }},
		{"a smaller budget and another day", func(b *brand.Brand) { b.Alert.Budget, b.Timezone = 5, "Asia/Kolkata" }},
		{"an exclusion", func(b *brand.Brand) { b.Query += ` NOT "single flight"` }},
		{"an exclusion less", func(b *brand.Brand) { b.Query = `acme OR @acmeair` }},
		{"no own accounts", func(b *brand.Brand) { b.OwnAccounts = nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			running := rulesOf(t, "one", acme(), globex())
			changed := acme()
			c.edit(&changed)
			candidate := rulesOf(t, "two", changed, globex())
			w := newWorld(t, running)
			w.still = true
			w.live(40)
			other := newWorld(t, candidate)
			want := other.again(w.came)

			rep := w.backtest(morning(), running, candidate)
			require.Len(t, rep.Brands, 2)
			require.Equal(t, want["acme"], rep.Brands[0].Candidate.Outcomes)
			require.Equal(t, want["globex"], rep.Brands[1].Candidate.Outcomes)
			require.Zero(t, rep.Brands[1].Differences)
			b := rep.Brands[0]
			require.Positive(t, b.Differences)
			require.Equal(t, b.Differences, b.NewlyAlerting+b.Lost+b.SeverityChanged+b.RouteChanged+b.OtherChanged)
			require.Equal(t, b.Candidate.Cards-b.Running.Cards, b.NewlyAlerting-b.Lost)
			for _, list := range [][]tune.Post{b.Posts.NewlyAlerting, b.Posts.Lost, b.Posts.Changed} {
				require.LessOrEqual(t, len(list), 20)
				for i, p := range list {
					require.NotEmpty(t, p.URL)
					require.NotEmpty(t, p.Why)
					if i > 0 {
						require.GreaterOrEqual(t, worst(list[i-1]), worst(p))
					}
				}
			}
			require.Equal(t, rep.Reproduced.Of, rep.Reproduced.Hits)
		})
	}
}

func worst(p tune.Post) int { return max(p.Severity.Rank(), p.SeverityBefore.Rank()) }

func TestOtherRoutesAndScores(t *testing.T) {
	t.Parallel()
	running := rulesOf(t, "one", acme())
	w := newWorld(t, running)
	w.still = true
	w.live(12)

	candidate := rulesOf(t, "two", acme())
	router, err := alert.NewRouter(alert.Route{Receiver: "oncall"}, []string{"oncall"})
	require.NoError(t, err)
	candidate.Router = router
	b := w.backtest(morning(), running, candidate).Brands[0]
	require.Positive(t, b.RouteChanged)
	require.Equal(t, b.Differences, b.RouteChanged)
	require.Equal(t, "support", b.Posts.Changed[0].RouteBefore)
	require.Equal(t, "oncall", b.Posts.Changed[0].Route)

	calm := func(record.Matched) (vent.Score, int64) {
		return vent.Score{Venting: 0.1, Severity: vent.SeverityNone}, 0
	}
	rescored := func(string) bool { return true }
	rep, err := tune.Backtest(t.Context(), tune.Options{
		Store: w.reader(), Running: tune.Side{Rules: running}, Since: morning(), Until: w.now.Add(time.Hour),
		Candidate: tune.Side{Rules: running, Score: calm, Rescore: rescored},
	})
	require.NoError(t, err)
	require.Zero(t, rep.Brands[0].Candidate.Cards)
	require.Equal(t, rep.Brands[0].Running.Cards, rep.Brands[0].Lost)

	gone := rulesOf(t, "three", globex())
	rep = w.backtest(morning(), running, gone)
	require.True(t, rep.Brands[0].Removed)
	require.Equal(t, rep.Brands[0].Running.Cards, rep.Brands[0].Lost)
	require.True(t, rep.Brands[1].Added)
}

func TestNewTermsAreEstimated(t *testing.T) {
	t.Parallel()
	running := rulesOf(t, "one", acme())
	changed := acme()
	changed.Query += " OR zephyr"
	candidate := rulesOf(t, "two", changed)
	w := newWorld(t, running)
	w.still = true
	w.live(2)

	loud := func(record.Matched) (vent.Score, int64) {
		return vent.Score{Venting: 0.9, Severity: vent.SeverityHigh}, 0
	}
	estimate := func() tune.Unmatched {
		rep, err := tune.Backtest(t.Context(), tune.Options{
			Store: w.reader(), Running: tune.Side{Rules: running}, Candidate: tune.Side{Rules: candidate, Score: loud},
			Since: morning(), Until: morning().Add(48 * time.Hour),
		})
		require.NoError(t, err)
		require.NotNil(t, rep.Brands[0].Unmatched)
		return *rep.Brands[0].Unmatched
	}
	require.Zero(t, estimate().Sampled, "of nothing sampled nothing is known")

	// A tenth of the posts was offered to the sample: each stands for ten.
	var posts []record.Stored
	for i := range 200 {
		text := fmt.Sprintf("nothing of note %d", i)
		if i%10 == 0 {
			text = fmt.Sprintf("zephyr lost my bag %d", i)
		}
		posts = append(posts, record.Stored{Mention: mention.Mention{
			ID: fmt.Sprintf("bluesky:u%d", i), Source: "sky", Platform: "bluesky", URL: fmt.Sprintf("https://social.example/u%d", i),
			Text: text, ObservedAt: morning().Add(time.Hour), CreatedAt: morning().Add(time.Hour),
		}})
	}
	require.NoError(t, w.store.SampleUnmatched(t.Context(), posts, 0.1))
	u := estimate()
	require.Equal(t, 200, u.Sampled)
	require.InDelta(t, 2000, u.StandsFor, 1)
	require.Equal(t, 20, u.Matched)
	require.InDelta(t, 100, u.MatchesPerDay.Value, 1, "200 posts in two days")
	require.Less(t, u.MatchesPerDay.Low, 80.0)
	require.Greater(t, u.MatchesPerDay.High, 120.0)
	require.Equal(t, u.MatchesPerDay, u.AlertsPerDay)
	require.Len(t, u.Examples, 20)
	require.Equal(t, record.OutcomeAlert, u.Examples[0].Now)
}

func TestBacktestOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rulesOf(t, "one", acme()))
	rep := w.backtest(morning(), w.rules, w.rules)
	require.Zero(t, rep.Mentions)
	require.Empty(t, rep.Brands)
	_, err := tune.Backtest(t.Context(), tune.Options{})
	require.Error(t, err)
	_, err = store.OpenReader(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "reading the store")
}

// Of what comes in one transaction much may happen at the same instant: a post, its edit,
// its end, a case that comes back to life and its next copy.
func TestUnchangedInLargeBatches(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, "one", acme(), globex())
	w := newWorld(t, rules)
	w.batch = 400
	w.live(manyPosts(t) / 200)
	rep := w.backtest(morning(), rules, rules)
	require.Zero(t, rep.Differences)
	require.Empty(t, rep.Otherwise)
	require.Equal(t, rep.Reproduced.Of, rep.Reproduced.Hits)
	require.Greater(t, rep.Reproduced.Of, rep.Mentions*9/10)
	t.Logf("%d decisions, %d of %d reproduced", rep.Mentions, rep.Reproduced.Hits, rep.Reproduced.Of)
}

// Authors with hundreds of cases, some of them ended long ago, come out again too.
func TestUnchangedWithBusyAuthors(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, "one", acme(), globex())
	w := newWorld(t, rules)
	w.authors, w.pace, w.batch = 3, 18*time.Hour, 24
	w.live(min(manyPosts(t), 1800) / 12)
	rep := w.backtest(morning(), rules, rules)
	t.Logf("%d decisions, %d of %d reproduced", rep.Mentions, rep.Reproduced.Hits, rep.Reproduced.Of)
	require.Zero(t, rep.Differences)
	require.Empty(t, rep.Otherwise)
	require.Equal(t, rep.Reproduced.Of, rep.Reproduced.Hits)
}

func BenchmarkBacktest(b *testing.B) {
	rules := rulesOf(b, "one", acme(), globex())
	w := newWorld(b, rules)
	w.live(200)
	rows := 0
	for b.Loop() {
		rows += w.backtest(morning(), rules, rules).Mentions
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "mentions/s")
}
