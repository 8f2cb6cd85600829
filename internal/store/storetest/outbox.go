package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

const settle = 15 * time.Second

// put adds notices that must be new.
func put(t *testing.T, s *store.Store, notices ...record.Notice) {
	t.Helper()
	update(t, s, "acme", func(tx *store.Tx) {
		for _, n := range notices {
			fresh, err := tx.PutNotice(n)
			require.NoError(t, err)
			require.True(t, fresh)
		}
	})
}

// claimOne claims the one row that there must be to claim.
func claimOne(t *testing.T, s *store.Store, at time.Time) record.Notice {
	t.Helper()
	ns, err := s.ClaimNotices(t.Context(), "r", at, settle, 10)
	require.NoError(t, err)
	require.Len(t, ns, 1)
	return ns[0]
}

// claimNone checks that there is nothing to claim.
func claimNone(t *testing.T, s *store.Store, at time.Time) {
	t.Helper()
	ns, err := s.ClaimNotices(t.Context(), "r", at, settle, 10)
	require.NoError(t, err)
	require.Empty(t, ns)
}

func testSentOnce(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	n := notice("k", "r", "case", record.NoticeCard)
	n.DueAt = base().Add(time.Minute)
	put(t, s, n)
	claimNone(t, s, base())
	got := claimOne(t, s, n.DueAt)
	n.ID, n.State, n.SettleUntil = got.ID, record.NoticeSending, n.DueAt.Add(settle)
	require.Equal(t, n, got, "no tries before, nothing unsure")
	claimNone(t, s, n.DueAt.Add(settle-1))

	at := n.DueAt.Add(time.Second)
	require.NoError(t, s.MarkSent(t.Context(), n.ID, got.Attempts, record.Receipt{Channel: "C1", TS: "1.5"}, at))
	claimNone(t, s, n.DueAt.Add(time.Hour))
	row, err := s.Notice(t.Context(), n.ID)
	require.NoError(t, err)
	require.Equal(t, record.NoticeSent, row.State)
	require.Equal(t, at, row.SentAt)
	require.Equal(t, "1.5", row.TS)
	root, ok, err := s.RootReceipt(t.Context(), "case", "r")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, record.Receipt{Channel: "C1", TS: "1.5", Key: "k"}, root)
	_, ok, err = s.RootReceipt(t.Context(), "case", "other")
	require.NoError(t, err)
	require.False(t, ok)
	require.ErrorIs(t, s.MarkSent(t.Context(), n.ID, got.Attempts, record.Receipt{}, at), store.ErrStale)
	_, err = s.Notice(t.Context(), 999)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func testLiveCases(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	for i, state := range []record.State{record.StateOpen, record.StateResolved, record.StateClaimed, record.StateSnoozed} {
		c := aCase("acme", fmt.Sprintf("case%d", i), i)
		c.State = state
		update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.PutCase(c)) })
		if i == 3 {
			continue // no card of it was sent
		}
		put(t, s, notice("k"+c.ID, "r", c.ID, record.NoticeCard))
		got := claimOne(t, s, base().Add(time.Hour))
		require.NoError(t, s.MarkSent(t.Context(), got.ID, got.Attempts, record.Receipt{TS: "1"}, base()))
	}
	live, err := s.LiveCases(t.Context(), "r", "", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"case0", "case2"}, live)
	live, err = s.LiveCases(t.Context(), "r", "case0", 1)
	require.NoError(t, err)
	require.Equal(t, []string{"case2"}, live)
	live, err = s.LiveCases(t.Context(), "other", "", 0)
	require.NoError(t, err)
	require.Empty(t, live)
}

func testLatest(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	one, two, card, old := notice("g/a/1", "r", "", record.NoticeDigest), notice("g/a/2", "r", "", record.NoticeDigest),
		notice("c1", "r", "c1", record.NoticeCard), notice("c0", "r", "c0", record.NoticeCard)
	old.CreatedAt = base().Add(-25 * time.Hour)
	put(t, s, one, two, notice("g/b/1", "r", "", record.NoticeDigest), card, old, notice("c1/q", "q", "c1", record.NoticeCard))
	update(t, s, "acme", func(tx *store.Tx) {
		for _, by := range []struct{ receiver, prefix, want string }{{"r", "g/a/", "g/a/2"}, {"r", "g/", "g/b/1"}, {"r", "g/c", ""}, {"q", "g/", ""}, {"r", "g%", ""}} {
			n, ok, err := tx.LatestNotice(by.receiver, by.prefix)
			require.NoError(t, err)
			require.Equal(t, by.want != "", ok, by.prefix)
			require.Equal(t, by.want, n.Key)
		}
		n, err := tx.CountCards("r", base().Add(-24*time.Hour))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		for i, state := range []record.State{record.StateResolved, record.StateOpen, record.StateAnswered} {
			c := aCase("acme", fmt.Sprintf("case%d", i), i)
			c.State = state
			require.NoError(t, tx.PutCase(c))
		}
		live, err := tx.LiveCases("acme", 0)
		require.NoError(t, err)
		require.Equal(t, []string{"case1", "case2"}, caseIDs(live))
		live, err = tx.LiveCases("globex", 0)
		require.NoError(t, err)
		require.Empty(t, live)
	})
}

func testDefer(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	owe := func(i int, brand string, sev vent.Severity) {
		c := aCase(brand, fmt.Sprintf("case%02d", i), i)
		c.Severity = sev
		update(t, s, brand, func(tx *store.Tx) { require.NoError(t, tx.PutCase(c)) })
		n := notice("k"+c.ID, "r", c.ID, record.NoticeCard)
		n.Brand = brand
		put(t, s, n)
	}
	for i := range 6 {
		owe(i, "acme", vent.SeverityLow)
	}
	owe(6, "globex", vent.SeverityHigh)
	owe(7, "acme", vent.SeverityCritical)
	title := func(brand string, n int) string { return fmt.Sprintf("%s %d", brand, n) }
	n, err := s.DeferCards(t.Context(), "r", 7, 3, base(), title)
	require.NoError(t, err)
	require.Zero(t, n, "as many as may wait")
	ns, err := s.ClaimNotices(t.Context(), "r", base().Add(time.Hour), settle, 1)
	require.NoError(t, err)
	require.Len(t, ns, 1)
	n, err = s.DeferCards(t.Context(), "other", 0, 3, base(), title)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.DeferCards(t.Context(), "r", 1, 3, base(), title)
	require.NoError(t, err)
	require.Equal(t, 5, n)
	left, err := s.UnsentNotices(t.Context(), "r", 0, 0)
	require.NoError(t, err)
	var cards, digests []string
	for _, x := range left {
		if x.Kind == record.NoticeCard {
			cards = append(cards, x.Case)
			continue
		}
		digests = append(digests, fmt.Sprintf("%s: %d", x.Body.Title, len(x.Body.Items)))
		require.NotEmpty(t, x.Body.Items[0].URL)
		held, err := s.Notice(t.Context(), x.ID)
		require.NoError(t, err)
		require.Equal(t, x.Brand, held.Brand)
	}
	require.Equal(t, []string{"case00", "case01", "case07"}, cards, "what is being sent, what may wait, and what is critical")
	require.Equal(t, []string{"acme 3: 3", "acme 1: 1", "globex 1: 1"}, digests)
	n, err = s.DeferCards(t.Context(), "r", 1, 3, base(), title)
	require.NoError(t, err)
	require.Zero(t, n, "once")
}

func testKeys(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	n := notice("k", "r", "case", record.NoticeCard)
	put(t, s, n)
	require.NoError(t, s.PutNotices(t.Context(), []record.Notice{n, notice("k2", "r", "", record.NoticeOps)}))
	update(t, s, "acme", func(tx *store.Tx) {
		fresh, err := tx.PutNotice(n)
		require.NoError(t, err)
		require.False(t, fresh)
	})
	owed, err := s.UnsentNotices(t.Context(), "", 0, 0)
	require.NoError(t, err)
	require.Len(t, owed, 2)
	require.ErrorContains(t, s.PutNotices(t.Context(), []record.Notice{{Receiver: "r"}}), "needs a key")
	require.ErrorContains(t, s.PutNotices(t.Context(), []record.Notice{{Key: "k3"}}), "needs a key and a receiver")
}

func testRetry(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	put(t, s, notice("k", "r", "case", record.NoticeCard))
	n := claimOne(t, s, base())
	due := base().Add(time.Minute)
	require.NoError(t, s.MarkRetry(t.Context(), n.ID, n.Attempts, due, "http_429"))
	require.ErrorIs(t, s.MarkRetry(t.Context(), n.ID, n.Attempts, due, "http_429"), store.ErrStale)
	claimNone(t, s, due.Add(-1*time.Microsecond))
	again := claimOne(t, s, due)
	require.Equal(t, 1, again.Attempts)
	require.False(t, again.Unsure)
	require.True(t, again.FirstTry.IsZero())
	require.Equal(t, "http_429", again.Error)
	require.ErrorIs(t, s.MarkSent(t.Context(), n.ID, n.Attempts, record.Receipt{}, due), store.ErrStale, "an old claim marks nothing")
	require.NoError(t, s.MarkSent(t.Context(), n.ID, again.Attempts, record.Receipt{}, due))
}

func testDeadProcess(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	put(t, s, notice("k", "r", "case", record.NoticeReply))
	first := claimOne(t, s, base())
	claimNone(t, s, base().Add(settle-time.Microsecond))
	second := claimOne(t, s, base().Add(settle))
	require.True(t, second.Unsure)
	require.Equal(t, 1, second.Attempts)
	require.Equal(t, base(), second.FirstTry)
	require.ErrorIs(t, s.MarkSent(t.Context(), first.ID, first.Attempts, record.Receipt{}, base()), store.ErrStale, "the late one changes nothing")

	// It was not found and this try certainly failed: the first one may still turn up.
	due := base().Add(time.Minute)
	require.NoError(t, s.MarkRetry(t.Context(), second.ID, second.Attempts, due, "http_5xx"))
	third := claimOne(t, s, due)
	require.True(t, third.Unsure)
	require.Equal(t, base(), third.FirstTry)
	require.NoError(t, s.MarkDropped(t.Context(), third.ID, third.Attempts, "too_large", due))
	claimNone(t, s, due.Add(time.Hour))
	row, err := s.Notice(t.Context(), third.ID)
	require.NoError(t, err)
	require.Equal(t, record.NoticeDropped, row.State)
	require.Equal(t, "too_large", row.Error)
}

func testLostAnswer(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	put(t, s, notice("k", "r", "case", record.NoticeUpdate))
	n := claimOne(t, s, base())
	until := base().Add(2 * time.Minute)
	require.NoError(t, s.MarkAmbiguous(t.Context(), n.ID, n.Attempts, until, "timeout"))
	claimNone(t, s, until.Add(-time.Microsecond))
	again := claimOne(t, s, until)
	require.True(t, again.Unsure)
	require.Equal(t, base(), again.FirstTry)
	require.Equal(t, "timeout", again.Error)
	require.ErrorIs(t, s.MarkAmbiguous(t.Context(), n.ID, n.Attempts, until, "timeout"), store.ErrStale)
	require.ErrorIs(t, s.MarkDropped(t.Context(), n.ID, n.Attempts, "timeout", until), store.ErrStale)
	require.NoError(t, s.MarkSent(t.Context(), n.ID, again.Attempts, record.Receipt{}, until))
	_, ok, err := s.RootReceipt(t.Context(), "case", "r")
	require.NoError(t, err)
	require.False(t, ok, "only a card is a root message")
}

func testOwed(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	oldest, pending, err := s.OutboxStats(t.Context())
	require.NoError(t, err)
	require.True(t, oldest.IsZero())
	require.Empty(t, pending)
	late := notice("a", "r", "", record.NoticeOps)
	late.CreatedAt = base().Add(time.Hour)
	put(t, s, late, notice("b", "r", "", record.NoticeOps), notice("c", "q", "", record.NoticeOps), notice("d", "q", "", record.NoticeOps))
	n, err := s.ClaimNotices(t.Context(), "q", base(), settle, 1)
	require.NoError(t, err)
	require.NoError(t, s.MarkSent(t.Context(), n[0].ID, n[0].Attempts, record.Receipt{}, base()))
	oldest, pending, err = s.OutboxStats(t.Context())
	require.NoError(t, err)
	require.Equal(t, base(), oldest)
	require.Equal(t, map[string]int{"r": 2, "q": 1}, pending)
	owed, err := s.UnsentNotices(t.Context(), "r", 0, 1)
	require.NoError(t, err)
	require.Len(t, owed, 1)
	require.Equal(t, "a", owed[0].Key)
	owed, err = s.UnsentNotices(t.Context(), "r", owed[0].ID, 0)
	require.NoError(t, err)
	require.Len(t, owed, 1)
	require.Equal(t, "b", owed[0].Key)
}

func testOutboxOrder(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	later := notice("c1/card", "r", "c1", record.NoticeCard)
	later.DueAt = base().Add(time.Hour)
	put(t, s,
		later, notice("c1/update", "r", "c1", record.NoticeUpdate), // waits for the card, though due
		notice("c2/card", "r", "c2", record.NoticeCard), notice("c2/reply", "r", "c2", record.NoticeReply),
		notice("ops1", "r", "", record.NoticeOps), notice("ops2", "r", "", record.NoticeOps), // no case, no order
		notice("c1/elsewhere", "q", "c1", record.NoticeCard), // another receiver, another order
	)
	keys := func(at time.Time) []string {
		t.Helper()
		ns, err := s.ClaimNotices(t.Context(), "r", at, settle, 10)
		require.NoError(t, err)
		var out []string
		for _, n := range ns {
			out = append(out, n.Key)
			require.NoError(t, s.MarkSent(t.Context(), n.ID, n.Attempts, record.Receipt{}, at))
		}
		return out
	}
	require.Equal(t, []string{"c2/card", "ops1", "ops2"}, keys(base()))
	require.Equal(t, []string{"c2/reply"}, keys(base()))
	require.Empty(t, keys(base()))
	require.Equal(t, []string{"c1/card"}, keys(base().Add(time.Hour)))

	// A row that is being sent, or waits to be tried again, holds back those behind it.
	n := claimOne(t, s, base().Add(time.Hour))
	require.Equal(t, "c1/update", n.Key)
	put(t, s, notice("c1/reply", "r", "c1", record.NoticeReply))
	claimNone(t, s, base().Add(time.Hour))
	require.NoError(t, s.MarkRetry(t.Context(), n.ID, n.Attempts, base().Add(2*time.Hour), "refused"))
	claimNone(t, s, base().Add(time.Hour))
	n = claimOne(t, s, base().Add(2*time.Hour))
	require.NoError(t, s.MarkDropped(t.Context(), n.ID, n.Attempts, "refused", base()))
	require.Equal(t, []string{"c1/reply"}, keys(base().Add(2*time.Hour)))
	require.Empty(t, keys(base().Add(24*time.Hour)))
}

func testPendingUpdate(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	pending := func(want bool) {
		t.Helper()
		update(t, s, "acme", func(tx *store.Tx) {
			got, err := tx.PendingUpdate("c", "r")
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	pending(false)
	put(t, s, notice("reply", "r", "c", record.NoticeReply), notice("x", "q", "c", record.NoticeUpdate), notice("y", "r", "d", record.NoticeUpdate))
	pending(false)
	put(t, s, notice("card", "r", "c", record.NoticeCard))
	pending(true) // the card will show the case as it then is
	sendAll := func(at time.Time) {
		t.Helper()
		for {
			ns, err := s.ClaimNotices(t.Context(), "r", at, settle, 1)
			require.NoError(t, err)
			if len(ns) == 0 {
				return
			}
			require.NoError(t, s.MarkSent(t.Context(), ns[0].ID, ns[0].Attempts, record.Receipt{}, at))
		}
	}
	sendAll(base())
	pending(false)
	put(t, s, notice("u1", "r", "c", record.NoticeUpdate))
	pending(true)
	n := claimOne(t, s, base())
	pending(false) // it may show the case as it was
	require.NoError(t, s.MarkRetry(t.Context(), n.ID, n.Attempts, base(), "http_429"))
	pending(true) // it will be rendered anew
	claimOne(t, s, base())
	n = claimOne(t, s, base().Add(settle))
	require.NoError(t, s.MarkRetry(t.Context(), n.ID, n.Attempts, base().Add(time.Hour), "http_429"))
	pending(false) // one that is unsure may be found as it was
}

func testGrowingDigest(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	body := record.NoticeBody{Title: "2 posts", Lines: []string{"over budget"}, Items: []record.NoticeItem{
		{Mention: "m1", URL: "https://a.example", Author: "Jo", Text: "hello", Severity: "low"},
	}}
	d := notice("d", "r", "", record.NoticeDigest)
	d.Body = body
	put(t, s, notice("card", "r", "c", record.NoticeCard), d)
	body.Items = append(body.Items, record.NoticeItem{Mention: "m2", URL: "https://b.example"})
	var id int64
	update(t, s, "acme", func(tx *store.Tx) {
		for _, none := range []struct{ brand, receiver string }{{"globex", "r"}, {"acme", "q"}} {
			_, ok, err := tx.PendingDigest(none.brand, none.receiver)
			require.NoError(t, err)
			require.False(t, ok)
		}
		got, ok, err := tx.PendingDigest("acme", "r")
		require.NoError(t, err)
		require.True(t, ok)
		id = got.ID
		for _, by := range []struct {
			receiver, prefix string
			found            bool
		}{{"r", "d", true}, {"r", "", true}, {"r", "x", false}, {"q", "d", false}, {"r", "%", false}} {
			n, ok, err := tx.PendingNotice(by.receiver, by.prefix)
			require.NoError(t, err)
			require.Equal(t, by.found, ok, "%s %q", by.receiver, by.prefix)
			require.Equal(t, by.found, n.ID == id, "the newest of them")
		}
		ok, err = tx.SetNoticeBody(id, body)
		require.NoError(t, err)
		require.True(t, ok)
		for _, m := range []string{"m1", "m2"} {
			ns, err := tx.NoticesByMention(m)
			require.NoError(t, err)
			require.Len(t, ns, 1)
			require.Equal(t, body, ns[0].Body)
		}
	})
	ns, err := s.ClaimNotices(t.Context(), "r", base(), settle, 10)
	require.NoError(t, err)
	require.Len(t, ns, 2)
	require.Equal(t, body, ns[1].Body)
	update(t, s, "acme", func(tx *store.Tx) {
		_, ok, err := tx.PendingDigest("acme", "r")
		require.NoError(t, err)
		require.False(t, ok)
		_, ok, err = tx.PendingNotice("r", "d")
		require.NoError(t, err)
		require.False(t, ok)
		ok, err = tx.SetNoticeBody(id, record.NoticeBody{})
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func testDropPending(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	put(t, s, notice("tried", "q", "c", record.NoticeCard), notice("a", "r", "c", record.NoticeCard),
		notice("b", "r", "c", record.NoticeUpdate), notice("other", "r", "d", record.NoticeCard), notice("ops", "r", "", record.NoticeOps))
	_, err := s.ClaimNotices(t.Context(), "q", base(), settle, 1)
	require.NoError(t, err)
	update(t, s, "acme", func(tx *store.Tx) {
		n, err := tx.DropPending("c", "retracted", base())
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = tx.DropPending("", "retracted", base())
		require.NoError(t, err)
		require.Zero(t, n)
	})
	owed, err := s.UnsentNotices(t.Context(), "", 0, 0)
	require.NoError(t, err)
	var keys []string
	for _, n := range owed {
		keys = append(keys, n.Key)
	}
	require.Equal(t, []string{"tried", "other", "ops"}, keys)
}

func testConcurrentClaims(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	const rows, workers = 120, 8
	var ns []record.Notice
	for i := range rows {
		ns = append(ns, notice(fmt.Sprint("k", i), "r", fmt.Sprint("c", i%10), record.NoticeReply))
	}
	put(t, s, ns...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := ledger{got: map[int64]int{}, last: map[string]int64{}}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil && l.count() < rows {
				claimed, err := s.ClaimNotices(ctx, "r", base(), settle, 3)
				l.fault(err)
				for _, n := range claimed {
					l.take(n)
					l.fault(s.MarkSent(ctx, n.ID, n.Attempts, record.Receipt{}, base()))
				}
			}
		})
	}
	wg.Wait()
	require.Empty(t, l.faults)
	require.Len(t, l.got, rows)
	for id, n := range l.got {
		require.Equal(t, 1, n, "row %d was handed out %d times", id, n)
	}
}

// ledger notes what several claimers got.
type ledger struct {
	mu     sync.Mutex
	got    map[int64]int
	last   map[string]int64
	faults []string
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.got)
}

func (l *ledger) fault(err error) {
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.faults = append(l.faults, err.Error())
	}
}

func (l *ledger) take(n record.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got[n.ID]++
	if n.ID < l.last[n.Case] {
		l.faults = append(l.faults, fmt.Sprintf("%d after %d in case %s", n.ID, l.last[n.Case], n.Case))
	}
	l.last[n.Case] = n.ID
}
