package storetest

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// outboxWorld is an outbox, the processes that drain it and a receiver that has
// a memory: what a drain relies on, under any interleaving of their steps.
type outboxWorld struct {
	s        *store.Store
	receiver string
	now      time.Time
	rows     []string // keys in the order of writing
	// held are claims of processes that neither marked nor died.
	held []record.Notice
	// arrived is when each key reached the receiver.
	arrived map[string]time.Time
	dropped map[string]bool
	// done are the rows that were marked for good.
	done map[int64]bool
	// order is what reached the receiver for each case.
	order map[string][]int64
}

// check is rapid.Check with a number of runs of its own, where the flag
// -rapid.checks says nothing else.
func check(t *testing.T, fn func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		require.NoError(t, f.Value.Set(checks))
		defer func() { require.NoError(t, f.Value.Set(f.DefValue)) }()
	}
	rapid.Check(t, fn)
}

// testOutboxMachine: whatever happens between claims, marks, crashes and lost
// answers, no message is sent twice without a look-up between, and those of a
// case arrive in order.
func testOutboxMachine(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	run := 0
	check(t, func(rt *rapid.T) {
		run++
		w := &outboxWorld{
			s: s, receiver: fmt.Sprint("r", run), now: base(),
			arrived: map[string]time.Time{}, dropped: map[string]bool{}, done: map[int64]bool{}, order: map[string][]int64{},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put":   w.put,
			"claim": w.claim,
			"act":   w.act,
			"die":   func(*rapid.T) { w.held = nil },
			"wait": func(rt *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(rt, "seconds")) * time.Second)
			},
		})
		w.finish(rt)
	})
}

func (w *outboxWorld) put(rt *rapid.T) {
	key := fmt.Sprintf("%s/%d", w.receiver, len(w.rows))
	n := notice(key, w.receiver, fmt.Sprint(w.receiver, "/case", rapid.IntRange(0, 2).Draw(rt, "case")), record.NoticeReply)
	n.DueAt = w.now.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "due")) * time.Second)
	require.NoError(rt, w.s.PutNotices(rt.Context(), []record.Notice{n}))
	w.rows = append(w.rows, key)
}

func (w *outboxWorld) claim(rt *rapid.T) {
	ns, err := w.s.ClaimNotices(rt.Context(), w.receiver, w.now, settle, rapid.IntRange(1, 4).Draw(rt, "limit"))
	require.NoError(rt, err)
	for _, n := range ns {
		for _, h := range w.held {
			if h.ID == n.ID {
				require.False(rt, w.now.Before(h.SettleUntil), "row %d has two holders", n.ID)
				require.True(rt, n.Unsure, "row %d was taken over and is not said to be unsure", n.ID)
			}
			require.False(rt, h.Case == n.Case && h.ID < n.ID && !w.done[h.ID], "row %d of case %s overtakes %d", n.ID, n.Case, h.ID)
		}
		require.False(rt, w.dropped[n.Key], "row %d was dropped", n.ID)
		if at, ok := w.arrived[n.Key]; ok {
			require.True(rt, n.Unsure, "row %d arrived and is not said to be unsure", n.ID)
			require.False(rt, n.FirstTry.After(at), "a look-up from FirstTry on would miss it")
		}
	}
	w.held = append(w.held, ns...)
}

// act is what becomes of one claim.
func (w *outboxWorld) act(rt *rapid.T) {
	if len(w.held) == 0 {
		rt.Skip("nothing is held")
	}
	i := rapid.IntRange(0, len(w.held)-1).Draw(rt, "held")
	n := w.held[i]
	w.held = slices.Delete(w.held, i, i+1)
	late := !w.now.Before(n.SettleUntil)
	what := rapid.SampledFrom([]string{"answer", "lost answer", "crash after", "crash before", "refused", "dropped"}).Draw(rt, "what")
	ctx := rt.Context()
	var err error
	switch {
	case late: // it may send no more; marking must do no harm
		err = w.s.MarkRetry(ctx, n.ID, n.Attempts, w.now, "timeout")
		if !errors.Is(err, store.ErrStale) {
			require.NoError(rt, err)
		}
		return
	case what == "answer":
		w.send(rt, n)
		w.done[n.ID] = true
		err = w.s.MarkSent(ctx, n.ID, n.Attempts, record.Receipt{}, w.now)
	case what == "lost answer":
		if rapid.Bool().Draw(rt, "arrives") {
			w.send(rt, n)
		}
		err = w.s.MarkAmbiguous(ctx, n.ID, n.Attempts, w.now.Add(settle), "timeout")
	case what == "crash after":
		w.send(rt, n)
	case what == "refused":
		err = w.s.MarkRetry(ctx, n.ID, n.Attempts, w.now.Add(time.Second), "http_429")
	case what == "dropped":
		if _, ok := w.arrived[n.Key]; ok {
			return
		}
		w.dropped[n.Key], w.done[n.ID] = true, true
		err = w.s.MarkDropped(ctx, n.ID, n.Attempts, "too_large", w.now)
	}
	require.NoError(rt, err, "within its settle time the claim is its holder's")
}

// send is what a drain does: it looks up what is unsure, and sends what it did
// not find.
func (w *outboxWorld) send(rt *rapid.T, n record.Notice) {
	if n.Unsure {
		if _, found := w.arrived[n.Key]; found {
			return
		}
	}
	_, twice := w.arrived[n.Key]
	require.False(rt, twice, "%s is sent twice", n.Key)
	w.arrived[n.Key] = w.now
	if seen := w.order[n.Case]; len(seen) > 0 {
		require.Less(rt, seen[len(seen)-1], n.ID, "case %s out of order", n.Case)
	}
	w.order[n.Case] = append(w.order[n.Case], n.ID)
}

// finish drains what is left without faults: nothing may be lost.
func (w *outboxWorld) finish(rt *rapid.T) {
	w.held = nil
	w.now = w.now.Add(time.Hour)
	for {
		ns, err := w.s.ClaimNotices(rt.Context(), w.receiver, w.now, settle, 10)
		require.NoError(rt, err)
		if len(ns) == 0 {
			break
		}
		for _, n := range ns {
			w.send(rt, n)
			require.NoError(rt, w.s.MarkSent(rt.Context(), n.ID, n.Attempts, record.Receipt{}, w.now))
		}
	}
	for _, key := range w.rows {
		_, ok := w.arrived[key]
		require.NotEqual(rt, w.dropped[key], ok, "%s: arrived %v, dropped %v", key, ok, w.dropped[key])
	}
}

// testSeenMachine: what is known about a post is the sum of its sightings, in
// whatever order and however often they are saved.
func testSeenMachine(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	run := 0
	check(t, func(rt *rapid.T) {
		run++
		model := map[string]record.Seen{}
		saved := []store.Progress{}
		save := func(p store.Progress) {
			require.NoError(rt, s.SaveProgress(rt.Context(), p))
			for _, v := range p.Seen {
				model[v.ID] = addSeen(model[v.ID], v)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"save": func(rt *rapid.T) {
				p := store.Progress{Source: "sky"}
				for range rapid.IntRange(1, 4).Draw(rt, "posts") {
					p.Seen = append(p.Seen, drawSeen(rt, run))
				}
				saved = append(saved, p)
				save(p)
			},
			"again": func(rt *rapid.T) {
				if len(saved) == 0 {
					rt.Skip("nothing saved")
				}
				save(saved[rapid.IntRange(0, len(saved)-1).Draw(rt, "which")])
			},
			"": func(rt *rapid.T) {
				got, err := s.SeenByID(rt.Context(), append(slices.Collect(maps.Keys(model)), "unknown"))
				require.NoError(rt, err)
				require.Equal(rt, model, got)
			},
		})
	})
}

func drawSeen(rt *rapid.T, run int) record.Seen {
	n := rapid.IntRange(0, 3).Draw(rt, "post")
	revision := rapid.Int64Range(0, 3).Draw(rt, "revision")
	v := record.Seen{
		ID: fmt.Sprintf("x:%d/%d", run, n), Source: "sky", AuthorKey: fmt.Sprint("x:a", n), Revision: revision,
		// One revision has one text.
		TextHash:     1<<63 + uint64(n*10) + uint64(revision), //nolint:gosec // small numbers
		Conversation: fmt.Sprintf("x:%d/%d", run, n%2), Retracted: rapid.IntRange(0, 9).Draw(rt, "retracted") == 0,
		At: base().Add(time.Duration(rapid.IntRange(0, 9).Draw(rt, "at")) * time.Second),
	}
	for _, b := range []string{"acme", "globex"} {
		if rapid.Bool().Draw(rt, b) {
			v.Brands = append(v.Brands, b)
		}
	}
	return v
}

// addSeen is the model's own merge.
func addSeen(old, v record.Seen) record.Seen {
	if old.ID == "" {
		return v
	}
	brands := map[string]bool{}
	for _, b := range append(slices.Clone(old.Brands), v.Brands...) {
		brands[b] = true
	}
	out := v
	if old.Revision > v.Revision {
		out.Revision, out.TextHash = old.Revision, old.TextHash
	}
	out.Brands = slices.Sorted(maps.Keys(brands))
	out.Retracted = old.Retracted || v.Retracted
	out.Conversation = old.Conversation
	if old.At.After(v.At) {
		out.At = old.At
	}
	return out
}

// testRedeliveryMachine: batches that are delivered again, in parts and after
// failures, give the rows of one delivery, and a gapless sequence.
func testRedeliveryMachine(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	run := 0
	check(t, func(rt *rapid.T) {
		run++
		brand := fmt.Sprint("brand", run)
		decided := map[int]bool{}
		deliver := func(rt *rapid.T, fail bool) {
			batch := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 6).Draw(rt, "batch")
			err := s.Update(rt.Context(), []string{brand}, func(tx *store.Tx) error {
				for _, n := range batch {
					if err := decideOnce(tx, brand, n); err != nil {
						return err
					}
				}
				if fail {
					return errPlanned
				}
				return nil
			})
			if fail {
				require.ErrorIs(rt, err, errPlanned)
				return
			}
			require.NoError(rt, err)
			for _, n := range batch {
				decided[n] = true
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"deliver":      func(rt *rapid.T) { deliver(rt, false) },
			"deliver half": func(rt *rapid.T) { deliver(rt, true) },
		})
		page, err := s.RecentDecisions(rt.Context(), store.DecisionFilter{Brand: brand})
		require.NoError(rt, err)
		require.Len(rt, page.Rows, len(decided))
		seqs := map[int64]bool{}
		for _, d := range page.Rows {
			seqs[d.Seq] = true
		}
		for n := range len(decided) {
			require.True(rt, seqs[int64(n+1)], "the sequence has a gap at %d", n+1)
		}
		owed, err := s.UnsentNotices(rt.Context(), brand, 0, 0)
		require.NoError(rt, err)
		require.Len(rt, owed, len(decided))
	})
}

// decideOnce is what the desk does with one delivery of a post.
func decideOnce(tx *store.Tx, brand string, n int) error {
	d := decision(brand, n, record.OutcomeAlert)
	if _, ok, err := tx.Decision(brand, d.ID, d.Revision); err != nil || ok {
		return err
	}
	var err error
	if d.Seq, err = tx.NextSeq(brand); err != nil {
		return err
	}
	if err := tx.PutDecision(d); err != nil {
		return err
	}
	if err := tx.PutMention(stored(brand, n, "")); err != nil {
		return err
	}
	fresh, err := tx.PutNotice(notice(fmt.Sprint(brand, "/", n), brand, "", record.NoticeOps))
	if err == nil && !fresh {
		err = errors.New("the notice was there before its decision")
	}
	return err
}
