package store

import (
	"context"
	"fmt"
	"time"
)

const (
	// pruneChunk is how many rows one transaction of Prune takes away, so that
	// nobody waits long for the writer.
	pruneChunk = 500
	// pruneMost is how many rows of each kind one call of Prune takes away.
	pruneMost = 20_000
	// keyAge is how long a key that prevents a repetition stays at least,
	// whatever the retention is.
	keyAge = 30 * 24 * time.Hour
)

// Prune takes away what is older than the retention: decisions and posts that
// belong to no live case, ended cases with their history, messages that were
// sent or dropped, posts seen, keys of actions, silences and dead letters. It
// never takes an unsent row of the outbox, a live case or a key that is younger
// than 30 days; where the retention is shorter than that, the key stays and the
// words go. A call does a bounded amount of work in small transactions; call it
// every minute or so.
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	p := pruner{s: s, now: stamp(now), cut: stamp(now.Add(-s.retention)), keyCut: stamp(now.Add(-max(s.retention, keyAge)))}
	for _, step := range []struct {
		what string
		run  func(ctx context.Context) error
	}{
		{"decisions", p.decisions},
		{"mentions", p.mentions},
		{"cases", p.cases},
		{"notices", p.notices},
		{"the rest", p.rest},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("pruning %s: %w", step.what, err)
		}
	}
	s.emptyLog(ctx)
	return nil
}

// pruner is one call of Prune.
type pruner struct {
	s *Store
	// cut is where the retention ends, keyCut where keys may go.
	now, cut, keyCut int64
}

// chunks runs a statement that changes at most pruneChunk rows until none is
// left or the call has done enough.
func (p pruner) chunks(ctx context.Context, query string, args ...any) error {
	args = append(args, pruneChunk)
	for done := int64(0); done < pruneMost; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var n int64
		err := p.s.write(ctx, func(c conn) (err error) {
			n, err = exec(context.WithoutCancel(ctx), c, query, args...)
			return err
		})
		if err != nil {
			return err
		}
		if n < pruneChunk {
			return nil
		}
		done += n
	}
	return nil
}

// ofLiveCase keeps rows away from pruning; it is written into each statement.
const ofLiveCase = "(SELECT 1 FROM cases c WHERE c.id = t.case_id AND c.state IN ('open', 'snoozed', 'claimed', 'answered'))"

func (p pruner) decisions(ctx context.Context) error {
	brands, err := brandsOf(ctx, p.s.reads, "SELECT MIN(brand) FROM decisions WHERE brand > ?")
	if err != nil {
		return err
	}
	for _, brand := range brands {
		err := p.chunks(ctx, `DELETE FROM decisions WHERE n IN (SELECT t.n FROM decisions t
			WHERE t.brand = ? AND t.at < ? AND NOT EXISTS `+ofLiveCase+` ORDER BY t.at LIMIT ?)`, brand, p.keyCut)
		if err != nil {
			return err
		}
		if p.keyCut == p.cut {
			continue
		}
		err = p.chunks(ctx, `UPDATE decisions SET why = '', terms = '', score = '', excluded_by = '' WHERE n IN (SELECT t.n FROM decisions t
			WHERE t.brand = ? AND t.at < ? AND (t.why <> '' OR t.terms <> '' OR t.score <> '' OR t.excluded_by <> '')
			AND NOT EXISTS `+ofLiveCase+` ORDER BY t.at LIMIT ?)`, brand, p.cut)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p pruner) mentions(ctx context.Context) error {
	brands, err := brandsOf(ctx, p.s.reads, "SELECT MIN(brand) FROM mentions WHERE brand > ?")
	if err != nil {
		return err
	}
	for _, brand := range brands {
		err := p.chunks(ctx, `DELETE FROM mentions WHERE n IN (SELECT t.n FROM mentions t
			WHERE t.brand = ? AND t.observed_at < ? AND NOT EXISTS `+ofLiveCase+` ORDER BY t.observed_at LIMIT ?)`, brand, p.cut)
		if err != nil {
			return err
		}
	}
	return nil
}

// casesChunk is how many ended cases one transaction takes away, with all that
// hangs on them.
const casesChunk = 50

func (p pruner) cases(ctx context.Context) error {
	brands, err := brandsOf(ctx, p.s.reads, "SELECT MIN(brand) FROM cases WHERE brand > ?")
	if err != nil {
		return err
	}
	for _, brand := range brands {
		for done := 0; done < pruneMost; done += casesChunk {
			n, err := p.someCases(ctx, brand)
			if err != nil {
				return err
			}
			if n < casesChunk {
				break
			}
		}
	}
	return nil
}

func (p pruner) someCases(ctx context.Context, brand string) (n int, err error) {
	err = p.s.write(ctx, func(c conn) error {
		ctx := context.WithoutCancel(ctx)
		ids, err := list(ctx, c, scalar[string], `SELECT t.id FROM cases t WHERE t.brand = ? AND t.updated_at < ?
			AND t.state IN ('resolved', 'dismissed')
			AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.case_id = t.id AND o.state IN ('pending', 'sending'))
			ORDER BY t.updated_at LIMIT ?`, brand, p.cut, casesChunk)
		if err != nil {
			return err
		}
		n = len(ids)
		for _, id := range ids {
			for _, query := range []string{
				"DELETE FROM events WHERE case_id = ?",
				"DELETE FROM watches WHERE case_id = ?",
				"DELETE FROM clocks WHERE case_id = ?",
				"DELETE FROM receipts WHERE case_id = ?",
				"DELETE FROM cases WHERE id = ?",
			} {
				if _, err := exec(ctx, c, query, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return n, err
}

func (p pruner) notices(ctx context.Context) error {
	// The links go first: a crash between leaves rows without links, whose bodies
	// are as old, and never links without rows.
	for _, query := range []string{
		`DELETE FROM notice_mentions WHERE notice_id IN (SELECT t.id FROM notices t WHERE t.state IN ('sent', 'dropped')
			AND t.done_at < ? AND NOT EXISTS ` + ofLiveCase + `
			AND EXISTS (SELECT 1 FROM notice_mentions l WHERE l.notice_id = t.id) ORDER BY t.done_at LIMIT ?)`,
		`DELETE FROM notices WHERE id IN (SELECT t.id FROM notices t WHERE t.state IN ('sent', 'dropped')
			AND t.done_at < ? AND NOT EXISTS ` + ofLiveCase + `
			AND NOT EXISTS (SELECT 1 FROM notice_mentions l WHERE l.notice_id = t.id) ORDER BY t.done_at LIMIT ?)`,
	} {
		if err := p.chunks(ctx, query, p.keyCut); err != nil {
			return err
		}
	}
	if p.keyCut == p.cut {
		return nil
	}
	return p.chunks(ctx, `UPDATE notices SET body = '' WHERE id IN (SELECT t.id FROM notices t WHERE t.state IN ('sent', 'dropped')
		AND t.done_at < ? AND t.body <> '' ORDER BY t.done_at LIMIT ?)`, p.cut)
}

func (p pruner) rest(ctx context.Context) error {
	day := dayOf(when(p.cut))
	for _, step := range []struct {
		query string
		cut   int64
	}{
		// As long as a post's words are stored, its retraction must find its brands.
		{`DELETE FROM seen WHERE id IN (SELECT t.id FROM seen t WHERE t.at < ?
			AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.id = t.id) ORDER BY t.at LIMIT ?)`, p.keyCut},
		{"DELETE FROM actions WHERE key IN (SELECT key FROM actions WHERE at < ? ORDER BY at LIMIT ?)", p.keyCut},
		{"DELETE FROM events WHERE case_id = '' AND seq IN (SELECT seq FROM events WHERE case_id = '' AND at < ? ORDER BY seq LIMIT ?)", p.cut},
		{`DELETE FROM watches WHERE (platform, conversation, author_key, brand, case_id) IN
			(SELECT platform, conversation, author_key, brand, case_id FROM watches WHERE until < ? ORDER BY until LIMIT ?)`, p.now},
		{"DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until_at < ? ORDER BY until_at LIMIT ?)", p.cut},
		{`DELETE FROM dead_mentions WHERE dead_id IN (SELECT t.id FROM dead t WHERE t.at < ?
			AND EXISTS (SELECT 1 FROM dead_mentions l WHERE l.dead_id = t.id) ORDER BY t.at LIMIT ?)`, p.cut},
		{`DELETE FROM dead WHERE id IN (SELECT t.id FROM dead t WHERE t.at < ?
			AND NOT EXISTS (SELECT 1 FROM dead_mentions l WHERE l.dead_id = t.id) ORDER BY t.at LIMIT ?)`, p.cut},
		{"DELETE FROM unmatched WHERE n IN (SELECT n FROM unmatched WHERE day < ? ORDER BY day LIMIT ?)", day},
		{"DELETE FROM unmatched_days WHERE (source, day) IN (SELECT source, day FROM unmatched_days WHERE day < ? LIMIT ?)", day},
	} {
		if err := p.chunks(ctx, step.query, step.cut); err != nil {
			return err
		}
	}
	return nil
}
