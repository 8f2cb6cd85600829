package store

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	// ErrorBacklog is the error of a card that became a line of a digest.
	ErrorBacklog = "backlog"
	// maxDeferred is how many cards one call takes, maxDeferredText how much of a post
	// a digest holds.
	maxDeferred     = 2000
	maxDeferredText = 400
)

// waiting is a card that waits.
type waiting struct {
	id       int64
	brand    string
	observed int64
	item     record.NoticeItem
}

func scanWaiting(scan scanFunc) (waiting, error) {
	var (
		w    waiting
		rank int
		text string
	)
	err := scan(&w.id, &w.brand, &w.observed, &w.item.Mention, &w.item.URL, &w.item.Author, &text, &rank)
	w.item.Text, w.item.Severity = firstOf(text, maxDeferredText), string(severity(rank))
	return w, err
}

// firstOf is the beginning of a text.
func firstOf(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// DeferCards drops all cards but the first keep that wait for a receiver and puts their
// posts into digests of each posts, a digest for each brand; title is what a digest is
// called. It is one transaction: each post is told once. Cards of critical cases and
// those that may have arrived stay as they are. It answers how many there were.
func (s *Store) DeferCards(ctx context.Context, receiver string, keep, each int, now time.Time, title func(brand string, posts int) string) (int, error) {
	const from = ` FROM notices n JOIN cases c ON c.id = n.case_id
		WHERE n.receiver = ? AND n.state IN ('pending', 'sending') AND n.state = 'pending' AND n.doubt = 0 AND n.kind = 'card' AND c.severity < ?`
	critical := rank(vent.SeverityCritical)
	// Most calls find few: they must not cost a transaction of the writer.
	n, _, err := first(ctx, s.reads, scalar[int], "SELECT COUNT(*)"+from, receiver, critical)
	if err != nil || n <= keep {
		return 0, wrapDefer(receiver, err)
	}
	deferred := 0
	err = s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		rows, err := list(ctx, c, scanWaiting, "SELECT n.id, n.brand, n.observed_at, c.root, c.url, c.author_name, c.text, c.severity"+from+
			" ORDER BY n.id LIMIT ? OFFSET ?", receiver, critical, maxDeferred, keep)
		if err != nil {
			return err
		}
		deferred = len(rows)
		for _, chunk := range chunks(rows, each) {
			if err := deferChunk(ctx, c, receiver, chunk, now, title); err != nil {
				return err
			}
		}
		return nil
	})
	return deferred, wrapDefer(receiver, err)
}

func wrapDefer(receiver string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("deferring cards for %s: %w", receiver, err)
}

// chunks are rows of one brand each, in order, at most size of them.
func chunks(rows []waiting, size int) [][]waiting {
	var out [][]waiting
	open := map[string]int{}
	for _, w := range rows {
		i, ok := open[w.brand]
		if !ok || len(out[i]) >= size {
			i = len(out)
			out, open[w.brand] = append(out, nil), i
		}
		out[i] = append(out[i], w)
	}
	return out
}

func deferChunk(ctx context.Context, c conn, receiver string, chunk []waiting, now time.Time, title func(string, int) string) error {
	one := chunk[0]
	n := record.Notice{
		Key: fmt.Sprintf("backlog/%s/%s/%d", one.brand, receiver, one.id), Receiver: receiver, Kind: record.NoticeDigest, Brand: one.brand,
		Body: record.NoticeBody{Title: title(one.brand, len(chunk))}, ObservedAt: when(one.observed), CreatedAt: now, DueAt: now,
	}
	for _, w := range chunk {
		n.Body.Items = append(n.Body.Items, w.item)
		if _, err := exec(ctx, c, "UPDATE notices SET state = 'dropped', done_at = ?, error = ? WHERE id = ? AND state = 'pending' AND doubt = 0",
			stamp(now), ErrorBacklog, w.id); err != nil {
			return err
		}
	}
	_, err := putNotice(ctx, c, n)
	return err
}
