package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/slack"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
)

// commands carry out what people ask for with /leakytap.
type commands struct{ d *Daemon }

var _ slack.Commands = commands{}

// maxCounted bounds how many open cases a status looks at.
const maxCounted = 1000

// Status says how the daemon and its cases are doing.
func (c commands) Status(ctx context.Context) ([]string, error) {
	now := time.Now().UTC()
	cases, err := c.d.store.Cases(ctx, store.CaseFilter{Limit: maxCounted})
	if err != nil {
		return nil, err
	}
	states := map[record.State]int64{}
	overdue, late := int64(0), int64(0)
	for i := range cases {
		states[cases[i].State]++
		if cases[i].Overdue(now) {
			overdue++
		}
		if cases[i].Service.Promise.Overdue(now) {
			late++
		}
	}
	lines := []string{fmt.Sprintf("Cases: %d open, %d claimed, %d answered, %d snoozed",
		states[record.StateOpen], states[record.StateClaimed], states[record.StateAnswered], states[record.StateSnoozed])}
	if len(cases) == maxCounted {
		lines = []string{"Cases: over " + alert.Count(maxCounted, "case waits", "cases wait")}
	}
	if overdue > 0 {
		lines = append(lines, "Overdue: "+alert.Count(overdue, "case", "cases"))
	}
	if late > 0 {
		lines = append(lines, "Promises past their time: "+alert.Count(late, "promise", "promises"))
	}
	stats, err := c.d.Backend().Sources(ctx)
	if err != nil {
		return nil, err
	}
	blind := 0
	for i := range stats {
		if stats[i].Blind {
			blind++
			lines = append(lines, "Source "+stats[i].Source+" hears nothing since "+stats[i].BlindSince.UTC().Format("2006-01-02 15:04 UTC"))
		}
	}
	if blind == 0 {
		lines = append(lines, "Sources: "+alert.Count(int64(len(stats)), "source", "sources")+", none of them blind")
	}
	oldest, _, err := c.d.store.OutboxStats(ctx)
	if err != nil {
		return nil, err
	}
	if !oldest.IsZero() && now.Sub(oldest) > time.Minute {
		lines = append(lines, "The oldest message that waits to be sent is from "+alert.Ago(oldest, now))
	}
	return append(lines, c.d.troubles(ctx)...), nil
}

// Why are the decisions about a post.
func (c commands) Why(ctx context.Context, idOrURL string) ([]record.Decision, error) {
	ds, err := c.d.store.Decisions(ctx, idOrURL)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return ds, err
}

// humanError is what a person can mend.
type humanError struct{ words string }

func (e *humanError) Error() string { return e.words }

// Human is the same words.
func (e *humanError) Human() string { return e.words }

// Silence stores a silence whose query can be read.
func (c commands) Silence(ctx context.Context, s record.Silence) (record.Silence, error) {
	if s.Query != "" {
		if _, err := match.Parse(s.Query); err != nil {
			return s, &humanError{"The query cannot be read: " + err.Error()}
		}
	}
	if err := c.d.Backend().checkSilence(s); err != nil {
		if refused, ok := errors.AsType[*web.Refused](err); ok {
			return s, &humanError{"That is not silenced: " + refused.Message + "."}
		}
		return s, err
	}
	return c.d.store.AddSilence(ctx, s)
}

// Test says what would become of a text for each brand that it names.
func (c commands) Test(_ context.Context, text string) ([]record.Decision, error) {
	now := time.Now().UTC()
	m, _ := mention.Clean(mention.Mention{
		Platform: "slack", NativeID: "test", Kind: mention.KindPost, Text: text, CreatedAt: now, ObservedAt: now,
	})
	g := c.d.gen.Load()
	var out []record.Decision
	for _, h := range g.rules.Matcher.Match(m) {
		out = append(out, g.Judge(h.Brand, m, now))
	}
	return out, nil
}
