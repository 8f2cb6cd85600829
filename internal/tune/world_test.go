package tune_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func morning() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

func acme() brand.Brand {
	b := brand.Default()
	b.Name, b.Query, b.OwnAccounts = "acme", `(acme OR @acmeair) NOT "acme force"`, []string{"@acmeair"}
	b.Alert.Budget, b.Timezone = 40, "America/New_York"
	return b
}

func globex() brand.Brand {
	b := brand.Default()
	b.Name, b.Query = "globex", "globex"
	return b
}

// rulesOf is a generation whose scores are in the text: see scoreOf.
func rulesOf(tb testing.TB, hash string, brands ...brand.Brand) *desk.Rules {
	tb.Helper()
	set, err := match.Compile(brands)
	require.NoError(tb, err)
	router, err := alert.NewRouter(alert.Route{
		Receiver: "support",
		Routes:   []alert.Route{{Receiver: "oncall", Match: alert.Match{Severity: alert.Values{"critical"}}}},
	}, []string{"support", "oncall"})
	require.NoError(tb, err)
	r := &desk.Rules{
		Hash: hash, Brands: map[string]brand.Brand{}, Hashes: map[string]string{}, Names: map[string][]string{}, Matcher: set, Router: router,
	}
	for _, b := range brands {
		r.Brands[b.Name], r.Hashes[b.Name], r.Names[b.Name] = b, b.Hash(), match.Names(b.Query)
	}
	return r
}

// world is the live path: a desk over a real store, with invented customers,
// support people and clocks.
type world struct {
	tb    testing.TB
	dir   string
	store *store.Store
	desk  *desk.Desk
	rules *desk.Rules
	rand  *rand.Rand
	now   time.Time
	posts []mention.Mention
	cases []string
	gone  map[string]bool
	n     int
	// still worlds have no people, edits, retractions and watches; what came is kept.
	still bool
	came  []arrival
	// pace is how far batches lie apart at most by the half, authors how many there are;
	// in a calm world one mention in six is a complaint.
	pace    time.Duration
	authors int
	calm    bool
	// batch is how many posts come at once at most.
	batch int
}

// arrival is what came at a time.
type arrival struct {
	at    time.Time
	posts []mention.Mention
}

func newWorld(tb testing.TB, rules *desk.Rules) *world {
	tb.Helper()
	w := newWorldIn(tb, rules, tb.TempDir())
	tb.Cleanup(func() { require.NoError(tb, w.store.Close()) })
	return w
}

// newWorldIn is one whose store is in dir; the caller closes it.
func newWorldIn(tb testing.TB, rules *desk.Rules, dir string) *world {
	tb.Helper()
	w := &world{
		tb: tb, dir: dir, rules: rules, rand: rand.New(rand.NewPCG(7, 11)), now: morning(), gone: map[string]bool{},
		pace: 35 * time.Minute / 2, authors: 300, batch: 12,
	}
	s, err := store.OpenScratch(tb.Context(), store.Config{}, w.dir, nil)
	require.NoError(tb, err)
	w.store = s
	w.desk, err = desk.New(desk.Options{Store: s, Rules: func() *desk.Rules { return w.rules }, Now: func() time.Time { return w.now }})
	require.NoError(tb, err)
	return w
}

func (w *world) reader() *store.Reader {
	r, err := store.OpenReader(w.tb.Context(), filepath.Clean(w.dir))
	require.NoError(w.tb, err)
	w.tb.Cleanup(func() { require.NoError(w.tb, r.Close()) })
	return r
}

// live lets about 6 n posts come, with everything that moves meanwhile.
func (w *world) live(n int) {
	w.tb.Helper()
	for range n {
		w.now = w.now.Add(time.Duration(w.rand.Int64N(int64(2*w.pace/time.Microsecond))) * time.Microsecond)
		var batch []record.Scored
		from := len(w.posts)
		for range 1 + w.rand.IntN(w.batch) {
			batch = append(batch, w.next()...)
		}
		if w.still {
			w.came = append(w.came, arrival{w.now, w.posts[from:len(w.posts):len(w.posts)]})
			_, err := w.desk.Scored(w.tb.Context(), batch)
			require.NoError(w.tb, err)
			continue
		}
		ds, err := w.desk.Scored(w.tb.Context(), batch)
		require.NoError(w.tb, err)
		for _, d := range ds {
			if d.Outcome == record.OutcomeAlert {
				w.cases = append(w.cases, d.Case)
			}
		}
		w.now = w.now.Add(time.Millisecond)
		for range 1 + len(batch)/12 {
			w.people()
		}
		require.NoError(w.tb, w.desk.Tick(w.tb.Context()))
	}
}

// again lets what came to another world come to this one, and counts the outcomes.
func (w *world) again(came []arrival) map[string]map[record.Outcome]int {
	w.tb.Helper()
	out := map[string]map[record.Outcome]int{}
	for _, a := range came {
		w.now = a.at
		var batch []record.Scored
		for _, m := range a.posts {
			batch = append(batch, w.envelopes(m, record.MatchQuery)...)
		}
		ds, err := w.desk.Scored(w.tb.Context(), batch)
		require.NoError(w.tb, err)
		for _, d := range ds {
			if out[d.Brand] == nil {
				out[d.Brand] = map[record.Outcome]int{}
			}
			out[d.Brand][d.Outcome]++
		}
	}
	return out
}

// people are the support people, who do not always what is legal.
func (w *world) people() {
	switch p := w.rand.IntN(100); {
	case p < 25 && len(w.cases) > 0:
		recent := w.cases[max(0, len(w.cases)-30):]
		a := record.Action{Case: recent[w.rand.IntN(len(recent))], Actor: []string{"kim", "lee"}[w.rand.IntN(2)], Via: "web"}
		switch w.rand.IntN(8) {
		case 0, 1:
			a.Verb = record.VerbClaim
		case 2:
			a.Verb = record.VerbAnswer
		case 3:
			a.Verb, a.Until = record.VerbSnooze, w.now.Add(time.Duration(1+w.rand.IntN(5))*time.Hour).Truncate(time.Second)
		case 4, 5:
			a.Verb = record.VerbResolve
		case 6:
			a.Verb, a.Reason = record.VerbDismiss, record.ReasonWrongCompany
		default:
			a.Verb = record.VerbReopen
		}
		_, _ = w.desk.Act(w.tb.Context(), a)
		w.now = w.now.Add(time.Millisecond)
	case p == 25:
		s := record.Silence{
			Brand: "acme", By: "kim", Reason: "storm", From: w.now, Until: w.now.Add(time.Duration(1+w.rand.IntN(10)) * time.Hour),
		}
		switch w.rand.IntN(3) {
		case 0:
			s.Topic = "refund"
		case 1:
			s.Query = "acme storm"
		default:
			s.Author = fmt.Sprintf("did:%d", w.rand.IntN(w.authors))
		}
		_, err := w.store.AddSilence(w.tb.Context(), s)
		require.NoError(w.tb, err)
	}
}

// next is a post of one of these kinds: new, an answer, an edit, a retraction, the
// brand's own word, one that only a watch brings.
func (w *world) next() []record.Scored {
	w.n++
	at := w.now.Add(-time.Duration(w.rand.IntN(1000)) * time.Millisecond)
	m := mention.Mention{
		Source: "sky", Platform: "bluesky", NativeID: strconv.Itoa(w.n), Kind: mention.KindPost, CreatedAt: at, ObservedAt: at,
		Author: mention.Author{Followers: int64(w.rand.IntN(5000))},
	}
	author := w.rand.IntN(w.authors)
	brandName, is := "acme", record.MatchQuery
	p := w.rand.IntN(100)
	if w.still && (p < 9 || p >= 34 && p < 38) {
		p = 80
	}
	switch {
	case p < 6 && len(w.posts) > 0: // an edit
		m = w.old()
		m.Revision++
		m.Text = w.text(m.Platform, w.rand.IntN(1000))
		m.ObservedAt = at
		return w.envelopes(m, is)
	case p < 9 && len(w.posts) > 0: // taken away
		m = w.old()
		m.Revision++
		m.Retracted, m.Text, m.ObservedAt = true, "", at
		w.gone[m.ID] = true
		return w.envelopes(m, record.MatchSeen)
	case p < 30 && len(w.posts) > 0: // an answer
		old := w.posts[max(0, len(w.posts)-1-w.rand.IntN(60))]
		m.ParentID, m.RootID, m.Kind = old.ID, old.Conversation(), mention.KindReply
		if w.rand.IntN(2) == 0 {
			fmt.Sscanf(old.Author.ID, "did:%d", &author)
		}
	case p < 34:
		m.Author.Handle, author = "acmeair", 9999
	case p < 38:
		is = record.MatchWatched
	case p < 42:
		m.CreatedAt = at.Add(-50 * time.Hour) // late
	case p < 60:
		brandName = "globex"
	}
	m.Author.ID = fmt.Sprintf("did:%d", author)
	m.ID = mention.MakeID(m.Platform, m.NativeID)
	m.URL = "https://social.example/" + m.NativeID
	m.Text = w.text(brandName, w.rand.IntN(1000))
	if is == record.MatchWatched {
		m.Text = "they still do nothing " + strconv.Itoa(w.n)
	}
	w.posts = append(w.posts, m)
	return w.envelopes(m, is)
}

// old is a post that is still there.
func (w *world) old() mention.Mention {
	for {
		i := max(0, len(w.posts)-1-w.rand.IntN(200))
		if m := &w.posts[i]; !w.gone[m.ID] || w.rand.IntN(20) == 0 {
			m.Revision++
			return *m
		}
	}
}

// text is about one brand, both, or what the query excludes; every tenth copies another.
func (w *world) text(name string, n int) string {
	if name == "bluesky" {
		name = []string{"acme", "globex", "nobody"}[n%3]
	}
	switch {
	case n < 100:
		return fmt.Sprintf("%s cancelled every single flight out of town today and nobody at all answers, copy %d", name, n%5)
	case n < 200:
		return fmt.Sprintf("acme force wins again, number %d", w.n)
	case n < 300:
		return fmt.Sprintf("acme or globex, both keep me waiting, %d", w.n)
	case n < 350:
		return fmt.Sprintf("thanks %s, all sorted now %d", name, w.n)
	default:
		return fmt.Sprintf("%s lost my bag for the %dth time in the storm", name, w.n)
	}
}

// envelopes are what ingest and score make of a post.
func (w *world) envelopes(m mention.Mention, is string) []record.Scored {
	var out []record.Scored
	add := func(name string, terms []string, excluded, is string) {
		in := record.Matched{
			V: record.Version, Brand: name, BrandHash: w.rules.Hashes[name], Mention: m, Terms: terms, ExcludedBy: excluded, Match: is,
			Late: is == record.MatchQuery && m.ObservedAt.Sub(m.CreatedAt) > 24*time.Hour,
		}
		out = append(out, record.Scored{Matched: in, Score: scoreOf(in, w.calm)})
	}
	if is == record.MatchWatched {
		add("acme", nil, "", is)
		return out
	}
	for _, h := range w.rules.Matcher.Match(m) {
		add(h.Brand, h.Terms, h.ExcludedBy, record.MatchQuery)
	}
	if len(out) == 0 {
		add("acme", nil, "", record.MatchSeen)
	}
	return out
}

// scoreOf is an invented score that depends on the post alone.
func scoreOf(in record.Matched, calm bool) vent.Score {
	r := rand.New(rand.NewPCG(uint64(len(in.Mention.Text)), uint64(in.Mention.Revision)+uint64(in.Mention.CreatedAt.UnixMicro())))
	v := r.Float64()
	if calm {
		v = v * v * v
	}
	s := vent.Score{Venting: v, Negative: v * 0.9, Neutral: 1 - v, Positive: v * 0.1, Model: "invented", Severity: vent.SeverityNone, Lang: "en"}
	if v > 0.3 {
		s.Severity = vent.Severities()[1+r.IntN(4)]
		s.Reasons = []vent.Reason{{Start: 0, End: 4, Text: "text", Weight: v}}
	}
	if r.IntN(4) == 0 {
		s.Topics = []string{"refund"}
	}
	if r.IntN(6) == 0 {
		s.Signals = []string{"thanks"}
		s.Positive, s.Negative = s.Negative, s.Positive
	}
	return s
}
