package recall

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/leakytap/leakytap/internal/record"
)

// Rate is an estimated part of a whole with its interval of 95 of 100.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Part is what is known of one stratum.
type Part struct {
	Stratum record.Stratum `json:"stratum"`
	// Posts is how many there were in all draws, Drawn and Labelled how many of them were
	// drawn and labelled, Complaints how many of those are complaints.
	Posts      int `json:"posts"`
	Drawn      int `json:"drawn"`
	Labelled   int `json:"labelled"`
	Complaints int `json:"complaints"`
	// Rate is the estimated part of complaints, by the weights.
	Rate Rate `json:"rate"`

	share, effective float64
}

// Estimate is what the labelled samples say of a brand.
type Estimate struct {
	Brand string `json:"brand"`
	// Known says that every stratum with posts has a label: until then Value means nothing.
	Known    bool `json:"known"`
	Drawn    int  `json:"drawn"`
	Labelled int  `json:"labelled"`
	// Recall is the part of the real complaints among matched posts that reached people by
	// themselves, Told that part with those that went into a digest, and Precision the
	// part of real complaints among what reached people.
	Recall    Rate   `json:"recall"`
	Told      Rate   `json:"told"`
	Precision Rate   `json:"precision"`
	Strata    []Part `json:"strata"`
}

const (
	// replicas is how many times the posterior is drawn from.
	replicas = 2000
	lowTail  = 0.025
	highTail = 0.975
	// jeffreys is the prior of each kind of answer.
	jeffreys = 0.5
)

// estimate weighs the labels by how many posts each stands for (Horvitz and Thompson;
// within a stratum by Hajek, for who is not labelled counts as missing at random).
//
// The intervals: each stratum's part of complaints has the posterior of Jeffreys' prior
// with its effective number of labels (Kish: the square of the sum of the weights by the
// sum of their squares), which for proportions covers what it says even of few labels
// and of none that is a complaint (Brown, Cai and DasGupta 2001); recall is worked out
// from 2,000 draws from them all. Its upper end is not: half a complaint of the prior in
// each large stratum where none was found would pass for complaints that were missed, so
// that end takes what Clopper and Pearson's bounds say in favour of each stratum. The
// draws begin at a fixed seed: the same labels give the same figures.
func estimate(draws []record.Draw, posts []record.Sampled) Estimate {
	var e Estimate
	e.Strata = parts(draws, posts)
	e.Known = len(e.Strata) > 0
	for i := range e.Strata {
		p := &e.Strata[i]
		e.Drawn, e.Labelled = e.Drawn+p.Drawn, e.Labelled+p.Labelled
		if p.Labelled == 0 {
			e.Known = false
		}
	}
	r := rand.New(rand.NewPCG(2001, 16)) //nolint:gosec // the figures must be the same again
	rates, less, more := make([][]float64, len(e.Strata)), make([][]float64, len(e.Strata)), make([][]float64, len(e.Strata))
	for i, p := range e.Strata {
		yes, no := p.share*p.effective, (1-p.share)*p.effective
		rates[i] = replicate(r, jeffreys+yes, jeffreys+no)
		less[i], more[i] = replicate(r, yes, no+1), replicate(r, yes+1, no)
	}
	value, recall, told := e.shares(func(i int) float64 { return e.Strata[i].share })
	recalls, tolds, best, bestTold := make([]float64, replicas), make([]float64, replicas), make([]float64, replicas), make([]float64, replicas)
	for k := range replicas {
		_, recalls[k], tolds[k] = e.shares(func(i int) float64 { return rates[i][k] })
		favour := func(told bool) func(int) float64 {
			return func(i int) float64 {
				s := e.Strata[i].Stratum
				if s == record.StratumReached || told && s == record.StratumDeferred {
					return more[i][k]
				}
				return less[i][k]
			}
		}
		_, best[k], _ = e.shares(favour(false))
		_, _, bestTold[k] = e.shares(favour(true))
	}
	e.Recall, e.Told = interval(recall, recalls), interval(told, tolds)
	e.Recall.High, e.Told.High = max(e.Recall.High, interval(recall, best).High), max(e.Told.High, interval(told, bestTold).High)
	if value == 0 {
		// No complaint was found at all: of nothing no part is known.
		e.Known, e.Recall.Value, e.Told.Value = false, 0, 0
	}
	e.Precision = Rate{High: 1}
	for i := range e.Strata {
		e.Strata[i].Rate = interval(e.Strata[i].share, rates[i])
		if e.Strata[i].Stratum == record.StratumReached && e.Strata[i].Labelled > 0 {
			e.Precision = e.Strata[i].Rate
		}
	}
	if e.Labelled == 0 {
		e.Recall, e.Told = Rate{High: 1}, Rate{High: 1}
	}
	return e
}

// shares are the complaints of all strata by their parts, and what part of them reached
// people and was told to them.
func (e *Estimate) shares(of func(int) float64) (all, recall, told float64) {
	for i := range e.Strata {
		n := float64(e.Strata[i].Posts) * of(i)
		all += n
		switch e.Strata[i].Stratum { //nolint:exhaustive // the others reached nobody
		case record.StratumReached:
			recall, told = recall+n, told+n
		case record.StratumDeferred:
			told += n
		}
	}
	if all > 0 {
		recall, told = recall/all, told/all
	}
	return all, recall, told
}

// parts are the strata that had posts.
func parts(draws []record.Draw, posts []record.Sampled) []Part {
	byStratum := map[record.Stratum]*Part{}
	for _, d := range draws {
		p := byStratum[d.Stratum]
		if p == nil {
			p = &Part{Stratum: d.Stratum}
			byStratum[d.Stratum] = p
		}
		p.Posts, p.Drawn = p.Posts+d.Posts, p.Drawn+d.Drawn
	}
	type sums struct{ weight, squares, hits float64 }
	weighed := map[record.Stratum]*sums{}
	for _, v := range posts {
		p := byStratum[v.Stratum]
		if p == nil || v.Label == nil {
			continue
		}
		w := weighed[v.Stratum]
		if w == nil {
			w = &sums{}
			weighed[v.Stratum] = w
		}
		p.Labelled++
		w.weight, w.squares = w.weight+v.Weight, w.squares+v.Weight*v.Weight
		if *v.Label {
			p.Complaints++
			w.hits += v.Weight
		}
	}
	var out []Part
	for _, s := range record.Strata() {
		p := byStratum[s]
		if p == nil {
			continue
		}
		if w := weighed[s]; w != nil && w.weight > 0 {
			p.share, p.effective = w.hits/w.weight, w.weight*w.weight/w.squares
		}
		out = append(out, *p)
	}
	return out
}

// interval are the tails of the replicas around a value, which it always holds.
func interval(value float64, replicas []float64) Rate {
	sorted := slices.Sorted(slices.Values(replicas))
	at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))] }
	return Rate{Value: value, Low: min(at(lowTail), value), High: max(at(highTail), value)}
}

// replicate draws from a beta distribution; a side without weight has no part.
func replicate(r *rand.Rand, a, b float64) []float64 {
	out := make([]float64, replicas)
	for k := range out {
		switch {
		case a <= 0:
		case b <= 0:
			out[k] = 1
		default:
			out[k] = beta(r, a, b)
		}
	}
	return out
}

// beta draws from the beta distribution.
func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	if x+y == 0 {
		return 0
	}
	return x / (x + y)
}

// gamma draws from the gamma distribution, by Marsaglia and Tsang.
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
