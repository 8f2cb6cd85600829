package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// claimable keeps the rows of a receiver that may be claimed now: due, or left
// in state sending past their settle time, and with no earlier unsent row of
// the same case. Ids grow and a row that was sent never becomes unsent, so a row
// that is first in its case stays first.
const claimable = `n.receiver = ? AND n.state IN ('pending', 'sending')
	AND ((n.state = 'pending' AND n.due_at <= ?) OR (n.state = 'sending' AND n.settle_until <= ?))
	AND (n.case_id = '' OR NOT EXISTS (SELECT 1 FROM notices e WHERE e.case_id = n.case_id AND e.receiver = n.receiver
		AND e.id < n.id AND e.state IN ('pending', 'sending')))`

// ClaimNotices hands out rows of a receiver that may be sent now, oldest first,
// at most limit (10 where it is 0), and marks them as sending until now+settle.
// No two claims get one row at a time. A row is handed out only when no earlier
// row of its case and receiver is unsent.
//
// In what is returned Attempts counts the tries before this claim, and the mark
// calls take it as their attempt. Unsure says that one of those tries may have
// reached the receiver, because nothing was marked before its settle time was
// over: the row must be looked up, from FirstTry on, before it is sent again.
// FirstTry is zero where Unsure is false.
func (s *Store) ClaimNotices(ctx context.Context, receiver string, now time.Time, settle time.Duration, limit int) ([]record.Notice, error) {
	limit = limitOr(limit, 10, 1000)
	at := stamp(now)
	// Most calls find nothing: they must not cost a transaction of the writer.
	ids, err := list(ctx, s.reads, scalar[int64], "SELECT n.id FROM notices n WHERE "+claimable+" ORDER BY n.id LIMIT ?",
		receiver, at, at, limit)
	if err != nil || len(ids) == 0 {
		return nil, wrapClaim(receiver, err)
	}
	var out []record.Notice
	err = s.write(ctx, func(c conn) error {
		out = nil
		rows, err := list(context.WithoutCancel(ctx), c, scanNotice, "SELECT "+noticeColumns+" FROM notices n WHERE "+claimable+" ORDER BY n.id LIMIT ?",
			receiver, at, at, limit)
		if err != nil {
			return err
		}
		for _, n := range rows {
			mine, err := claim(context.WithoutCancel(ctx), c, &n, at, stamp(now.Add(settle)))
			if err != nil {
				return err
			}
			if mine {
				out = append(out, n)
			}
		}
		return nil
	})
	if err != nil {
		return nil, wrapClaim(receiver, err)
	}
	return out, nil
}

func wrapClaim(receiver string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("claiming notices for %s: %w", receiver, err)
}

// claim takes one row by compare-and-swap on its id, state and attempts.
func claim(ctx context.Context, c conn, n *record.Notice, at, settleUntil int64) (bool, error) {
	unsure := n.Unsure || n.State == record.NoticeSending
	firstTry := at
	if unsure {
		firstTry = stamp(n.FirstTry)
	}
	k, err := exec(ctx, c, `UPDATE notices SET state = 'sending', attempts = attempts + 1, doubt = ?, first_try = ?, settle_until = ?
		WHERE id = ? AND state = ? AND attempts = ?`, unsure, firstTry, settleUntil, n.ID, n.State, n.Attempts)
	if err != nil || k == 0 {
		return false, err
	}
	n.State, n.Unsure, n.SettleUntil = record.NoticeSending, unsure, when(settleUntil)
	if !unsure {
		n.FirstTry = time.Time{}
	}
	return true, nil
}

// The mark calls below name the claim by the row's id and the Attempts that
// ClaimNotices returned. They return ErrStale when the row is no longer that
// claim's: its settle time passed and another claimed it. Whoever was late
// does nothing more; the later claim looks the message up.

// MarkSent says that the receiver took the message. The receipt of a card
// becomes the case's root message at that receiver.
func (s *Store) MarkSent(ctx context.Context, id int64, attempt int, r record.Receipt, at time.Time) error {
	return s.mark(ctx, id, "sent", func(ctx context.Context, c conn) (int64, error) {
		n, err := exec(ctx, c, `UPDATE notices SET state = 'sent', doubt = 0, done_at = ?, channel = ?, ts = ?, error = ''
			WHERE id = ? AND state = 'sending' AND attempts = ?`, stamp(at), r.Channel, r.TS, id, attempt+1)
		if err != nil || n == 0 {
			return n, err
		}
		return n, saveReceipt(ctx, c, id, r, at)
	})
}

// saveReceipt keeps the receipt of a card beyond its row.
func saveReceipt(ctx context.Context, c conn, id int64, r record.Receipt, at time.Time) error {
	n, ok, err := first(ctx, c, scanNotice, "SELECT "+noticeColumns+" FROM notices WHERE id = ?", id)
	if err != nil || !ok || n.Kind != record.NoticeCard || n.Case == "" {
		return err
	}
	if r.Key == "" {
		r.Key = n.Key
	}
	_, err = exec(ctx, c, `INSERT INTO receipts (case_id, receiver, channel, ts, key, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (case_id, receiver) DO UPDATE SET channel = excluded.channel, ts = excluded.ts, key = excluded.key, at = excluded.at`,
		n.Case, n.Receiver, r.Channel, r.TS, r.Key, stamp(at))
	return err
}

// MarkRetry says that this try certainly did not reach the receiver: the row
// waits again until due. What an earlier try left unsure stays unsure.
func (s *Store) MarkRetry(ctx context.Context, id int64, attempt int, due time.Time, reason string) error {
	return s.mark(ctx, id, "to be tried again", func(ctx context.Context, c conn) (int64, error) {
		return exec(ctx, c, `UPDATE notices SET state = 'pending', due_at = ?, error = ?, settle_until = 0,
			first_try = CASE WHEN doubt = 1 THEN first_try ELSE 0 END
			WHERE id = ? AND state = 'sending' AND attempts = ?`, stamp(due), reason, id, attempt+1)
	})
}

// MarkAmbiguous says that this try may have reached the receiver: the row stays
// in state sending and is handed out again, as unsure, after settleUntil.
func (s *Store) MarkAmbiguous(ctx context.Context, id int64, attempt int, settleUntil time.Time, reason string) error {
	return s.mark(ctx, id, "ambiguous", func(ctx context.Context, c conn) (int64, error) {
		return exec(ctx, c, "UPDATE notices SET settle_until = ?, error = ? WHERE id = ? AND state = 'sending' AND attempts = ?",
			stamp(settleUntil), reason, id, attempt+1)
	})
}

// MarkDropped says that the message will never be sent.
func (s *Store) MarkDropped(ctx context.Context, id int64, attempt int, reason string, at time.Time) error {
	return s.mark(ctx, id, "dropped", func(ctx context.Context, c conn) (int64, error) {
		return exec(ctx, c, "UPDATE notices SET state = 'dropped', doubt = 0, done_at = ?, error = ? WHERE id = ? AND state = 'sending' AND attempts = ?",
			stamp(at), reason, id, attempt+1)
	})
}

func (s *Store) mark(ctx context.Context, id int64, what string, fn func(ctx context.Context, c conn) (int64, error)) error {
	err := s.write(ctx, func(c conn) error {
		n, err := fn(context.WithoutCancel(ctx), c)
		if err == nil && n == 0 {
			err = ErrStale
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("marking notice %d as %s: %w", id, what, err)
	}
	return nil
}

// RootReceipt is the root message of a case at a receiver, once its card was sent.
func (s *Store) RootReceipt(ctx context.Context, caseID, receiver string) (record.Receipt, bool, error) {
	r, ok, err := first(ctx, s.reads, func(scan scanFunc) (record.Receipt, error) {
		var r record.Receipt
		err := scan(&r.Channel, &r.TS, &r.Key)
		return r, err
	}, "SELECT channel, ts, key FROM receipts WHERE case_id = ? AND receiver = ?", caseID, receiver)
	if err != nil {
		return r, false, fmt.Errorf("reading the root message of case %s: %w", caseID, err)
	}
	return r, ok, nil
}

// Notice is a row of the outbox, ErrNotFound when there is none.
func (s *Store) Notice(ctx context.Context, id int64) (record.Notice, error) {
	n, ok, err := first(ctx, s.reads, scanNotice, "SELECT "+noticeColumns+" FROM notices WHERE id = ?", id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	if err != nil {
		return n, fmt.Errorf("reading notice %d: %w", id, err)
	}
	return n, nil
}

// UnsentNotices are the rows of the outbox that are still owed, of one receiver
// or, where it is empty, of all, oldest first, those after afterID, at most limit
// (100 where it is 0).
func (s *Store) UnsentNotices(ctx context.Context, receiver string, afterID int64, limit int) ([]record.Notice, error) {
	// The plus keeps the rows from being walked by id through all that was sent.
	out, err := list(ctx, s.reads, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE state IN ('pending', 'sending') AND (? = '' OR receiver = ?) AND +id > ? ORDER BY +id LIMIT ?`,
		receiver, receiver, afterID, limitOr(limit, 100, 1000))
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return out, nil
}

// OutboxStats says when the oldest unsent row was written, zero when nothing is
// owed, and how many rows each receiver is owed.
func (s *Store) OutboxStats(ctx context.Context) (oldest time.Time, pending map[string]int, err error) {
	pending = map[string]int{}
	err = each(ctx, s.reads, func(scan scanFunc) error {
		var (
			receiver string
			n        int
			at       int64
		)
		if err := scan(&receiver, &n, &at); err != nil {
			return err
		}
		pending[receiver] = n
		if t := when(at); oldest.IsZero() || t.Before(oldest) {
			oldest = t
		}
		return nil
	}, "SELECT receiver, COUNT(*), MIN(created_at) FROM notices WHERE state IN ('pending', 'sending') GROUP BY receiver")
	if err != nil {
		return time.Time{}, nil, fmt.Errorf("reading the outbox's state: %w", err)
	}
	return oldest, pending, nil
}

// LiveCases are the live cases that have a root message at a receiver, in the
// order of their ids, those above after, at most limit (100 where it is 0).
func (s *Store) LiveCases(ctx context.Context, receiver, after string, limit int) ([]string, error) {
	out, err := list(ctx, s.reads, scalar[string], `SELECT c.id FROM cases c CROSS JOIN receipts r ON r.case_id = c.id AND r.receiver = ?
		WHERE c.state IN ('open', 'snoozed', 'claimed', 'answered') AND c.id > ? ORDER BY c.id LIMIT ?`,
		receiver, after, limitOr(limit, 100, 1000))
	if err != nil {
		return nil, fmt.Errorf("reading the live cases at %s: %w", receiver, err)
	}
	return out, nil
}
