package desk_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// bench is a desk over a real store, with a clock that only the test moves.
type bench struct {
	t     testing.TB
	store *store.Store
	desk  *desk.Desk
	reg   *prometheus.Registry

	mu    sync.Mutex
	now   time.Time
	rules *desk.Rules
}

func acme() brand.Brand {
	b := brand.Default()
	b.Name, b.Query, b.OwnAccounts = "acme", `acme OR @acmeair`, []string{"@acmeair"}
	return b
}

func globex() brand.Brand {
	b := brand.Default()
	b.Name, b.Query = "globex", "globex"
	return b
}

func rulesOf(tb testing.TB, brands ...brand.Brand) *desk.Rules {
	tb.Helper()
	set, err := match.Compile(brands)
	require.NoError(tb, err)
	router, err := alert.NewRouter(alert.Route{
		Receiver: "support",
		Routes:   []alert.Route{{Receiver: "oncall", Match: alert.Match{Severity: alert.Values{"critical"}}}},
	}, []string{"support", "oncall"})
	require.NoError(tb, err)
	r := &desk.Rules{
		Hash: "config-1", Brands: map[string]brand.Brand{}, Hashes: map[string]string{}, Names: map[string][]string{},
		Matcher: set, Router: router,
	}
	for _, b := range brands {
		r.Brands[b.Name], r.Hashes[b.Name], r.Names[b.Name] = b, b.Hash(), match.Names(b.Query)
	}
	return r
}

// emptyStore is the file of a store that was just made: copying it is faster than
// making each test's store anew.
var emptyStore = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "desk")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := store.OpenScratch(context.Background(), store.Config{}, dir, nil)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, store.FileName))
})

func newBench(tb testing.TB, edit ...func(*desk.Options)) *bench {
	tb.Helper()
	dir := tb.TempDir()
	empty, err := emptyStore()
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(dir, store.FileName), empty, 0o600))
	s, err := store.OpenScratch(tb.Context(), store.Config{}, dir, nil)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, s.Close()) })
	b := &bench{t: tb, store: s, reg: prometheus.NewRegistry(), now: noon(), rules: rulesOf(tb, acme(), globex())}
	opt := desk.Options{
		Store: s, Reg: b.reg,
		Rules: func() *desk.Rules { b.mu.Lock(); defer b.mu.Unlock(); return b.rules },
		Now:   func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now },
	}
	for _, e := range edit {
		e(&opt)
	}
	b.desk, err = desk.New(opt)
	require.NoError(tb, err)
	return b
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.now = b.now.Add(d)
	b.mu.Unlock()
}

func (b *bench) use(r *desk.Rules) {
	b.mu.Lock()
	b.rules = r
	b.mu.Unlock()
}

// scored runs one mention through the desk.
func (b *bench) scored(s record.Scored) record.Decision {
	b.t.Helper()
	ds, err := b.desk.Scored(b.t.Context(), []record.Scored{s})
	require.NoError(b.t, err)
	require.Len(b.t, ds, 1)
	return ds[0]
}

func (b *bench) act(id string, v record.Verb, edit ...func(*record.Action)) record.Case {
	b.t.Helper()
	a := record.Action{Case: id, Verb: v, Actor: "kim", Via: "web"}
	for _, e := range edit {
		e(&a)
	}
	c, err := b.desk.Act(b.t.Context(), a)
	require.NoError(b.t, err)
	return c
}

func (b *bench) dossier(id string) record.Dossier {
	b.t.Helper()
	d, err := b.store.Dossier(b.t.Context(), id)
	require.NoError(b.t, err)
	return d
}

func (b *bench) cases() []record.Case {
	b.t.Helper()
	cs, err := b.store.Cases(b.t.Context(), store.CaseFilter{States: record.States(), Limit: 500})
	require.NoError(b.t, err)
	return cs
}

// sent takes every message that is owed now, as a drain would, in its order.
func (b *bench) sent(receivers ...string) []record.Notice {
	b.t.Helper()
	b.mu.Lock()
	now := b.now
	b.mu.Unlock()
	if len(receivers) == 0 {
		receivers = []string{"support", "oncall"}
	}
	var out []record.Notice
	for _, r := range receivers {
		for {
			ns, err := b.store.ClaimNotices(b.t.Context(), r, now, time.Minute, 100)
			require.NoError(b.t, err)
			if len(ns) == 0 {
				break
			}
			for _, n := range ns {
				require.NoError(b.t, b.store.MarkSent(b.t.Context(), n.ID, n.Attempts, record.Receipt{Channel: "C1", TS: strconv.FormatInt(n.ID, 10)}, now))
				out = append(out, n)
			}
		}
	}
	return out
}

func kinds(ns []record.Notice) string {
	var out []string
	for _, n := range ns {
		k := string(n.Kind)
		if n.Body.Title != "" {
			k += " (" + n.Body.Title + ")"
		}
		out = append(out, k)
	}
	return strings.Join(out, "; ")
}

func history(d record.Dossier) string {
	var out []string
	for _, e := range d.History {
		out = append(out, e.What)
	}
	return strings.Join(out, " ")
}

// complaint is a post by jo about acme that is worth a card.
func complaint(id string, edit ...func(*record.Scored)) record.Scored {
	s := record.Scored{
		Matched: record.Matched{
			V: record.Version, Brand: "acme", BrandHash: acme().Hash(), Match: record.MatchQuery, Terms: []string{"acme"},
			Mention: mention.Mention{
				ID: "bluesky:" + id, Source: "sky", Platform: "bluesky", NativeID: id, URL: "https://social.example/" + id,
				Author:    mention.Author{ID: "did:jo", Handle: "jo.example", Name: "Jo"},
				Text:      "complaint " + id + ": acme lost my parcel and nobody there " + id + " picks up the phone",
				CreatedAt: noon(), ObservedAt: noon(),
			},
		},
		Score: vent.Score{
			Venting: 0.93, Negative: 0.9, Neutral: 0.08, Positive: 0.02, Severity: vent.SeverityMedium, Lang: "en",
			Topics: []string{"delivery"}, Signals: []string{"waiting"},
			Reasons: []vent.Reason{{Start: 0, End: 9, Text: "complaint", Weight: 1}},
		},
	}
	for _, e := range edit {
		e(&s)
	}
	return s
}

func from(author string) func(*record.Scored) {
	return func(s *record.Scored) {
		s.Mention.Author = mention.Author{ID: "did:" + author, Handle: author + ".example", Name: author}
	}
}

func under(root string) func(*record.Scored) {
	return func(s *record.Scored) {
		s.Mention.RootID, s.Mention.ParentID, s.Mention.Kind = "bluesky:"+root, "bluesky:"+root, mention.KindReply
	}
}

// watched is a post that names no brand.
func watched(s *record.Scored) { s.Match, s.Terms = record.MatchWatched, nil }

// saying gives the post other words and a calm score with these signals.
func saying(text string, signals ...string) func(*record.Scored) {
	return func(s *record.Scored) {
		s.Mention.Text = text
		s.Score = vent.Score{Venting: 0.1, Neutral: 0.6, Positive: 0.3, Negative: 0.1, Severity: vent.SeverityNone, Signals: signals}
	}
}

func revised(revision int64, text string) func(*record.Scored) {
	return func(s *record.Scored) { s.Mention.Revision, s.Mention.Text = revision, text }
}

func retracted(s *record.Scored) {
	s.Mention.Retracted, s.Match = true, record.MatchSeen
	s.Mention.Text, s.Mention.Author = "", mention.Author{}
	s.Score = vent.Score{Severity: vent.SeverityNone}
}
