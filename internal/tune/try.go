package tune

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// maxTryWords bounds the words that a Try counts, and maxTryPosts the posts whose ids
	// it remembers, so that each counts once.
	maxTryWords = 50_000
	maxTryPosts = 2_000_000
	// maxHomonyms is how many words a Report names.
	maxHomonyms = 12
	// minHomonym is in how many matches that are no complaint a word must stand.
	minHomonym = 3
)

// Try shows a query to posts and counts what it would make of them, as if nothing had
// ever happened. It is not safe for concurrent use.
type Try struct {
	brand  brand.Brand
	rules  *desk.Rules
	score  func(record.Matched) (vent.Score, int64)
	posts  int
	seen   map[string]bool
	known  map[string]bool // the words of the query itself
	words  map[string]*[2]int
	judged [2]int // matches that are no complaint, and complaints
}

// NewTry makes a Try for one brand of the rules.
func NewTry(name string, rules *desk.Rules, score func(record.Matched) (vent.Score, int64), posts int) (*Try, error) {
	b, ok := rules.Brands[name]
	if !ok {
		return nil, errors.New("trying a query: its brand is not there")
	}
	if posts <= 0 {
		posts = defaultPosts
	}
	q, err := match.Parse(b.Query)
	if err != nil {
		return nil, err
	}
	t := &Try{
		brand: b, rules: rules, score: score, posts: posts, seen: map[string]bool{}, known: map[string]bool{}, words: map[string]*[2]int{},
	}
	for _, p := range q.Parts() {
		for _, w := range wordsOf(p.Text) {
			t.known[w] = true
		}
	}
	for _, w := range slices.Concat(b.Context, b.Aliases) {
		for _, w := range wordsOf(w) {
			t.known[w] = true
		}
	}
	return t, nil
}

// Reach is what a query would make of the posts of one place.
type Reach struct {
	// Place names where the posts come from: stored, hackernews or bluesky.
	Place string `json:"place"`
	// Posts were looked at; they stand for StandsFor posts.
	Posts     int     `json:"posts"`
	StandsFor float64 `json:"stands_for"`
	// Days is the time that they are from.
	Days     float64 `json:"days"`
	Matched  int     `json:"matched"`
	Excluded int     `json:"excluded"`
	Alerts   int     `json:"alerts"`
	// MatchesPerDay and AlertsPerDay are estimates with an interval of 95 of 100.
	MatchesPerDay Count `json:"matches_per_day"`
	AlertsPerDay  Count `json:"alerts_per_day"`
	// Complaints, Others and KeptAway are examples: what would alert, worst first, what
	// matches and would not, and what a NOT keeps away.
	Complaints []Post `json:"complaints"`
	Others     []Post `json:"others"`
	KeptAway   []Post `json:"kept_away"`

	matches, alerts struct{ sum, squares float64 }
	heaviest        float64
}

// Homonym is a word that stands beside the query's terms where nobody complains: the
// posts with it may mean something else of that name.
type Homonym struct {
	Word string `json:"word"`
	// Others and Complaints count the matches with the word.
	Others     int `json:"others"`
	Complaints int `json:"complaints"`
}

// Show puts a post before the query. stands is how many posts it stands for.
func (t *Try) Show(r *Reach, m mention.Mention, stands float64) {
	if t.seen[m.ID] || m.Retracted {
		return
	}
	if len(t.seen) < maxTryPosts {
		t.seen[m.ID] = true
	}
	r.Posts++
	r.StandsFor += stands
	r.heaviest = max(r.heaviest, stands)
	hits := t.rules.Matcher.Match(m)
	i := slices.IndexFunc(hits, func(h match.Hit) bool { return h.Brand == t.brand.Name })
	if i < 0 {
		return
	}
	if m.ObservedAt.IsZero() {
		m.ObservedAt = m.CreatedAt
	}
	d := decideFresh(Side{Rules: t.rules, Score: t.score}, t.brand.Name, hits[i], m)
	row := store.Decided{Post: record.Stored{Mention: m}, Decision: record.Decision{Now: m.ObservedAt}}
	post := postOf(&row, record.Decision{ID: d.ID, Brand: t.brand.Name, Severity: d.Severity, Route: d.Route}, d)
	post.Was = ""
	if hits[i].ExcludedBy != "" {
		r.Excluded++
		r.KeptAway = keep(r.KeptAway, post, t.posts)
		return
	}
	r.Matched++
	r.matches.sum, r.matches.squares = r.matches.sum+stands, r.matches.squares+stands*stands
	if d.Outcome == record.OutcomeAlert {
		r.Alerts++
		r.alerts.sum, r.alerts.squares = r.alerts.sum+stands, r.alerts.squares+stands*stands
		r.Complaints = keep(r.Complaints, post, t.posts)
	} else {
		r.Others = keep(r.Others, post, t.posts)
	}
	t.learn(m.Title+" "+m.Text, d.Outcome == record.OutcomeAlert)
}

// Close works out the rates over days.
func (r *Reach) Close(days float64) {
	r.Days = days
	if days <= 0 {
		return
	}
	r.MatchesPerDay = weighted(r.matches.sum, r.matches.squares, r.heaviest).by(days)
	r.AlertsPerDay = weighted(r.alerts.sum, r.alerts.squares, r.heaviest).by(days)
}

// Stored shows the query every stored post of any brand, and the sample of those that
// matched no brand.
func (t *Try) Stored(ctx context.Context, from *store.Reader, since, until time.Time) (Reach, error) {
	r := Reach{Place: "stored"}
	first := until
	for after := int64(0); ; {
		rows, err := from.Decided(ctx, since, after, pageRows)
		if err != nil {
			return r, err
		}
		for i := range rows {
			after = rows[i].N
			d := &rows[i].Decision
			if rows[i].Kept && d.Match == record.MatchQuery && d.Now.Before(until) {
				t.Show(&r, rows[i].Post.Mention, 1)
				first = earlier(first, d.Now)
			}
		}
		if len(rows) < pageRows {
			break
		}
	}
	for f := (store.UnmatchedFilter{Since: since, Limit: pageRows}); ; {
		page, err := from.Unmatched(ctx, f)
		if err != nil {
			return r, err
		}
		for i := range page.Rows {
			t.Show(&r, page.Rows[i].Mention, page.Rows[i].Stands)
			first = earlier(first, page.Rows[i].Mention.ObservedAt)
		}
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	if r.Posts > 0 {
		r.Close(max(until.Sub(first).Hours()/24, 1))
	}
	return r, nil
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// learn counts the words of a match, each once.
func (t *Try) learn(text string, complaint bool) {
	side := 0
	if complaint {
		side = 1
	}
	t.judged[side]++
	once := map[string]bool{}
	for _, w := range wordsOf(text) {
		if once[w] || t.known[w] {
			continue
		}
		once[w] = true
		c := t.words[w]
		if c == nil {
			if len(t.words) >= maxTryWords {
				continue
			}
			c = &[2]int{}
			t.words[w] = c
		}
		c[side]++
	}
}

// Homonyms are the words that tell the matches apart that are no complaint, the most
// telling first. They are ordered by the log-likelihood of their split, and a word must
// stand in several of them and be rare among complaints.
func (t *Try) Homonyms() []Homonym {
	type ranked struct {
		Homonym
		weight float64
	}
	var list []ranked
	others, complaints := float64(t.judged[0]), float64(t.judged[1])
	for w, c := range t.words {
		if c[0] < minHomonym || complaints > 0 && float64(c[1])/complaints*3 > float64(c[0])/others {
			continue
		}
		list = append(list, ranked{Homonym{w, c[0], c[1]}, split(float64(c[0]), float64(c[1]), others, complaints)})
	}
	slices.SortFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.Others, a.Others), cmp.Compare(a.Word, b.Word))
	})
	out := make([]Homonym, 0, maxHomonyms)
	for _, r := range list[:min(len(list), maxHomonyms)] {
		out = append(out, r.Homonym)
	}
	return out
}

// split is how far a word's split between two groups is from chance: Dunning's G.
func split(a, b, na, nb float64) float64 {
	if nb == 0 {
		return a
	}
	p := (a + b) / (na + nb)
	term := func(k, n float64) float64 {
		g := 0.0
		if k > 0 {
			g += k * math.Log(k/(n*p))
		}
		if n > k {
			g += (n - k) * math.Log((n-k)/(n*(1-p)))
		}
		return g
	}
	if p >= 1 {
		return 0
	}
	return 2 * (term(a, na) + term(b, nb))
}

// wordsOf are the words of a text that may tell something: letters only, no short and no
// very common ones.
func wordsOf(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		w = strings.Trim(w, "'")
		if n := len([]rune(w)); n < 3 || n > 30 || slices.Contains(plainWords(), w) {
			continue
		}
		out = append(out, w)
	}
	return out
}

// plainWords tell nothing about what a post is about.
func plainWords() []string {
	return strings.Fields(`the and for are was were but not you your our they them their this that these those with from have has had
		will would can could should just all any out about into over what when who how why where which there here its it's been being
		his her she him than then too very also get got one more some such only own same via http https www com still after before again`)
}
