package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/ingest"
	"github.com/leakytap/leakytap/internal/ingest/ingesttest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pushed is a source that publishes what the test hands it.
type pushed struct {
	in   chan ingest.Batch
	done chan error
}

func newPushed() *pushed {
	return &pushed{in: make(chan ingest.Batch), done: make(chan error)}
}

func (p *pushed) Run(ctx context.Context, s *ingest.Session) error {
	for {
		select {
		case b := <-p.in:
			err := s.Publish(ctx, b)
			if err == nil {
				s.OK(ctx)
			}
			select {
			case p.done <- err:
			case <-ctx.Done():
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *pushed) push(t *testing.T, b ingest.Batch) {
	t.Helper()
	select {
	case p.in <- b:
	case <-time.After(20 * time.Second):
		t.Fatal("the source takes nothing")
	}
	select {
	case err := <-p.done:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Fatal("the batch is not done")
	}
}

func start(t *testing.T, rules ingesttest.Brands) (*ingesttest.Rig, *pushed) {
	t.Helper()
	rig, src := ingesttest.New(t, rules), newPushed()
	rig.Start(ingest.Spec{Name: "forum", Type: ingest.TypeRSS, Poll: time.Minute, MaxAge: 24 * time.Hour, Source: src})
	return rig, src
}

func post(id, text string) mention.Mention {
	return mention.Mention{
		Platform: "test", NativeID: id, Text: text, URL: "https://forum.example.test/" + id,
		Author: mention.Author{ID: "a-" + id, Handle: "jo"}, CreatedAt: time.Now(),
	}
}

func posts(list ...mention.Mention) ingest.Batch { return ingest.Batch{Posts: list} }

func TestPublishesForEachBrand(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme -force", "zeta": "zeta"})
	src.push(t, posts(post("1", "acme is late"), post("2", "acme and zeta are late"), post("3", "nothing"), post("4", "acme force wins")))
	got := rig.Wait(4)
	require.Len(t, got, 4)
	byKey := map[string]record.Matched{}
	for _, e := range got {
		byKey[e.Brand+" "+e.Mention.ID] = e
		require.Equal(t, "forum", e.Mention.Source)
		require.Equal(t, record.MatchQuery, e.Match)
		require.NotEmpty(t, e.BrandHash)
		require.WithinDuration(t, time.Now(), e.Mention.ObservedAt, time.Minute)
		require.False(t, e.Late)
	}
	require.Equal(t, []string{"acme"}, byKey["acme test:1"].Terms)
	require.Contains(t, byKey, "acme test:2")
	require.Contains(t, byKey, "zeta test:2")
	require.Equal(t, "force", byKey["acme test:4"].ExcludedBy)
	require.InDelta(t, 4, rig.Metric("leakytap_mentions_collected_total", "source", "forum"), 0)
	require.InDelta(t, 2, rig.Metric("leakytap_mentions_matched_total", "source", "forum", "brand", "acme"), 0)
	require.InDelta(t, float64(time.Now().Unix()), rig.Metric("leakytap_source_last_item_timestamp_seconds", "source", "forum"), 60)
}

func TestSecondSightingsAndEdits(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme", "zeta": "zeta"})
	src.push(t, posts(post("1", "acme is late")))
	src.push(t, posts(post("1", "acme is late"), post("1", "acme is late")))
	require.Len(t, rig.Log.Matched(t), 1)

	src.push(t, posts(post("1", "now they are fine")))
	got := rig.Wait(2)
	require.Equal(t, record.MatchSeen, got[1].Match)
	require.Equal(t, int64(1), got[1].Mention.Revision)
	require.Equal(t, got[0].Key(), got[1].Key())

	src.push(t, posts(post("1", "zeta is worse")))
	got = rig.Wait(4)
	require.Equal(t, []string{"acme", "zeta"}, []string{got[3].Brand, got[2].Brand})
	require.Equal(t, int64(2), got[2].Mention.Revision)

	// A platform that tells the time of the edit is believed, and never goes back.
	m := post("1", "zeta, by the platform's clock")
	m.Revision = 1_795_000_000_000
	src.push(t, posts(m))
	got = rig.Wait(6)
	require.Equal(t, m.Revision, got[5].Mention.Revision)
	m = post("1", "an older version of zeta")
	m.Revision = 1_794_000_000_000
	src.push(t, posts(m))
	require.Len(t, rig.Log.Matched(t), 6)
	require.InDelta(t, 1, rig.Metric("leakytap_mentions_collected_total", "source", "forum"), 0)
}

func TestRetractions(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme", "zeta": "zeta"})
	gone := mention.Mention{Platform: "test", NativeID: "1", Retracted: true}
	src.push(t, posts(gone)) // of a post that nobody got
	src.push(t, posts(post("1", "acme and zeta")))
	src.push(t, posts(gone, gone))
	src.push(t, posts(post("1", "acme and zeta, back again")))
	got := rig.Wait(4)
	require.Len(t, got, 4)
	for _, e := range got[2:] {
		require.True(t, e.Mention.Retracted)
		require.Equal(t, int64(1), e.Mention.Revision)
		require.Equal(t, record.MatchSeen, e.Match)
		require.Empty(t, e.Mention.Text+e.Mention.Author.Handle)
	}
	require.Equal(t, got[0].Key(), got[2].Key())

	// Published and deleted in one batch: both travel, in that order.
	del := mention.Mention{Platform: "test", NativeID: "2", Retracted: true}
	src.push(t, posts(post("2", "acme"), del))
	got = rig.Wait(6)
	require.False(t, got[4].Mention.Retracted)
	require.True(t, got[5].Mention.Retracted)
}

func TestDeletedAccount(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	var many []mention.Mention
	for i := range 520 {
		m := post(string(rune('a'+i%26))+strings.Repeat("x", i/26), "acme again")
		m.Author.ID = "troubled"
		many = append(many, m)
	}
	other := post("other", "acme")
	src.push(t, posts(append(many, other)...))
	src.push(t, ingest.Batch{GoneAuthors: []string{"test:troubled"}})
	got := rig.Wait(1041)
	require.Len(t, got, 1041)
	ids := map[string]bool{}
	for _, e := range got[521:] {
		require.True(t, e.Mention.Retracted)
		ids[e.Mention.ID] = true
	}
	require.Len(t, ids, 520)
	require.NotContains(t, ids, "test:other")
}

func TestWatched(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme -force"})
	src.push(t, posts(post("1", "acme lost my parcel")))
	// Two answers come a moment before the watch does; one of them is taken back.
	early, gone := post("early", "thanks, sorted"), post("gone", "oh well")
	early.RootID, gone.RootID = "test:1", "test:1"
	src.push(t, posts(early, gone, post("nothing", "to do with it")))
	gone.Retracted = true
	src.push(t, posts(gone))
	require.Len(t, rig.Log.Matched(t), 1)
	until := time.Now().Add(time.Hour)
	require.NoError(t, rig.Store.Update(t.Context(), []string{"acme"}, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutWatch(record.Watch{Platform: "test", Conversation: "test:1", Brand: "acme", Case: "c1", Until: until}),
			tx.PutWatch(record.Watch{Platform: "test", AuthorKey: "test:a-9", Brand: "acme", Case: "c1", Until: until}),
			tx.PutWatch(record.Watch{Platform: "test", AuthorKey: "test:a-8", Brand: "gone", Case: "c2", Until: until}),
		)
	}))
	e := rig.Wait(2)[1]
	require.Equal(t, "test:early", e.Mention.ID)
	require.Equal(t, record.MatchWatched, e.Match)
	require.Equal(t, "acme/test:1", e.Key())

	before := len(rig.Log.Matched(t))
	byAuthor, excluded, child, elsewhere := post("9", "anyway"), post("10", "acme force"), post("11", "same here"), post("8", "anyway")
	excluded.RootID = "test:1"
	child.ParentID = "test:1" // the root is not told: the parent's conversation is it
	src.push(t, posts(byAuthor, excluded, child, elsewhere))
	got := rig.Log.Matched(t)[before:]
	require.Len(t, got, 3)
	for _, e := range got {
		require.Equal(t, record.MatchWatched, e.Match)
		require.Empty(t, e.ExcludedBy)
	}
	require.Equal(t, "test:1", got[2].Mention.RootID)
}

func TestConversationNeverChanges(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	m := post("1", "acme one")
	m.RootID = "test:root"
	src.push(t, posts(m))
	m = post("1", "acme two")
	m.RootID = "test:elsewhere"
	answer := post("2", "acme too")
	answer.ParentID = "test:1"
	src.push(t, posts(m, answer))
	for _, e := range rig.Wait(3) {
		require.Equal(t, "acme/test:root", e.Key())
	}
}

func TestLate(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	old := func(id string) mention.Mention {
		m := post(id, "acme long ago")
		m.CreatedAt = time.Now().Add(-25 * time.Hour)
		return m
	}
	src.push(t, posts(old("1"), post("2", "acme now")))
	src.push(t, posts(old("3")))
	b := posts(old("4"), post("5", "acme"))
	b.Backlog = true
	src.push(t, b)
	late := map[string]bool{}
	for _, e := range rig.Wait(5) {
		late[e.Mention.NativeID] = e.Late
	}
	require.Equal(t, map[string]bool{"1": true, "2": false, "3": false, "4": true, "5": false}, late)
}

func TestCursorFollowsTheLog(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	b := posts(post("1", "acme"))
	b.Cursor = json.RawMessage(`1`)
	src.push(t, b)
	saved, err := rig.Store.LoadCursor(t.Context(), "forum")
	require.NoError(t, err)
	require.JSONEq(t, `1`, string(saved))

	rig.Log.SetDown(true)
	b = posts(post("2", "acme"))
	b.Cursor = json.RawMessage(`2`)
	src.in <- b
	rig.WaitError("forum", ingest.ReasonPublish)
	saved, err = rig.Store.LoadCursor(t.Context(), "forum")
	require.NoError(t, err)
	require.JSONEq(t, `1`, string(saved))
	seen, err := rig.Store.SeenByID(t.Context(), []string{"test:2"})
	require.NoError(t, err)
	require.Empty(t, seen)
	rig.Log.SetDown(false)
	require.NoError(t, <-src.done)
	saved, err = rig.Store.LoadCursor(t.Context(), "forum")
	require.NoError(t, err)
	require.JSONEq(t, `2`, string(saved))

	// The store is down: what was published comes again and is known by its identity.
	rig.Store.SetDown(true)
	b = posts(post("3", "acme"))
	b.Cursor = json.RawMessage(`3`)
	src.in <- b
	rig.WaitError("forum", ingest.ReasonStore)
	require.Len(t, rig.Log.Matched(t), 3)
	rig.Store.SetDown(false)
	require.NoError(t, <-src.done)
	require.Len(t, rig.Log.Matched(t), 3)
}

func TestBadPostsStopNothing(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	nobody := post("", "acme without an id")
	huge := post("huge", "acme "+strings.Repeat("\x01<\u2028", 1<<20))
	src.push(t, ingest.Batch{
		Posts: []mention.Mention{nobody, huge, post("ok", "acme\xff\x00 \xf0\x9f")},
		Bad:   []ingest.Bad{{Reason: ingest.ReasonBadLine, Detail: "line 7 is no JSON", Key: "forum:7", Value: []byte("{")}},
	})
	got := rig.Wait(2)
	require.Len(t, got, 2)
	require.LessOrEqual(t, len(got[0].Mention.Text), mention.MaxText)
	var reasons []string
	for _, d := range rig.Log.Dead() {
		require.Equal(t, ingest.Stage, d.Stage)
		reasons = append(reasons, d.Reason)
	}
	require.ElementsMatch(t, []string{"bad_line", "bad_record"}, reasons)
	require.InDelta(t, 1, rig.Errors("forum", ingest.ReasonBadLine), 0)
	require.InDelta(t, 1, rig.Errors("forum", ingest.ReasonBadItem), 0)
}

func TestEnrich(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme -corp"})
	b := posts(post("1", "acme"), post("2", "nothing"), post("3", "acme"))
	b.Enrich = func(_ context.Context, list []*mention.Mention) {
		require.Len(t, list, 2)
		list[0].Author.Handle, list[1].Author.Handle = "corp.example", "jo.example"
	}
	src.push(t, b)
	got := rig.Wait(2)
	require.Equal(t, "corp", got[0].ExcludedBy)
	require.Equal(t, "jo.example", got[1].Mention.Author.Handle)
}

type sourceFunc func(ctx context.Context, s *ingest.Session) error

func (f sourceFunc) Run(ctx context.Context, s *ingest.Session) error { return f(ctx, s) }

func TestPanicsAndNeighbours(t *testing.T) {
	rig, good := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), newPushed()
	var runs atomic.Int32
	rig.Start(
		ingest.Spec{Name: "broken", Type: ingest.TypeRSS, Source: sourceFunc(func(context.Context, *ingest.Session) error {
			runs.Add(1)
			panic("boom")
		})},
		ingest.Spec{Name: "stuck", Type: ingest.TypeRSS, Source: sourceFunc(func(ctx context.Context, _ *ingest.Session) error {
			<-ctx.Done()
			return nil
		})},
		ingest.Spec{Name: "good", Type: ingest.TypeRSS, Source: good},
	)
	good.push(t, posts(post("1", "acme")))
	rig.WaitError("broken", ingest.ReasonPanic)
	rig.Until("the source is started again", func() bool { return runs.Load() > 1 })
	good.push(t, posts(post("2", "acme")))
	require.Len(t, rig.Log.Matched(t), 2)
	require.InDelta(t, 0, rig.Errors("good", ingest.ReasonPanic), 0)
}

func TestApply(t *testing.T) {
	rig, a, b := ingesttest.New(t, ingesttest.Brands{"acme": "acme"}), newPushed(), newPushed()
	one := ingest.Spec{Name: "one", Type: ingest.TypeRSS, Fingerprint: "1", Source: a}
	rig.Start(one)
	a.push(t, posts(post("1", "acme")))
	same := one
	same.Source = b
	rig.Ingest.Apply([]ingest.Spec{same}) // the fingerprint did not change
	a.push(t, posts(post("2", "acme")))
	same.Fingerprint = "2"
	rig.Ingest.Apply([]ingest.Spec{same})
	b.push(t, posts(post("3", "acme")))
	rig.Ingest.Apply(nil)
	rig.Until("the source stops", func() bool {
		select {
		case b.in <- posts():
			select {
			case <-b.done:
			case <-time.After(50 * time.Millisecond):
			}
			return false
		case <-time.After(50 * time.Millisecond):
			return true
		}
	})
	require.Len(t, rig.Log.Matched(t), 3)
}

func TestPrepare(t *testing.T) {
	rig := ingesttest.New(t, nil)
	rig.Ingest.Prepare([]string{"a"}, []string{"acme"})
	for _, r := range ingest.Reasons() {
		require.InDelta(t, 0, rig.Errors("a", r), 0)
	}
	require.InDelta(t, 0, rig.Metric("leakytap_mentions_collected_total", "source", "a"), 0)
	require.InDelta(t, 0, rig.Metric("leakytap_mentions_matched_total", "source", "a", "brand", "acme"), 0)
	require.InDelta(t, 0, rig.Metric("leakytap_source_last_item_timestamp_seconds", "source", "a"), 0)
}

func TestStatIsKept(t *testing.T) {
	rig, src := start(t, ingesttest.Brands{"acme": "acme"})
	src.push(t, posts(post("1", "acme"), post("2", "other")))
	rig.Stop()
	stats, err := rig.Store.SourceStats(t.Context())
	require.NoError(t, err)
	require.Len(t, stats, 1)
	st := stats[0]
	require.Equal(t, int64(2), st.Read)
	require.Equal(t, int64(1), st.Matched)
	require.Equal(t, time.Minute, st.Poll)
	require.Equal(t, ingest.TypeRSS, st.Type)
	require.False(t, st.FirstAt.IsZero() || st.LastOK.IsZero() || st.LastItem.IsZero())
	again := newPushed()
	rig.Start(ingest.Spec{Name: "forum", Type: ingest.TypeRSS, Poll: time.Minute, Source: again})
	again.push(t, posts(post("3", "acme")))
	rig.Stop()
	stats, err = rig.Store.SourceStats(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(3), stats[0].Read)
	require.Equal(t, st.FirstAt, stats[0].FirstAt)
}
