// Package recall measures what of a brand's real complaints reaches people. Of the
// posts that its query matched a small random sample is drawn, by strata of what became
// of them and how they scored; people label it, and what they say is weighted by how
// many posts each of them stands for.
//
//	recall.go    the strata, and a draw
//	estimate.go  recall and precision by the labels, with intervals
package recall

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// The bounds of the strata below the threshold, by the probability of a complaint.
const (
	nearFrom = 0.3
	lowFrom  = 0.1
)

// PerDraw is how many posts a draw has at most.
const PerDraw = 12

// share is how many posts of a stratum a draw has at most: most where complaints may
// be missed, few where many labels come by themselves.
func share(s record.Stratum) int {
	switch s {
	case record.StratumNear:
		return 3
	case record.StratumReached, record.StratumLow, record.StratumExcludedHigh:
		return 2
	case record.StratumDeferred, record.StratumLowest, record.StratumExcludedLow:
		return 1
	}
	return 0
}

// StratumOf is the stratum of a decided post, false where it is in none.
func StratumOf(o record.Outcome, venting float64) (record.Stratum, bool) {
	switch o {
	case record.OutcomeAlert, record.OutcomeJoined:
		return record.StratumReached, true
	case record.OutcomeDigest, record.OutcomeOverBudget:
		return record.StratumDeferred, true
	case record.OutcomeBelowThreshold:
		switch {
		case venting >= nearFrom:
			return record.StratumNear, true
		case venting >= lowFrom:
			return record.StratumLow, true
		}
		return record.StratumLowest, true
	case record.OutcomeExcluded:
		if venting >= nearFrom {
			return record.StratumExcludedHigh, true
		}
		return record.StratumExcludedLow, true
	case record.OutcomeSilenced, record.OutcomeInhibited, record.OutcomeNotMatched, record.OutcomeOwnAccount,
		record.OutcomeAlreadyHandled, record.OutcomeDuplicate, record.OutcomeRetracted:
	}
	return "", false
}

// Store is what a draw needs of the store. *store.Store is one.
type Store interface {
	EachDrawable(ctx context.Context, brand string, from, to time.Time, fn func(store.Drawable)) error
	Update(ctx context.Context, brands []string, fn func(tx *store.Tx) error) error
	DrawnUntil(ctx context.Context, brand string) (time.Time, error)
	FirstDecided(ctx context.Context, brand string) (time.Time, bool, error)
	Draws(ctx context.Context, brand string, since time.Time) ([]record.Draw, error)
	SampledPosts(ctx context.Context, brand string, since time.Time, limit int) ([]record.Sampled, error)
}

// drawBack is how far back a first draw, or one after a long pause, looks.
const drawBack = 7 * 24 * time.Hour

// Draw draws a sample of the brand's posts since the last one, or of the last seven days
// where that is longer ago, up to to. It returns how many posts were drawn. Who draws
// the same time twice changes nothing: what a draw takes depends on the store alone.
func Draw(ctx context.Context, s Store, brand string, to time.Time) (int, error) {
	from, err := s.DrawnUntil(ctx, brand)
	if err != nil {
		return 0, err
	}
	if back := to.Add(-drawBack); from.Before(back) {
		from = back
	}
	if !from.Before(to) {
		return 0, nil
	}
	counts := map[record.Stratum]int{}
	lowest := map[record.Stratum][]store.Drawable{}
	err = s.EachDrawable(ctx, brand, from, to, func(p store.Drawable) {
		stratum, ok := StratumOf(p.Outcome, p.Venting)
		if !ok {
			return
		}
		counts[stratum]++
		list := lowest[stratum]
		i, _ := slices.BinarySearchFunc(list, p, byRank)
		if most := share(stratum); i < most {
			list = slices.Insert(list, i, p)
			lowest[stratum] = list[:min(len(list), most)]
		}
	})
	if err != nil {
		return 0, err
	}
	var draws []record.Draw
	var posts []record.Sampled
	for _, stratum := range record.Strata() {
		if counts[stratum] == 0 {
			continue
		}
		draws = append(draws, record.Draw{
			Brand: brand, Stratum: stratum, From: from, To: to, Posts: counts[stratum], Drawn: len(lowest[stratum]),
		})
		for _, p := range lowest[stratum] {
			posts = append(posts, record.Sampled{
				Brand: brand, Mention: p.ID, Stratum: stratum, Outcome: p.Outcome, Venting: p.Venting, To: to,
			})
		}
	}
	if len(draws) == 0 {
		return 0, nil
	}
	fresh := false
	err = s.Update(ctx, []string{brand}, func(tx *store.Tx) error {
		var err error
		fresh, err = tx.PutDraw(draws, posts)
		return err
	})
	if err != nil || !fresh {
		return 0, err
	}
	return len(posts), nil
}

func byRank(a, b store.Drawable) int {
	return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
}

// Window is how far back labels count.
const Window = 30 * 24 * time.Hour

// Of estimates a brand's recall and precision by the samples of the last thirty days.
func Of(ctx context.Context, s Store, brand string, now time.Time) (Estimate, error) {
	since := now.Add(-Window)
	draws, err := s.Draws(ctx, brand, since)
	if err != nil {
		return Estimate{}, err
	}
	posts, err := s.SampledPosts(ctx, brand, since, 0)
	if err != nil {
		return Estimate{}, err
	}
	e := estimate(draws, posts)
	e.Brand = brand
	return e, nil
}

// ToLabel are the drawn posts of a brand that nobody has labelled yet and whose words
// are still there, newest sample first, at most limit.
func ToLabel(ctx context.Context, s Store, brand string, now time.Time, limit int) ([]record.Sampled, error) {
	posts, err := s.SampledPosts(ctx, brand, now.Add(-Window), 0)
	if err != nil {
		return nil, err
	}
	posts = slices.DeleteFunc(posts, func(p record.Sampled) bool { return p.Label != nil || p.Text == "" })
	return posts[:min(len(posts), limit)], nil
}

// Words say an estimate in a sentence.
func Words(e Estimate) string {
	switch {
	case e.Drawn == 0:
		return "Nothing was drawn yet: a sample is drawn each day, of what the day before brought."
	case e.Labelled == 0:
		return fmt.Sprintf("Unknown: nobody has labelled any of the %d posts that were drawn.", e.Drawn)
	case !e.Known:
		return fmt.Sprintf("Not known yet: between %s and %s by %d labels; %s.", percent(e.Recall.Low), percent(e.Recall.High), e.Labelled, missing(e))
	default:
		return fmt.Sprintf("About %s of the real complaints that the query matches reach people (%s to %s, by %d labels of %d drawn).",
			percent(e.Recall.Value), percent(e.Recall.Low), percent(e.Recall.High), e.Labelled, e.Drawn)
	}
}

func missing(e Estimate) string {
	for _, s := range e.Strata {
		if s.Posts > 0 && s.Labelled == 0 {
			return fmt.Sprintf("none of the %d posts in %q is labelled", s.Posts, StratumWords(s.Stratum))
		}
	}
	return "too few are labelled"
}

// StratumWords is a stratum for people.
func StratumWords(s record.Stratum) string {
	switch s {
	case record.StratumReached:
		return "had a card or joined a case"
	case record.StratumDeferred:
		return "went into a digest"
	case record.StratumNear:
		return "below the threshold, 30 % and more"
	case record.StratumLow:
		return "below the threshold, 10 to 30 %"
	case record.StratumLowest:
		return "below the threshold, under 10 %"
	case record.StratumExcludedHigh:
		return "excluded, 30 % and more"
	case record.StratumExcludedLow:
		return "excluded, under 30 %"
	}
	return string(s)
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", v*100) }
