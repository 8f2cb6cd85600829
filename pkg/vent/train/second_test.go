package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/vent"
)

// heard makes opinions of which each knows the truth so well: 0 is noise.
func heard(n int, first, second float64) []opinion {
	rng := rand.New(rand.NewPCG(7, 7))
	out := make([]opinion, n)
	for i := range out {
		o := &out[i]
		o.row, o.fold, o.yes = &Row{File: "a.jsonl", Label: "negative", Brand: "x"}, i%folds, rng.Float64() < 0.4
		if i%2 == 0 {
			o.row = &Row{File: "b.jsonl", Label: "positive", Domain: "bank"}
		}
		side := -1.0
		if o.yes {
			side = 1
		}
		o.First = first*side + rng.NormFloat64()
		o.Heads = o.First
		o.Second.Venting = second*side + rng.NormFloat64()
		o.Second.Towards = [4]float64{second*side + rng.NormFloat64(), 0, 0, 0}
		o.Second.Polarity = [3]float64{rng.NormFloat64(), 0, 0}
		o.Named, o.Addressed = i%3 != 0, i%3 == 1
	}
	weigh(out)
	return out
}

func TestSecondCountsForWhatItKnows(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second float64
		worth         bool
	}{
		{"it knows more", 0.5, 1.5, true},
		{"it knows nothing", 1, 0, false},
		{"only it knows", 0, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := heard(1500, tt.first, tt.second)
			rep := SecondReport{Sets: crossed(all)}
			require.Len(t, rep.Sets, 2)
			require.Equal(t, tt.worth, rep.gain() >= leastGain, "%+v", rep.Sets)
			for _, m := range mixes(all) {
				for k, v := range m[1:] {
					require.GreaterOrEqual(t, v, 0.0, "number %d counts against what it says", k)
				}
			}
		})
	}
	m := fitMixes(heard(1500, 0.5, 1.5))
	require.Greater(t, m.Branded.Venting, m.Branded.Polarity)
	require.Equal(t, m, fitMixes(heard(1500, 0.5, 1.5)), "the same rows give the same numbers")
}

func TestNothingIsAskedOfASureFirst(t *testing.T) {
	o := opinion{}
	o.First, o.Second.Venting = secondHigh+0.1, -9
	m := usualMix()
	require.InDelta(t, o.First, o.both(&m), 0)
	o.First = secondHigh - 0.1
	require.Less(t, o.both(&m), 0.0)
}

func TestPolarOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	labels := []string{"negative", "neutral", "positive"}
	all := make([]opinion, 900)
	for i := range all {
		k := rng.IntN(3)
		all[i].row = &Row{Label: labels[k]}
		for c := range 3 {
			all[i].Polarity[c], all[i].Second.Polarity[c] = rng.NormFloat64(), rng.NormFloat64()
		}
		all[i].Second.Polarity[k] += 2
	}
	p, rep := polarOf(all)
	require.Greater(t, p[1], 3*p[0], "the one that knows counts")
	require.Greater(t, rep.Both, rep.First+0.2)
	require.Equal(t, 900, rep.Rows)
}

// The buckets are those of scripts/encoder/data.py: a brand that the encoder was shown
// must not pass for one that it was not.
func TestUnseenIsWhatTheEncoderWasNotShown(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    uint64
		want uint64
	}{{"Acme", 5, 4}, {"@microsoft", 3, 2}, {"Skarlund Air", 8, 1}, {"", 8, 5}} {
		require.Equal(t, tt.want, bucket(tt.name, tt.n), tt.name)
	}
	for _, tt := range []struct {
		name string
		row  Row
		want bool
	}{
		{"a row of somebody's own", Row{Text: "x", File: "mine.jsonl"}, true},
		{"polarity that it learned from", Row{Source: "semeval2017-4A/twitter-2013train-A"}, false},
		{"a domain that it learned from", Row{Source: "complaints2019", Domain: "retail"}, false},
		{"a domain that it did not", Row{Source: "complaints2019", Domain: "cars"}, true},
		{"a topic that it learned from", Row{Source: "semeval2017-4C/twitter-2016train-CE", Brand: "@microsoft"}, false},
		{"an invented post that it learned from", Row{File: "travel_retail.jsonl", Brand: "Skarlund Air"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, tt.row.unseen()) })
	}
}

func TestOpinionKinds(t *testing.T) {
	require.Equal(t, 0, (&opinion{}).kind())
	require.Equal(t, 1, (&opinion{Opinions: vent.Opinions{Named: true, Addressed: true}}).kind())
	require.Equal(t, 2, (&opinion{Opinions: vent.Opinions{Named: true}}).kind())
}
