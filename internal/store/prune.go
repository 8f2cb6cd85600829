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
	cut := now.Add(-s.retention)
	p := pruner{s: s, at: map[pruneAge]int64{
		ageOver: stamp(now), ageDay: stamp(now.Add(-24 * time.Hour)), ageKept: stamp(cut), ageKeptDay: dayOf(cut),
		ageKey: stamp(now.Add(-max(s.retention, keyAge))),
	}}
	if err := p.cases(ctx); err != nil {
		return fmt.Errorf("pruning cases: %w", err)
	}
	for _, step := range pruneSteps() {
		if err := p.step(ctx, step); err != nil {
			return fmt.Errorf("pruning %s: %w", step.what, err)
		}
	}
	s.emptyLog(ctx)
	return nil
}

// pruneAge says before which time a step takes rows away.
type pruneAge int

const (
	ageOver    pruneAge = iota // what is over by now
	ageDay                     // a day ago
	ageKept                    // the retention
	ageKeptDay                 // the retention, as a number of days
	ageKey                     // the retention, and 30 days at least
)

// pruner is one call of Prune.
type pruner struct {
	s  *Store
	at map[pruneAge]int64
}

// pruneStep is a statement that takes away the rows before an age, at most as
// many as its last parameter says. Where brands is set the statement is for one
// brand, its first parameter, and brands steps through them.
type pruneStep struct {
	what   string
	age    pruneAge
	brands string
	query  string
	// words marks a step that empties rows which have to stay as keys. Its rows are
	// between the age that the last call reached, its parameter before the age, and
	// the age.
	words bool
}

// step runs one step.
func (p pruner) step(ctx context.Context, st pruneStep) error {
	if st.words && p.at[ageKept] <= p.at[ageKey] {
		return nil // the rows went as a whole
	}
	if st.brands == "" {
		return p.until(ctx, st, "")
	}
	brands, err := brandsOf(ctx, p.s.reads, st.brands)
	if err != nil {
		return err
	}
	for _, brand := range brands {
		if err := p.until(ctx, st, brand); err != nil {
			return err
		}
	}
	return nil
}

// until runs a step up to its age, for one brand or for all.
func (p pruner) until(ctx context.Context, st pruneStep, brand string) error {
	var args []any
	if brand != "" {
		args = append(args, brand)
	}
	if !st.words {
		_, err := p.chunks(ctx, st.query, append(args, p.at[st.age])...)
		return err
	}
	name := "pruned/" + st.what + "/" + brand
	from, err := counter(ctx, p.s.reads, name)
	if err != nil {
		return err
	}
	all, err := p.chunks(ctx, st.query, append(args, from, p.at[st.age])...)
	if err != nil || !all {
		return err
	}
	return p.s.write(ctx, func(c conn) error { return setCounter(context.WithoutCancel(ctx), c, name, p.at[st.age]) })
}

// chunks runs a statement that changes at most pruneChunk rows until none is
// left, which it reports, or the call has done enough.
func (p pruner) chunks(ctx context.Context, query string, args ...any) (all bool, err error) {
	args = append(args, pruneChunk)
	for done := int64(0); done < pruneMost; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		var n int64
		err := p.s.write(ctx, func(c conn) (err error) {
			n, err = exec(context.WithoutCancel(ctx), c, query, args...)
			return err
		})
		if err != nil {
			return false, err
		}
		if n < pruneChunk {
			return true, nil
		}
		done += n
	}
	return false, nil
}

// casesChunk is how many ended cases one transaction takes away, with all that
// hangs on them.
const casesChunk = 50

func (p pruner) cases(ctx context.Context) error {
	brands, err := brandsOf(ctx, p.s.reads, caseBrands)
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
			ORDER BY t.updated_at LIMIT ?`, brand, p.at[ageKept], casesChunk)
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

const (
	caseBrands     = "SELECT MIN(brand) FROM cases WHERE brand > ?"
	decisionBrands = "SELECT MIN(brand) FROM decisions WHERE brand > ?"
	mentionBrands  = "SELECT MIN(brand) FROM mentions WHERE brand > ?"
	drawBrands     = "SELECT MIN(brand) FROM draws WHERE brand > ?"
	planBrands     = "SELECT MIN(brand) FROM plans WHERE brand > ?"
	// complaintBrands are those that somebody complained about.
	complaintBrands = "SELECT MIN(brand) FROM complaints WHERE brand > ?"

	// notOfLiveCase keeps the rows of a live case.
	notOfLiveCase = ` NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = t.case_id AND c.state IN ('open', 'snoozed', 'claimed', 'answered')) `
)

// pruneSteps are what Prune does after the ended cases, in order.
func pruneSteps() []pruneStep {
	return []pruneStep{
		{"decisions", ageKey, decisionBrands, `DELETE FROM decisions WHERE n IN (SELECT t.n FROM decisions t
			WHERE t.brand = ? AND t.at < ? AND` + notOfLiveCase + `ORDER BY t.at LIMIT ?)`, false},
		// Their words go at the retention, even where the key has to stay.
		{"the words of decisions", ageKept, decisionBrands, `UPDATE decisions SET why = '', terms = '', score = '', excluded_by = ''
			WHERE n IN (SELECT t.n FROM decisions t WHERE t.brand = ? AND t.at >= ? AND t.at < ?
			AND (t.why <> '' OR t.terms <> '' OR t.score <> '' OR t.excluded_by <> '') AND` + notOfLiveCase + `ORDER BY t.at LIMIT ?)`, true},
		{"mentions", ageKept, mentionBrands, `DELETE FROM mentions WHERE n IN (SELECT t.n FROM mentions t
			WHERE t.brand = ? AND t.observed_at < ? AND` + notOfLiveCase + `ORDER BY t.observed_at LIMIT ?)`, false},
		// The links of notices and dead letters go before their rows: a crash between
		// the two leaves rows without links and never links without rows.
		{"links of notices", ageKey, "", `DELETE FROM notice_mentions WHERE notice_id IN (SELECT t.id FROM notices t
			WHERE t.state IN ('sent', 'dropped') AND t.done_at < ? AND` + notOfLiveCase + `
			AND EXISTS (SELECT 1 FROM notice_mentions l WHERE l.notice_id = t.id) ORDER BY t.done_at LIMIT ?)`, false},
		{"notices", ageKey, "", `DELETE FROM notices WHERE id IN (SELECT t.id FROM notices t
			WHERE t.state IN ('sent', 'dropped') AND t.done_at < ? AND` + notOfLiveCase + `
			AND NOT EXISTS (SELECT 1 FROM notice_mentions l WHERE l.notice_id = t.id) ORDER BY t.done_at LIMIT ?)`, false},
		{"the words of notices", ageKept, "", `UPDATE notices SET body = '' WHERE id IN (SELECT t.id FROM notices t
			WHERE t.state IN ('sent', 'dropped') AND t.done_at >= ? AND t.done_at < ? AND t.body <> '' ORDER BY t.done_at LIMIT ?)`, true},
		{"journal", ageKept, "", "DELETE FROM journal WHERE n IN (SELECT t.n FROM journal t WHERE t.kind = 'difference' AND t.at < ? ORDER BY t.n LIMIT ?)", false},
		// A canary is no message: nobody would hear a second one.
		{"canaries", ageDay, "", `DELETE FROM notices WHERE id IN (SELECT t.id FROM notices t
			WHERE t.kind = 'canary' AND t.state IN ('sent', 'dropped') AND t.done_at < ? ORDER BY t.done_at LIMIT ?)`, false},
		// As long as a post's words are stored, its retraction must find its brands.
		{"posts seen", ageKey, "", `DELETE FROM seen WHERE id IN (SELECT t.id FROM seen t WHERE t.at < ?
			AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.id = t.id) ORDER BY t.at LIMIT ?)`, false},
		{"complaints", ageKept, complaintBrands, `DELETE FROM complaints WHERE n IN (SELECT n FROM complaints
			WHERE brand = ? AND at < ? ORDER BY at LIMIT ?)`, false},
		{"plans", ageKept, planBrands, `DELETE FROM plans WHERE (brand, at) IN
			(SELECT t.brand, t.at FROM plans t WHERE t.brand = ? AND t.at < ? ORDER BY t.at LIMIT ?)`, false},
		{"samples", ageKept, drawBrands, `DELETE FROM samples WHERE (brand, to_at, mention) IN
			(SELECT t.brand, t.to_at, t.mention FROM samples t WHERE t.brand = ? AND t.to_at < ? ORDER BY t.to_at LIMIT ?)`, false},
		{"draws", ageKept, drawBrands, `DELETE FROM draws WHERE (brand, to_at, stratum) IN
			(SELECT t.brand, t.to_at, t.stratum FROM draws t WHERE t.brand = ? AND t.to_at < ? ORDER BY t.to_at LIMIT ?)`, false},
		{"actions", ageKey, "", "DELETE FROM actions WHERE key IN (SELECT key FROM actions WHERE at < ? ORDER BY at LIMIT ?)", false},
		{"events of no case", ageKept, "", `DELETE FROM events WHERE case_id = '' AND seq IN
			(SELECT seq FROM events WHERE case_id = '' AND at < ? ORDER BY seq LIMIT ?)`, false},
		{"watches", ageOver, "", `DELETE FROM watches WHERE (platform, conversation, author_key, brand, case_id) IN
			(SELECT platform, conversation, author_key, brand, case_id FROM watches WHERE until < ? ORDER BY until LIMIT ?)`, false},
		{"silences", ageKept, "", "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until_at < ? ORDER BY until_at LIMIT ?)", false},
		{"links of dead letters", ageKept, "", `DELETE FROM dead_mentions WHERE dead_id IN (SELECT t.id FROM dead t WHERE t.at < ?
			AND EXISTS (SELECT 1 FROM dead_mentions l WHERE l.dead_id = t.id) ORDER BY t.at LIMIT ?)`, false},
		{"dead letters", ageKept, "", `DELETE FROM dead WHERE id IN (SELECT t.id FROM dead t WHERE t.at < ?
			AND NOT EXISTS (SELECT 1 FROM dead_mentions l WHERE l.dead_id = t.id) ORDER BY t.at LIMIT ?)`, false},
		{"the unmatched sample", ageKeptDay, "", "DELETE FROM unmatched WHERE n IN (SELECT n FROM unmatched WHERE day < ? ORDER BY day LIMIT ?)", false},
		{"the rates of the unmatched sample", ageKeptDay, "", `DELETE FROM unmatched_days WHERE (source, day) IN
			(SELECT source, day FROM unmatched_days WHERE day < ? LIMIT ?)`, false},
	}
}
