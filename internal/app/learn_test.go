package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// opened is a daemon that is not run: each part is called by the test.
func opened(t *testing.T, brands string) (*Daemon, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "leakytap.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `data_dir: %q
server: {listen: "127.0.0.1:0", external_url: "https://inbox.example"}
score: {second_opinion: none}
sources: []
brands: [%s]
receivers: [{name: console, console: {}}]
route: {receiver: console}
`, filepath.Join(dir, "data"), brands), 0o600))
	d, err := Open(t.Context(), Options{
		Load: func() (*config.Config, []config.Problem) { return config.Load(path, config.Options{}) }, Roles: AllRoles(), Version: "test",
	})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	return d, path
}

// hear takes a text through scoring and the desk as the stages do.
func hear(t *testing.T, d *Daemon, n int, text string) record.Decision {
	t.Helper()
	now := time.Now().UTC()
	m, _ := mention.Clean(mention.Mention{
		Platform: "x", NativeID: fmt.Sprintf("p%d", n), URL: fmt.Sprintf("https://x.example/p%d", n), Kind: mention.KindPost, Text: text,
		Author: mention.Author{ID: fmt.Sprintf("a%d", n), Handle: fmt.Sprintf("a%d", n)}, CreatedAt: now, ObservedAt: now,
	})
	gen := d.gen.Load()
	in, found := gen.matched("crumblet", m)
	require.True(t, found)
	sc, layer := gen.rescore(in)
	out, err := d.desk.Scored(t.Context(), []record.Scored{{Matched: in, Score: sc, Layer: layer}})
	require.NoError(t, err)
	return out[0]
}

// edgy is a brand whose threshold lies just under what the posts about baking score, so
// that the tests do not hang on the model.
func edgy(t *testing.T) string {
	t.Helper()
	s, err := vent.Default()
	require.NoError(t, err)
	least := 1.0
	for _, text := range append(scenario.Baking(), scenario.BakingToCome) {
		in := score.Input(score.Subject{Brand: brand.Brand{Name: "crumblet", Query: "crumblet"}}, mention.Mention{Text: text})
		least = min(least, s.Score(in, vent.Options{Fast: true}).Venting)
	}
	return fmt.Sprintf("{name: crumblet, query: crumblet, alert: {threshold: %.3f}}", least-0.01)
}

// A click in Slack, a layer within one round of the house, a word in the thread, and the
// layer of another process's store the same.
func TestAClickTeaches(t *testing.T) {
	d, _ := opened(t, edgy(t))
	ctx := t.Context()
	waiting := hear(t, d, 100, scenario.BakingToCome)
	require.Equal(t, record.OutcomeAlert, waiting.Outcome, waiting.Why)
	for round := range 2 {
		for i, text := range scenario.Baking() {
			dec := hear(t, d, round*10+i, strings.Repeat("well, ", round)+text)
			if round > 0 && dec.Case == "" {
				continue // what the first round taught holds it back
			}
			require.Equal(t, record.OutcomeAlert, dec.Outcome, dec.Why)
			_, err := d.desk.Act(ctx, record.Action{Case: dec.Case, Verb: record.VerbDismiss, Reason: record.ReasonNotCustomer, Actor: "U1", Via: "slack"})
			require.NoError(t, err)
			require.NoError(t, d.learnDue(ctx))
		}
	}
	after := hear(t, d, 101, scenario.BakingToCome+" tonight")
	require.Positive(t, after.Layer)
	require.Equal(t, record.OutcomeBelowThreshold, after.Outcome, after.Why)
	require.Contains(t, strings.Join(after.Why, "\n"), "your team's labels: -")

	notices, err := d.store.UnsentNotices(ctx, "console", 0, 500)
	require.NoError(t, err)
	var told []record.Notice
	for _, n := range notices {
		if strings.Contains(n.Key, "/taught/") {
			told = append(told, n)
		}
	}
	require.NotEmpty(t, told)
	said := strings.Join(told[0].Body.Lines, "\n")
	require.Contains(t, said, "would no longer alert")
	require.Contains(t, said, "leakytap label undo ")
	require.Contains(t, said, "https://inbox.example/cases/")
	require.Positive(t, told[0].Body.Undo, "with a button where there are any")
	require.Equal(t, "https://x.example/", told[0].Body.Items[0].URL[:18])

	// A process that scores and has a store of its own.
	rows, err := d.store.ActiveLayers(ctx)
	require.NoError(t, err)
	other, _ := opened(t, "{name: crumblet, query: crumblet}")
	value, err := json.Marshal(layerNews{Layer: rows[0], Weights: rows[0].Weights})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, other.keepLayers(ctx, []bus.Message{{Value: []byte("{broken")}, {Value: value}}))
	}
	require.NoError(t, other.takeLayers(ctx))
	require.Equal(t, d.layers.of("crumblet"), other.layers.of("crumblet"))
	older := rows[0]
	older.At, older.Version = older.At.Add(-time.Hour), older.Version+5
	value, err = json.Marshal(layerNews{Layer: older})
	require.NoError(t, err)
	require.NoError(t, other.keepLayers(ctx, []bus.Message{{Value: value}}))
	require.NoError(t, other.takeLayers(ctx))
	require.NotNil(t, other.layers.of("crumblet"), "older news changes nothing")
}

// A pinned example that a layer breaks stops no start and no reload: the layer goes.
func TestAPinNeverStopsTheStart(t *testing.T) {
	d, path := opened(t, edgy(t))
	ctx := t.Context()
	var ls []record.Label
	for i, text := range append(scenario.Baking(), scenario.Baking()...) {
		ls = append(ls, record.Label{
			Brand: "crumblet", Mention: fmt.Sprintf("x:%d", i), Text: text, Reason: record.ReasonNotCustomer, Actor: "U1", Source: record.LabelFromImport,
		})
	}
	_, err := d.teacher.Import(ctx, ls)
	require.NoError(t, err)
	require.NoError(t, d.learnDue(ctx))
	require.NotNil(t, d.layers.of("crumblet"))
	plain := d.gen.Load().layer("crumblet")
	require.NotNil(t, plain)

	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	edit := func(to string) {
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(raw), "query: crumblet", "query: crumblet, "+to, 1)), 0o600))
	}
	edit(fmt.Sprintf("must_alert: [%q]", scenario.BakingToCome))
	require.NoError(t, d.Reload(ctx), "the example holds without labels")
	require.True(t, d.recheck(ctx, d.gen.Load()))
	require.Nil(t, d.layers.of("crumblet"), "the layer is set aside")
	require.NoError(t, d.learnDue(ctx))
	require.Nil(t, d.layers.of("crumblet"))

	edit("learn: off")
	require.NoError(t, d.Reload(ctx))
	require.Nil(t, d.gen.Load().layer("crumblet"))
	rows, err := d.store.RecentLabels(ctx, store.LabelFilter{Brand: "crumblet"})
	require.NoError(t, err)
	require.Len(t, rows, 12, "labels are kept")
}
