package tune_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/vent"
)

// says is what a day of invented posts says, and how sure the scorer is of each.
func says() map[string]float64 {
	return map[string]float64{
		"acme lost my bag":                  0.95,
		"acme force lost the match again":   0.95,
		"acme orchestra was awful tonight":  0.9,
		"zephyr lost my suitcase with acme": 0.9,
		"acme is a little late":             0.5,
		"acme bolt is a little late":        0.5,
		"acme bolt broke my bike":           0.95,
		"globex and acme both kept me":      0.7,
	}
}

// tell lets each post come once, an hour apart, by authors of their own.
func (w *world) tell(names ...string) {
	w.tb.Helper()
	w.still = true
	for _, text := range slices.Sorted(maps.Keys(says())) {
		in := w.told(text, "other")
		in.Score.Venting, in.Score.Severity = says()[text], vent.SeverityLow
		var batch []record.Scored
		for _, h := range w.rules.Matcher.Match(in.Mention) {
			if slices.Contains(names, h.Brand) {
				in.Terms, in.ExcludedBy = h.Terms, h.ExcludedBy
				batch = append(batch, in)
			}
		}
		_, err := w.desk.Scored(w.tb.Context(), batch)
		require.NoError(w.tb, err)
		w.now = w.now.Add(3600e9)
	}
}

// held is a backtest of an edit of acme, with the causes of what differs.
func (w *world) held(running brand.Brand, edit func(*brand.Brand), routes *alert.Router) tune.BrandReport {
	w.tb.Helper()
	changed := running
	edit(&changed)
	candidate := rulesOf(w.tb, "two", changed)
	if routes != nil {
		candidate.Router = routes
	}
	rep, err := tune.Backtest(w.tb.Context(), tune.Options{
		Store: w.reader(), Running: tune.Side{Rules: w.rules}, Candidate: tune.Side{Rules: candidate},
		Since: morning(), Until: w.now, Routes: routes != nil,
		Build: func(b brand.Brand, other, model bool) (tune.Side, error) {
			require.False(w.tb, model)
			r := rulesOf(w.tb, "part", b)
			if other {
				r.Router = routes
			}
			return tune.Side{Rules: r}, nil
		},
	})
	require.NoError(w.tb, err)
	require.Len(w.tb, rep.Brands, 1)
	require.Equal(w.tb, rep.Reproduced.Of, rep.Reproduced.Hits, rep.Otherwise)
	return rep.Brands[0]
}

func TestEachEditsPart(t *testing.T) {
	t.Parallel()
	plain := func() brand.Brand {
		b := acme()
		b.Query, b.Alert.Budget, b.Spikes.Enabled = `(acme OR zephyr) NOT "acme force"`, 0, false
		return b
	}
	oncall, err := alert.NewRouter(alert.Route{Receiver: "oncall"}, []string{"oncall"})
	require.NoError(t, err)
	type part struct {
		edits               []string
		gained, lost, other int
	}
	for _, c := range []struct {
		name   string
		edit   func(*brand.Brand)
		router *alert.Router
		want   []part
		causes map[string][]string
	}{
		{
			name: "one edit has all", edit: func(b *brand.Brand) { b.Alert.Threshold = 0.8 },
			want:   []part{{[]string{"alert.threshold: 0.6 -> 0.8"}, 0, 1, 0}},
			causes: map[string][]string{"globex and acme both kept me": {"alert.threshold: 0.6 -> 0.8"}},
		},
		{
			name: "an exclusion and a threshold, each its own posts",
			edit: func(b *brand.Brand) { b.Query, b.Alert.Threshold = b.Query+" NOT orchestra", 0.4 },
			want: []part{{[]string{"query: + NOT orchestra"}, 0, 1, 0}, {[]string{"alert.threshold: 0.6 -> 0.4"}, 2, 0, 0}},
			causes: map[string][]string{
				"acme orchestra was awful tonight": {"query: + NOT orchestra"},
				"acme is a little late":            {"alert.threshold: 0.6 -> 0.4"},
			},
		},
		{
			name: "two that only together make it",
			edit: func(b *brand.Brand) { b.Query, b.Alert.Threshold = `(acme OR zephyr) NOT bolt`, 0.97 },
			want: []part{
				{[]string{"query: + NOT bolt"}, 0, 1, 1},
				{[]string{`query: - NOT "acme force"`}, 0, 0, 0},
				{[]string{"alert.threshold: 0.6 -> 0.97"}, 0, 5, 0},
				{[]string{`query: - NOT "acme force"`, "alert.threshold: 0.6 -> 0.97"}, 0, 0, 1},
			},
			causes: map[string][]string{
				"acme bolt broke my bike":         {"query: + NOT bolt", "alert.threshold: 0.6 -> 0.97"},
				"acme force lost the match again": {`together: query: - NOT "acme force" + alert.threshold: 0.6 -> 0.97`},
			},
		},
		{
			name: "an exclusion less and another one more",
			edit: func(b *brand.Brand) { b.Query = `(acme OR zephyr) NOT bolt` },
			want: []part{{[]string{"query: + NOT bolt"}, 0, 1, 1}, {[]string{`query: - NOT "acme force"`}, 1, 0, 0}},
		},
		{
			name: "a name goes",
			edit: func(b *brand.Brand) { b.Query, b.Languages = `"acme air" OR zephyr`, []string{"en"} },
			want: []part{{[]string{`query: + "acme air"`}, 0, 0, 0}, {[]string{"query: - acme"}, 0, 4, 3}, {[]string{`query: - NOT "acme force"`}, 0, 0, 0}, {[]string{"languages: + en"}, 0, 0, 0}},
		},
		{
			name: "a threshold and routes", router: oncall,
			edit: func(b *brand.Brand) { b.Alert.Threshold = 0.8 },
			want: []part{{[]string{"alert.threshold: 0.6 -> 0.8"}, 0, 1, 0}, {[]string{"routes"}, 0, 0, 4}},
		},
		{
			name: "a time zone does nothing", edit: func(b *brand.Brand) { b.Timezone, b.Alert.Budget = "Asia/Kolkata", 30 },
			want: []part{{[]string{"alert.budget: none -> 30/day"}, 0, 0, 0}, {[]string{"timezone: America/New_York -> Asia/Kolkata"}, 0, 0, 0}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rulesOf(t, "one", plain()))
			w.tell("acme")
			b := w.held(plain(), c.edit, c.router)
			var got []part
			for _, e := range b.Edits {
				got = append(got, part{e.Edits, e.NewlyAlerting, e.Lost, e.Changed})
			}
			require.Equal(t, c.want, got)
			found := map[string][]string{}
			for _, p := range slices.Concat(b.Posts.NewlyAlerting, b.Posts.Lost, b.Posts.Changed) {
				require.NotEmpty(t, p.Causes, p.Text)
				found[p.Text] = p.Causes
			}
			for text, causes := range c.causes {
				require.Equal(t, causes, found[text], text)
			}
		})
	}
}

// To ask about edits changes nothing of what the two sides decide.
func TestAskingAboutEditsChangesNothing(t *testing.T) {
	t.Parallel()
	rules := rulesOf(t, "one", acme())
	w := newWorld(t, rules)
	w.live(min(manyPosts(t), 1200) / 6)
	changed := acme()
	changed.Query, changed.Alert.Threshold, changed.Alert.Budget = `(acme OR @acmeair) NOT "single flight"`, 0.5, 20
	candidate := rulesOf(t, "two", changed)
	plain := w.backtest(morning(), rules, candidate)
	rep, err := tune.Backtest(t.Context(), tune.Options{
		Store: w.reader(), Running: tune.Side{Rules: rules}, Candidate: tune.Side{Rules: candidate},
		Since: morning(), Until: w.now.Add(3600e9), MaxAge: dayAge,
		Build: func(b brand.Brand, _, _ bool) (tune.Side, error) {
			return tune.Side{Rules: rulesOf(t, "part", b)}, nil
		},
	})
	require.NoError(t, err)
	b := rep.Brands[0]
	require.NotEmpty(t, b.Edits)
	caused := 0
	for _, e := range b.Edits {
		caused += e.NewlyAlerting + e.Lost + e.Changed
	}
	require.GreaterOrEqual(t, caused, b.Differences)
	followed := b.Edits[len(b.Edits)-1]
	require.Empty(t, followed.Edits, "cards that a budget had no more room for")
	require.Less(t, followed.NewlyAlerting+followed.Lost+followed.Changed, b.Differences/2)
	b.Edits, b.Posts = nil, tune.Posts{}
	want := plain.Brands[0]
	want.Posts = tune.Posts{}
	require.Equal(t, want, b)
	require.Equal(t, plain.Reproduced, rep.Reproduced)
}
