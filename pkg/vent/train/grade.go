package train

import (
	"math"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

const (
	// leastGraded is how many complaints with a severity it takes to learn from them.
	leastGraded = 200
	// gradeHold pulls the weights to none.
	gradeHold = 3
)

// gradedRow is a post with its severity, as the model sees it that never saw its brand.
type gradedRow struct {
	x       [vent.GraveTraits]float64
	venting float64
	// level is from 0 for low, -1 for a post that is no complaint.
	level int
	fold  int
}

// GradeReport is how near the severity of what scored as complaints came to a person's,
// on brands that neither the model nor the grade has seen.
type GradeReport struct {
	Rows int `json:"rows"`
	// Exact and Within are the shares that are the same, and at most a level off.
	Exact  float64 `json:"exact"`
	Within float64 `json:"within"`
}

// grade fits how severe a complaint is, or returns nil where too few rows tell.
func (c *corpus) grade(scorers [folds]*vent.Scorer, fold []int) (*model.Grade, *GradeReport) {
	var all []gradedRow
	for f, scorer := range scorers {
		for i := range c.rows {
			if fold[i] != f || c.rows[i].Severity == "" {
				continue
			}
			if x, venting := scorer.Grave(c.rows[i].input()); venting >= 0.5 {
				all = append(all, gradedRow{x, venting, levelOf(c.rows[i].Severity), f})
			}
		}
	}
	if len(all) < leastGraded {
		return nil, nil
	}
	return fitGrade(all), crossGrade(all)
}

// crossGrade measures each fold by a grade that was fitted without it.
func crossGrade(all []gradedRow) *GradeReport {
	exact, within := 0, 0
	for f := range folds {
		g := fitGrade(slices.DeleteFunc(slices.Clone(all), func(p gradedRow) bool { return p.fold == f }))
		for i := range all {
			if p := &all[i]; p.fold == f {
				off := g.Level(p.venting, g.Sum(p.x[:])) - p.level
				exact += int(yes(off == 0))
				within += int(yes(off >= -1 && off <= 1))
			}
		}
	}
	n := float64(len(all))
	return &GradeReport{Rows: len(all), Exact: float64(exact) / n, Within: float64(within) / n}
}

// levelOf is the level of a severity, -1 for none.
func levelOf(s vent.Severity) int {
	return slices.Index([]vent.Severity{vent.SeverityLow, vent.SeverityMedium, vent.SeverityHigh, vent.SeverityCritical}, s)
}

// fitGrade fits weights and cuts to the complaints by maximum likelihood. The gaps between
// the cuts are fitted as their logarithms, so that the cuts stay in order.
func fitGrade(all []gradedRow) *model.Grade {
	const n, cuts = vent.GraveTraits, model.Levels - 1
	f := func(p, g []float64) float64 {
		clear(g)
		at := cutsOf(p[n:])
		var loss float64
		for i := range all {
			if all[i].level >= 0 {
				loss += all[i].loss(p[:n], at, g)
			}
		}
		for k := range n {
			loss += 0.5 * gradeHold * p[k] * p[k]
			g[k] += gradeHold * p[k]
		}
		// The cuts' own gradients become those of the first cut and of the gaps.
		for k := cuts - 1; k > 0; k-- {
			g[n+k-1] += g[n+k]
			g[n+k] *= at[k] - at[k-1]
		}
		return loss
	}
	p := make([]float64, n+cuts)
	p[n] = -1
	minimise(f, p, lbfgsOptions{iterations: 300, tolerance: 1e-9})
	out := &model.Grade{Cuts: cutsOf(p[n:])}
	for _, v := range p[:n] {
		out.Weights = append(out.Weights, short(v))
	}
	for k := range out.Cuts {
		out.Cuts[k] = short(out.Cuts[k])
	}
	return out
}

// cutsOf is the cuts by the first of them and the logarithms of the gaps.
func cutsOf(p []float64) (at [model.Levels - 1]float64) {
	at[0] = p[0]
	for k := 1; k < len(at); k++ {
		at[k] = at[k-1] + math.Exp(p[k])
	}
	return at
}

// loss is the row's, whose gradients by the weights and by the cuts are added to g.
func (r *gradedRow) loss(w []float64, at [model.Levels - 1]float64, g []float64) float64 {
	var z float64
	for k, v := range w {
		z += v * r.x[k]
	}
	// The level is reached by the cut below it and not by the one above.
	above, below := 0.0, 1.0
	if r.level < len(at) {
		above = chance(z - at[r.level])
	}
	if r.level > 0 {
		below = chance(z - at[r.level-1])
	}
	p := math.Max(below-above, 1e-12)
	da, db := above*(1-above)/p, below*(1-below)/p
	if r.level == 0 {
		db = 0
	}
	for k, v := range r.x {
		g[k] -= (db - da) * v
	}
	if r.level < len(at) {
		g[len(w)+r.level] -= da
	}
	if r.level > 0 {
		g[len(w)+r.level-1] += db
	}
	return -math.Log(p)
}

func chance(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
