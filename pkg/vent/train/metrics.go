package train

import (
	"math"
	"slices"
)

// Judged is a prediction and the truth.
type Judged struct {
	P   float64
	Yes bool
}

// both tells whether there are yes and no: without both nothing can be ranked.
func both(js []Judged) bool {
	for _, j := range js {
		if j.Yes != js[0].Yes {
			return true
		}
	}
	return false
}

// AUC is the area under the ROC curve: how often a yes is ranked above a no, ties
// counted half. It is 0 where there are only yes or only no.
func AUC(js []Judged) float64 {
	s := slices.Clone(js)
	slices.SortFunc(s, func(a, b Judged) int { return cmpFloat(a.P, b.P) })
	var rank, yes float64
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j].P == s[i].P {
			j++
		}
		mean := float64(i+j+1) / 2
		for k := i; k < j; k++ {
			if s[k].Yes {
				yes++
				rank += mean
			}
		}
		i = j
	}
	no := float64(len(s)) - yes
	if yes == 0 || no == 0 {
		return 0
	}
	return (rank - yes*(yes+1)/2) / (yes * no)
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// AveragePrecision is the area under the precision-recall curve.
func AveragePrecision(js []Judged) float64 {
	s := slices.Clone(js)
	slices.SortFunc(s, func(a, b Judged) int { return cmpFloat(b.P, a.P) })
	var yes, sum float64
	for i := 0; i < len(s); {
		j, got := i, 0.0
		for j < len(s) && s[j].P == s[i].P {
			if s[j].Yes {
				got++
			}
			j++
		}
		yes += got
		sum += got * yes / float64(j)
		i = j
	}
	if yes == 0 {
		return 0
	}
	return sum / yes
}

const eceBins = 10

// ECE is the expected calibration error over ten bins of equal width.
func ECE(js []Judged) float64 {
	var n, p, y [eceBins]float64
	for _, j := range js {
		b := min(int(j.P*eceBins), eceBins-1)
		n[b]++
		p[b] += j.P
		if j.Yes {
			y[b]++
		}
	}
	var sum float64
	for b := range n {
		sum += math.Abs(p[b] - y[b])
	}
	if len(js) == 0 {
		return 0
	}
	return sum / float64(len(js))
}

// Confusion counts polarity: rows by truth, columns by prediction.
type Confusion [3][3]int

// MacroRecall is the mean of the recalls of the classes that occur.
func (c Confusion) MacroRecall() float64 {
	var sum, classes float64
	for k, row := range c {
		n := row[0] + row[1] + row[2]
		if n > 0 {
			sum += float64(row[k]) / float64(n)
			classes++
		}
	}
	if classes == 0 {
		return 0
	}
	return sum / classes
}

// Accuracy is the share that was right.
func (c Confusion) Accuracy() float64 {
	var right, all int
	for k, row := range c {
		right += row[k]
		all += row[0] + row[1] + row[2]
	}
	if all == 0 {
		return 0
	}
	return float64(right) / float64(all)
}
