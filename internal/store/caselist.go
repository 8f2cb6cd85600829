package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// CaseFilter narrows Cases.
type CaseFilter struct {
	// States keeps these alone; empty keeps the live ones.
	States []record.State
	// Brand and Owner keep that brand's and that owner's alone; empty keeps all.
	Brand string
	Owner string
	// After is the id of the last case of the page before.
	After string
	// Limit is at most 1,000; 0 is 100.
	Limit int
}

// Cases are the cases that f keeps, worst first and of the equally bad the
// oldest first. After a case that is no more it returns ErrNotFound.
func (s *Store) Cases(ctx context.Context, f CaseFilter) ([]record.Case, error) {
	states := f.States
	if len(states) == 0 {
		states = slices.DeleteFunc(record.States(), func(st record.State) bool { return !st.Live() })
	}
	states = slices.Compact(slices.Sorted(slices.Values(states)))
	limit := limitOr(f.Limit, 100, 1000)
	// Before every case: a severity that is worse than any.
	at := caseKey{severity: len(vent.Severities())}
	if f.After != "" {
		last, err := s.Case(ctx, f.After)
		if err != nil {
			return nil, fmt.Errorf("listing cases after %s: %w", f.After, err)
		}
		at = keyOf(last)
	}
	// One index range for each state, each already in order, then merged: sorting
	// every ended case for one page would take time that grows with the history.
	var out []record.Case
	for _, st := range states {
		cases, err := s.casesOf(ctx, f, st, at, limit)
		if err != nil {
			return nil, fmt.Errorf("listing cases: %w", err)
		}
		out = append(out, cases...)
	}
	slices.SortStableFunc(out, func(a, b record.Case) int { return keyOf(a).compare(keyOf(b)) })
	return out[:min(len(out), limit)], nil
}

// casesOf is one state's part of a page.
func (s *Store) casesOf(ctx context.Context, f CaseFilter, st record.State, at caseKey, limit int) ([]record.Case, error) {
	if f.Brand == "" {
		return list(ctx, s.reads, scanCase, "SELECT "+caseColumns+" FROM cases WHERE state = ? AND "+afterCase+caseOrder,
			st, at.severity, at.severity, at.severity, at.priority, at.priority, at.opened, at.opened, at.id, f.Owner, f.Owner, limit)
	}
	return list(ctx, s.reads, scanCase, "SELECT "+caseColumns+" FROM cases WHERE brand = ? AND state = ? AND "+afterCase+caseOrder,
		f.Brand, st, at.severity, at.severity, at.severity, at.priority, at.priority, at.opened, at.opened, at.id, f.Owner, f.Owner, limit)
}

// afterCase keeps what comes later in caseOrder than a key. The first term is
// implied by the second and lets the index begin there.
const afterCase = `severity <= ? AND (severity < ? OR (severity = ? AND (priority < ? OR (priority = ? AND
	(opened_at > ? OR (opened_at = ? AND id > ?)))))) AND (? = '' OR owner = ?)`

const caseOrder = " ORDER BY severity DESC, priority DESC, opened_at, id LIMIT ?"

// caseKey is a case's place in the order of Cases.
type caseKey struct {
	severity, priority int
	opened             int64
	id                 string
}

func keyOf(c record.Case) caseKey {
	return caseKey{severity: rank(c.Severity), priority: c.Priority, opened: stamp(c.OpenedAt), id: c.ID}
}

func (k caseKey) compare(o caseKey) int {
	switch {
	case k.severity != o.severity:
		return o.severity - k.severity
	case k.priority != o.priority:
		return o.priority - k.priority
	case k.opened < o.opened:
		return -1
	case k.opened > o.opened:
		return 1
	default:
		return strings.Compare(k.id, o.id)
	}
}

// CaseCounts counts the live cases of each brand by severity. A brand that has
// none is not in it.
func (s *Store) CaseCounts(ctx context.Context) (map[string]map[vent.Severity]int, error) {
	out := map[string]map[vent.Severity]int{}
	// Brand by brand along the index, so that ended cases are not walked through.
	brands, err := brandsOf(ctx, s.reads, "SELECT MIN(brand) FROM cases WHERE brand > ?")
	if err != nil {
		return nil, fmt.Errorf("counting cases: %w", err)
	}
	for _, brand := range brands {
		err := each(ctx, s.reads, func(scan scanFunc) error {
			var sev, n int
			if err := scan(&sev, &n); err != nil {
				return err
			}
			if out[brand] == nil {
				out[brand] = map[vent.Severity]int{}
			}
			out[brand][severity(sev)] += n
			return nil
		}, `SELECT severity, COUNT(*) FROM cases WHERE brand = ? AND state IN ('open', 'snoozed', 'claimed', 'answered')
			GROUP BY severity`, brand)
		if err != nil {
			return nil, fmt.Errorf("counting the cases of brand %s: %w", brand, err)
		}
	}
	return out, nil
}

// brandsOf steps along an index that begins with the brand: next is the query
// for the least brand after another.
func brandsOf(ctx context.Context, c conn, next string) ([]string, error) {
	var out []string
	last := ""
	for {
		v, ok, err := first(ctx, c, scalar[*string], next, last)
		if err != nil || !ok || v == nil {
			return out, err
		}
		last = *v
		out = append(out, last)
	}
}
