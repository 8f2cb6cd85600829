package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/record"
)

// EraseMention takes a retracted post's text, title and author out of every row
// that holds them for the brand: the post itself, the case that it opened (text,
// reasons, what it is about, author), histories, decisions (reasons, and what
// their whys quote; the operator's own query terms stay) and labels. The bodies
// of notices, the dead letters and the unmatched sample know no brand: there it
// is erased for all. The rows stay, and say that it was retracted.
func (tx *Tx) EraseMention(brand, id string) error {
	if err := tx.holds(brand); err != nil {
		return err
	}
	if err := eraseFor(tx.ctx, tx.c, brand, id); err != nil {
		return err
	}
	if err := eraseShared(tx.ctx, tx.c, id); err != nil {
		return err
	}
	delete(tx.recent, brand)
	tx.casesChanged, tx.erased = true, true
	return nil
}

// EraseEverywhere is EraseMention for every brand that knows the post.
func (s *Store) EraseEverywhere(ctx context.Context, mentionID string) error {
	err := s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		brands, err := list(ctx, c, scalar[string], `SELECT brand FROM mentions WHERE id = ?
			UNION SELECT brand FROM decisions WHERE id = ? UNION SELECT brand FROM cases WHERE root = ?
			UNION SELECT brand FROM labels WHERE mention = ?`, mentionID, mentionID, mentionID, mentionID)
		if err != nil {
			return err
		}
		for _, brand := range brands {
			if err := eraseFor(ctx, c, brand, mentionID); err != nil {
				return err
			}
		}
		if err := bumpCounter(ctx, c, caseCounter); err != nil {
			return err
		}
		return eraseShared(ctx, c, mentionID)
	})
	if err != nil {
		return fmt.Errorf("erasing mention %s: %w", mentionID, err)
	}
	s.scrub.set()
	s.emptyLog(ctx)
	return nil
}

// eraseFor erases a post for one brand.
func eraseFor(ctx context.Context, c conn, brand, id string) error {
	old, _, err := mentionOf(ctx, c, brand, id)
	if err != nil {
		return err
	}
	texts := []string{old.Mention.Text, old.Mention.Title}
	names := []string{old.Mention.Author.Name, old.Mention.Author.Handle}
	cases, err := list(ctx, c, scanCase, "SELECT "+caseColumns+` FROM cases WHERE root = ? AND brand = ?
		UNION SELECT `+caseColumns+" FROM cases WHERE id = ?", id, brand, old.Case)
	if err != nil {
		return fmt.Errorf("reading the cases of mention %s: %w", id, err)
	}
	for _, v := range cases {
		if v.Root == id {
			texts = append(texts, v.Text)
			names = append(names, v.AuthorName)
			for _, r := range v.Reasons {
				texts = append(texts, r.Text)
			}
		}
	}
	scrub := newScrubber(texts, nil, false)
	scrub.names(names)
	if err := eraseDecisions(ctx, c, brand, id, old, scrub); err != nil {
		return err
	}
	for _, v := range cases {
		if err := eraseHistory(ctx, c, v.ID, scrub); err != nil {
			return err
		}
		if err := erasePromise(ctx, c, v, scrub); err != nil {
			return err
		}
	}
	for _, st := range []struct{ what, query string }{
		{"case", `UPDATE cases SET text = '', reasons = '', author_name = '', about = '', simhash = 0, version = version + 1
			WHERE root = ? AND brand = ?`},
		{"mention", `UPDATE mentions SET text = '', title = '', author_id = '', author_handle = '', author_name = '', followers = 0,
			verified = 0, author_key = '', simhash = 0, retracted = 1 WHERE id = ? AND brand = ?`},
		{"complaint", "DELETE FROM complaints WHERE mention = ? AND brand = ?"},
	} {
		if _, err := exec(ctx, c, st.query, id, brand); err != nil {
			return fmt.Errorf("erasing the %s of %s for brand %s: %w", st.what, id, brand, err)
		}
	}
	n, err := exec(ctx, c, "UPDATE labels SET text = '' WHERE mention = ? AND brand = ? AND text <> ''", id, brand)
	if err == nil && n > 0 {
		// What they taught is learned anew without them.
		err = bumpCounter(ctx, c, labelCounter+brand)
	}
	if err != nil {
		return fmt.Errorf("erasing the labels of %s for brand %s: %w", id, brand, err)
	}
	return nil
}

// eraseDecisions takes the post's words out of what was decided about it.
func eraseDecisions(ctx context.Context, c conn, brand, id string, old record.Stored, scrub scrubber) error {
	ds, err := list(ctx, c, scanDecision, "SELECT "+decisionColumns+" FROM decisions WHERE id = ? AND brand = ?", id, brand)
	if err != nil {
		return fmt.Errorf("reading the decisions on %s for brand %s: %w", id, brand, err)
	}
	for _, d := range ds {
		// The text of another revision is not stored: only its reasons are known.
		known := d.Revision == old.Mention.Revision && old.Mention.Text != ""
		var quoted []string
		for _, r := range d.Score.Reasons {
			quoted = append(quoted, r.Text)
		}
		own := scrub.with(newScrubber(quoted, append(d.Terms, d.ExcludedBy), !known))
		d.Score.Reasons = nil
		why, err := packed(own.lines(d.Why))
		if err != nil {
			return err
		}
		score, err := packScore(d.Score)
		if err != nil {
			return err
		}
		_, err = exec(ctx, c, "UPDATE decisions SET why = ?, score = ? WHERE id = ? AND brand = ? AND revision = ?", why, score, id, brand, d.Revision)
		if err != nil {
			return fmt.Errorf("erasing the decision on %s for brand %s: %w", id, brand, err)
		}
	}
	return nil
}

// erasePromise takes the post's words out of what was promised.
func erasePromise(ctx context.Context, c conn, v record.Case, scrub scrubber) error {
	p := v.Service.Promise
	if p == nil {
		return nil
	}
	clean := *p
	if clean.What = scrub.line(p.What); clean.What == p.What {
		return nil
	}
	v.Service.Promise = &clean
	service, err := packedService(v.Service)
	if err == nil {
		_, err = exec(ctx, c, "UPDATE cases SET service = ? WHERE id = ?", service, v.ID)
	}
	if err != nil {
		return fmt.Errorf("erasing from the promise of case %s: %w", v.ID, err)
	}
	return nil
}

// eraseHistory takes the post's words out of a case's history.
func eraseHistory(ctx context.Context, c conn, caseID string, scrub scrubber) error {
	events, err := list(ctx, c, scanEvent, "SELECT "+eventColumns+" FROM events WHERE case_id = ? AND detail <> ''", caseID)
	if err != nil {
		return fmt.Errorf("reading the history of case %s: %w", caseID, err)
	}
	for _, e := range events {
		if clean := scrub.line(e.Detail); clean != e.Detail {
			if _, err := exec(ctx, c, "UPDATE events SET detail = ? WHERE case_id = ? AND seq = ?", clean, caseID, e.Seq); err != nil {
				return fmt.Errorf("erasing from the history of case %s: %w", caseID, err)
			}
		}
	}
	return nil
}

// eraseShared erases a post from the rows that belong to no brand.
func eraseShared(ctx context.Context, c conn, id string) error {
	notices, err := list(ctx, c, scanNotice, "SELECT "+noticeColumns+` FROM notices
		WHERE id IN (SELECT notice_id FROM notice_mentions WHERE mention = ?)`, id)
	if err != nil {
		return fmt.Errorf("reading the notices that name %s: %w", id, err)
	}
	for _, n := range notices {
		for i, item := range n.Body.Items {
			if item.Mention == id {
				n.Body.Items[i].Text, n.Body.Items[i].Author = "", ""
			}
		}
		body, err := packBody(n.Body)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, c, "UPDATE notices SET body = ? WHERE id = ?", body, n.ID); err != nil {
			return fmt.Errorf("erasing from notice %d: %w", n.ID, err)
		}
	}
	letters, err := list(ctx, c, scalar[string], "SELECT dead_id FROM dead_mentions WHERE mention = ?", id)
	if err != nil {
		return fmt.Errorf("reading the dead letters that hold %s: %w", id, err)
	}
	for _, d := range letters {
		if _, err := dropDead(ctx, c, d); err != nil {
			return fmt.Errorf("erasing dead letter %s: %w", d, err)
		}
	}
	return dropUnmatched(ctx, c, []string{id})
}

// scrubFlag remembers that an erased text may still stand in the file's log.
type scrubFlag struct {
	asked   atomic.Bool
	running sync.Mutex
}

func (f *scrubFlag) set() { f.asked.Store(true) }

// emptyLog folds the write-ahead log into the file and cuts it to nothing, if
// something was erased: until then the log holds pages as they were before. A
// reader that is still at an older state makes it wait for the next call.
func (s *Store) emptyLog(ctx context.Context) {
	if !s.scrub.asked.Load() || !s.scrub.running.TryLock() {
		return
	}
	defer s.scrub.running.Unlock()
	s.scrub.asked.Store(false)
	busy, err := s.db.EmptyLog(context.WithoutCancel(ctx))
	if err != nil || busy {
		s.scrub.set()
		s.log.Debug("emptying the store's log has to wait", zap.Bool("busy", busy), zap.Error(err))
	}
}
