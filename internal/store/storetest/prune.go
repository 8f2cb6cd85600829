package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/store"
)

const day = 24 * time.Hour

// aged writes one of everything as it would stand at that time, in a case that
// is then in that state.
func aged(t *testing.T, s *store.Store, name string, at time.Time, state record.State) {
	t.Helper()
	update(t, s, "acme", func(tx *store.Tx) {
		m := stored("acme", 1, name)
		m.Mention.ID, m.Mention.NativeID, m.Mention.ObservedAt = "x:"+name, name, at
		require.NoError(t, tx.PutMention(m))
		d := decision("acme", 1, record.OutcomeAlert)
		d.ID, d.Case, d.Now = m.Mention.ID, name, at
		require.NoError(t, tx.PutDecision(d))
		c := aCase("acme", name, 1)
		c.State, c.Root, c.UpdatedAt = state, m.Mention.ID, at
		require.NoError(t, tx.PutCase(c))
		require.NoError(t, tx.AddEvent(record.Event{Case: name, At: at, What: "opened"}))
		require.NoError(t, tx.MarkAction("key/"+name, name, at))
		require.NoError(t, tx.PutComplaint(record.Complaint{Brand: "acme", Mention: m.Mention.ID, At: at}))
	})
	require.NoError(t, s.SaveProgress(t.Context(), store.Progress{Source: "sky", Seen: []record.Seen{
		{ID: "x:" + name, Conversation: "x:" + name, At: at}, {ID: "y:" + name, Conversation: "y:" + name, At: at},
	}}))
	n := notice("card/"+name, "r", name, record.NoticeCard)
	n.CreatedAt, n.DueAt = at, at
	n.Body = record.NoticeBody{Title: "title", Items: []record.NoticeItem{{Mention: m(name), URL: "u", Text: "words"}}}
	put(t, s, n)
	sent := claimOne(t, s, at)
	require.NoError(t, s.MarkSent(t.Context(), sent.ID, sent.Attempts, record.Receipt{Channel: "C", TS: name}, at))
	require.NoError(t, s.PutDead(t.Context(), record.Dead{ID: name, Stage: "score", At: at, Value: []byte(`{"id":"` + m(name) + `"}`)}))
	sample := record.Stored{Mention: post(1)}
	sample.Mention.ID, sample.Mention.ObservedAt = "u:"+name, at
	require.NoError(t, s.SampleUnmatched(t.Context(), []record.Stored{sample}, 1))
}

func m(name string) string { return "x:" + name }

// remains says what is left of what aged wrote.
func remains(t *testing.T, s *store.Store, name string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	_, err := s.Mention(t.Context(), "acme", m(name))
	out["mention"] = err == nil
	ds, err := s.Decisions(t.Context(), m(name))
	require.NoError(t, err)
	out["decision"] = len(ds) == 1
	out["why"] = len(ds) == 1 && len(ds[0].Why) > 0 && len(ds[0].Score.Reasons) > 0
	_, err = s.Case(t.Context(), name)
	out["case"] = err == nil
	_, out["receipt"], err = s.RootReceipt(t.Context(), name, "r")
	require.NoError(t, err)
	seen, err := s.SeenByID(t.Context(), []string{m(name), "y:" + name})
	require.NoError(t, err)
	_, out["seen"] = seen["y:"+name]
	_, out["seen and stored"] = seen[m(name)]
	_, err = s.Dead(t.Context(), name)
	out["dead"] = err == nil
	update(t, s, "acme", func(tx *store.Tx) {
		es, err := tx.CaseEvents(name)
		require.NoError(t, err)
		out["history"] = len(es) > 0
		_, out["action"], err = tx.ActionDone("key/" + name)
		require.NoError(t, err)
		ns, err := tx.NoticesByMention(m(name))
		require.NoError(t, err)
		out["notice"] = len(ns) == 1
		out["notice body"] = len(ns) == 1 && ns[0].Body.Title != ""
	})
	page, err := s.Unmatched(t.Context(), store.UnmatchedFilter{})
	require.NoError(t, err)
	out["sample"] = false
	for _, v := range page.Rows {
		out["sample"] = out["sample"] || v.Mention.ID == "u:"+name
	}
	return out
}

// allBut is every kind of row, true but for those named.
func allBut(missing ...string) map[string]bool {
	out := map[string]bool{}
	for _, k := range []string{
		"mention", "decision", "why", "case", "receipt", "seen", "seen and stored", "dead", "history", "action", "notice", "notice body", "sample",
	} {
		out[k] = true
	}
	for _, k := range missing {
		out[k] = false
	}
	return out
}

func none() map[string]bool {
	out := allBut()
	for k := range out {
		out[k] = false
	}
	return out
}

func testPruneAges(t *testing.T, open Opener) {
	t.Helper()
	now := base()
	s := open(t, store.Config{})
	aged(t, s, "young", now.Add(-89*day), record.StateResolved)
	aged(t, s, "old", now.Add(-92*day), record.StateResolved)
	aged(t, s, "dismissed", now.Add(-92*day), record.StateDismissed)
	live := []record.State{record.StateOpen, record.StateSnoozed, record.StateClaimed, record.StateAnswered}
	for _, st := range live {
		aged(t, s, string(st), now.Add(-400*day), st)
	}
	require.NoError(t, s.Prune(t.Context(), now))
	require.Equal(t, allBut(), remains(t, s, "young"))
	require.Equal(t, none(), remains(t, s, "old"))
	require.Equal(t, none(), remains(t, s, "dismissed"))
	for _, st := range live {
		require.Equal(t, allBut("seen", "dead", "action", "sample"), remains(t, s, string(st)), "a live case keeps what is its own")
	}
	require.NoError(t, s.Prune(t.Context(), now), "again is no error")
}

func testPruneOwed(t *testing.T, open Opener) {
	t.Helper()
	now := base()
	s := open(t, store.Config{})
	aged(t, s, "ended", now.Add(-400*day), record.StateResolved)
	n := notice("update/ended", "r", "ended", record.NoticeUpdate)
	n.CreatedAt, n.DueAt = now.Add(-400*day), now.Add(-400*day)
	sending := notice("ops", "r", "", record.NoticeOps)
	put(t, s, n, sending)
	require.NoError(t, s.Prune(t.Context(), now.Add(1000*day)))
	ns, err := s.UnsentNotices(t.Context(), "", 0, 0)
	require.NoError(t, err)
	require.Len(t, ns, 2)
	_, err = s.Case(t.Context(), "ended")
	require.NoError(t, err, "the message is rendered from its case")
	_, ok, err := s.RootReceipt(t.Context(), "ended", "r")
	require.NoError(t, err)
	require.True(t, ok)
	got, err := s.ClaimNotices(t.Context(), "r", now.Add(1000*day), settle, 10)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.NoError(t, s.Prune(t.Context(), now.Add(2000*day)))
	ns, err = s.UnsentNotices(t.Context(), "", 0, 0)
	require.NoError(t, err)
	require.Len(t, ns, 2, "one that is being sent is owed too")
}

func testPruneOver(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	at := time.Now()
	update(t, s, "acme", func(tx *store.Tx) {
		require.NoError(t, tx.PutWatch(record.Watch{Platform: "x", AuthorKey: "a", Brand: "acme", Case: "c", Until: at.Add(time.Hour)}))
	})
	_, err := s.AddSilence(t.Context(), record.Silence{ID: "s", From: at, Until: at.Add(time.Hour)})
	require.NoError(t, err)
	put(t, s, notice("canary", "r", "", record.NoticeCanary))
	n := claimOne(t, s, base())
	require.NoError(t, s.MarkSent(t.Context(), n.ID, n.Attempts, record.Receipt{}, at))
	require.NoError(t, s.Prune(t.Context(), at))
	ws, err := s.Watches(t.Context())
	require.NoError(t, err)
	require.Len(t, ws, 1)
	_, err = s.Notice(t.Context(), n.ID)
	require.NoError(t, err)
	require.NoError(t, s.Prune(t.Context(), at.Add(2*day)))
	ws, err = s.Watches(t.Context())
	require.NoError(t, err)
	require.Empty(t, ws)
	_, err = s.Notice(t.Context(), n.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.ExpireSilence(t.Context(), "s"))
	require.NoError(t, s.Prune(t.Context(), at.Add(100*day)))
	require.ErrorIs(t, s.ExpireSilence(t.Context(), "s"), store.ErrNotFound)
}

func testPruneMany(t *testing.T, open Opener) {
	t.Helper()
	now := base()
	s := open(t, store.Config{})
	const many = 520
	update(t, s, "acme", func(tx *store.Tx) {
		for n := range many {
			require.NoError(t, tx.PutMention(stored("acme", n, fmt.Sprint("c", n))))
			require.NoError(t, tx.PutDecision(decision("acme", n, record.OutcomeExcluded)))
			c := aCase("acme", fmt.Sprint("c", n), n)
			c.State = record.StateDismissed
			require.NoError(t, tx.PutCase(c))
		}
	})
	require.NoError(t, s.Prune(t.Context(), now.Add(200*day)))
	page, err := s.Mentions(t.Context(), store.MentionFilter{Brand: "acme"})
	require.NoError(t, err)
	require.Empty(t, page.Rows)
	decisions, err := s.RecentDecisions(t.Context(), store.DecisionFilter{Brand: "acme"})
	require.NoError(t, err)
	require.Empty(t, decisions.Rows)
	cases, err := s.Cases(t.Context(), store.CaseFilter{States: record.States()})
	require.NoError(t, err)
	require.Empty(t, cases)
}

// testPruneShort: where the retention is shorter than thirty days the words go,
// and the keys that prevent a repetition stay for thirty.
func testPruneShort(t *testing.T, open Opener) {
	t.Helper()
	now := base()
	s := open(t, store.Config{Retention: setting.Duration(7 * day)})
	aged(t, s, "young", now.Add(-6*day), record.StateResolved)
	aged(t, s, "week", now.Add(-9*day), record.StateResolved)
	aged(t, s, "month", now.Add(-32*day), record.StateResolved)
	require.NoError(t, s.Prune(t.Context(), now))
	require.Equal(t, allBut(), remains(t, s, "young"))
	require.Equal(t, allBut("mention", "why", "case", "receipt", "dead", "history", "notice body", "sample"), remains(t, s, "week"))
	require.Equal(t, none(), remains(t, s, "month"))

	require.NoError(t, s.Prune(t.Context(), now.Add(2*day)))
	require.Equal(t, allBut("mention", "why", "case", "receipt", "dead", "history", "notice body", "sample"), remains(t, s, "young"),
		"the next call goes on where the last one ended")
	ds, err := s.Decisions(t.Context(), m("young"))
	require.NoError(t, err)
	b, err := json.Marshal(ds)
	require.NoError(t, err)
	require.NotContains(t, string(b), "three hours on hold")
	update(t, s, "acme", func(tx *store.Tx) {
		fresh, err := tx.PutNotice(notice("card/week", "r", "week", record.NoticeCard))
		require.NoError(t, err)
		require.False(t, fresh, "its key is remembered")
	})
}
