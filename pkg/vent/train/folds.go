package train

import (
	"cmp"
	"slices"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

const folds = 3

// assign puts each row that teaches complaint or target into a fold, so that
// posts of one domain or brand are never on both sides. Judged posts are spread by
// their brand, rows without brand or domain by their text. Other rows are in fold -1.
func assign(rows []Row) []int {
	type bin struct {
		key  string
		rows []int
	}
	byKey := map[string]int{}
	var bins []bin
	out := make([]int, len(rows))
	for i := range rows {
		r := &rows[i]
		_, c := r.teaches(complaint)
		_, t := r.teaches(towards)
		switch {
		case r.judged():
			out[i] = int(text.HashString(r.Brand) % folds)
			continue
		case !c && !t:
			out[i] = -1
			continue
		case (r.Brand == "" || c) && (r.Domain == "" || !mixed(r.Domain)):
			out[i] = int(text.HashString(r.Text) % folds)
			continue
		}
		key := r.Brand
		if c {
			key = "domain " + r.Domain
		}
		k, ok := byKey[key]
		if !ok {
			k = len(bins)
			byKey[key] = k
			bins = append(bins, bin{key: key})
		}
		bins[k].rows = append(bins[k].rows, i)
	}
	slices.SortStableFunc(bins, func(a, b bin) int {
		return cmp.Or(cmp.Compare(len(b.rows), len(a.rows)), cmp.Compare(a.key, b.key))
	})
	var size [folds]int
	for _, b := range bins {
		f := 0
		for k := range size {
			if size[k] < size[f] {
				f = k
			}
		}
		size[f] += len(b.rows)
		for _, i := range b.rows {
			out[i] = f
		}
	}
	return out
}

// mixed tells whether a domain is one of customers; random posts are no domain.
func mixed(domain string) bool { return domain != "random_tweet" && domain != "random_reply" }

// foldScorers are scorers that never saw the rows of their fold.
func (c *corpus) foldScorers(h model.Header, parts [folds]*weights) (out [folds]*vent.Scorer, err error) {
	for f, part := range parts {
		var entries []model.Entry
		entries, h.Scales = quantise(c, part)
		if out[f], err = scorerOf(h, entries); err != nil {
			return out, err
		}
	}
	return out, nil
}
