package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
)

// noting is a conn that notes the statements that go through it.
type noting struct {
	conn
	queries map[string]bool
}

func (n noting) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	n.queries[query] = true
	return n.conn.prepare(ctx, query)
}

// mayWalk are the walks through a whole table or index that are meant: small
// tables, and indices that hold what is owed alone.
func mayWalk() []string {
	return []string{
		"SCAN leases", "SCAN sources", "SCAN meta", // one row for each process, source or setting
		"SCAN dead USING COVERING INDEX dead_stage", "SCAN dead USING INDEX sqlite_autoindex_dead_1", // pages of dead letters
		"SCAN notices USING INDEX notices_unsent", "SCAN notices USING INDEX notices_order",
		"SCAN unmatched_days",       // one row for each source and day
		"SCAN newest", "SCAN taken", // the page that was just read, the cases of one author
		"SEARCH labels USING INTEGER PRIMARY KEY (rowid<?)", // a page of the newest
		"SCAN CONSTANT ROW",
	}
}

// Every statement must find its rows by an index: a store grows to millions.
func TestStatementsUseIndices(t *testing.T) {
	s := openIn(t, t.TempDir())
	queries := map[string]bool{}
	callEverything(t, s, queries)
	for q := range s.reads.stmts {
		queries[q] = true
	}
	for _, st := range pruneSteps() {
		queries[st.query] = true
		if st.brands != "" {
			queries[st.brands] = true
		}
	}
	require.Greater(t, len(queries), 100, "the test reaches the statements")
	for _, q := range slices.Sorted(maps.Keys(queries)) {
		args := make([]any, strings.Count(q, "?"))
		for i := range args {
			args[i] = 0
		}
		rows, err := s.db.Read().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q, args...)
		require.NoError(t, err, q)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			walk := strings.HasPrefix(detail, "SCAN") || strings.Contains(detail, "(rowid>") || strings.Contains(detail, "(rowid<")
			if walk && !slices.ContainsFunc(mayWalk(), func(ok string) bool { return strings.HasPrefix(detail, ok) }) {
				t.Errorf("%s\n\tin %s", detail, q)
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
}

// callEverything calls what the store offers, so that its statements are noted.
func callEverything(t *testing.T, s *Store, queries map[string]bool) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	m := record.Stored{Brand: "acme", Mention: mention.Mention{ID: "x:1", Platform: "x", NativeID: "1", Text: "words", URL: "https://a.example"}, Case: "c"}
	seen := []record.Seen{{ID: "x:1", Conversation: "x:1", Brands: []string{"acme"}, At: now}}
	body := record.NoticeBody{Items: []record.NoticeItem{{Mention: "x:1", Text: "words"}}}
	must := func(err error) {
		t.Helper()
		require.NoError(t, err)
	}
	must(s.write(ctx, func(c conn) error {
		c = noting{c, queries}
		tx := &Tx{ctx: ctx, c: c, brands: []string{"acme"}, seqs: map[string]int64{}, recent: map[string]*recentCases{}}
		callTx(t, tx, m, body, now)
		must(tx.finish())
		must(putSeen(ctx, c, seen))
		must(putSourceStat(ctx, c, record.SourceStat{Source: "sky"}))
		must(dropUnmatched(ctx, c, []string{"x:2"}))
		must(s.sample(ctx, c, sampleDay{"sky", 1}, []mention.Mention{m.Mention}, 1))
		_, err := anyRetracted(ctx, c, []string{"x:1"})
		must(err)
		_, err = claim(ctx, c, &record.Notice{ID: 1, State: record.NoticePending}, 1, 2)
		must(err)
		must(saveReceipt(ctx, c, 1, record.Receipt{}, now))
		must(eraseFor(ctx, c, "acme", "x:1"))
		return eraseShared(ctx, c, "x:1")
	}))
	callReads(t, s)
}

func callTx(t *testing.T, tx *Tx, m record.Stored, body record.NoticeBody, now time.Time) {
	t.Helper()
	ok := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	_, _, err := tx.LatestNotice("r", "k/")
	ok(err)
	_, err = tx.CountCards("r", now)
	ok(err)
	_, err = tx.LiveCases("acme", 0)
	ok(err)
	_, err = tx.NextSeq("acme")
	ok(err, tx.PutMention(m), tx.PutDecision(record.Decision{ID: "x:1", Brand: "acme", Why: []string{"words"}}))
	ok(tx.PutCase(record.Case{
		ID: "c", Brand: "acme", Root: "x:1", Text: "words", Service: record.Service{Promise: &record.Promise{What: "words words words"}},
	}), tx.AddEvent(record.Event{Case: "c", Detail: "words"}))
	ok(tx.MarkAction("k", "c", now), tx.PutClock(record.Clock{Case: "c", Kind: "ack"}), tx.DropClock("d", ""))
	ok(tx.PutWatch(record.Watch{Platform: "x", AuthorKey: "a", Brand: "acme", Case: "c", Until: now}), tx.DropWatches("d"))
	for _, call := range []func() error{
		func() error { _, _, err := tx.Decision("acme", "x:1", 0); return err },
		func() error { _, _, err := tx.LatestDecision("acme", "x:1"); return err },
		func() error { _, _, err := tx.Mention("acme", "x:1"); return err },
		func() error { _, _, err := tx.Case("c"); return err },
		func() error { _, _, err := tx.CaseByMention("acme", "x:1"); return err },
		func() error { _, err := tx.CasesByConversation("acme", "x:1", now); return err },
		func() error { _, err := tx.CasesByAuthor("acme", "x:a", now); return err },
		func() error { _, err := tx.CasesSince("acme", now); return err },
		func() error { _, err := tx.CaseMentions("c", 0); return err },
		func() error { _, err := tx.RepliesIn("acme", "x:1"); return err },
		func() error { _, err := tx.CaseEvents("c"); return err },
		func() error {
			_, err := tx.PutNotice(record.Notice{Key: "k", Receiver: "r", Kind: record.NoticeCard, Case: "c", Body: body})
			return err
		},
		func() error { _, err := tx.PendingUpdate("c", "r"); return err },
		func() error { _, _, err := tx.PendingDigest("acme", "r"); return err },
		func() error { _, err := tx.SetNoticeBody(1, body); return err },
		func() error { _, err := tx.NoticesByMention("x:1"); return err },
		func() error { _, err := tx.DropPending("d", "", now); return err },
		func() error { _, err := tx.PutLabel(record.Label{Brand: "acme", Mention: "x:1"}); return err },
		func() error { _, err := tx.ReplaceLabels("acme", "x:1", time.Now()); return err },
		func() error { _, err := tx.LabelsOn("acme", "x:1"); return err },
		func() error { _, _, err := tx.UndoLabel(1, "U1", now); return err },
		func() error { return tx.UseLabels("acme", 1, 1) },
		func() error {
			_, err := tx.PutLayer(record.Layer{Brand: "acme", State: record.LayerProposed})
			return err
		},
		func() error { _, err := tx.AcceptLayer("acme", 1); return err },
		func() error { return tx.SeeLabels("acme", 1, 1) },
		func() error { _, err := tx.Silences(now); return err },
		func() error { _, err := tx.CountAlerts("acme", now); return err },
		func() error { _, _, err := tx.ActionDone("k"); return err },
		func() error { return tx.PutComplaint(record.Complaint{Brand: "acme", Mention: "x:1"}) },
		func() error { _, err := tx.Complaints("acme", now, now, 0); return err },
		func() error { _, err := tx.FirstComplaint("acme"); return err },
		func() error { _, err := tx.Incidents("acme", now); return err },
		func() error { _, err := tx.TakeClock(record.Clock{ID: 9}); return err },
	} {
		ok(call())
	}
}

func callReads(t *testing.T, s *Store) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	for _, call := range []func() error{
		func() error { return s.SaveProgress(ctx, Progress{Source: "sky", Cursor: json.RawMessage("1")}) },
		func() error { _, err := s.LoadCursor(ctx, "sky"); return err },
		func() error { _, err := s.SeenByID(ctx, []string{"a"}); return err },
		func() error { _, err := s.SeenByID(ctx, []string{"a", "b"}); return err },
		func() error { _, err := s.SeenByAuthor(ctx, "a", "", 1); return err },
		func() error { _, err := s.SourceStats(ctx); return err },
		func() error { _, err := s.Watches(ctx); return err },
		func() error { _, err := s.WatchVersion(ctx); return err },
		func() error { _, err := s.CaseVersion(ctx); return err },
		func() error { _, err := s.Mentions(ctx, MentionFilter{Brand: "acme"}); return err },
		func() error { _, err := s.Decisions(ctx, "https://a.example"); return err },
		func() error { _, err := s.RecentDecisions(ctx, DecisionFilter{Brand: "acme"}); return err },
		func() error { _, err := s.Cases(ctx, CaseFilter{}); return err },
		func() error { _, err := s.Cases(ctx, CaseFilter{Brand: "acme"}); return err },
		func() error { _, err := s.CaseCounts(ctx); return err },
		func() error { _, err := s.Dossier(ctx, "c"); return err },
		func() error { _, err := s.Lives(ctx, now); return err },
		func() error { _, err := s.ClaimNotices(ctx, "r", now, time.Second, 1); return err },
		func() error { _, err := s.Notice(ctx, 1); return err },
		func() error { _, err := s.UnsentNotices(ctx, "", 0, 0); return err },
		func() error { _, _, err := s.OutboxStats(ctx); return err },
		func() error { _, _, err := s.RootReceipt(ctx, "c", "r"); return err },
		func() error { _, err := s.LiveCases(ctx, "r", "", 0); return err },
		func() error {
			_, err := s.DeferCards(ctx, "r", -1, 1, now, func(string, int) string { return "" })
			return err
		},
		func() error { _, err := s.DueClocks(ctx, now, 1); return err },
		func() error { _, err := s.Labels(ctx, "acme", 0, 0); return err },
		func() error { _, err := s.RecentLabels(ctx, LabelFilter{}); return err },
		func() error { _, err := s.RecentLabels(ctx, LabelFilter{Brand: "acme"}); return err },
		func() error { _, err := s.RecentLabels(ctx, LabelFilter{Mention: "x:1"}); return err },
		func() error { _, err := s.Label(ctx, 1); return err },
		func() error { _, err := s.TeachingLabels(ctx, "acme", 10); return err },
		func() error { _, err := s.Disagreements(ctx, ""); return err },
		func() error { _, err := s.LabelVersions(ctx); return err },
		func() error { _, _, err := s.CountLabels(ctx, "acme"); return err },
		func() error { _, err := s.ActiveLayers(ctx); return err },
		func() error { _, err := s.LastLayers(ctx); return err },
		func() error { _, err := s.Layer(ctx, "acme", 1); return err },
		func() error { _, err := s.LayerVersion(ctx); return err },
		func() error { _, err := s.DecidedSince(ctx, "acme", now, 10); return err },
		func() error { return s.EachDrawable(ctx, "acme", now, now, func(Drawable) {}) },
		func() error { _, err := s.DrawnUntil(ctx, "acme"); return err },
		func() error { _, err := s.Draws(ctx, "acme", now); return err },
		func() error { _, err := s.SampledPosts(ctx, "acme", now, 10); return err },
		func() error { _, _, err := s.NewestPlan(ctx, "acme", now); return err },
		func() error { _, err := s.Spending(ctx, "acme", now, now); return err },
		func() error { _, err := streamOf(ctx, s.reads, "acme", now, now); return err },
		func() error { _, _, err := firstDecided(ctx, s.reads, "acme"); return err },
		func() error { _, err := s.ListSilences(ctx); return err },
		func() error { _, err := s.ListDead(ctx, DeadFilter{}); return err },
		func() error { _, err := s.DeadCounts(ctx); return err },
		func() error { _, err := s.Leases(ctx); return err },
		func() error { _, _, err := s.Meta(ctx, "k"); return err },
		func() error { _, err := s.MetaPrefix(ctx, "k"); return err },
		func() error { _, _, err := s.LastGoodBrand(ctx, "acme"); return err },
		func() error { _, err := s.Unmatched(ctx, UnmatchedFilter{}); return err },
		func() error { return s.Prune(ctx, now) },
	} {
		require.NoError(t, call())
	}
}
