package tune

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// casesBack is how far back an ended case still matters, alertsBack a card.
	casesBack  = 90 * 24 * time.Hour
	alertsBack = 50 * time.Hour
	// pageCases is how many cases are read at a time.
	pageCases = 500
)

// seed gives both worlds the cases and cards from before the first decision.
func (b *backtest) seed(ctx context.Context, r *brandRun) error {
	at := b.opt.Since
	alerts, err := b.opt.Store.Alerts(ctx, r.name, at.Add(-alertsBack), at)
	if err != nil {
		return err
	}
	for _, t := range alerts {
		r.running.SeedAlert(t)
		r.future.SeedAlert(t)
	}
	for after := ""; ; {
		cases, err := b.opt.Store.CasesBefore(ctx, r.name, at, at.Add(-casesBack), after, pageCases)
		if err != nil {
			return err
		}
		for _, c := range cases {
			after = c.ID
			if err := b.seedCase(ctx, r, c); err != nil {
				return err
			}
		}
		if len(cases) < pageCases {
			return nil
		}
	}
}

func (b *backtest) seedCase(ctx context.Context, r *brandRun, c record.Case) error {
	events, err := b.opt.Store.Events(ctx, c.ID)
	if err != nil {
		return err
	}
	posts, err := b.opt.Store.CaseMentions(ctx, c.ID)
	if err != nil {
		return err
	}
	c = caseAt(c, events, b.opt.Since)
	posts = slices.DeleteFunc(posts, func(p record.Stored) bool { return !p.Mention.ObservedAt.Before(b.opt.Since) })
	if err := r.running.Seed(c, posts); err != nil {
		return err
	}
	if err := r.future.Seed(c, posts); err != nil {
		return err
	}
	r.await(events, b.opt.Since)
	return nil
}

// caseAt is a case as it stood at a time, by its history.
func caseAt(c record.Case, events []record.Event, at time.Time) record.Case {
	c.State, c.UpdatedAt, c.LastPostAt = record.StateOpen, c.OpenedAt, c.OpenedAt
	c.SnoozedUntil, c.Fate = time.Time{}, record.FateUnknown
	for _, e := range events {
		if !e.At.Before(at) || e.What == "refused" {
			continue
		}
		c.UpdatedAt = e.At
		if e.To != "" {
			c.State = e.To
		}
		if e.Mention != "" && e.What != "brand_replied" && e.What != "edited" && e.What != "retracted" {
			c.LastPostAt = e.At
		}
		switch e.What {
		case "recovered":
			c.Fate = record.FateRecovered
		case "lost":
			c.Fate = record.FateLost
		case "silent":
			c.Fate = record.FateSilent
		case "reopened":
			c.Fate = record.FateUnknown
		}
		if e.What == "snoozed" {
			until, _, _ := strings.Cut(strings.TrimPrefix(e.Detail, "until "), "; ")
			if t, err := time.Parse(time.RFC3339, until); err == nil {
				c.SnoozedUntil = t
			}
		}
	}
	if c.State == record.StateClaimed && c.Owner == "" {
		c.Owner = "unknown"
	}
	if c.State == record.StateOpen {
		c.Owner = ""
	}
	return c
}

// follow reads what people and clocks did to a case that begins now.
func (b *backtest) follow(ctx context.Context, r *brandRun, caseID string, from time.Time) error {
	events, err := b.opt.Store.Events(ctx, caseID)
	if err != nil {
		return err
	}
	r.await(events, from)
	return nil
}

// await keeps the actions of a history from a time on until their time comes.
func (r *brandRun) await(events []record.Event, from time.Time) {
	for _, e := range events {
		if e.Via == "" || e.What == "refused" || e.At.Before(from) {
			continue
		}
		i, _ := slices.BinarySearchFunc(r.actions, e, laterAction)
		r.actions = slices.Insert(r.actions, i, e)
	}
}

// laterAction orders actions so that the next one stands last.
func laterAction(a, b record.Event) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Case, b.Case), cmp.Compare(b.Seq, a.Seq))
}

// act does what people and clocks did up to now, in both worlds.
func (r *brandRun) act(now time.Time) error {
	for n := len(r.actions); n > 0 && !r.actions[n-1].At.After(now); n = len(r.actions) {
		e := r.actions[n-1]
		r.actions = r.actions[:n-1]
		if err := r.running.Act(e); err != nil {
			return err
		}
		if err := r.future.Act(e); err != nil {
			return err
		}
	}
	return nil
}
