package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func openBench(b *testing.B, scratch bool) *Store {
	b.Helper()
	open := Open
	if scratch {
		open = OpenScratch
	}
	s, err := open(b.Context(), Config{}, b.TempDir(), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// likeReal is a post of usual size: 180 characters, a long id, an author.
func likeReal(n int) mention.Mention {
	native := fmt.Sprintf("did:plc:%024x/3m%011x", n%50000, n)
	return mention.Mention{
		ID: mention.MakeID("bluesky", native), Source: "bluesky", Platform: "bluesky", NativeID: native,
		URL:  "https://social.example/profile/did:plc:" + native[8:],
		Kind: mention.KindPost, Author: mention.Author{
			ID: native[:32], Handle: fmt.Sprintf("someone%d.social.example", n%50000), Name: "Some One", Followers: 830,
		},
		Text: fmt.Sprintf("%d: ", n) + strings.Repeat("three hours on hold and still nobody at the desk ", 3) + "why is it so hard, @acmeair",
		Lang: "en", CreatedAt: time.UnixMicro(1_790_000_000_000_000 + int64(n)*1e6), ObservedAt: time.UnixMicro(1_790_000_002_000_000 + int64(n)*1e6),
		Engagement: mention.Engagement{Likes: int64(n % 9)},
	}
}

func decisionOn(m mention.Mention, seq int64, caseID string) record.Decision {
	d := record.Decision{
		ID: m.ID, Brand: "acme", Outcome: record.OutcomeBelowThreshold, Severity: vent.SeverityHigh, Venting: 0.9312345678, Priority: 71,
		Case: caseID, Seq: seq, Now: m.ObservedAt, BrandHash: "5f2c9a1be07d4431", ConfigHash: "a0b1c2d3e4f50617", Threshold: 0.6,
		Why:   []string{"matched: @acmeair", "venting 0.93 >= 0.60", "severity high: waiting", "no silence", "budget 3 of 20"},
		Terms: []string{"@acmeair"}, Match: record.MatchQuery,
		Score: vent.Score{
			Venting: 0.9312345678, Negative: 0.9004123456, Neutral: 0.0795123456, Positive: 0.0200752988, Severity: vent.SeverityHigh,
			Topics: []string{"support"}, Signals: []string{"waiting"}, Lang: "en", Model: "2026-12-01",
			Reasons: []vent.Reason{
				{Start: 3, End: 22, Text: "three hours on hold", Weight: 1.8123}, {Start: 27, End: 39, Text: "still nobody", Weight: 0.91},
			},
		},
	}
	if caseID != "" {
		d.Outcome, d.Route = record.OutcomeAlert, "support"
	}
	return d
}

// decideBatch is what the desk writes for a batch of posts that each open a case.
func decideBatch(ctx context.Context, s *Store, from, size int) error {
	return s.Update(ctx, []string{"acme"}, func(tx *Tx) error {
		for n := from; n < from+size; n++ {
			m, id := likeReal(n), fmt.Sprintf("01J%023d", n)
			if _, ok, err := tx.LatestDecision("acme", m.ID); err != nil || ok {
				return fmt.Errorf("decided before: %v, %w", ok, err)
			}
			if _, err := tx.CasesByConversation("acme", m.Conversation(), m.ObservedAt.Add(-time.Hour)); err != nil {
				return err
			}
			if _, err := tx.CasesByAuthor("acme", m.AuthorKey(), m.ObservedAt.Add(-time.Hour)); err != nil {
				return err
			}
			seq, err := tx.NextSeq("acme")
			if err != nil {
				return err
			}
			c := record.Case{
				ID: id, Brand: "acme", State: record.StateOpen, Severity: vent.SeverityHigh, Priority: 71, About: "hours on hold",
				Topics: []string{"support"}, Signals: []string{"waiting"}, Root: m.ID, Conversation: m.Conversation(), AuthorKey: m.AuthorKey(),
				Platform: "bluesky", URL: m.URL, Text: m.Text, AuthorName: m.Author.Name, Venting: 0.93, Mentions: 1, Authors: 1,
				Route: "support", Episode: 1, OpenedAt: m.ObservedAt, UpdatedAt: m.ObservedAt, LastPostAt: m.CreatedAt,
			}
			notice := record.Notice{
				Key: id + "/1/card/support", Receiver: "support", Kind: record.NoticeCard, Brand: "acme", Case: id,
				ObservedAt: m.ObservedAt, CreatedAt: m.ObservedAt, DueAt: m.ObservedAt,
			}
			for _, write := range []func() error{
				func() error { return tx.PutDecision(decisionOn(m, seq, id)) },
				func() error { return tx.PutMention(record.Stored{Brand: "acme", Mention: m, Simhash: 7, Case: id}) },
				func() error { return tx.PutCase(c) },
				func() error {
					return tx.AddEvent(record.Event{Case: id, At: m.ObservedAt, What: "opened", Actor: "customer"})
				},
				func() error { _, err := tx.PutNotice(notice); return err },
			} {
				if err := write(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// BenchmarkDesk is the desk's transaction where every post opens a case:
// decision, mention, case, event and notice, and the look-ups before.
func BenchmarkDesk(b *testing.B) {
	for _, size := range []int{1, 50, 200} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s := openBench(b, false)
			n := 0
			for b.Loop() {
				if err := decideBatch(b.Context(), s, n, size); err != nil {
					b.Fatal(err)
				}
				n += size
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// BenchmarkDeskParallel has many callers of one post each, who share commits.
func BenchmarkDeskParallel(b *testing.B) {
	s := openBench(b, false)
	next := make(chan int)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case next <- n:
			case <-done:
				return
			}
		}
	}()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := decideBatch(b.Context(), s, <-next, 1); err != nil {
				b.Error(err)
				return
			}
		}
	})
	close(done)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkClaim claims and marks one notice behind ten thousand that were sent.
func BenchmarkClaim(b *testing.B) {
	s := openBench(b, false)
	now := time.Now()
	key := 0
	fill := func(n int) {
		var ns []record.Notice
		for range n {
			key++
			ns = append(ns, record.Notice{
				Key: strconv.Itoa(key), Receiver: "r", Kind: record.NoticeCard, Case: fmt.Sprint("c", key), CreatedAt: now, DueAt: now,
			})
		}
		require.NoError(b, s.PutNotices(b.Context(), ns))
	}
	drain := func(limit int) int {
		ns, err := s.ClaimNotices(b.Context(), "r", now, time.Minute, limit)
		require.NoError(b, err)
		for _, n := range ns {
			require.NoError(b, s.write(b.Context(), func(c conn) error {
				_, err := exec(b.Context(), c, "UPDATE notices SET state = 'sent', done_at = 1 WHERE id = ?", n.ID)
				return err
			}))
		}
		return len(ns)
	}
	fill(10_000)
	for drain(1000) > 0 {
	}
	b.Run("nothing due", func(b *testing.B) {
		for b.Loop() {
			require.Zero(b, drain(10))
		}
	})
	b.Run("one due", func(b *testing.B) {
		for b.Loop() {
			fill(1)
			ns, err := s.ClaimNotices(b.Context(), "r", now, time.Minute, 10)
			require.NoError(b, err)
			require.Len(b, ns, 1)
			require.NoError(b, s.MarkSent(b.Context(), ns[0].ID, ns[0].Attempts, record.Receipt{}, now))
		}
	})
	b.Run("ten thousand due", func(b *testing.B) {
		fill(10_000)
		for b.Loop() {
			ns, err := s.ClaimNotices(b.Context(), "r", now, 0, 10)
			require.NoError(b, err)
			require.Len(b, ns, 10)
		}
	})
}

// BenchmarkLists reads the inbox's first page and the counts beside a hundred
// thousand decisions, ten thousand of which opened cases.
func BenchmarkLists(b *testing.B) {
	s := openBench(b, true)
	const decisions, cases = 100_000, 10_000
	for from := 0; from < cases; from += 500 {
		require.NoError(b, decideBatch(b.Context(), s, from, 500))
	}
	for from := cases; from < decisions; from += 1000 {
		require.NoError(b, s.Update(b.Context(), []string{"acme"}, func(tx *Tx) error {
			for n := from; n < from+1000; n++ {
				m := likeReal(n)
				if err := tx.PutDecision(decisionOn(m, int64(n), "")); err != nil {
					return err
				}
				if err := tx.PutMention(record.Stored{Brand: "acme", Mention: m}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	size, err := s.Size(b.Context())
	require.NoError(b, err)
	last, err := s.Cases(b.Context(), CaseFilter{Limit: 1000})
	require.NoError(b, err)
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"cases", func() error { _, err := s.Cases(b.Context(), CaseFilter{Limit: 50}); return err }},
		{"cases of a brand, page 21", func() error {
			_, err := s.Cases(b.Context(), CaseFilter{Brand: "acme", Limit: 50, After: last[999].ID})
			return err
		}},
		{"case counts", func() error { _, err := s.CaseCounts(b.Context()); return err }},
		{"dossier", func() error { _, err := s.Dossier(b.Context(), last[500].ID); return err }},
		{"why by url", func() error { _, err := s.Decisions(b.Context(), likeReal(77_777).URL); return err }},
		{"recent decisions", func() error { _, err := s.RecentDecisions(b.Context(), DecisionFilter{Brand: "acme"}); return err }},
		{"prune with nothing to do", func() error { return s.Prune(b.Context(), likeReal(0).ObservedAt) }},
		{"500 recent cases", func() error {
			return s.Update(b.Context(), nil, func(tx *Tx) error { _, err := tx.CasesSince("acme", time.Time{}); return err })
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)/decisions, "bytes/mention")
		})
	}
}

// BenchmarkBytes is what a mention costs on the disk: one that was only decided
// about, and one that opened a case.
func BenchmarkBytes(b *testing.B) {
	const rows = 20_000
	measure := func(b *testing.B, write func(s *Store)) {
		b.Helper()
		for b.Loop() {
			s := openBench(b, true)
			write(s)
			require.NoError(b, s.write(b.Context(), func(conn) error { return nil }))
			_, err := s.db.EmptyLog(b.Context())
			require.NoError(b, err)
			size, err := s.Size(b.Context())
			require.NoError(b, err)
			b.ReportMetric(float64(size)/rows, "bytes/mention")
		}
	}
	b.Run("decided", func(b *testing.B) {
		measure(b, func(s *Store) {
			for from := 0; from < rows; from += 1000 {
				require.NoError(b, s.Update(b.Context(), []string{"acme"}, func(tx *Tx) error {
					for n := from; n < from+1000; n++ {
						require.NoError(b, tx.PutDecision(decisionOn(likeReal(n), int64(n), "")))
						require.NoError(b, tx.PutMention(record.Stored{Brand: "acme", Mention: likeReal(n), Simhash: 7}))
					}
					return nil
				}))
				require.NoError(b, s.SaveProgress(b.Context(), Progress{Source: "bluesky", Seen: seenOf(from, from+1000)}))
			}
		})
	})
	b.Run("case opened", func(b *testing.B) {
		measure(b, func(s *Store) {
			for from := 0; from < rows; from += 1000 {
				require.NoError(b, decideBatch(b.Context(), s, from, 1000))
				require.NoError(b, s.SaveProgress(b.Context(), Progress{Source: "bluesky", Seen: seenOf(from, from+1000)}))
			}
		})
	})
}

func seenOf(from, to int) []record.Seen {
	var out []record.Seen
	for n := from; n < to; n++ {
		m := likeReal(n)
		out = append(out, record.Seen{
			ID: m.ID, Source: m.Source, AuthorKey: m.AuthorKey(), Conversation: m.Conversation(), Brands: []string{"acme"},
			TextHash: uint64(n) << 40, At: m.ObservedAt,
		})
	}
	return out
}

// BenchmarkProgress saves a firehose's cursor with fifty posts.
func BenchmarkProgress(b *testing.B) {
	s := openBench(b, false)
	n := 0
	for b.Loop() {
		p := Progress{Source: "bluesky", Cursor: []byte(strconv.Itoa(n)), Seen: seenOf(n, n+50), Stat: record.SourceStat{Source: "bluesky"}}
		if err := s.SaveProgress(b.Context(), p); err != nil {
			b.Fatal(err)
		}
		n += 50
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
}
