package train

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/leakytap/leakytap/pkg/vent"
)

// EvalReport is the figures of a model on labelled rows. A figure that the rows
// say nothing about is 0: PolarityRows and Complaints tell.
type EvalReport struct {
	// Rows is how many rows were read, PolarityRows how many of them have a label.
	Rows         int `json:"rows"`
	PolarityRows int `json:"polarity_rows"`
	// Complaints is how many rows are venting. Where none or all are, nothing can
	// be ranked.
	Complaints int `json:"complaints"`
	// MacroRecall and Accuracy are of polarity, over the rows with a label.
	MacroRecall float64 `json:"macro_recall"`
	Accuracy    float64 `json:"accuracy"`
	// VentingAUC, VentingAP and ECE are of venting: area under the ROC curve,
	// average precision, and expected calibration error.
	VentingAUC float64 `json:"venting_auc"`
	VentingAP  float64 `json:"venting_ap"`
	ECE        float64 `json:"ece"`
	// VentingAccuracy is the share of rows on the right side of 0.5.
	VentingAccuracy float64 `json:"venting_accuracy"`
}

// Eval measures scorer on the rows of files. A row's venting is what the row says;
// where it says nothing, a negative label is venting and irrelevant is not.
func Eval(scorer *vent.Scorer, files []string, opt vent.Options) (EvalReport, error) {
	rows, err := ReadFiles(files)
	if err != nil {
		return EvalReport{}, fmt.Errorf("evaluating: %w", err)
	}
	return evalRows(scorer, rows, opt), nil
}

func evalRows(scorer *vent.Scorer, rows []Row, opt vent.Options) EvalReport {
	var t tallies
	for i, s := range scored(scorer, rows, opt) {
		t.count(&rows[i], s)
	}
	return t.report()
}

// scored scores rows side by side; the answers are in their order.
func scored(scorer *vent.Scorer, rows []Row, opt vent.Options) []vent.Score {
	out := make([]vent.Score, len(rows))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(rows)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(rows); i = int(next.Add(1)) - 1 {
				out[i] = scorer.Score(rows[i].input(), opt)
			}
		})
	}
	wg.Wait()
	return out
}

// input is what the scorer is told about the row.
func (r *Row) input() vent.Input {
	return vent.Input{Text: r.Text, Brand: r.Brand, Lang: r.Lang, Rating: int(r.Rating)}
}

// Ranked tells whether the figures of ranking mean anything.
func (r EvalReport) Ranked() bool { return r.Complaints > 0 && r.Complaints < r.Rows }

type polarAnswer struct{ truth, said uint8 }

// tallies is rows as they were scored.
type tallies struct {
	polarity Confusion
	polar    []polarAnswer
	venting  []Judged
	right    int
}

func (t *tallies) add(scorer *vent.Scorer, r *Row, opt vent.Options) {
	t.count(r, scorer.Score(r.input(), opt))
}

func (t *tallies) count(r *Row, s vent.Score) {
	if r.Label != "" {
		a := polarAnswer{classOf(r.Label), uint8(top(s))}
		t.polarity[a.truth][a.said]++
		t.polar = append(t.polar, a)
	}
	truth := r.vents()
	t.venting = append(t.venting, Judged{s.Venting, truth})
	if truth == (s.Venting >= 0.5) {
		t.right++
	}
}

func (t *tallies) report() EvalReport {
	n := len(t.venting)
	complaints := 0
	for _, j := range t.venting {
		complaints += int(yes(j.Yes))
	}
	return EvalReport{
		Rows: n, PolarityRows: len(t.polar), Complaints: complaints, MacroRecall: t.polarity.MacroRecall(), Accuracy: t.polarity.Accuracy(),
		VentingAUC: AUC(t.venting), VentingAP: AveragePrecision(t.venting), ECE: ECE(t.venting),
		VentingAccuracy: float64(t.right) / float64(max(n, 1)),
	}
}

// vents is what the row says about venting.
func (r *Row) vents() bool {
	if r.Venting != nil {
		return *r.Venting
	}
	return r.Label == "negative" && !r.Irrelevant
}

func top(s vent.Score) int {
	switch {
	case s.Negative >= s.Neutral && s.Negative >= s.Positive:
		return 0
	case s.Neutral >= s.Positive:
		return 1
	}
	return 2
}
