package tune_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestTryCountsAndFindsHomonyms(t *testing.T) {
	b := brand.Default()
	b.Name, b.Query = "acme", `acme NOT "acme bakery"`
	scorer, err := vent.Default()
	require.NoError(t, err)
	rules := rulesOf(t, "h", b)
	judge := func(in record.Matched) (vent.Score, int64) {
		return scorer.Score(score.Input(score.Subject{Brand: b}, in.Mention), vent.Options{}), 0
	}
	try, err := tune.NewTry("acme", rules, judge, 5)
	require.NoError(t, err)
	var r tune.Reach
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	show := func(id int, text string, stands float64) {
		m, _ := mention.Clean(mention.Mention{Platform: "x", NativeID: strconv.Itoa(id), Text: text, Lang: "en", CreatedAt: at, ObservedAt: at})
		try.Show(&r, m, stands)
	}
	for i := range 6 {
		show(i, fmt.Sprintf("the acme orchestra plays symphony number %d tonight", i), 10)
		show(100+i, fmt.Sprintf("acme lost my parcel %d, nobody answers, worst service ever, i want a refund", i), 10)
		show(200+i, "nothing at all about it", 10)
	}
	show(0, "the acme orchestra plays symphony number 0 tonight", 10)
	show(300, "the acme bakery opens at nine", 10)
	r.Close(2)
	require.Equal(t, 19, r.Posts, "a post counts once")
	require.InDelta(t, 190, r.StandsFor, 1e-9)
	require.Equal(t, []int{12, 1, 6}, []int{r.Matched, r.Excluded, r.Alerts})
	require.InDelta(t, 60, r.MatchesPerDay.Value, 1e-9)
	require.Less(t, r.AlertsPerDay.Low, 30.0)
	require.Greater(t, r.AlertsPerDay.High, 30.0)
	require.Len(t, r.Complaints, 5)
	require.Contains(t, r.KeptAway[0].Text, "bakery")
	var words []string
	for _, h := range try.Homonyms() {
		words = append(words, h.Word)
		require.Zero(t, h.Complaints)
		require.Equal(t, 6, h.Others)
	}
	require.Subset(t, words, []string{"orchestra", "symphony"})
	require.NotContains(t, words, "parcel")
	require.NotContains(t, words, "acme")
	_, err = tune.NewTry("bolt", rules, judge, 0)
	require.Error(t, err)
}
