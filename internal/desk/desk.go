// Package desk is the only door to a case. A scored mention, a person's action or
// a clock comes in; match, triage, casework and routing run as pure functions over
// rows read in one transaction of the store, and decision, case, history, watches
// and outbox rows are written in that same transaction.
//
// It promises that one identity (brand, id, revision) is decided once, that two
// workers never make two cases of one author, that exactly one of several claims
// wins, that a bad record loses no other, and that an action with a key takes
// effect once. No role caches a case. It sends nothing: what is owed to a receiver
// is a row of the outbox.
//
//	desk.go     Options, New
//	rules.go    one generation of the configuration, and what it says about a mention
//	scored.go   batches: one transaction for each brand
//	session.go  one mention inside the transaction
//	history.go  what the store knew: joins, silences, budget
//	crowd.go    the same fault told by many, and spikes
//	budget.go   how the day's budget is spread
//	status.go   whether spikes would be noticed, and how topics stand
//	effect.go   what a decision does to cases
//	outbox.go   the notices and their keys
//	handled.go  what was handled before it was decided upon; kind words
//	route.go    several receivers, mutes, groups, budgets, repeats
//	act.go      what people do to a case
//	tick.go     what the time does to a case; service.go clocks, nudges, promises, silence
//	labels.go   what people taught by ending a case
//	rows.go     what a transaction reads and writes
//	trial.go    stored mentions decided again, by the same code
//	memory.go   the rows of a trial, in memory
//	metrics.go  what is counted, and when
//	errors.go   bad records
package desk

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
)

// ErrNotFound says that there is no such case.
var ErrNotFound = store.ErrNotFound

// Store is what the desk needs of the store. *store.Store is one.
type Store interface {
	// Update is one transaction in which the named brands are locked.
	Update(ctx context.Context, brands []string, fn func(tx *store.Tx) error) error
	// Case is a case by its id, or store.ErrNotFound.
	Case(ctx context.Context, id string) (record.Case, error)
	// DueClocks are the clocks whose time has come, the longest due first.
	DueClocks(ctx context.Context, now time.Time, limit int) ([]record.Clock, error)
}

// Options are what a Desk needs. Store and Rules are required.
type Options struct {
	Store Store
	// Rules gives the generation in use; it may change between two calls.
	Rules func() *Rules
	// About says in a few words what a complaint is about, leaving out the brand's
	// names. It is called outside any transaction. Nil leaves it to the topics.
	About func(text string, names []string) string
	Log   *zap.Logger
	Reg   prometheus.Registerer
	// Now is the clock, time.Now where it is nil. At, where it is set, is the time at
	// which a mention is decided instead: a replay decides at the time of its posts.
	Now func() time.Time
	At  func(record.Scored) time.Time
}

// Desk decides on mentions and carries out actions. Its methods are safe for use
// by many goroutines.
type Desk struct {
	opt Options
	met *metrics

	mu sync.Mutex
	// queries are the compiled queries of silences, nil for one that is broken.
	queries map[string]*match.Set
	// zones are those of brands' days.
	zones map[string]*time.Location
}

// zone is the zone of a brand's day.
func (d *Desk) zone(name string) *time.Location {
	d.mu.Lock()
	defer d.mu.Unlock()
	loc := d.zones[name]
	if loc == nil {
		loc = triage.Zone(name)
		d.zones[name] = loc
	}
	return loc
}

// New makes a Desk and starts nothing.
func New(opt Options) (*Desk, error) {
	if opt.Store == nil || opt.Rules == nil {
		return nil, errors.New("making the desk: it needs a store and rules")
	}
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Desk{opt: opt, met: newMetrics(opt.Reg), queries: map[string]*match.Set{}, zones: map[string]*time.Location{}}, nil
}

// Prepare makes the samples of the named brands exist at 0.
func (d *Desk) Prepare(brands []string) { d.met.prepare(brands) }

// at is the time at which a mention is decided.
func (d *Desk) at(s record.Scored) time.Time {
	if d.opt.At != nil {
		return asStored(d.opt.At(s))
	}
	return d.now()
}

// now is the time at which an action or a clock is carried out.
func (d *Desk) now() time.Time { return asStored(d.opt.Now()) }

// asStored is a time as the store gives it back, so that what is answered now and
// what is read later are equal.
func asStored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
