package teach

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// effectFor is how far back a refit looks, and effectPosts at how many posts at most.
	effectFor   = 7 * 24 * time.Hour
	effectPosts = 10_000
	// effectShown is how many posts of each kind are named.
	effectShown = 20
)

// effect is what a layer changes for the posts of the last week, against the one in use.
func (t *Teacher) effect(ctx context.Context, ls *lesson, l *vent.Layer) (record.Effect, error) {
	e := record.Effect{Since: ls.now.Add(-effectFor)}
	rows, err := t.opt.Store.DecidedSince(ctx, ls.brand.Name, e.Since, effectPosts)
	if err != nil {
		return e, err
	}
	e.More = len(rows) == effectPosts
	for i := range rows {
		if !alertsByScore(&rows[i]) {
			continue
		}
		e.Posts++
		before, after, moved := ls.moves(&rows[i], l)
		if !moved {
			continue
		}
		post := record.EffectPost{Mention: rows[i].Decision.ID, URL: rows[i].Post.Mention.URL, Before: before, After: after}
		if after < before {
			e.Lost++
			e.LostPosts = append(e.LostPosts, post)
		} else {
			e.Gained++
			e.GainedPosts = append(e.GainedPosts, post)
		}
	}
	e.LostPosts, e.GainedPosts = widest(e.LostPosts), widest(e.GainedPosts)
	return e, nil
}

// alertsByScore reports whether it was the score that decided about a post, and its
// words are still those.
func alertsByScore(row *store.Decided) bool {
	d, m := &row.Decision, &row.Post.Mention
	decided := d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeBelowThreshold
	return decided && row.Kept && !m.Retracted && m.Revision == d.Revision && d.Match == record.MatchQuery && d.ExcludedBy == ""
}

// moves gives a post's probability with the layer in use and with l, and whether one of
// them alone alerts.
func (ls *lesson) moves(row *store.Decided, l *vent.Layer) (before, after float64, moved bool) {
	d := &row.Decision
	a := ls.brand.Alert
	base := vent.LogOdds(d.Score.Venting) - d.Score.Learned
	if math.Abs(base-vent.LogOdds(a.Threshold)) > learn.MaxShift && a.MinSeverity.Rank() <= vent.SeverityLow.Rank() {
		return 0, 0, false
	}
	in := ls.class.Input(ls.brand.Name, row.Post.Mention)
	was, will := ls.class.Scorer.Again(in, d.Score, ls.in), ls.class.Scorer.Again(in, d.Score, l)
	return was.Venting, will.Venting, triage.Complaint(was, a) != triage.Complaint(will, a)
}

// widest keeps the posts that move most.
func widest(ps []record.EffectPost) []record.EffectPost {
	slices.SortStableFunc(ps, func(a, b record.EffectPost) int {
		return cmp.Compare(math.Abs(b.After-b.Before), math.Abs(a.After-a.Before))
	})
	return ps[:min(len(ps), effectShown)]
}

func probability(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
