// Package webtest is a Backend for the tests of package web and its client: a
// real store, whose cases move by the real state machine, filled with invented
// posts.
//
//	webtest.go   the Backend
//	labels.go    the real teacher over it
//	invented.go  the cases, sources, decisions and dead letters
package webtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
)

// Backend is what the inbox and the API stand on in tests.
type Backend struct {
	web.Teaching
	st *store.Store

	mu      sync.Mutex
	retried []string
}

// Open makes an empty Backend that is closed when the test ends.
func Open(tb testing.TB) *Backend {
	tb.Helper()
	st, err := store.OpenScratch(tb.Context(), store.Default(), tb.TempDir(), zap.NewNop())
	must(tb, err)
	tb.Cleanup(func() { must(tb, st.Close()) })
	return &Backend{Teaching: teaching(tb, st), st: st}
}

// Filled makes a Backend with everything that is invented, as of now.
func Filled(tb testing.TB, now time.Time) *Backend {
	tb.Helper()
	b := Open(tb)
	b.Put(tb, Invented(now)...)
	b.PutSources(tb, Sources(now)...)
	for _, d := range Dead(now) {
		must(tb, b.st.PutDead(tb.Context(), d))
	}
	return b
}

// PutSources writes how sources are doing.
func (b *Backend) PutSources(tb testing.TB, stats ...record.SourceStat) {
	tb.Helper()
	for _, st := range stats {
		must(tb, b.st.SaveSourceStat(tb.Context(), st))
		must(tb, b.st.SetBlind(tb.Context(), st.Source, st.Blind, st.BlindSince))
	}
}

// Put writes cases with their posts, history and first decision.
func (b *Backend) Put(tb testing.TB, ds ...record.Dossier) {
	tb.Helper()
	for i := range ds {
		must(tb, b.put(tb.Context(), &ds[i]))
	}
}

func (b *Backend) put(ctx context.Context, d *record.Dossier) error {
	c := d.Case
	return b.st.Update(ctx, []string{c.Brand}, func(tx *store.Tx) error {
		if err := tx.PutCase(c); err != nil {
			return err
		}
		for _, m := range append(d.Later, d.Root) {
			if err := tx.PutMention(record.Stored{Brand: c.Brand, Mention: m, Case: c.ID}); err != nil {
				return err
			}
		}
		seq, err := tx.NextSeq(c.Brand)
		if err != nil {
			return err
		}
		err = tx.PutDecision(record.Decision{
			ID: c.Root, Brand: c.Brand, Outcome: record.OutcomeAlert, Severity: c.Severity, Venting: c.Venting, Priority: c.Priority,
			Case: c.ID, Route: c.Route, Why: d.Why, Seq: seq, Now: c.OpenedAt, Threshold: 0.6,
		})
		if err != nil {
			return err
		}
		for _, e := range d.History {
			e.Case = c.ID
			if err := tx.AddEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Act moves a case as the desk does, without messages and labels.
func (b *Backend) Act(ctx context.Context, a record.Action) (record.Case, error) {
	c, err := found(b.st.Case(ctx, a.Case))
	if err != nil {
		return c, err
	}
	err = b.st.Update(ctx, []string{c.Brand}, func(tx *store.Tx) error {
		if a.Key != "" {
			if _, done, err := tx.ActionDone(a.Key); err != nil || done {
				return err
			}
			if err := tx.MarkAction(a.Key, a.Case, time.Now()); err != nil {
				return err
			}
		}
		now, ok, err := tx.Case(a.Case)
		if err != nil || !ok {
			return err
		}
		next, events, err := casework.Apply(now, a, time.Now().UTC())
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Seq, err = tx.NextSeq(c.Brand); err != nil {
				return err
			}
			if err := tx.AddEvent(e); err != nil {
				return err
			}
		}
		return tx.PutCase(next)
	})
	if errors.Is(err, casework.ErrIllegal) {
		return c, &web.Refused{Message: err.Error()}
	}
	if err != nil {
		return c, err
	}
	return found(b.st.Case(ctx, a.Case))
}

// RetryDead drops the dead letter and remembers that it was asked for.
func (b *Backend) RetryDead(ctx context.Context, id string) error {
	if err := b.DropDead(ctx, id); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.retried = append(b.retried, id)
	return nil
}

// Retried are the dead letters that were put back.
func (b *Backend) Retried() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.retried...)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// found turns the store's error into what web knows.
func found[T any](v T, err error) (T, error) {
	if errors.Is(err, store.ErrNotFound) {
		err = web.ErrNotFound
	}
	return v, err
}

func gone(err error) error {
	_, err = found(0, err)
	return err
}

// Cases lists cases.
func (b *Backend) Cases(ctx context.Context, f web.CaseFilter) ([]record.Case, error) {
	return found(b.st.Cases(ctx, store.CaseFilter{States: f.States, Brand: f.Brand, Owner: f.Owner, After: f.After, Limit: f.Limit}))
}

// Dossier is all about one case.
func (b *Backend) Dossier(ctx context.Context, id string) (record.Dossier, error) {
	return found(b.st.Dossier(ctx, id))
}

// Decisions are those about one mention.
func (b *Backend) Decisions(ctx context.Context, idOrURL string) ([]record.Decision, error) {
	return b.st.Decisions(ctx, idOrURL)
}

// Sources are those that were put.
func (b *Backend) Sources(ctx context.Context) ([]record.SourceStat, error) {
	return b.st.SourceStats(ctx)
}

// ListDead lists dead letters.
func (b *Backend) ListDead(ctx context.Context, p web.Page) ([]record.Dead, error) {
	return found(b.st.ListDead(ctx, store.DeadFilter{After: p.After, Limit: p.Limit}))
}

// Dead is one dead letter.
func (b *Backend) Dead(ctx context.Context, id string) (record.Dead, error) {
	return found(b.st.Dead(ctx, id))
}

// DropDead forgets a dead letter.
func (b *Backend) DropDead(ctx context.Context, id string) error {
	return gone(b.st.DropDead(ctx, id))
}

// ListSilences lists silences.
func (b *Backend) ListSilences(ctx context.Context) ([]record.Silence, error) {
	return b.st.ListSilences(ctx)
}

// AddSilence stores a silence.
func (b *Backend) AddSilence(ctx context.Context, s record.Silence) (record.Silence, error) {
	return b.st.AddSilence(ctx, s)
}

// ExpireSilence ends a silence.
func (b *Backend) ExpireSilence(ctx context.Context, id string) error {
	return gone(b.st.ExpireSilence(ctx, id))
}
