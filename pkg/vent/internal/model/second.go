package model

import "math"

// Mix adds the encoder's answer to what the first opinion's heads say of venting, before
// the rules.
type Mix struct {
	Bias float64 `json:"bias"`
	// First multiplies what the heads say.
	First float64 `json:"first"`
	// Venting, Towards and Polarity multiply the encoder's log-odds that the author
	// vents, is negative towards the brand, and is negative at all.
	Venting  float64 `json:"venting"`
	Towards  float64 `json:"towards"`
	Polarity float64 `json:"polarity"`
}

// Second is when the encoder is asked, and how its answer counts.
type Second struct {
	// Encoder is the version of the weights that the numbers were fitted with.
	Encoder string `json:"encoder"`
	// Low and High are log-odds of venting between which the encoder is asked.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Doubt is the probability of the likeliest polarity below which it is asked.
	Doubt float64 `json:"doubt"`
	// Plain, Addressed and Branded are as those of the Header.
	Plain     Mix `json:"plain"`
	Addressed Mix `json:"addressed"`
	Branded   Mix `json:"branded"`
	// Polar multiplies the first opinion's log-odds of polarity and the encoder's.
	Polar [2]float64 `json:"polar"`
}

func (s *Second) finite() bool {
	if s == nil {
		return true
	}
	sum := s.Low + s.High + s.Doubt + s.Polar[0] + s.Polar[1]
	for _, m := range []Mix{s.Plain, s.Addressed, s.Branded} {
		sum += m.Bias + m.First + m.Venting + m.Towards + m.Polarity
	}
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}
