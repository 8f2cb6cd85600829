package tune_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	b := brand.Default()
	b.Name, b.Query = "acme", `(acme OR @acmeair OR "acme air") NOT "acme force"`
	w := newWorld(t, rulesOf(t, "one", b))
	say := func(id, text string, venting float64, revision int64) record.Decision {
		w.now = w.now.Add(time.Minute)
		m := mention.Mention{
			ID: "bluesky:" + id, NativeID: id, Platform: "bluesky", Source: "sky", URL: "https://social.example/" + id, Kind: mention.KindPost,
			Author: mention.Author{ID: "did:" + id}, Text: text, CreatedAt: w.now, ObservedAt: w.now, Revision: revision,
		}
		in := w.envelopes(m, record.MatchQuery)
		in[0].Score = vent.Score{Venting: venting, Severity: vent.SeverityNone}
		if venting > 0.5 {
			in[0].Score.Severity = vent.SeverityHigh
		}
		ds, err := w.desk.Scored(t.Context(), in)
		require.NoError(t, err)
		return ds[0]
	}
	act := func(d record.Decision, v record.Verb, reason string) {
		require.Equal(t, record.OutcomeAlert, d.Outcome)
		_, err := w.desk.Act(t.Context(), record.Action{Case: d.Case, Verb: v, Reason: reason, Actor: "kim", Via: "web"})
		require.NoError(t, err)
	}
	act(say("1", "@acmeair where is it", 0.9, 0), record.VerbResolve, "")
	act(say("2", "acme lost the thing", 0.9, 0), record.VerbDismiss, record.ReasonWrongCompany)
	say("2", "acme lost the thing, again", 0.9, 1)
	say("3", "acme and @acmeair are both here", 0.2, 0)
	say("4", "acme air is late", 0.8, 0)
	say("5", "acme force is awful", 0.9, 0)
	say("6", "acme force is fine", 0.1, 0)
	say("7", "acme force lost my ticket", 0.95, 0)
	err := w.store.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		_, err := tx.PutLabel(record.Label{Brand: "acme", Mention: "bluesky:7", Text: "x", Venting: true, Reason: "sample", Actor: "kim", At: w.now})
		return err
	})
	require.NoError(t, err)

	ledger := func(b brand.Brand) tune.BrandLedger {
		out, err := tune.Ledger(t.Context(), tune.LedgerOptions{Store: w.reader(), Brands: []brand.Brand{b}, Since: morning()})
		require.NoError(t, err)
		require.Len(t, out, 1)
		return out[0]
	}
	got := ledger(b)
	require.Equal(t, 7, got.Mentions, "an edit is no second post")
	posts := got.Entries[3].Posts
	got.Entries[3].Posts = nil
	for i := range got.Entries {
		trend := 0
		for _, n := range got.Entries[i].Trend {
			trend += n
		}
		require.Equal(t, got.Entries[i].Matches, trend, "each match stands in one part of the time")
		got.Entries[i].Trend = nil
	}
	require.Equal(t, []tune.Entry{
		{Position: 1, Text: "acme", Kind: tune.EntryTerm, Matches: 3, Alerts: 2, Dismissed: 1, Alone: 1, AloneAlerts: 1},
		{Position: 2, Text: "@acmeair", Kind: tune.EntryTerm, Matches: 2, Alerts: 1, Confirmed: 1, Alone: 1, AloneAlerts: 1},
		{Position: 3, Text: `"acme air"`, Kind: tune.EntryPhrase, Matches: 1, Alerts: 1},
		{Position: 4, Text: `"acme force"`, Kind: tune.EntryExclusion, Matches: 3, Confirmed: 1, Complaints: 2, Swallowed: 1},
	}, got.Entries)
	require.Len(t, posts, 2)
	require.Equal(t, "https://social.example/7", posts[0].URL)

	b.Query = "acme"
	got = ledger(b)
	require.Equal(t, 1, got.Entries[0].Position)
	require.Len(t, got.Entries, 4)
	require.Zero(t, got.Entries[1].Position, "what the query has no more stands last")
}
