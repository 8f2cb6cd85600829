package web

import (
	"context"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
)

// memory is a Backend in memory whose cases move by the real state machine.
type memory struct {
	mu        sync.Mutex
	dossiers  []record.Dossier
	decisions []record.Decision
	sources   []record.SourceStat
	dead      []record.Dead
	silences  []record.Silence
	retried   []string
	keys      map[string]bool
	acts      int
	err       error
}

func (m *memory) Cases(_ context.Context, f CaseFilter) (List[record.Case], error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out List[record.Case]
	if m.err != nil {
		return out, m.err
	}
	for _, d := range m.dossiers {
		if slices.Contains(f.States, d.Case.State) && (f.Brand == "" || f.Brand == d.Case.Brand) {
			out.Items = append(out.Items, d.Case)
		}
	}
	sort.SliceStable(out.Items, func(i, j int) bool {
		a, b := out.Items[i], out.Items[j]
		if a.Severity != b.Severity {
			return a.Severity.Rank() > b.Severity.Rank()
		}
		return a.OpenedAt.Before(b.OpenedAt)
	})
	if f.After != "" {
		at := slices.IndexFunc(out.Items, func(c record.Case) bool { return c.ID == f.After })
		out.Items = out.Items[at+1:]
	}
	if len(out.Items) > f.Limit {
		out.Items = out.Items[:f.Limit]
		out.Next = out.Items[f.Limit-1].ID
	}
	return out, nil
}

func (m *memory) Dossier(_ context.Context, id string) (record.Dossier, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.dossiers {
		if d.Case.ID == id {
			return d, m.err
		}
	}
	return record.Dossier{}, ErrNotFound
}

func (m *memory) Act(_ context.Context, a record.Action) (record.Case, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.dossiers {
		d := &m.dossiers[i]
		if d.Case.ID != a.Case {
			continue
		}
		if a.Key != "" && m.keys[a.Key] {
			return d.Case, nil
		}
		c, events, err := casework.Apply(d.Case, a, time.Now())
		if err != nil {
			return d.Case, err
		}
		if a.Key != "" {
			if m.keys == nil {
				m.keys = map[string]bool{}
			}
			m.keys[a.Key] = true
		}
		d.Case = c
		d.History = append(d.History, events...)
		m.acts++
		return c, nil
	}
	return record.Case{}, ErrNotFound
}

func (m *memory) Decisions(_ context.Context, q string) ([]record.Decision, error) {
	var out []record.Decision
	for _, d := range m.decisions {
		if d.ID == q {
			out = append(out, d)
		}
	}
	return out, m.err
}

func (m *memory) Sources(context.Context) ([]record.SourceStat, error) { return m.sources, m.err }

func (m *memory) ListDead(_ context.Context, p Page) (List[record.Dead], error) {
	out := List[record.Dead]{Items: m.dead}
	if len(out.Items) > p.Limit {
		out.Items, out.Next = out.Items[:p.Limit], out.Items[p.Limit-1].ID
	}
	return out, m.err
}

func (m *memory) Dead(_ context.Context, id string) (record.Dead, error) {
	for _, d := range m.dead {
		if d.ID == id {
			return d, nil
		}
	}
	return record.Dead{}, ErrNotFound
}

func (m *memory) RetryDead(ctx context.Context, id string) error {
	if err := m.DropDead(ctx, id); err != nil {
		return err
	}
	m.retried = append(m.retried, id)
	return nil
}

func (m *memory) DropDead(_ context.Context, id string) error {
	n := len(m.dead)
	m.dead = slices.DeleteFunc(m.dead, func(d record.Dead) bool { return d.ID == id })
	if len(m.dead) == n {
		return ErrNotFound
	}
	return nil
}

func (m *memory) ListSilences(context.Context) ([]record.Silence, error) { return m.silences, m.err }

func (m *memory) AddSilence(_ context.Context, s record.Silence) (record.Silence, error) {
	s.ID, s.From = "01JDSILENCE", time.Now().UTC()
	m.silences = append(m.silences, s)
	return s, nil
}

func (m *memory) ExpireSilence(_ context.Context, id string) error {
	n := len(m.silences)
	m.silences = slices.DeleteFunc(m.silences, func(s record.Silence) bool { return s.ID == id })
	if len(m.silences) == n {
		return ErrNotFound
	}
	return nil
}
