package learn_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/pkg/vent"
)

func now() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func scorer(tb testing.TB) *vent.Scorer {
	tb.Helper()
	s, err := vent.Default()
	require.NoError(tb, err)
	return s
}

// reader reads labels as a brand of this name does.
func reader(s *vent.Scorer, brand string) learn.Reader {
	return func(l *record.Label) ([]vent.Trait, float64) {
		in := vent.Input{Text: l.Text, Brand: brand, Lang: l.Lang}
		return s.Traits(in, nil), vent.LogOdds(s.Score(in, vent.Options{Fast: true}).Venting)
	}
}

func label(n int, text string, venting bool) record.Label {
	return record.Label{
		ID: int64(n), Brand: "foobank", Mention: fmt.Sprintf("x:%d", n), Text: text, Venting: venting, Reason: record.ReasonComplaint, At: now(),
	}
}

// rivers are posts about a river that has the brand's name.
func rivers() []string {
	return []string{
		"The foobank flooded again last night and the path is under water, what a mess",
		"No fishing on the foobank this week, the water is filthy and it smells awful",
		"Terrible: two swans dead on the foobank near the old mill, the river is poisoned",
		"They closed the foobank footpath again, three weeks now, the river broke the wall",
		"The river at foobank is a disgrace, rubbish everywhere along the water",
		"Walked along the foobank, mud up to the knees, the river path was never repaired",
	}
}

// banks are complaints about the bank.
func banks() []string {
	return []string{
		"foobank charged me twice and their support does not answer",
		"foobank blocked my card abroad and I have been on hold for two hours",
		"still waiting for foobank to refund the fee, third time I call",
		"foobank app logs me out every time, cannot pay my rent, useless",
		"foobank lost my transfer and nobody there knows where it is",
		"never again foobank, they closed my account without a word",
	}
}

func taught(s *vent.Scorer, text string, l *vent.Layer) float64 {
	return s.Score(vent.Input{Text: text, Brand: "foobank"}, vent.Options{Layer: l, Fast: true}).Learned
}

func TestLearnsWhatLabelsSay(t *testing.T) {
	s := scorer(t)
	var labels []record.Label
	for i, text := range rivers() {
		labels = append(labels, label(2*i, text, false), label(2*i+1, banks()[i], true))
	}
	l := learn.Fit(learn.Own(labels, reader(s, "foobank"), now()), learn.Anchors(s), learn.Cap(len(labels)))
	unseen := taught(s, "The foobank burst at the weir, awful, the whole path is under water and filthy", l)
	require.Less(t, unseen, -0.4, "another post about the river")
	bank := taught(s, "foobank refused my card and support does not answer the phone", l)
	require.Greater(t, bank, -0.2, "another complaint about the bank")
	other := taught(s, "my kettle is broken after two days, shame", l)
	require.Less(t, math.Abs(other), math.Abs(unseen), "a post about something else moves less")
}

func TestFewLabelsMoveLittle(t *testing.T) {
	s := scorer(t)
	var labels []record.Label
	for i, text := range rivers()[:5] {
		labels = append(labels, label(i, text, false))
	}
	l := learn.Fit(learn.Own(labels, reader(s, "foobank"), now()), learn.Anchors(s), learn.Cap(5))
	for _, text := range banks() {
		require.Less(t, math.Abs(taught(s, text, l)), 0.4, "five dismissals of another kind, %q", text)
	}
	require.Less(t, taught(s, rivers()[0], l), -0.3)
	require.InDelta(t, 0.9, learn.Cap(5), 1e-9)
	require.InDelta(t, learn.MaxShift, learn.Cap(5000), 1e-9)
}

func TestOldLabelsFade(t *testing.T) {
	s := scorer(t)
	by := map[string]float64{}
	for name, at := range map[string]time.Time{"fresh": now(), "old": now().Add(-2 * 365 * 24 * time.Hour), "of tomorrow": now().Add(24 * time.Hour)} {
		var labels []record.Label
		for i, text := range rivers() {
			l := label(i, text, false)
			l.At = at
			labels = append(labels, l)
		}
		by[name] = taught(s, rivers()[0], learn.Fit(learn.Own(labels, reader(s, "foobank"), now()), learn.Anchors(s), 2))
	}
	require.Less(t, by["fresh"], 2*by["old"])
	require.Equal(t, by["fresh"], by["of tomorrow"], "a clock that is ahead gives no weight")
}

func TestWhatWasAboutAnotherCompanyIsNotShared(t *testing.T) {
	l := label(1, "words", false)
	l.Reason = record.ReasonWrongCompany
	require.Empty(t, learn.Shared([]record.Label{l}, reader(scorer(t), "foobank"), now()))
	l.Reason = record.ReasonSpam
	require.Len(t, learn.Shared([]record.Label{l}, reader(scorer(t), "foobank"), now()), 1)
}

func TestAPostCountsOnce(t *testing.T) {
	s := scorer(t)
	a, b := label(1, banks()[0], true), label(1, banks()[0], true)
	b.ID, b.Actor = 2, "U2"
	both := learn.Own([]record.Label{a, b}, reader(s, "foobank"), now())
	require.InDelta(t, 1, both[0].Weight+both[1].Weight, 1e-9)
}

// words make texts of all sorts.
func words() []string {
	return []string{
		"foobank", "card", "hold", "hours", "waiting", "refund", "thanks", "great", "river", "water", "app", "broken", "never", "again", "support",
		"answer", "phone", "queue", "love", "worst", "charged", "twice", "fee", "account", "closed", "staff", "rude", "parcel", "late", "sorted",
	}
}

func invented(r *rand.Rand, n int) []record.Label {
	out := make([]record.Label, n)
	for i := range out {
		var text []string
		for range 8 + r.IntN(16) {
			text = append(text, words()[r.IntN(len(words()))])
		}
		out[i] = label(i, strings.Join(text, " "), r.IntN(2) == 0)
		out[i].At = now().Add(-time.Duration(r.IntN(400)) * 24 * time.Hour)
	}
	return out
}

// The order of the labels is of no matter, nothing moves further than the cap, and
// what is stored is what was fitted.
func TestFitProperties(t *testing.T) {
	s := scorer(t)
	anchors := learn.Anchors(s)[:40]
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 1))
		labels := invented(r, 1+r.IntN(30))
		limit := 0.1 + (learn.MaxShift-0.1)*r.Float64()
		one := learn.Fit(learn.Own(labels, reader(s, "foobank"), now()), anchors, limit)
		r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
		ls := learn.Own(labels, reader(s, "foobank"), now().Add(time.Minute))
		require.Equal(t, one, learn.Fit(ls, anchors, limit), "the same labels in another order, a minute later; seed %d", seed)
		back, err := learn.Decode(learn.Encode(one))
		require.NoError(t, err)
		require.Equal(t, one, back)
		for _, l := range ls {
			v := one.Shift(l.Traits)
			require.False(t, math.IsNaN(v) || math.Abs(v) > limit, "moved by %v, cap %v; seed %d", v, limit, seed)
		}
	}
}

func TestFitOfNothing(t *testing.T) {
	l := learn.Fit(nil, nil, 1)
	require.Zero(t, l.Bias)
	require.False(t, slices.ContainsFunc(l.Weights, func(w float32) bool { return w != 0 }))
	back, err := learn.Decode(nil)
	require.NoError(t, err)
	require.Nil(t, back)
	require.Empty(t, learn.Encode(nil))
}

func FuzzDecode(f *testing.F) {
	f.Add(learn.Encode(&vent.Layer{Cap: 1, Weights: make([]float32, vent.LayerDims)}))
	f.Add([]byte{1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := learn.Decode(b)
		if err != nil || l == nil {
			return
		}
		s, err := vent.Default()
		require.NoError(t, err)
		got := s.Score(vent.Input{Text: "foobank charged me twice"}, vent.Options{Layer: l, Fast: true})
		require.False(t, math.IsNaN(got.Venting))
		require.LessOrEqual(t, math.Abs(got.Learned), learn.MaxShift)
	})
}

func BenchmarkFit5000(b *testing.B) {
	s := scorer(b)
	labels := invented(rand.New(rand.NewPCG(1, 2)), 5000)
	for b.Loop() {
		learn.Fit(learn.Own(labels, reader(s, "foobank"), now()), learn.Anchors(s), learn.MaxShift)
	}
}
