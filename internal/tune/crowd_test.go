package tune_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// told is a complaint with these words and this topic, at the world's time.
func (w *world) told(text, topic string) record.Scored {
	w.n++
	native := fmt.Sprint("told", w.n)
	m := mention.Mention{
		ID: mention.MakeID("bluesky", native), Source: "sky", Platform: "bluesky", NativeID: native, Kind: mention.KindPost,
		URL: "https://social.example/" + native, Author: mention.Author{ID: fmt.Sprint("did:", native)}, Text: text,
		CreatedAt: w.now, ObservedAt: w.now,
	}
	return record.Scored{
		Matched: record.Matched{
			V: record.Version, Brand: "acme", BrandHash: w.rules.Hashes["acme"], Mention: m, Terms: []string{"acme"}, Match: record.MatchQuery,
		},
		Score: vent.Score{Venting: 0.9, Negative: 0.9, Neutral: 0.1, Severity: vent.SeverityMedium, Topics: []string{topic}, Lang: "en"},
	}
}

// A fault told by many and a spike come out again as they were decided, also where the
// days that they were held against lie before the time looked at.
func TestCrowdsComeOutAgain(t *testing.T) {
	t.Parallel()
	b := acme()
	b.Alert.Budget = 0
	rules := rulesOf(t, "one", b)
	w := newWorld(t, rules)
	outcomes := map[record.Outcome]int{}
	say := func(text, topic string, after time.Duration) {
		w.now = w.now.Add(after)
		ds, err := w.desk.Scored(t.Context(), []record.Scored{w.told(text, topic)})
		require.NoError(t, err)
		outcomes[ds[0].Outcome]++
	}
	words := []string{"heron", "walnut", "granite", "velvet", "lantern", "meadow", "copper", "orchid", "harbour", "pebble"}
	for day := range 4 {
		for i := range 8 {
			say(fmt.Sprintf("acme sent the wrong %s and the %s was torn, %s", words[i], words[(i*3+day)%10], words[(i*7+day*3)%10]), "delivery", 15*time.Minute)
		}
		w.now = morning().Add(time.Duration(day+1) * 24 * time.Hour)
	}
	since := w.now
	for i, text := range scenario.Told("network", "acme") {
		say(text, "outage", 20*time.Second)
		say(fmt.Sprintf("the %s from acme is soaked and the %s came apart, %s", words[i%10], words[(i*3+i/10)%10], words[(i*7+i/5)%10]), "delivery", 10*time.Second)
	}
	require.Positive(t, outcomes[record.OutcomeInhibited], outcomes)
	require.Greater(t, outcomes[record.OutcomeJoined], 40, outcomes)
	for _, from := range []time.Time{morning(), since} {
		rep := w.backtest(from, rules, rules)
		require.Zero(t, rep.Differences)
		require.Empty(t, rep.Otherwise)
		require.Equal(t, rep.Reproduced.Of, rep.Reproduced.Hits)
	}
}
