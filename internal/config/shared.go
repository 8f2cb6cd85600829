package config

import (
	"fmt"

	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/setting"
)

// maxShared bounds what is said of the terms that a brand has in common with others, and
// maxSharedLooks how many of them are looked at.
const (
	maxShared      = 20
	maxSharedLooks = 1000
)

// owner is the first brand that has a term.
type owner struct {
	unit  *BrandUnit
	query *match.Query
	text  string
}

// warnShared warns of terms that suffice for a match in two brands: a post with one is
// decided upon, and alerts, for both.
func (c *Config) warnShared() {
	if len(c.Units) < 2 {
		return
	}
	first := map[string]owner{}
	for i := range c.Units {
		u := &c.Units[i]
		if u.spliced == nil || u.Broken() {
			continue
		}
		q, err := match.Parse(u.Brand.Query)
		if err != nil {
			continue
		}
		var ps []setting.Problem
		looks := 0
		for _, part := range q.Parts() {
			if part.Excludes || len(ps) >= maxShared || looks >= maxSharedLooks {
				continue
			}
			o, ok := first[part.Key]
			if !ok {
				first[part.Key] = owner{u, q, part.Text}
				continue
			}
			looks++
			if o.unit.Name != u.Name && suffices(q, part.Text) && suffices(o.query, o.text) {
				ps = append(ps, u.InQuery(part.Column, fmt.Sprintf("%s is a term of the brand %s too: a post with it counts for both", clip(part.Text, 60), o.unit.Name)))
			}
		}
		u.Problems = append(u.Problems, u.Locate(ps)...)
	}
}

// suffices reports whether a post with this part alone matches.
func suffices(q *match.Query, text string) bool {
	return q.Positive(func(other string) bool { return other == text })
}

// InQuery is a warning about a column of the unit's query, term lists filled in, as one
// about the query as it is written.
func (u *BrandUnit) InQuery(column int, msg string) setting.Problem {
	list := ""
	if u.spliced != nil {
		column, list = u.spliced.Place(column)
	}
	if list != "" {
		msg = "in the list $" + list + ": " + msg
	}
	return setting.Problem{Path: "query", Column: column, Msg: msg, Warning: true}
}
