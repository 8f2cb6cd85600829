package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// dayConfig is a brand with one channel and no budget: every card is counted.
const dayConfig = `
brands: [{name: halvorn, query: "halvorn OR @halvorn"}]
route: {receiver: support}
receivers: [{name: support, console: {}}]
`

// pace is how often the channel takes a message, and takes how long one takes.
const (
	pace  = time.Second
	takes = 300 * time.Millisecond
)

// dayRun replays a day through match, scorer, desk and outbox, with a channel that
// takes one message a second.
type dayRun struct {
	tb     testing.TB
	store  *store.Store
	replay *app.Replay
	// free is when the channel takes the next message, last when the last post came.
	free, last time.Time

	observed map[string]time.Time
	part     map[string]string
	delays   map[string][]time.Duration

	cards    map[string]int
	outcomes map[string]map[record.Outcome]int
	// messages counts all of them, digests those with several posts, loud those that
	// the channel hears beside the thread.
	messages, digests, loud int
	// cases tells of which parts each case has posts.
	cases map[string]map[string]bool
}

func newDayRun(tb testing.TB, opinion string) *dayRun {
	tb.Helper()
	dir := tb.TempDir()
	path := filepath.Join(dir, "leakytap.yaml")
	require.NoError(tb, os.WriteFile(path, []byte(dayConfig+"score: {second_opinion: "+opinion+"}\n"), 0o600))
	cfg, ps := config.Load(path, config.Options{})
	require.Empty(tb, config.Errors(ps))
	st, err := store.OpenScratch(tb.Context(), store.Config{}, dir, zap.NewNop())
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	r, err := app.NewReplay(tb.Context(), cfg, st, zap.NewNop())
	require.NoError(tb, err)
	return &dayRun{
		tb: tb, store: st, replay: r, observed: map[string]time.Time{}, part: map[string]string{}, delays: map[string][]time.Duration{},
		cards: map[string]int{}, outcomes: map[string]map[record.Outcome]int{}, cases: map[string]map[string]bool{},
	}
}

// play lets the posts of a day come. Only counted ones are counted.
func (d *dayRun) play(posts []scenario.Moment, counted bool) {
	d.tb.Helper()
	for _, p := range posts {
		d.drain(p.At, counted)
		m := mention.Mention{
			ID: "bluesky:" + p.Key, Source: "sky", Platform: "bluesky", NativeID: p.Key, Kind: mention.KindPost, URL: "https://social.example/" + p.Key,
			Author: mention.Author{ID: p.Author, Handle: p.Author, Followers: p.Followers}, Text: p.Text, Lang: "en", CreatedAt: p.At, ObservedAt: p.At,
		}
		ds, err := d.replay.Decide(d.tb.Context(), []mention.Mention{m})
		require.NoError(d.tb, err)
		for _, dec := range ds[0] {
			if counted {
				d.count(p, m, dec)
			}
		}
	}
}

func (d *dayRun) count(p scenario.Moment, m mention.Mention, dec record.Decision) {
	if d.outcomes[p.Part] == nil {
		d.outcomes[p.Part] = map[record.Outcome]int{}
	}
	d.outcomes[p.Part][dec.Outcome]++
	if dec.Case == "" {
		return
	}
	d.observed[m.URL], d.part[m.URL] = p.At, p.Part
	if d.cases[dec.Case] == nil {
		d.cases[dec.Case] = map[string]bool{}
	}
	d.cases[dec.Case][p.Part] = true
}

// drain sends what is owed until a time, one message each second.
func (d *dayRun) drain(until time.Time, counted bool) {
	d.tb.Helper()
	if d.last.IsZero() {
		d.last = until
	}
	defer func() { d.last = until }()
	for d.free = later(d.free, d.last); d.free.Before(until); d.free = d.free.Add(pace) {
		ns, err := d.store.ClaimNotices(d.tb.Context(), "support", d.free, time.Minute, 1)
		require.NoError(d.tb, err)
		for _, n := range ns {
			require.NoError(d.tb, d.store.MarkSent(d.tb.Context(), n.ID, n.Attempts, record.Receipt{Channel: "C", TS: strconv.FormatInt(n.ID, 10)}, d.free))
			if counted {
				d.sent(n)
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sent counts a message, and how long each post waited that it is the first to name.
func (d *dayRun) sent(n record.Notice) {
	d.tb.Helper()
	d.messages++
	if n.Body.Broadcast {
		d.loud++
	}
	var urls []string
	switch n.Kind {
	case record.NoticeCard:
		c, err := d.store.Case(d.tb.Context(), n.Case)
		require.NoError(d.tb, err)
		d.cards[d.part[c.URL]]++
		urls = append(urls, c.URL)
	case record.NoticeUpdate:
		k, err := d.store.Dossier(d.tb.Context(), n.Case)
		require.NoError(d.tb, err)
		for _, m := range k.Later {
			urls = append(urls, m.URL)
		}
	case record.NoticeReply, record.NoticeDigest:
		if len(n.Body.Items) > 1 || n.Kind == record.NoticeDigest {
			d.digests++
		}
		for _, it := range n.Body.Items {
			urls = append(urls, it.URL)
		}
	case record.NoticeRewrite, record.NoticeOps, record.NoticeTest, record.NoticeCanary:
	}
	for _, u := range urls {
		at, waits := d.observed[u]
		if waits {
			delete(d.observed, u)
			d.delays[d.part[u]] = append(d.delays[d.part[u]], d.free.Add(takes).Sub(at))
		}
	}
}

// percentile of what a part waited.
func (d *dayRun) percentile(part string, p float64) time.Duration {
	all := slices.Sorted(slices.Values(d.delays[part]))
	if len(all) == 0 {
		return 0
	}
	return all[min(int(p*float64(len(all))), len(all)-1)]
}

// mixed counts the cases that have posts of several parts.
func (d *dayRun) mixed() int {
	n := 0
	for _, parts := range d.cases {
		if len(parts) > 1 {
			n++
		}
	}
	return n
}

// wholeDay replays quiet days and then the day, and what the channel still owes after it.
func wholeDay(tb testing.TB, opinion string, size scenario.DaySize, quietDays int, seed uint64) *dayRun {
	tb.Helper()
	d := newDayRun(tb, opinion)
	from := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for k := quietDays; k > 0; k-- {
		quiet := scenario.DaySize{Mentions: size.Own, Own: size.Own}
		d.play(scenario.Day(quiet, "halvorn", from.Add(-time.Duration(k)*24*time.Hour), seed*100+uint64(k)), false)
	}
	d.drain(from, false)
	d.play(scenario.Day(size, "halvorn", from, seed), true)
	d.drain(from.Add(26*time.Hour), true)
	return d
}

func (d *dayRun) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "cards %v, messages %d, of these with several posts %d and told to the channel %d; cases of mixed parts %d\n",
		d.cards, d.messages, d.digests, d.loud, d.mixed())
	for _, part := range []string{scenario.PartOwn, scenario.PartOutage, scenario.PartBrigade, scenario.PartRewritten, scenario.PartChatter} {
		fmt.Fprintf(&out, "%-8s %v, waited p50 %s p95 %s p99 %s most %s\n", part, d.outcomes[part],
			d.percentile(part, 0.5), d.percentile(part, 0.95), d.percentile(part, 0.99), d.percentile(part, 1))
	}
	return out.String()
}

// A tenth of a day, by the first opinion alone since the second takes minutes under the
// race detector: one card for the outage, one for the brigade, one for each complaint
// of a person's own, and everything that a case took is named in a message.
func TestReplayedDay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it scores two thousand posts")
	}
	d := wholeDay(t, "none", scenario.DaySize{Mentions: 1350, Own: 40, Outage: 60, Brigade: 200, Rewritten: 150}, 4, 1)
	t.Log(d)
	require.Equal(t, 1, d.cards[scenario.PartOutage])
	require.Equal(t, 1, d.cards[scenario.PartBrigade])
	require.LessOrEqual(t, d.cards[scenario.PartRewritten], 6, "a brigade that changes its words")
	require.Zero(t, d.cards[scenario.PartChatter])
	own := d.outcomes[scenario.PartOwn]
	require.Equal(t, own[record.OutcomeAlert], d.cards[scenario.PartOwn])
	require.GreaterOrEqual(t, own[record.OutcomeAlert], 34, "complaints of one person each have cards of their own")
	require.Empty(t, d.observed, "posts that no message names")
	require.Less(t, d.percentile(scenario.PartOwn, 0.95), 30*time.Second)
}

// BenchmarkReplayedDay is the day of docs/performance.md: `make day`.
func BenchmarkReplayedDay(b *testing.B) {
	for b.Loop() {
		d := wholeDay(b, "auto", scenario.DaySize{Mentions: 22_000, Own: 600, Outage: 500, Brigade: 2000, Rewritten: 2000}, 7, 1)
		b.Log("\n", d)
		b.ReportMetric(float64(d.cards[scenario.PartOutage]), "cards/outage")
		b.ReportMetric(float64(d.cards[scenario.PartBrigade]), "cards/brigade")
		b.ReportMetric(float64(d.cards[scenario.PartRewritten]), "cards/rewritten")
		b.ReportMetric(float64(d.cards[scenario.PartOwn]), "own-cards")
		b.ReportMetric(d.percentile(scenario.PartOwn, 0.95).Seconds(), "own-p95-s")
	}
}
