package train

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/encoder"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

const (
	// secondRows is how many rows of a file both opinions are asked about.
	secondRows = 500
	// leastSecond is how many rows it takes to fit how the opinions add up.
	leastSecond = 200
	// leastGain is the area under the ROC curve that the second opinion must bring on
	// brands and domains that neither opinion has seen.
	leastGain = 0.005
)

// When the second opinion is asked: log-odds of venting, and the probability of the
// likeliest polarity. Chosen on validation posts; docs/scorer.md has the curve.
const (
	secondLow   = -3.5
	secondHigh  = 3
	secondDoubt = 0.5
)

// SecondReport is what the second opinion brings on rows that neither opinion has
// seen, fitted on other brands and domains than it is measured on.
type SecondReport struct {
	Encoder string `json:"encoder"`
	// Used tells whether the model asks it.
	Used bool `json:"used"`
	// Asked is the share of the rows on which the first opinion is unsure.
	Asked float64 `json:"asked"`
	// Sets are the files.
	Sets map[string]SecondSet `json:"sets"`
	// Polarity is macro-recall on files that were not learned from.
	Polarity *SecondSet `json:"polarity,omitempty"`
}

// SecondSet is a figure of the first opinion alone and with the second.
type SecondSet struct {
	Rows  int     `json:"rows"`
	First float64 `json:"first"`
	Both  float64 `json:"both"`
}

// second fits how the second opinion counts, or returns nil where there is no encoder,
// where there are too few rows, or where it brings too little.
func (c *corpus) second(ctx context.Context, scorers [folds]*vent.Scorer, fold []int, log io.Writer) (*model.Second, *SecondReport, error) {
	e, err := encoder.Default()
	if errors.Is(err, encoder.ErrNone) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	rows := c.drawn(fold)
	if len(rows) < leastSecond {
		return nil, nil, nil
	}
	note(log, "asking the second opinion about %d rows", len(rows))
	var all []opinion
	for f, scorer := range scorers {
		mine := slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return fold[i] != f })
		some, err := askAll(ctx, scorer, e, c.rows, mine)
		if err != nil {
			return nil, nil, err
		}
		for i := range some {
			some[i].fold = f
		}
		all = append(all, some...)
	}
	weigh(all)
	rep := &SecondReport{Encoder: e.Version(), Asked: asked(all), Sets: crossed(all)}
	if rep.Used = rep.gain() >= leastGain; !rep.Used {
		return nil, rep, nil
	}
	out := fitMixes(all)
	out.Encoder, out.Low, out.High, out.Doubt, out.Polar = e.Version(), secondLow, secondHigh, secondDoubt, usualPolar()
	return out, rep, nil
}

// drawn is the rows that the second opinion is asked about: held out from both
// opinions, at most secondRows of a file.
func (c *corpus) drawn(fold []int) []int {
	byFile := map[string][]int{}
	var files []string
	for i := range c.rows {
		r := &c.rows[i]
		if fold[i] < 0 || !r.unseen() {
			continue
		}
		if byFile[r.File] == nil {
			files = append(files, r.File)
		}
		byFile[r.File] = append(byFile[r.File], i)
	}
	var out []int
	for _, name := range files {
		rows := byFile[name]
		slices.SortStableFunc(rows, func(a, b int) int {
			return cmp.Compare(text.HashString(c.rows[a].Text), text.HashString(c.rows[b].Text))
		})
		out = append(out, rows[:min(len(rows), secondRows)]...)
	}
	return out
}

// gain is what the second opinion brings, a mean over the files.
func (r *SecondReport) gain() float64 {
	var sum float64
	for _, s := range r.Sets {
		sum += s.Both - s.First
	}
	return sum / float64(max(1, len(r.Sets)))
}

// asked is the share of rows on which the first opinion is unsure.
func asked(all []opinion) float64 {
	n := 0.0
	for i := range all {
		if all[i].unsure() {
			n++
		}
	}
	return n / float64(len(all))
}

// fitPolar finds how the opinions of polarity add up, on the labelled rows of files
// that were not learned from. It returns nil where they have too few.
func fitPolar(ctx context.Context, h *model.Header, entries []model.Entry, check []string) (*SecondSet, error) {
	if h.Second == nil || len(check) == 0 {
		return nil, nil
	}
	rows, err := ReadFiles(check)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Label == "" || r.Brand != "" || !r.unseen() })
	if len(rows) < leastSecond {
		return nil, nil
	}
	e, err := encoder.Default()
	if err != nil {
		return nil, err
	}
	scorer, err := scorerOf(*h, entries)
	if err != nil {
		return nil, err
	}
	all, err := askAll(ctx, scorer, e, rows, indices(len(rows)))
	if err != nil {
		return nil, err
	}
	var rep SecondSet
	h.Second.Polar, rep = polarOf(all)
	return &rep, nil
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
