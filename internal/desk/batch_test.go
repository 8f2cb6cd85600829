package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leakytap/leakytap/internal/casework"
	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// A bad record is named, and every other of its batch is decided upon.
func TestABadRecordLosesNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *desk.Options) {
		o.About = func(text string, _ []string) string {
			if strings.Contains(text, "poison") {
				panic("cannot read this")
			}
			return ""
		}
	})
	ds, err := b.desk.Scored(t.Context(), []record.Scored{
		complaint("1"),
		complaint("2", from("sam"), func(s *record.Scored) { s.V = record.Version + 1 }),
		complaint("3", from("lou"), func(s *record.Scored) { s.Mention.Text = "poison" }),
		complaint("4", from("kay"), func(s *record.Scored) { s.Mention.ID = "" }),
		complaint("5", from("max"), func(s *record.Scored) { s.Match = "guess" }),
		complaint("6", from("pat")),
	})
	bad, ok := errors.AsType[*desk.BadRecordsError](err)
	require.True(t, ok, "%v", err)
	var got []string
	for _, r := range bad.Bad {
		got = append(got, fmt.Sprint(r.Index, r.Reason))
	}
	require.ElementsMatch(t, []string{"1newer_version", "2panic", "3bad_record", "4bad_record"}, got)
	require.Equal(t, record.OutcomeAlert, ds[0].Outcome)
	require.Equal(t, record.OutcomeAlert, ds[5].Outcome)
	require.Len(t, b.cases(), 2)
}

// flaky fails the Update calls that its list names.
type flaky struct {
	*store.Store
	calls int
	fails map[int]error
}

func (f *flaky) Update(ctx context.Context, brands []string, fn func(*store.Tx) error) error {
	f.calls++
	if err := f.fails[f.calls]; err != nil {
		return errors.Join(err, f.Store.Update(ctx, brands, func(tx *store.Tx) error { return errors.Join(fn(tx), err) }))
	}
	return f.Store.Update(ctx, brands, fn)
}

func TestAFailingTransaction(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	batch := []record.Scored{complaint("1"), complaint("2", from("sam")), complaint("3", from("lou"))}
	b := newBench(t)
	mk := func(fails map[int]error) *desk.Desk {
		d, err := desk.New(desk.Options{
			Store: &flaky{Store: b.store, fails: fails}, Rules: func() *desk.Rules { return rulesOf(t, acme()) }, Now: noon,
		})
		require.NoError(t, err)
		return d
	}
	_, err := mk(map[int]error{1: broken, 2: broken, 3: broken, 4: broken}).Scored(t.Context(), batch)
	require.ErrorIs(t, err, broken)
	_, isBad := errors.AsType[*desk.BadRecordsError](err)
	require.False(t, isBad, "a store that takes nothing is no fault of the records")
	require.Empty(t, b.cases(), "nothing of a transaction that failed is there")

	ds, err := mk(map[int]error{1: broken, 3: broken}).Scored(t.Context(), batch)
	bad, isBad := errors.AsType[*desk.BadRecordsError](err)
	require.True(t, isBad)
	require.Equal(t, []any{1, 1, "failed"}, []any{len(bad.Bad), bad.Bad[0].Index, bad.Bad[0].Reason})
	require.Equal(t, record.OutcomeAlert, ds[2].Outcome)
	require.Len(t, b.cases(), 2)
	_, err = mk(nil).Scored(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, b.cases(), 3)
}

// Two workers on one brand never make two cases of one author.
func TestTwoWorkersOneCaseForEachAuthor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const authors, posts = 20, 4
	var wg sync.WaitGroup
	for w := range posts {
		wg.Go(func() {
			var batch []record.Scored
			for a := range authors {
				batch = append(batch, complaint(fmt.Sprintf("%d-%d", a, w), from(fmt.Sprint("a", a))))
				if len(batch) == 7 {
					if _, err := b.desk.Scored(context.Background(), batch); err != nil {
						t.Error(err)
					}
					batch = nil
				}
			}
			if _, err := b.desk.Scored(context.Background(), batch); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	cs := b.cases()
	require.Len(t, cs, authors)
	for _, c := range cs {
		require.Equal(t, posts, c.Mentions)
		require.NoError(t, casework.Check(c))
	}
}

// maxRuns bounds the runs of the next test: each is a dozen transactions.
const maxRuns = 40

// Giving any batch again, in any pieces, changes nothing: what a crash between two
// commits brings.
func TestRedeliveryChangesNothing(t *testing.T) {
	t.Parallel()
	b, runs := newBench(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs >= maxRuns {
			return
		}
		posts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) record.Scored {
			s := complaint(rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(rt, "id"),
				from(rapid.SampledFrom([]string{"jo", "sam", "acmeair"}).Draw(rt, "author")))
			s.Mention.Revision = rapid.Int64Range(0, 2).Draw(rt, "revision")
			s.Mention.Author.Handle = strings.TrimSuffix(s.Mention.Author.Handle, ".example")
			s.Match = rapid.SampledFrom([]string{record.MatchQuery, record.MatchWatched, record.MatchSeen}).Draw(rt, "match")
			if rapid.Bool().Draw(rt, "reply") {
				under("1")(&s)
			}
			switch rapid.IntRange(0, 4).Draw(rt, "words") {
			case 0:
				saying("all sorted", "resolved")(&s)
			case 1:
				saying("hm")(&s)
			case 2:
				retracted(&s)
			}
			s.Late = rapid.IntRange(0, 5).Draw(rt, "late") == 0
			return s
		}), 1, 12).Draw(rt, "posts")
		run := func(again bool) ([]record.Case, []string) {
			// Each run has a brand of its own: brands know nothing of each other.
			runs++
			own := acme()
			own.Name = fmt.Sprintf("acme%04d", runs)
			b.use(rulesOf(t, own))
			batch := make([]record.Scored, len(posts))
			for i, s := range posts {
				s.Brand, s.BrandHash = own.Name, own.Hash()
				batch[i] = s
			}
			for i := 0; i < len(batch); i += 3 {
				part := batch[i:min(i+3, len(batch))]
				_, err := b.desk.Scored(t.Context(), part)
				require.NoError(rt, err)
				if again {
					_, err = b.desk.Scored(t.Context(), part[len(part)/2:])
					require.NoError(rt, err)
					_, err = b.desk.Scored(t.Context(), batch[:i+1])
					require.NoError(rt, err)
				}
			}
			cs, err := b.store.Cases(t.Context(), store.CaseFilter{States: record.States(), Brand: own.Name, Limit: 500})
			require.NoError(rt, err)
			names := []string{own.Name, "brand"}
			for i := range cs {
				require.NoError(rt, casework.Check(cs[i]))
				names = append(names, cs[i].ID, "case of "+cs[i].Root)
				cs[i].ID, cs[i].Brand = "", ""
				for k, id := range cs[i].Linked {
					linked, err := b.store.Case(t.Context(), id)
					require.NoError(rt, err)
					cs[i].Linked[k] = linked.Root
				}
			}
			slices.SortFunc(cs, func(a, b record.Case) int { return strings.Compare(a.Root, b.Root) })
			var keys []string
			for _, n := range b.sent() {
				keys = append(keys, strings.NewReplacer(names...).Replace(n.Key))
			}
			slices.Sort(keys)
			return cs, keys
		}
		once, keysOnce := run(false)
		twice, keysTwice := run(true)
		require.Equal(rt, once, twice)
		require.Equal(rt, keysOnce, keysTwice)
	})
}

func BenchmarkScored(b *testing.B) {
	for _, c := range []struct {
		name  string
		calm  bool
		batch int
	}{{"complaints/1", false, 1}, {"complaints/50", false, 50}, {"calm/1", true, 1}, {"calm/50", true, 50}, {"calm/256", true, 256}} {
		b.Run(c.name, func(b *testing.B) {
			bn := newBench(b)
			brandHash, n := acme().Hash(), 0
			for b.Loop() {
				batch := make([]record.Scored, c.batch)
				for i := range batch {
					n++
					batch[i] = complaint(strconv.Itoa(n), from(fmt.Sprint("a", n)))
					batch[i].BrandHash = brandHash
					if c.calm {
						saying(fmt.Sprint("flying acme today ", n))(&batch[i])
					}
				}
				if _, err := bn.desk.Scored(b.Context(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mentions/s")
		})
	}
}
