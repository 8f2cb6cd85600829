package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Backend answers the inbox, the API and, while no daemon runs, the commands:
// it reads the store and moves cases through the desk.
type Backend struct {
	// Teaching is Labels.
	web.Teaching
	// StoreMeasures is Measures.
	web.StoreMeasures
	Store *store.Store
	Desk  *desk.Desk
	Bus   bus.Publisher
	// SourceNames gives the configured sources; nil lists every source that was ever seen.
	SourceNames func() []string
	// Changed is told after a case moved; nil is nobody.
	Changed func()
}

var (
	_ web.Backend  = (*Backend)(nil)
	_ web.Measures = (*Backend)(nil)
)

// Cases lists cases, worst and oldest first.
func (b *Backend) Cases(ctx context.Context, f web.CaseFilter) ([]record.Case, error) {
	cases, err := b.Store.Cases(ctx, store.CaseFilter{States: f.States, Brand: f.Brand, Owner: f.Owner, After: f.After, Limit: f.Limit})
	return cases, known(err)
}

// Dossier is all about one case.
func (b *Backend) Dossier(ctx context.Context, id string) (record.Dossier, error) {
	d, err := b.Store.Dossier(ctx, id)
	return d, known(err)
}

// Act moves a case.
func (b *Backend) Act(ctx context.Context, a record.Action) (record.Case, error) {
	c, err := b.Desk.Act(ctx, a)
	if err == nil && b.Changed != nil {
		b.Changed()
	}
	return c, known(err)
}

// known turns the errors of store and desk into those that web answers with.
func known(err error) error {
	var human interface{ Human() string }
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return web.ErrNotFound
	case errors.As(err, &human):
		return &web.Refused{Message: human.Human()}
	default:
		return err
	}
}

// Decisions are those about one mention, by id or URL.
func (b *Backend) Decisions(ctx context.Context, idOrURL string) ([]record.Decision, error) {
	ds, err := b.Store.Decisions(ctx, idOrURL)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return ds, err
}

// Sources are the configured sources, those that were never started included.
func (b *Backend) Sources(ctx context.Context) ([]record.SourceStat, error) {
	stats, err := b.Store.SourceStats(ctx)
	if err != nil {
		return nil, err
	}
	if b.SourceNames == nil {
		return stats, nil
	}
	var out []record.SourceStat
	for _, name := range b.SourceNames() {
		i := slices.IndexFunc(stats, func(s record.SourceStat) bool { return s.Source == name })
		if i < 0 {
			out = append(out, record.SourceStat{Source: name})
			continue
		}
		out = append(out, stats[i])
	}
	slices.SortFunc(out, func(x, y record.SourceStat) int { return strings.Compare(x.Source, y.Source) })
	return out, nil
}

// ListDead lists dead letters, newest first.
func (b *Backend) ListDead(ctx context.Context, p web.Page) ([]record.Dead, error) {
	list, err := b.Store.ListDead(ctx, store.DeadFilter{After: p.After, Limit: p.Limit})
	return list, known(err)
}

// Dead is one dead letter with its record.
func (b *Backend) Dead(ctx context.Context, id string) (record.Dead, error) {
	d, err := b.Store.Dead(ctx, id)
	return d, known(err)
}

// RetryDead puts a dead letter back under its old key. It is dropped here only
// once it is durable there; a repeat between the two has no second effect.
func (b *Backend) RetryDead(ctx context.Context, id string) error {
	d, err := b.Store.Dead(ctx, id)
	if err != nil {
		return known(err)
	}
	if d.Topic == "" || len(d.Value) == 0 {
		return &web.Refused{Message: "this record never was on the bus, or is too large to be kept; its source has to send it again"}
	}
	if b.Bus == nil {
		return &web.Refused{Message: "start the daemon first: a retry goes through its bus"}
	}
	if err := b.Bus.Publish(ctx, d.Topic, bus.Message{Key: d.Key, Value: d.Value}); err != nil {
		return fmt.Errorf("putting %s back: %w", id, err)
	}
	return b.DropDead(ctx, id)
}

// DropDead forgets a dead letter.
func (b *Backend) DropDead(ctx context.Context, id string) error {
	return known(b.Store.DropDead(ctx, id))
}

// ListSilences lists the silences that have not ended.
func (b *Backend) ListSilences(ctx context.Context) ([]record.Silence, error) {
	return b.Store.ListSilences(ctx)
}

// AddSilence stores s.
func (b *Backend) AddSilence(ctx context.Context, s record.Silence) (record.Silence, error) {
	if err := b.checkSilence(s); err != nil {
		return record.Silence{}, err
	}
	if s.From.IsZero() {
		s.From = time.Now().UTC()
	}
	return b.Store.AddSilence(ctx, s)
}

// checkSilence refuses a silence that could never hold anything back: one of a brand
// or topic that there is not, or of a query that cannot be read.
func (b *Backend) checkSilence(s record.Silence) error {
	var brands []string
	if b.Desk != nil {
		brands = b.Desk.Brands()
	}
	for _, c := range []struct {
		what, value string
		names       []string
	}{{"brand", s.Brand, brands}, {"topic", s.Topic, vent.Topics()}} {
		if c.value == "" || len(c.names) == 0 || slices.Contains(c.names, c.value) {
			continue
		}
		hint := "there are " + strings.Join(c.names, ", ")
		if near := setting.Nearest(c.value, c.names); near != "" {
			hint = "did you mean " + near + "?"
		}
		return &web.Refused{Message: fmt.Sprintf("there is no %s called %q; %s", c.what, c.value, hint)}
	}
	if s.Query == "" {
		return nil
	}
	if _, err := match.Parse(s.Query); err != nil {
		return &web.Refused{Message: "the query cannot be read: " + err.Error()}
	}
	return nil
}

// ExpireSilence ends a silence now.
func (b *Backend) ExpireSilence(ctx context.Context, id string) error {
	return known(b.Store.ExpireSilence(ctx, id))
}
