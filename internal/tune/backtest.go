package tune

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// defaultPosts is how many posts a list of the report names where Options says nothing.
const defaultPosts = 20

// pageRows is how many stored decisions are read at a time.
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
}

// Backtest decides on the stored mentions again, by the candidate and by the running
// configuration, and reports where the two part. It reads in pages and keeps the
// cases of the time in memory, not the mentions.
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
	first              time.Time
	same, compared     int
	otherwise          []Post
}

// brandRun is one brand in both worlds.
type brandRun struct {
	name            string
	running, future *desk.Trial
	// actions are what people and clocks did to its cases and is not done yet, in order of time.
	actions []record.Event
	labels  map[string]*labelled
	tally   tally
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
		r := &brandRun{name: name, running: desk.NewTrial(b.running.Rules, silences), future: desk.NewTrial(b.candidate.Rules, silences)}
		r.tally = newTally(name, b.running.Rules, b.candidate.Rules, b.opt.Posts)
		if r.labels, err = labelsOf(ctx, b.opt.Store, name); err != nil {
			return err
		}
		if err := b.seed(ctx, r); err != nil {
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

// page is a page of stored decisions on its way from the reader.
type page struct {
	rows []store.Decided
	err  error
}

// run goes through the stored decisions in their order. The next page is read while
// one is decided upon.
func (b *backtest) run(ctx context.Context) error {
	if len(b.brands) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pages := make(chan page, 1)
	go b.read(ctx, pages)
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		for i := range p.rows {
			if err := b.step(ctx, &p.rows[i]); err != nil {
				return fmt.Errorf("deciding again on %s for brand %s: %w", p.rows[i].Decision.ID, p.rows[i].Decision.Brand, err)
			}
		}
		if b.opt.Progress != nil {
			b.opt.Progress(b.done, b.total)
		}
	}
	return ctx.Err()
}

func (b *backtest) read(ctx context.Context, pages chan<- page) {
	defer close(pages)
	for after := b.after; ; {
		rows, err := b.opt.Store.Decided(ctx, b.opt.Since, after, pageRows)
		select {
		case pages <- page{rows, err}:
		case <-ctx.Done():
			return
		}
		if err != nil || len(rows) < pageRows {
			return
		}
		after = rows[len(rows)-1].N
	}
}

// step takes one stored decision into both worlds.
func (b *backtest) step(ctx context.Context, row *store.Decided) error {
	d := &row.Decision
	r := b.brands[d.Brand]
	if r == nil || d.Match == record.MatchCanary || !b.opt.Until.IsZero() && !d.Now.Before(b.opt.Until) {
		return nil
	}
	b.done++
	if b.first.IsZero() || d.Now.Before(b.first) {
		b.first = d.Now
	}
	if err := r.act(d.Now); err != nil {
		return err
	}
	if !row.Kept || row.Post.Mention.Retracted && d.Match == record.MatchWatched && d.Case == "" {
		// Without its words and its author nothing can be said again: it stays as it was.
		r.tally.unkept++
		r.tally.add(row, *d, *d)
		return nil
	}
	was, will, altered, err := b.decide(ctx, r, row)
	if err != nil {
		return err
	}
	if altered {
		r.tally.altered++
	}
	if d.Outcome == record.OutcomeAlert && d.Case != "" {
		if err := b.follow(ctx, r, d.Case, d.Now); err != nil {
			return err
		}
	}
	b.compare(row, was)
	r.label(d.ID, was, will)
	r.tally.add(row, was, will)
	return nil
}

// decide makes a stored decision again, in both worlds.
func (b *backtest) decide(ctx context.Context, r *brandRun, row *store.Decided) (was, will record.Decision, altered bool, err error) {
	d := &row.Decision
	past, err := b.past(ctx, row)
	if err != nil {
		return was, will, false, err
	}
	if row.Others && !r.running.Knows(d.ID) {
		before, ok, err := b.opt.Store.Prior(ctx, d.Brand, d.ID, d.Revision)
		if err != nil {
			return was, will, false, err
		}
		if ok {
			r.running.Remember(before)
			r.future.Remember(before)
		}
	}
	past.Recall = true
	if was, err = r.running.Decide(b.running.take(past)); err != nil {
		return was, will, false, err
	}
	// A link that the stored words show may be missing in the other world with reason.
	past.Recall = r.running.Recalled()
	will, err = r.future.Decide(b.candidate.take(past))
	return was, will, past.Altered, err
}

// compare counts how many of the decisions that the running rules of the brand made
// live come out the same again. Routes are compared where the whole configuration is.
func (b *backtest) compare(row *store.Decided, again record.Decision) {
	d := &row.Decision
	if d.BrandHash != b.running.Rules.Hashes[d.Brand] {
		return
	}
	b.compared++
	routed := d.Route == again.Route || d.ConfigHash != b.running.Rules.Hash
	if routed && d.Outcome == again.Outcome && d.Severity == again.Severity && d.Case == again.Case {
		b.same++
		return
	}
	if len(b.otherwise) < b.opt.Posts {
		b.otherwise = append(b.otherwise, postOf(row, *d, again))
	}
}

// take is the mention as one side takes it: what cannot be matched again keeps the
// match that it had, and what that side scores otherwise is scored.
func (s Side) take(p desk.Past) desk.Past {
	in := &p.Scored
	if p.Altered {
		in.BrandHash = s.Rules.Hashes[in.Brand]
		return p
	}
	if s.Rescore(in.Brand) && !in.Mention.Retracted {
		in.Score, in.Layer = s.Score(in.Matched)
	}
	return p
}

// past is a stored decision as it is made again.
func (b *backtest) past(ctx context.Context, row *store.Decided) (desk.Past, error) {
	d, m := &row.Decision, row.Post.Mention
	retraction := d.Outcome == record.OutcomeRetracted
	p := desk.Past{
		Now: d.Now, Others: row.Others, Case: d.Case,
		Altered: !retraction && (m.Revision != d.Revision || m.Retracted),
	}
	gone := m.Retracted && !retraction
	m.Revision, m.Retracted = d.Revision, retraction
	if p.Altered && d.Outcome == record.OutcomeSilenced {
		p.Silence = silenceOf(d.Why)
	}
	if gone {
		if err := b.authorOf(ctx, d, &m); err != nil {
			return p, err
		}
	}
	if p.Altered && d.Outcome == record.OutcomeJoined {
		if err := b.heard(ctx, d, &p); err != nil {
			return p, err
		}
	}
	p.Scored = record.Scored{
		Matched: record.Matched{
			V: record.Version, Brand: d.Brand, BrandHash: d.BrandHash, Mention: m, Terms: d.Terms, ExcludedBy: d.ExcludedBy,
			Match: d.Match, Late: b.late(d, &m),
		},
		Score: d.Score, Layer: d.Layer,
	}
	return p, nil
}

// heard brings back how a case heard a post whose words are gone.
func (b *backtest) heard(ctx context.Context, d *record.Decision, p *desk.Past) error {
	events, err := b.opt.Store.Events(ctx, d.Case)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Mention != d.ID || !e.At.Equal(d.Now) {
			continue
		}
		p.Customer, p.Thread = e.Actor == "customer", strings.HasPrefix(e.Detail, "same conversation")
		if e.What == "recovered" {
			p.Said = "sorted"
		}
	}
	return nil
}

// silenceOf is the silence that a decision names.
func silenceOf(why []string) string {
	for _, line := range why {
		if rest, ok := strings.CutPrefix(line, "silenced by "); ok {
			id, _, _ := strings.Cut(rest, " ")
			return id
		}
	}
	return ""
}

// authorOf brings back, for the time of the decision, what a retraction took from the
// row and the case still tells: whose post it was.
func (b *backtest) authorOf(ctx context.Context, d *record.Decision, m *mention.Mention) error {
	if d.Outcome == record.OutcomeOwnAccount {
		// Which of the accounts it was is gone with the author; that it was one is not.
		if own := b.running.Rules.Brands[d.Brand].OwnAccounts; len(own) > 0 {
			m.Author.Handle = strings.TrimPrefix(own[0], "@")
		}
		return nil
	}
	if d.Outcome != record.OutcomeAlert {
		return nil
	}
	c, ok, err := b.opt.Store.Case(ctx, d.Case)
	if err == nil && ok && c.Root == d.ID {
		m.Author.ID = strings.TrimPrefix(c.AuthorKey, m.Platform+":")
	}
	return err
}

// late says whether the post was older than its source's max_age when it came. Only
// a digest says so itself; what got a card was not late.
func (b *backtest) late(d *record.Decision, m *mention.Mention) bool {
	if d.Outcome == record.OutcomeDigest {
		return true
	}
	carded := d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeOverBudget
	if carded || d.Match != record.MatchQuery || m.CreatedAt.IsZero() || b.opt.MaxAge == nil {
		return false
	}
	most := b.opt.MaxAge(m.Source)
	return most > 0 && m.ObservedAt.Sub(m.CreatedAt) > most
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
