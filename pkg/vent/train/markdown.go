package train

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// markdown is the report for people.
func (r Report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Model %s\n\n", r.Version)
	fmt.Fprintf(&b, "%d bytes, %d features, learned from %d rows. sha256 %s.\n\n", r.Bytes, r.Features, r.Rows, r.SHA256)
	b.WriteString("| file | rows | learned from | sha256 |\n|---|---|---|---|\n")
	for _, f := range r.Files {
		learned := "yes"
		if !f.Learned {
			learned = "measured on only"
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", f.Name, f.Rows, learned, f.SHA256)
	}
	b.WriteString("\nIntervals are where a figure lies in 95 of 100 samples drawn from its rows (" +
		fmt.Sprintf("%d samples, seed %d). They say nothing about posts of another kind.\n", resamples, r.Seed))
	b.WriteString("\n## Held out\n\nScored by a model that never saw the row's domain or brand, rules and calibration included.\n" +
		"A label given with a brand is polarity towards it; macro-recall compares it with the polarity of the text.\n\n")
	figures(&b, r.Heldout)
	if len(r.Validation) > 0 {
		b.WriteString("\n## Files that were not learned from\n\n")
		figures(&b, r.Validation)
	}
	if g := r.Grade; g != nil {
		fmt.Fprintf(&b, "\n## Severity\n\nOf %d posts that scored as complaints, of brands that were not learned from, %.0f %% got the severity that a person gave them and %.0f %% one that is at most a step off.\n",
			g.Rows, 100*g.Exact, 100*g.Within)
	}
	if r.Second != nil {
		r.Second.markdown(&b)
	}
	return b.String()
}

func (r *SecondReport) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Second opinion\n\nEncoder %s, on rows that neither opinion has seen; fitted on other brands and domains than measured on. "+
		"The first opinion is unsure of %.0f %% of them. ", r.Encoder, 100*r.Asked)
	if r.Used {
		b.WriteString("The model asks it.\n\n")
	} else {
		b.WriteString("It brings too little: the model does not ask it.\n\n")
	}
	b.WriteString("| set | rows | figure | first opinion | with the second |\n|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(r.Sets)) {
		s := r.Sets[name]
		fmt.Fprintf(b, "| %s | %d | venting, ROC-AUC | %.3f | %.3f |\n", name, s.Rows, s.First, s.Both)
	}
	if p := r.Polarity; p != nil {
		fmt.Fprintf(b, "| files that were not learned from | %d | macro-recall | %.3f | %.3f |\n", p.Rows, p.First, p.Both)
	}
}

func figures(b *strings.Builder, sets map[string]SetReport) {
	b.WriteString("| set | rows | complaints | venting, ROC-AUC | average precision | right at 0.5 | calibration error | macro-recall |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		s := sets[name]
		auc, ap, recall := "-", "-", "-"
		if s.Ranked() {
			auc, ap = ranged(s.VentingAUC, s.Intervals["venting_auc"]), fmt.Sprintf("%.3f", s.VentingAP)
		}
		if s.PolarityRows > 0 {
			recall = ranged(s.MacroRecall, s.Intervals["macro_recall"])
		}
		fmt.Fprintf(b, "| %s | %d | %d | %s | %s | %.3f | %.3f | %s |\n", name, s.Rows, s.Complaints, auc, ap, s.VentingAccuracy, s.ECE, recall)
	}
}

func ranged(v float64, i Interval) string { return fmt.Sprintf("%.3f (%.3f-%.3f)", v, i.Low, i.High) }
