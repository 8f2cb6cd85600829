package tune

import (
	"context"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/triage"
)

const (
	// casesBack is how far back an ended case still matters, alertsBack a card.
	casesBack  = 90 * 24 * time.Hour
	alertsBack = 50 * time.Hour
	// pageCases is how many cases are read at a time.
	pageCases = 500
)

// seed gives both worlds the cases and cards from before the first decision.
func (r *brandRun) seed(ctx context.Context) error {
	st, at := r.in.opt.Store, r.in.opt.Since
	alerts, err := st.Alerts(ctx, r.name, at.Add(-alertsBack), at)
	if err != nil {
		return err
	}
	for _, t := range alerts {
		for _, w := range r.trials {
			w.SeedAlert(t)
		}
	}
	if err := r.seedComplaints(ctx); err != nil {
		return err
	}
	if err := r.seedStream(ctx); err != nil {
		return err
	}
	for after := ""; ; {
		cases, err := st.CasesBefore(ctx, r.name, at, at.Add(-casesBack), after, pageCases)
		if err != nil {
			return err
		}
		ids := make([]string, len(cases))
		for i, c := range cases {
			after, ids[i] = c.ID, c.ID
			if err := r.seedCase(ctx, c); err != nil {
				return err
			}
		}
		actions, err := st.Actions(ctx, ids, at)
		if err != nil {
			return err
		}
		for _, w := range r.trials {
			w.Await(actions)
		}
		if len(cases) < pageCases {
			return nil
		}
	}
}

// complaintsBack is how far back complaints matter: the earlier days that a spike is
// held against, and the hours before the first decision.
const complaintsBack = 8 * 24 * time.Hour

// seedComplaints gives both worlds what was complained about before.
func (r *brandRun) seedComplaints(ctx context.Context) error {
	st, at := r.in.opt.Store, r.in.opt.Since
	first, err := st.FirstComplaint(ctx, r.name)
	if err != nil || first.IsZero() || !first.Before(at) {
		return err
	}
	var rows []record.Complaint
	for from := at.Add(-complaintsBack); from.Before(at); from = from.Add(time.Hour) {
		to := from.Add(time.Hour)
		if to.After(at) {
			to = at
		}
		hour, err := st.Complaints(ctx, r.name, from, to, 0)
		if err != nil {
			return err
		}
		rows = append(rows, hour...)
	}
	for _, w := range r.trials {
		w.SeedComplaints(rows, first)
	}
	return nil
}

// seedStream gives both worlds what the budget of the first hours is planned by.
func (r *brandRun) seedStream(ctx context.Context) error {
	st, at := r.in.opt.Store, r.in.opt.Since
	first, ok, err := st.FirstDecided(ctx, r.name)
	if err != nil || !ok || !first.Before(at) {
		return err
	}
	stream, err := st.Stream(ctx, r.name, at.AddDate(0, 0, -triage.StreamDays-1), at)
	if err != nil {
		return err
	}
	for _, w := range r.trials {
		w.SeedStream(first, stream)
	}
	return nil
}

// seedCase gives both worlds a case as it stood at the beginning, and its posts.
func (r *brandRun) seedCase(ctx context.Context, c record.Case) error {
	st, at := r.in.opt.Store, r.in.opt.Since
	past := unlived(c)
	for seq := int64(0); ; {
		events, err := st.Events(ctx, c.ID, at, seq, pageRows)
		if err != nil {
			return err
		}
		for i := range events {
			seq = events[i].Seq
			relive(&past, &events[i])
		}
		if len(events) < pageRows {
			break
		}
	}
	past = lived(past)
	if i := past.Crowd.Incident; i != nil && !i.At.Before(at) {
		past.Crowd.Incident = nil // it became one later
	}
	for _, w := range r.trials {
		if err := w.Seed(past); err != nil {
			return err
		}
	}
	for row := int64(0); ; {
		var posts []record.Stored
		var err error
		if posts, row, err = st.CasePosts(ctx, c.ID, at, row, pageRows); err != nil {
			return err
		}
		for _, w := range r.trials {
			if err := w.Hold(c.ID, posts); err != nil {
				return err
			}
		}
		if len(posts) < pageRows {
			return nil
		}
	}
}

// unlived is a case as it was when it began, relive what a line of its history made of
// it, and lived what has to hold whatever the history says.
func unlived(c record.Case) record.Case {
	c.State, c.UpdatedAt, c.LastPostAt = record.StateOpen, c.OpenedAt, c.OpenedAt
	c.SnoozedUntil, c.Fate = time.Time{}, record.FateUnknown
	return c
}

func relive(c *record.Case, e *record.Event) {
	if e.What == "refused" {
		return
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
	case "snoozed":
		until, _, _ := strings.Cut(strings.TrimPrefix(e.Detail, "until "), "; ")
		if t, err := time.Parse(time.RFC3339, until); err == nil {
			c.SnoozedUntil = t
		}
	}
}

func lived(c record.Case) record.Case {
	if c.State == record.StateClaimed && c.Owner == "" {
		c.Owner = "unknown"
	}
	if c.State == record.StateOpen {
		c.Owner = ""
	}
	return c
}
