package tune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

// defaultPosts is how many posts a list of the report names where Options says nothing.
const defaultPosts = 20

// pageRows is how many rows of other tables are read at a time.
const pageRows = 1000

// Side is one of the two configurations that a backtest holds side by side.
type Side struct {
	// Rules are its generation. Their Score is not used.
	Rules *desk.Rules
	// Score scores a mention by it, and Rescore says of which brands the stored scores
	// do not hold: another model, other names. Nil is of none.
	Score   func(record.Matched) (vent.Score, int64)
	Rescore func(brand string) bool
}

// Options are what Backtest needs. Store and both sides are required.
type Options struct {
	Store              *store.Reader
	Running, Candidate Side
	// Since and Until bound the time looked at.
	Since, Until time.Time
	// MaxAge is a source's max_age, 0 for one that has none.
	MaxAge func(source string) time.Duration
	// Progress is told how many of how many decisions are done; nil is nobody.
	Progress func(done, total int)
	// Posts is how many posts each list names; 0 is 20.
	Posts int
	// Build makes the running side with b in place of its brand; routes and model say
	// that it takes the candidate's routes and its scoring. Routes and Model say that
	// those differ at all. By it each edit is told which differences it made; nil is of none.
	Build         func(b brand.Brand, routes, model bool) (Side, error)
	Routes, Model bool
}

// Backtest decides on the stored mentions again, by the candidate and by the running
// configuration, and reports where the two part. It reads in pages, several at once,
// and decides on each brand in the order in which it was decided live: brands, and the
// two sides, beside each other. It keeps the cases that may still be joined in memory,
// not the mentions.
func Backtest(ctx context.Context, opt Options) (Report, error) {
	if opt.Store == nil || opt.Running.Rules == nil || opt.Candidate.Rules == nil {
		return Report{}, errors.New("backtesting: it needs a store and two configurations")
	}
	if opt.Posts <= 0 {
		opt.Posts = defaultPosts
	}
	b := &backtest{opt: opt, brands: map[string]*brandRun{}}
	b.running, b.candidate = quiet(opt.Running), quiet(opt.Candidate)
	if err := b.prepare(ctx); err != nil {
		return Report{}, err
	}
	if err := b.run(ctx); err != nil {
		return Report{}, err
	}
	if err := b.sample(ctx); err != nil {
		return Report{}, err
	}
	return b.report(), nil
}

// quiet is a side whose rules keep the stored scores: the backtest scores by itself.
func quiet(s Side) Side {
	r := *s.Rules
	r.Score = nil
	s.Rules = &r
	if s.Rescore == nil {
		s.Rescore = func(string) bool { return false }
	}
	return s
}

// backtest is one backtest under way.
type backtest struct {
	opt                Options
	running, candidate Side
	brands             map[string]*brandRun
	after              int64
	done, total        int
}

// brandRun is one brand in both worlds. What was decided again under the running rules
// is handed to the other side page by page: each is for one goroutine at a time.
type brandRun struct {
	name string
	in   *backtest
	// future is nil where the candidate does the same to this brand as the running rules.
	running, future *desk.Trial
	// trials are all of them.
	trials []*desk.Trial
	labels map[string]*labelled
	tally  tally
	causes *causes

	first          time.Time
	same, compared int
	otherwise      []Post
}

// labelled is a labelled post, and whether it reached anybody in either world.
type labelled struct{ venting, seen, running, candidate bool }

// prepare reads what was there before the first decision.
func (b *backtest) prepare(ctx context.Context) error {
	names, err := b.opt.Store.Brands(ctx)
	if err != nil {
		return err
	}
	silences, err := b.opt.Store.Silences(ctx, b.opt.Since)
	if err != nil {
		return err
	}
	b.after = -1
	for _, name := range names {
		if !b.configured(name) {
			continue
		}
		after, n, err := b.opt.Store.Start(ctx, name, b.opt.Since)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if b.after < 0 || after < b.after {
			b.after = after
		}
		b.total += n
		r := &brandRun{name: name, in: b, running: desk.NewTrial(b.running.Rules, silences)}
		r.trials = []*desk.Trial{r.running}
		if !b.alike(name) {
			r.future = desk.NewTrial(b.candidate.Rules, silences)
			r.trials = append(r.trials, r.future)
			if r.causes, err = b.causesOf(name, r.running); err != nil {
				return err
			}
		}
		r.tally = newTally(name, b.running.Rules, b.candidate.Rules, b.opt.Posts)
		if r.labels, err = labelsOf(ctx, b.opt.Store, name); err != nil {
			return err
		}
		if err := r.seed(ctx); err != nil {
			return err
		}
		b.brands[name] = r
	}
	return nil
}

func (b *backtest) configured(name string) bool {
	_, now := b.running.Rules.Brands[name]
	_, then := b.candidate.Rules.Brands[name]
	return now || then
}

// alike reports whether both sides do the same to a brand: the same generation, or one
// with the same rules for it and the same routes.
func (b *backtest) alike(name string) bool {
	was, will := b.running.Rules, b.candidate.Rules
	return was.Hashes[name] == will.Hashes[name] && was.Hashes[name] != "" && !b.running.Rescore(name) && !b.candidate.Rescore(name) &&
		(was.Router == will.Router || was.Hash == will.Hash)
}

// labelsOf are the labels of a brand that were not taken back.
func labelsOf(ctx context.Context, r *store.Reader, name string) (map[string]*labelled, error) {
	out := map[string]*labelled{}
	for after := int64(0); ; {
		page, err := r.Labels(ctx, name, after, pageRows)
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			after = l.ID
			if l.Undone {
				delete(out, l.Mention)
				continue
			}
			out[l.Mention] = &labelled{venting: l.Venting}
		}
		if len(page) < pageRows {
			return out, nil
		}
	}
}

// run goes through the stored decisions in their order. The brands of a page are
// decided upon beside each other, and one page under the running rules beside the page
// before it under the candidate's.
func (b *backtest) run(ctx context.Context) error {
	if len(b.brands) == 0 {
		return nil
	}
	newest, err := b.opt.Store.Newest(ctx)
	if err != nil {
		return err
	}
	sides, ctx := errgroup.WithContext(ctx)
	made := make(chan page, 1)
	sides.Go(func() error {
		defer close(made)
		return b.pages(ctx, b.after, newest, func(p page) error {
			if err := b.each(p, func(r *brandRun, s *step) error { return r.again(ctx, s) }); err != nil {
				return err
			}
			select {
			case made <- p:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	sides.Go(func() error {
		for p := range made {
			if err := b.each(p, (*brandRun).hold); err != nil {
				return err
			}
			b.done += p.rows
			if b.opt.Progress != nil {
				b.opt.Progress(b.done, b.total)
			}
		}
		return nil
	})
	return sides.Wait()
}

// each does something with every decision of a page, brands beside each other.
func (b *backtest) each(p page, do func(*brandRun, *step) error) error {
	var brands errgroup.Group
	for name, steps := range p.brands {
		brands.Go(func() error {
			for i := range steps {
				if err := do(b.brands[name], &steps[i]); err != nil {
					return fmt.Errorf("deciding again on %s for brand %s: %w", steps[i].row.Decision.ID, name, err)
				}
			}
			return nil
		})
	}
	return brands.Wait()
}

// again makes a stored decision again under the running rules.
func (r *brandRun) again(ctx context.Context, s *step) error {
	d := &s.row.Decision
	if r.first.IsZero() || d.Now.Before(r.first) {
		r.first = d.Now
	}
	if err := r.running.Advance(d.Now); err != nil || s.unkept {
		return err
	}
	if s.row.Earlier && !r.running.Knows(d.ID) {
		before, ok, err := r.in.opt.Store.Prior(ctx, d.Brand, d.ID, d.Revision)
		if err != nil {
			return err
		}
		if ok {
			s.before = &before
			r.running.Remember(before)
		}
	}
	s.past.Recall = true
	rules := r.in.running.Rules
	exact := d.BrandHash == rules.Hashes[d.Brand] && d.ConfigHash == rules.Hash
	var err error
	if s.found, err = r.causes.look(s, exact); err != nil {
		return err
	}
	s.made, err = r.running.Decide(s.past)
	s.recalled = r.running.Recalled()
	r.running.Await(s.actions)
	return err
}

// hold makes a stored decision under the candidate's rules, and holds it against what
// the running ones made of it.
func (r *brandRun) hold(s *step) error {
	row, d := s.row, &s.row.Decision
	if s.unkept {
		r.tally.unkept++
		r.tally.add(row, *d, *d, nil)
		if r.future != nil {
			return r.future.Advance(d.Now)
		}
		return nil
	}
	will := s.made
	if r.future != nil {
		var err error
		if will, err = r.other(s); err != nil {
			return err
		}
	}
	if s.past.Altered {
		r.tally.altered++
	}
	r.compare(row, s.made)
	r.label(d.ID, s.made, will)
	if same(s.made, will) {
		r.tally.add(row, s.made, will, nil)
		return nil
	}
	r.tally.add(row, s.made, will, r.causes.of(s.found, s.made, will))
	return nil
}

// other is the decision under the candidate's rules.
func (r *brandRun) other(s *step) (record.Decision, error) {
	if err := r.future.Advance(s.row.Decision.Now); err != nil {
		return record.Decision{}, err
	}
	if s.before != nil {
		r.future.Remember(*s.before)
	}
	p := &s.past
	if s.will != nil {
		p = s.will
	}
	// A link that the stored words show may be missing in the other world with reason.
	p.Recall = s.recalled
	will, err := r.future.Decide(*p)
	r.future.Await(s.actions)
	return will, err
}

// compare counts how many of the decisions that the running rules of the brand made
// live come out the same again. Routes are compared where the whole configuration is.
func (r *brandRun) compare(row *store.Decided, again record.Decision) {
	d, rules := &row.Decision, r.in.running.Rules
	if d.BrandHash != rules.Hashes[d.Brand] {
		return
	}
	r.compared++
	routed := d.Route == again.Route || d.ConfigHash != rules.Hash
	if routed && d.Outcome == again.Outcome && d.Severity == again.Severity && d.Case == again.Case {
		r.same++
		return
	}
	if len(r.otherwise) < r.in.opt.Posts {
		r.otherwise = append(r.otherwise, postOf(row, *d, again))
	}
}

// label notes whether a labelled post reached somebody.
func (r *brandRun) label(id string, was, will record.Decision) {
	l := r.labels[id]
	if l == nil {
		return
	}
	l.seen = true
	l.running = l.running || reached(was)
	l.candidate = l.candidate || reached(will)
}

// reached reports whether a decision puts the post before people by itself.
func reached(d record.Decision) bool {
	return d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeJoined
}

// until is the end of the time looked at.
func (b *backtest) until() time.Time {
	if b.opt.Until.IsZero() {
		return time.Now().UTC()
	}
	return b.opt.Until
}
