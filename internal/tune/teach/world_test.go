package teach_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/match"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/tune/teach"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a store, a desk and a teacher with the real scorer, around brands that are
// all called by their name.
type world struct {
	tb     testing.TB
	st     *store.Store
	desk   *desk.Desk
	teach  *teach.Teacher
	scorer *vent.Scorer
	now    time.Time

	mu    sync.Mutex
	rules *desk.Rules
	posts int
}

func newWorld(tb testing.TB, brands ...brand.Brand) *world {
	tb.Helper()
	st, err := store.OpenScratch(tb.Context(), store.Default(), tb.TempDir(), zap.NewNop())
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, st.Close()) })
	s, err := vent.Default()
	require.NoError(tb, err)
	w := &world{tb: tb, st: st, scorer: s, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	w.configure(brands...)
	clock := func() time.Time { return w.now }
	w.desk, err = desk.New(desk.Options{Store: st, Rules: w.current, Now: clock})
	require.NoError(tb, err)
	w.teach, err = teach.New(teach.Options{Store: st, Class: w.class, Now: clock})
	require.NoError(tb, err)
	return w
}

func named(name string) brand.Brand {
	b := brand.Default()
	b.Name, b.Query = name, name
	return b
}

// edgy is a brand whose threshold lies just under what text scores before anything is
// learned, so that the test does not hang on the model.
func edgy(tb testing.TB, name, text string) brand.Brand {
	tb.Helper()
	s, err := vent.Default()
	require.NoError(tb, err)
	b := named(name)
	in := score.Input(score.Subject{Brand: b}, mention.Mention{Text: text})
	b.Alert.Threshold = s.Score(in, vent.Options{Fast: true}).Venting - 0.02
	return b
}

// configure makes another generation.
func (w *world) configure(brands ...brand.Brand) {
	w.tb.Helper()
	set, err := match.Compile(brands)
	require.NoError(w.tb, err)
	r := &desk.Rules{Hash: "h", Brands: map[string]brand.Brand{}, Hashes: map[string]string{}, Matcher: set}
	for _, b := range brands {
		r.Brands[b.Name], r.Hashes[b.Name] = b, b.Hash()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = r
}

func (w *world) current() *desk.Rules {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rules
}

func (w *world) class() teach.Class {
	r := w.current()
	return teach.Class{
		Brands: r.Brands, Hashes: r.Hashes, Scorer: w.scorer, Input: w.input,
		Pins: func(name string, l *vent.Layer) []setting.Problem { return tune.Check(r.Brands[name], judge{w, l}) },
	}
}

func (w *world) input(name string, m mention.Mention) vent.Input {
	return score.Input(score.Subject{Brand: w.current().Brands[name]}, m)
}

// judge decides on one text with a layer.
type judge struct {
	w *world
	l *vent.Layer
}

func (j judge) Judge(b brand.Brand, text string) record.Decision {
	return j.w.current().Preview(j.w.scored(b.Name, mention.Mention{ID: "pin:1", Text: text}, j.l), j.w.now)
}

func (w *world) scored(name string, m mention.Mention, l *vent.Layer) record.Scored {
	s := record.Scored{
		Matched: record.Matched{V: record.Version, Brand: name, BrandHash: w.current().Hashes[name], Mention: m, Match: record.MatchQuery, Terms: []string{name}},
		Score:   w.scorer.Score(w.input(name, m), vent.Options{Explain: true, Layer: l, Fast: true}),
	}
	if l != nil {
		s.Layer = l.Version
	}
	return s
}

// layer is the one in use.
func (w *world) layer(name string) *vent.Layer {
	w.tb.Helper()
	all, err := w.st.ActiveLayers(w.tb.Context())
	require.NoError(w.tb, err)
	for _, row := range all {
		if row.Brand == name {
			l, err := learn.Decode(row.Weights)
			require.NoError(w.tb, err)
			if l != nil {
				l.Version = row.Version
			}
			return l
		}
	}
	return nil
}

// venting is what a text scores now.
func (w *world) venting(name, text string) float64 {
	w.tb.Helper()
	return w.scorer.Score(w.input(name, mention.Mention{Text: text}), vent.Options{Layer: w.layer(name), Fast: true}).Venting
}

// hear takes a post the whole way.
func (w *world) hear(name, text string) record.Decision {
	w.tb.Helper()
	w.posts++
	w.now = w.now.Add(time.Second)
	native := strconv.Itoa(w.posts)
	m, _ := mention.Clean(mention.Mention{
		ID: mention.MakeID("x", native), Platform: "x", NativeID: native, URL: "https://x.example/" + native, Kind: mention.KindPost, Text: text,
		Author: mention.Author{ID: "a" + native, Handle: "a" + native}, CreatedAt: w.now, ObservedAt: w.now,
	})
	out, err := w.desk.Scored(w.tb.Context(), []record.Scored{w.scored(name, m, w.layer(name))})
	require.NoError(w.tb, err)
	return out[0]
}

// act moves the case of a decision.
func (w *world) act(d record.Decision, verb record.Verb, reason, actor string) {
	w.tb.Helper()
	require.NotEmpty(w.tb, d.Case, d.Why)
	_, err := w.desk.Act(w.tb.Context(), record.Action{Case: d.Case, Verb: verb, Reason: reason, Actor: actor, Via: "slack"})
	require.NoError(w.tb, err)
}

func (w *world) refit(name string) (record.Layer, bool) {
	w.tb.Helper()
	l, changed, err := w.teach.Refit(w.tb.Context(), name)
	require.NoError(w.tb, err)
	return l, changed
}

func (w *world) give(name, mentionID string, venting bool, reason, actor string) teach.Answer {
	w.tb.Helper()
	a, err := w.teach.Give(context.WithoutCancel(w.tb.Context()), record.Label{
		Brand: name, Mention: mentionID, Venting: venting, Reason: reason, Actor: actor, Via: "web", Source: record.LabelFromPerson,
	})
	require.NoError(w.tb, err)
	return a
}

// bakes are posts about baking that sound like complaints of customers.
func bakes() []string {
	return append([]string{
		"why is my crumblet always burnt outside and raw inside? awful recipe, ruined again",
		scenario.BakingToCome,
	}, scenario.Baking()...)
}

// shops are complaints of customers of the firm.
func shops() []string {
	return []string{
		"crumblet charged me twice for one order and nobody answers my emails",
		"crumblet support kept me on hold for two hours and then hung up",
		"still no refund from crumblet after three weeks, I want my money back",
		"crumblet lost my parcel and their app says delivered, useless",
		"the crumblet driver was rude and left my order in the rain, never again",
		"crumblet cancelled my order and kept the money, this is a scam",
	}
}
