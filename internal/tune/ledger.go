package tune

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/triage"
)

// LedgerOptions are what Ledger needs.
type LedgerOptions struct {
	Store *store.Reader
	// Brands are those asked about.
	Brands       []brand.Brand
	Since, Until time.Time
	// Progress is told how many of how many decisions are done; nil is nobody.
	Progress func(done, total int)
	// Posts is how many posts each exclusion names; 0 is 20.
	Posts int
}

// BrandLedger is what each part of a brand's query is worth.
type BrandLedger struct {
	Brand string `json:"brand"`
	// Mentions counts the posts looked at, each once.
	Mentions int     `json:"mentions"`
	Entries  []Entry `json:"entries"`
}

// The kinds of entries.
const (
	EntryTerm      = "term"
	EntryPhrase    = "phrase"
	EntryExclusion = "exclusion"
	EntryLanguages = "languages"
)

// Entry is one part of a query. Of an exclusion Matches counts what it kept away.
type Entry struct {
	// Position counts the query's parts from 1; 0 is of one that the query has no more.
	Position int    `json:"position"`
	Text     string `json:"text"`
	Kind     string `json:"kind"`
	Matches  int    `json:"matches"`
	Alerts   int    `json:"alerts"`
	// Confirmed and Dismissed are what people said of its posts.
	Confirmed int `json:"confirmed"`
	Dismissed int `json:"dismissed"`
	// Alone and AloneAlerts count posts that no other part of the query would have brought.
	Alone       int `json:"alone"`
	AloneAlerts int `json:"alone_alerts"`
	// Complaints counts posts that an exclusion kept away and that score as complaints,
	// Swallowed those among what it kept away that people confirmed as complaints.
	Complaints int    `json:"complaints"`
	Swallowed  int    `json:"swallowed"`
	Posts      []Post `json:"posts,omitempty"`
	// Trend counts the matches of the time looked at in TrendParts equal parts.
	Trend []int `json:"trend"`
}

// TrendParts is in how many parts a trend cuts the time.
const TrendParts = 12

// Ledger adds up what each term, phrase and exclusion did, by the stored decisions.
func Ledger(ctx context.Context, opt LedgerOptions) ([]BrandLedger, error) {
	if opt.Posts <= 0 {
		opt.Posts = defaultPosts
	}
	books := map[string]*book{}
	var out []*book
	total, start := 0, int64(-1)
	for i := range opt.Brands {
		b, err := newBook(ctx, opt, &opt.Brands[i])
		if err != nil {
			return nil, err
		}
		after, n, err := opt.Store.Start(ctx, b.brand.Name, opt.Since)
		if err != nil {
			return nil, err
		}
		if n > 0 && (start < 0 || after < start) {
			start = after
		}
		total += n
		books[b.brand.Name] = b
		out = append(out, b)
	}
	if err := enterAll(ctx, opt, books, start, total); err != nil {
		return nil, err
	}
	ledgers := make([]BrandLedger, len(out))
	for i, b := range out {
		ledgers[i] = b.close()
	}
	return ledgers, nil
}

// enterAll goes through the stored decisions behind the row after; below 0 there are none.
func enterAll(ctx context.Context, opt LedgerOptions, books map[string]*book, after int64, total int) error {
	if after < 0 {
		return nil
	}
	newest, err := opt.Store.Newest(ctx)
	if err != nil {
		return err
	}
	for done := 0; after < newest; after += decidedRows {
		rows, err := opt.Store.Decided(ctx, opt.Since, after, min(after+decidedRows, newest))
		if err != nil {
			return err
		}
		for i := range rows {
			b := books[rows[i].Decision.Brand]
			if b == nil {
				continue
			}
			done++
			if opt.Until.IsZero() || rows[i].Decision.Now.Before(opt.Until) {
				b.enter(&rows[i])
			}
		}
		if opt.Progress != nil {
			opt.Progress(done, total)
		}
	}
	return nil
}

// entryKey names an entry: a text may stand on both sides of a NOT.
type entryKey struct {
	text     string
	excludes bool
}

// book is a ledger under way.
type book struct {
	brand   brand.Brand
	query   *match.Query
	labels  map[string]*labelled
	entries map[entryKey]*Entry
	// seen are the posts with several revisions that were counted.
	seen     map[string]bool
	mentions int
	posts    int
	since    time.Time
	part     time.Duration
}

func newBook(ctx context.Context, opt LedgerOptions, b *brand.Brand) (*book, error) {
	q, err := match.Parse(b.Query)
	if err != nil {
		return nil, fmt.Errorf("reading the query of %s: %w", b.Name, err)
	}
	until := opt.Until
	if until.IsZero() {
		until = time.Now().UTC()
	}
	out := &book{
		brand: *b, query: q, entries: map[entryKey]*Entry{}, seen: map[string]bool{}, posts: opt.Posts,
		since: opt.Since, part: max(until.Sub(opt.Since)/TrendParts, 1),
	}
	for i, p := range q.Parts() {
		e := &Entry{Position: i + 1, Text: p.Text, Kind: EntryTerm}
		switch {
		case p.Excludes:
			e.Kind = EntryExclusion
		case p.Phrase:
			e.Kind = EntryPhrase
		}
		out.entries[entryKey{p.Text, p.Excludes}] = e
	}
	out.labels, err = labelsOf(ctx, opt.Store, b.Name)
	return out, err
}

// entry is the entry of a part, also of one that the query has no more.
func (b *book) entry(text string, excludes bool) *Entry {
	k := entryKey{text, excludes}
	e := b.entries[k]
	if e == nil {
		e = &Entry{Text: text, Kind: EntryTerm}
		switch {
		case strings.HasPrefix(text, "languages: "):
			e.Kind = EntryLanguages
		case excludes:
			e.Kind = EntryExclusion
		case strings.HasPrefix(text, `"`):
			e.Kind = EntryPhrase
		}
		b.entries[k] = e
	}
	return e
}

// enter counts one decision; of several revisions of a post the first that matched counts.
func (b *book) enter(row *store.Decided) {
	d := &row.Decision
	if d.Match != record.MatchQuery || d.Outcome == record.OutcomeRetracted || len(d.Terms) == 0 && d.ExcludedBy == "" || b.seen[d.ID] {
		return
	}
	if row.Earlier || row.Later {
		b.seen[d.ID] = true
	}
	b.mentions++
	l := b.labels[d.ID]
	if d.ExcludedBy != "" {
		b.exclude(row, l)
		return
	}
	for _, text := range d.Terms {
		e := b.entry(text, false)
		e.add(d, l)
		b.trend(e, d.Now)
		if b.alone(d.Terms, text) {
			e.Alone++
			if d.Outcome == record.OutcomeAlert {
				e.AloneAlerts++
			}
		}
	}
}

// exclude counts what an exclusion kept away.
func (b *book) exclude(row *store.Decided, l *labelled) {
	d := &row.Decision
	e := b.entry(d.ExcludedBy, true)
	e.add(d, l)
	b.trend(e, d.Now)
	complaint := triage.Complaint(d.Score, b.brand.Alert)
	if complaint {
		e.Complaints++
	}
	confirmed := l != nil && l.venting
	if confirmed {
		e.Swallowed++
	}
	if complaint && l == nil || confirmed {
		e.Posts = keep(e.Posts, postOf(row, *d, *d), b.posts)
	}
}

// trend counts a match in its part of the time.
func (b *book) trend(e *Entry, at time.Time) {
	if e.Trend == nil {
		e.Trend = make([]int, TrendParts)
	}
	e.Trend[min(max(int(at.Sub(b.since)/b.part), 0), TrendParts-1)]++
}

func (e *Entry) add(d *record.Decision, l *labelled) {
	e.Matches++
	if d.Outcome == record.OutcomeAlert {
		e.Alerts++
	}
	switch {
	case l == nil:
	case l.venting:
		e.Confirmed++
	default:
		e.Dismissed++
	}
}

// alone reports whether the query would not have matched without one of the terms.
// Where a decision names as many as it may, others are not known.
func (b *book) alone(terms []string, but string) bool {
	if len(terms) >= match.MaxHitTerms {
		return false
	}
	for _, t := range terms {
		if e := b.entries[entryKey{t, false}]; e == nil || e.Position == 0 {
			return len(terms) == 1 // of an earlier query
		}
	}
	return !b.query.Positive(func(text string) bool { return text != but && slices.Contains(terms, text) })
}

// close sums up: the query's parts in its order, then what it has no more.
func (b *book) close() BrandLedger {
	out := BrandLedger{Brand: b.brand.Name, Mentions: b.mentions, Entries: make([]Entry, 0, len(b.entries))}
	for _, e := range b.entries {
		out.Entries = append(out.Entries, *e)
	}
	slices.SortFunc(out.Entries, func(x, y Entry) int {
		if (x.Position == 0) != (y.Position == 0) {
			return cmp.Compare(y.Position, x.Position)
		}
		return cmp.Or(cmp.Compare(x.Position, y.Position), cmp.Compare(y.Matches, x.Matches), cmp.Compare(x.Text, y.Text))
	})
	return out
}
