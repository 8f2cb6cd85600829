package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const noticeColumns = `id, key, receiver, kind, state, brand, case_id, mention, body, observed_at, created_at, due_at,
	attempts, doubt, first_try, settle_until, done_at, channel, ts, error`

// scanNotice reads a row as it is stored; Unsure is the row's doubt.
func scanNotice(scan scanFunc) (record.Notice, error) {
	var (
		v                                                record.Notice
		body                                             string
		observed, created, due, firstTry, settle, doneAt int64
	)
	if err := scan(&v.ID, &v.Key, &v.Receiver, &v.Kind, &v.State, &v.Brand, &v.Case, &v.Mention, &body, &observed, &created, &due,
		&v.Attempts, &v.Unsure, &firstTry, &settle, &doneAt, &v.Channel, &v.TS, &v.Error); err != nil {
		return v, err
	}
	v.ObservedAt, v.CreatedAt, v.DueAt = when(observed), when(created), when(due)
	v.FirstTry, v.SettleUntil = when(firstTry), when(settle)
	if v.State == record.NoticeSent {
		v.SentAt = when(doneAt)
	}
	if err := unpack(body, &v.Body); err != nil {
		return v, fmt.Errorf("notice %d: %w", v.ID, err)
	}
	return v, nil
}

// PutNotice adds a message to the outbox. It is false, and nothing is written,
// when its key was used before: by a row that waits, or by one that was sent or
// dropped in the last 30 days or more.
func (tx *Tx) PutNotice(n record.Notice) (bool, error) {
	return putNotice(tx.ctx, tx.c, n)
}

// PutNotices adds messages to the outbox outside of any case's transaction:
// what the daemon has to say about itself. Those whose key was used before are
// left out.
func (s *Store) PutNotices(ctx context.Context, notices []record.Notice) error {
	return s.write(ctx, func(c conn) error {
		for _, n := range notices {
			if _, err := putNotice(context.WithoutCancel(ctx), c, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func putNotice(ctx context.Context, c conn, n record.Notice) (bool, error) {
	if n.Key == "" || n.Receiver == "" {
		return false, errors.New("adding to the outbox: a notice needs a key and a receiver")
	}
	body, err := packBody(n.Body)
	if err != nil {
		return false, fmt.Errorf("adding notice %s: %w", n.Key, err)
	}
	// RETURNING id would cost a savepoint for each row.
	k, err := exec(ctx, c, `INSERT INTO notices
		(key, receiver, kind, state, brand, case_id, mention, body, observed_at, created_at, due_at,
		attempts, doubt, first_try, settle_until, done_at, channel, ts, error)
		VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, '', '', '')
		ON CONFLICT (key) DO NOTHING`,
		n.Key, n.Receiver, n.Kind, n.Brand, n.Case, n.Mention, body, stamp(n.ObservedAt), stamp(n.CreatedAt), stamp(n.DueAt))
	if err != nil {
		return false, fmt.Errorf("adding notice %s: %w", n.Key, err)
	}
	if k == 0 || len(n.Body.Items) == 0 {
		return k > 0, nil
	}
	id, _, err := first(ctx, c, scalar[int64], "SELECT id FROM notices WHERE key = ?", n.Key)
	if err != nil {
		return false, fmt.Errorf("reading back notice %s: %w", n.Key, err)
	}
	return true, linkBody(ctx, c, id, n.Body)
}

// packBody is a body as a column, ” for one that says nothing.
func packBody(b record.NoticeBody) (string, error) {
	if b.Title == "" && len(b.Lines) == 0 && len(b.Items) == 0 {
		return "", nil
	}
	out, err := json.Marshal(b)
	return string(out), err
}

// linkBody notes whose words a body holds.
func linkBody(ctx context.Context, c conn, id int64, b record.NoticeBody) error {
	for _, item := range b.Items {
		if item.Mention == "" {
			continue
		}
		_, err := exec(ctx, c, "INSERT INTO notice_mentions (mention, notice_id) VALUES (?, ?) ON CONFLICT DO NOTHING", item.Mention, id)
		if err != nil {
			return fmt.Errorf("linking notice %d: %w", id, err)
		}
	}
	return nil
}

// SetNoticeBody replaces what a notice says. It is false when the row was
// claimed meanwhile or ever: what it says may be on its way.
func (tx *Tx) SetNoticeBody(id int64, b record.NoticeBody) (bool, error) {
	ctx := tx.ctx
	body, err := packBody(b)
	if err != nil {
		return false, fmt.Errorf("rewriting notice %d: %w", id, err)
	}
	n, err := exec(ctx, tx.c, "UPDATE notices SET body = ? WHERE id = ? AND state = 'pending' AND doubt = 0", body, id)
	if err != nil {
		return false, fmt.Errorf("rewriting notice %d: %w", id, err)
	}
	if n == 0 {
		return false, nil
	}
	return true, linkBody(ctx, tx.c, id, b)
}

// PendingDigest is the digest of a brand for a receiver that was not tried yet:
// more posts may be added to it with SetNoticeBody.
func (tx *Tx) PendingDigest(brand, receiver string) (record.Notice, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE receiver = ? AND state IN ('pending', 'sending') AND state = 'pending' AND doubt = 0
		AND kind = 'digest' AND brand = ? AND case_id = '' ORDER BY id DESC LIMIT 1`, receiver, brand)
	if err != nil {
		return v, false, fmt.Errorf("reading the pending digest of brand %s: %w", brand, err)
	}
	return v, ok, nil
}

// PendingNotice is the newest notice for a receiver whose key begins with prefix
// and that was not tried yet: more posts may be added to it with SetNoticeBody.
func (tx *Tx) PendingNotice(receiver, prefix string) (record.Notice, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE receiver = ? AND state IN ('pending', 'sending') AND state = 'pending' AND doubt = 0
		AND substr(key, 1, length(?)) = ? ORDER BY id DESC LIMIT 1`, receiver, prefix, prefix)
	if err != nil {
		return v, false, fmt.Errorf("reading the pending notice %s: %w", prefix, err)
	}
	return v, ok, nil
}

// LatestNotice is the newest row of a receiver whose key begins with prefix, in
// whatever state it is.
func (tx *Tx) LatestNotice(receiver, prefix string) (record.Notice, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE key >= ? AND key < ? || char(1114111) AND receiver = ? ORDER BY id DESC LIMIT 1`, prefix, prefix, receiver)
	if err != nil {
		return v, false, fmt.Errorf("reading the latest notice %s: %w", prefix, err)
	}
	return v, ok, nil
}

// CountCards counts the cards that a receiver was owed since then.
func (tx *Tx) CountCards(receiver string, since time.Time) (int, error) {
	n, _, err := first(tx.ctx, tx.c, scalar[int], "SELECT COUNT(*) FROM notices WHERE kind = 'card' AND receiver = ? AND created_at >= ?",
		receiver, stamp(since))
	if err != nil {
		return 0, fmt.Errorf("counting the cards of %s: %w", receiver, err)
	}
	return n, nil
}

// PendingUpdate reports whether a message that shows the case as it then is
// waits already: another update would say the same. A row that is being sent
// does not count, since it may show the case as it was.
func (tx *Tx) PendingUpdate(caseID, receiver string) (bool, error) {
	_, ok, err := first(tx.ctx, tx.c, scalar[int], `SELECT 1 FROM notices
		WHERE case_id = ? AND receiver = ? AND state IN ('pending', 'sending') AND state = 'pending' AND doubt = 0
		AND kind IN ('card', 'update') LIMIT 1`, caseID, receiver)
	if err != nil {
		return false, fmt.Errorf("looking for a pending update of case %s: %w", caseID, err)
	}
	return ok, nil
}

// DropPending drops the waiting messages of a case that were never tried, and
// returns how many there were: a post that was taken away before its card was
// sent gets none.
func (tx *Tx) DropPending(caseID, reason string, at time.Time) (int, error) {
	n, err := exec(tx.ctx, tx.c, `UPDATE notices SET state = 'dropped', error = ?, done_at = ?
		WHERE case_id = ? AND case_id <> '' AND state IN ('pending', 'sending') AND state = 'pending' AND doubt = 0`,
		reason, stamp(at), caseID)
	if err != nil {
		return 0, fmt.Errorf("dropping the waiting notices of case %s: %w", caseID, err)
	}
	return int(n), nil
}

// NoticesByMention are the outbox's rows, sent ones too, whose body names a post,
// oldest first, at most 100: the digests that its edit or retraction concerns.
func (tx *Tx) NoticesByMention(mentionID string) ([]record.Notice, error) {
	return noticesByMention(tx.ctx, tx.c, mentionID)
}

func noticesByMention(ctx context.Context, c conn, mentionID string) ([]record.Notice, error) {
	out, err := list(ctx, c, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE id IN (SELECT notice_id FROM notice_mentions WHERE mention = ?) ORDER BY id LIMIT 100`, mentionID)
	if err != nil {
		return nil, fmt.Errorf("reading the notices that name %s: %w", mentionID, err)
	}
	return out, nil
}
