package tune

import "math"

// z95 is how many standard deviations hold 95 of 100.
const z95 = 1.959964

// Rate is a part of a whole with Wilson's interval, which holds for few of few too.
type Rate struct {
	Hits  int     `json:"hits"`
	Of    int     `json:"of"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// rate is hits of n; of nothing nothing is known: from 0 to 1.
func rate(hits, n int) Rate {
	r := Rate{Hits: hits, Of: n, High: 1}
	if n == 0 {
		return r
	}
	of, p := float64(n), float64(hits)/float64(n)
	center := (p + z95*z95/(2*of)) / (1 + z95*z95/of)
	half := z95 / (1 + z95*z95/of) * math.Sqrt(p*(1-p)/of+z95*z95/(4*of*of))
	r.Value, r.Low, r.High = p, max(center-half, 0), min(center+half, 1)
	return r
}

// Count is an estimated number with its interval of 95 of 100.
type Count struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// weighted estimates a number from sampled hits, each of which stands for its weight,
// by Fay and Feuer. heaviest is the largest weight of any post of the sample, hit or
// not: of no hit it says how many there may be all the same.
func weighted(sum, squares, heaviest float64) Count {
	c := Count{Value: sum}
	if sum > 0 {
		c.Low = squares / (2 * sum) * chiSquare(2*sum*sum/squares, -z95)
	}
	upper, spread := sum+heaviest, squares+heaviest*heaviest
	if upper > 0 {
		c.High = spread / (2 * upper) * chiSquare(2*upper*upper/spread, z95)
	}
	return c
}

// chiSquare is the quantile of chi-square at z standard deviations, by Wilson and Hilferty.
func chiSquare(freedom, z float64) float64 {
	k := 2 / (9 * freedom)
	return max(freedom*math.Pow(1-k+z*math.Sqrt(k), 3), 0)
}

// by divides a count.
func (c Count) by(n float64) Count { return Count{c.Value / n, c.Low / n, c.High / n} }
