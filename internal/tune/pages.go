package tune

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

const (
	// decidedRows is how many rows of decisions are read at a time, and readers how many
	// such reads go on at once.
	decidedRows = 500
	readers     = 3
)

// step is a stored decision as both worlds take it.
type step struct {
	row *store.Decided
	// past is what both sides take, unless the candidate takes will.
	past desk.Past
	will *desk.Past
	// before is what was decided of an older revision before the time looked at.
	before *record.Decision
	// made is what the running rules made of it, and recalled says that it found its case
	// only as it was told.
	made     record.Decision
	found    *finding
	recalled bool
	// unkept says that its words and its author are gone: it stays as it was.
	unkept bool
	// actions are what people and clocks did to the case that it opened.
	actions []record.Event
}

// page is what some rows hold, by brand and in order.
type page struct {
	brands map[string][]step
	rows   int
}

// pages gives every page behind the row after up to the row upto to use, in order.
// Pages are read and made ready beside each other, a few ahead of their use.
func (b *backtest) pages(ctx context.Context, after, upto int64, use func(page) error) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan chan page, readers)
	tickets := make(chan struct{}, readers)
	group.Go(func() error {
		defer close(ready)
		for from := after; from < upto; from += decidedRows {
			slot := make(chan page, 1)
			select {
			case tickets <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			group.Go(func() error {
				p, err := b.read(ctx, from, min(from+decidedRows, upto))
				slot <- p
				<-tickets
				return err
			})
			select {
			case ready <- slot:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for slot := range ready {
			p := <-slot
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := use(p); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// read reads a page and all that its decisions hang on.
func (b *backtest) read(ctx context.Context, after, upto int64) (page, error) {
	out := page{brands: map[string][]step{}}
	rows, err := b.opt.Store.Decided(ctx, b.opt.Since, after, upto)
	if err != nil {
		return out, err
	}
	var opened []string
	count := map[string]int{}
	for i := range rows {
		count[rows[i].Decision.Brand]++
	}
	for i := range rows {
		d := &rows[i].Decision
		if b.brands[d.Brand] == nil || d.Match == record.MatchCanary || !b.opt.Until.IsZero() && !d.Now.Before(b.opt.Until) {
			continue
		}
		s, err := b.ready(ctx, &rows[i])
		if err != nil {
			return out, err
		}
		if d.Outcome == record.OutcomeAlert && d.Case != "" {
			opened = append(opened, d.Case)
		}
		if out.brands[d.Brand] == nil {
			out.brands[d.Brand] = make([]step, 0, count[d.Brand])
		}
		out.brands[d.Brand] = append(out.brands[d.Brand], s)
		out.rows++
	}
	return out, b.follow(ctx, out, opened)
}

// follow reads what people and clocks did to the cases that a page opened.
func (b *backtest) follow(ctx context.Context, p page, opened []string) error {
	events, err := b.opt.Store.Actions(ctx, opened, b.opt.Since)
	if err != nil || len(events) == 0 {
		return err
	}
	byCase := map[string][]record.Event{}
	for _, e := range events {
		byCase[e.Case] = append(byCase[e.Case], e)
	}
	for _, steps := range p.brands {
		for i := range steps {
			if d := &steps[i].row.Decision; d.Outcome == record.OutcomeAlert {
				steps[i].actions = byCase[d.Case]
			}
		}
	}
	return nil
}

// ready is a stored decision as it is made again, on both sides.
func (b *backtest) ready(ctx context.Context, row *store.Decided) (step, error) {
	s := step{row: row}
	d := &row.Decision
	if !row.Kept || row.Post.Mention.Retracted && d.Match == record.MatchWatched && d.Case == "" {
		// Without its words and its author nothing can be said again.
		s.unkept = true
		return s, nil
	}
	past, err := b.past(ctx, row)
	if err != nil {
		return s, err
	}
	past.Prepare()
	s.past = b.running.take(past)
	if past.Altered || b.running.Rescore(d.Brand) || b.candidate.Rescore(d.Brand) {
		will := b.candidate.take(past)
		s.will = &will
	}
	return s, nil
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
		Now: d.Now, Earlier: row.Earlier, Later: row.Later, Case: d.Case, Inhibited: d.Outcome == record.OutcomeInhibited,
		Altered: !retraction && (m.Revision != d.Revision || m.Retracted),
	}
	gone := m.Retracted && !retraction
	m.Revision, m.Retracted = d.Revision, retraction
	if p.Altered && d.Outcome == record.OutcomeSilenced {
		p.Silence = silenceOf(d.Why)
	}
	if d.Outcome == record.OutcomeAlreadyHandled {
		p.Handled = handledOf(d.Why)
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
	lines, err := b.opt.Store.Heard(ctx, d.Case, d.ID, d.Now)
	if err != nil {
		return err
	}
	e, ok := heardAs(lines, d.Revision)
	if !ok {
		return nil
	}
	p.Customer, p.Thread = e.Actor == "customer", strings.HasPrefix(e.Detail, "same conversation")
	if e.What == "recovered" {
		p.Said = "sorted"
	}
	return nil
}

// heardAs is the line about one revision of a post: an edit names its own, the line
// about a post that joined names none.
func heardAs(lines []record.Event, revision int64) (record.Event, bool) {
	edit := fmt.Sprintf("revision %d", revision)
	for _, e := range lines {
		if e.Detail == edit || strings.HasPrefix(e.Detail, edit+",") {
			return e, true
		}
	}
	for _, e := range lines {
		if e.What != "retracted" && e.What != "brand_replied" && !strings.HasPrefix(e.Detail, "revision ") {
			return e, true
		}
	}
	return record.Event{}, false
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

// handledOf is why a complaint was handled already, by its lines of why.
func handledOf(why []string) string {
	for _, line := range why {
		if rest, ok := strings.CutPrefix(line, "already handled: "); ok {
			return rest
		}
	}
	return "as it was decided"
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
