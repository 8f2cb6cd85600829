package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Decided is a decision beside the post as it is stored now.
type Decided struct {
	// Decision has no reasons in its score, and its whys only where it was silenced or
	// excluded: nothing that is decided again depends on the rest.
	Decision record.Decision
	Post     record.Stored
	// Kept says that the post's row is there.
	Kept bool
	// Earlier and Later say that there are decisions on older and on newer revisions
	// of the post.
	Earlier, Later bool
	// N is the row's place in the order of decisions.
	N int64
}

const decidedColumns = `d.id, d.brand, d.revision, d.seq, d.at, d.outcome, d.severity, d.venting, d.priority, d.case_id, d.route,
	CASE WHEN d.outcome IN ('silenced', 'excluded') THEN d.why ELSE '' END,
	d.brand_hash, d.config_hash, d.threshold, d.terms, d.excluded_by, d.match, d.score, d.layer,
	COALESCE(m.id, ''), COALESCE(m.brand, ''), COALESCE(m.source, ''), COALESCE(m.platform, ''), COALESCE(m.native_id, ''),
	COALESCE(m.url, ''), COALESCE(m.kind, ''), COALESCE(m.author_id, ''), COALESCE(m.author_handle, ''), COALESCE(m.author_name, ''),
	COALESCE(m.followers, 0), COALESCE(m.verified, 0), COALESCE(m.text, ''), COALESCE(m.title, ''), COALESCE(m.lang, ''),
	COALESCE(m.rating, 0), COALESCE(m.created_at, 0), COALESCE(m.observed_at, 0), COALESCE(m.parent_id, ''), COALESCE(m.root_id, ''),
	COALESCE(m.likes, 0), COALESCE(m.reposts, 0), COALESCE(m.replies, 0), COALESCE(m.views, 0),
	COALESCE(m.revision, 0), COALESCE(m.retracted, 0), COALESCE(m.simhash, 0), COALESCE(m.case_id, '')`

func scanDecided(scan scanFunc) (Decided, error) {
	var v Decided
	var p packedDecision
	var others int
	var err error
	v.Decision, p, err = scanDecisionRow(func(dest ...any) error {
		var err error
		v.Post, err = scanMention(func(more ...any) error {
			return scan(append(append(dest, more...), &v.Kept, &others, &v.N)...)
		})
		return err
	})
	v.Earlier, v.Later = others&1 != 0, others&2 != 0
	if err == nil {
		err = p.unpack(&v.Decision)
	}
	if err == nil {
		v.Decision.Score, err = unpackScore(p.score)
	}
	if err != nil {
		return v, fmt.Errorf("decision on %s for brand %s: %w", v.Decision.ID, v.Decision.Brand, err)
	}
	return v, nil
}

// scoreReasons is where the reasons of a stored score begin: they stand last, and no
// string in JSON can hold a bare quotation mark.
const scoreReasons = `,"reasons":[`

// unpackScore is a stored score without its reasons, which are most of it.
func unpackScore(s string) (vent.Score, error) {
	var v vent.Score
	if s == "" {
		return v, nil
	}
	if i := strings.Index(s, scoreReasons); i >= 0 {
		s = s[:i] + "}"
	}
	err := json.Unmarshal([]byte(s), &v)
	return v, err
}

// maxDecided bounds for how many rows room is made at once.
const maxDecided = 2000

// Decided are the decisions of all brands at or after since, in the order in which
// they were made, those behind the row after up to the row upto.
func (r *Reader) Decided(ctx context.Context, since time.Time, after, upto int64) ([]Decided, error) {
	out := make([]Decided, 0, max(min(upto-after, maxDecided), 0))
	err := each(ctx, r.view.reads, func(scan scanFunc) error {
		v, err := scanDecided(scan)
		out = append(out, v)
		return err
	}, "SELECT "+decidedColumns+`, m.id IS NOT NULL,
		(SELECT CASE WHEN MIN(o.revision) < d.revision THEN 1 ELSE 0 END + CASE WHEN MAX(o.revision) > d.revision THEN 2 ELSE 0 END
			FROM decisions o WHERE o.id = d.id AND o.brand = d.brand), d.n
		FROM decisions d LEFT JOIN mentions m ON m.id = d.id AND m.brand = d.brand
		WHERE d.n > ? AND d.n <= ? AND d.at >= ? ORDER BY d.n`, after, upto, stamp(since))
	if err != nil {
		return nil, fmt.Errorf("reading decisions: %w", err)
	}
	return out, nil
}

// Newest is the row of the newest decision, 0 where there is none.
func (r *Reader) Newest(ctx context.Context) (int64, error) {
	n, _, err := first(ctx, r.view.reads, scalar[*int64], "SELECT MAX(n) FROM decisions")
	if err != nil {
		return 0, fmt.Errorf("reading the newest decision: %w", err)
	}
	if n == nil {
		return 0, nil
	}
	return *n, nil
}

// Case is a case by its id.
func (r *Reader) Case(ctx context.Context, id string) (record.Case, bool, error) {
	return caseOf(ctx, r.view.reads, id)
}

// Actions are what people and clocks did to these cases at or after from, each case's
// own in their order: the lines of their histories that say through what it was done.
func (r *Reader) Actions(ctx context.Context, cases []string, from time.Time) ([]record.Event, error) {
	var out []record.Event
	err := inIDs(cases, func(args []any) error {
		some, err := list(ctx, r.view.reads, scanEvent, "SELECT "+eventColumns+` FROM events
			WHERE case_id IN `+inMany+` AND via <> '' AND what <> 'refused' AND at >= ? ORDER BY case_id, seq`, append(args, stamp(from))...)
		out = append(out, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was done to cases: %w", err)
	}
	return out, nil
}

// Heard are the lines of a case's history that tell what it made of a post at a time:
// a post, an edit of it and its end may come at once.
func (r *Reader) Heard(ctx context.Context, caseID, mentionID string, at time.Time) ([]record.Event, error) {
	out, err := list(ctx, r.view.reads, scanEvent, "SELECT "+eventColumns+` FROM events
		WHERE case_id = ? AND mention = ? AND at = ? ORDER BY seq LIMIT ?`, caseID, mentionID, stamp(at), maxEvents)
	if err != nil {
		return nil, fmt.Errorf("reading the history of case %s: %w", caseID, err)
	}
	return out, nil
}

// Events are lines of a case's history before a time, in their order, those behind
// the line after; at most limit.
func (r *Reader) Events(ctx context.Context, caseID string, before time.Time, after int64, limit int) ([]record.Event, error) {
	out, err := list(ctx, r.view.reads, scanEvent, "SELECT "+eventColumns+` FROM events
		WHERE case_id = ? AND seq > ? AND at < ? ORDER BY seq LIMIT ?`, caseID, after, stamp(before), limit)
	if err != nil {
		return nil, fmt.Errorf("reading the history of case %s: %w", caseID, err)
	}
	return out, nil
}

// CasePosts are posts of a case that were observed before a time, in the order of
// their rows, those behind the row after; at most limit. It returns the last row too.
func (r *Reader) CasePosts(ctx context.Context, caseID string, before time.Time, after int64, limit int) ([]record.Stored, int64, error) {
	out, err := list(ctx, r.view.reads, func(scan scanFunc) (record.Stored, error) {
		return scanMention(func(dest ...any) error { return scan(append(dest, &after)...) })
	}, "SELECT "+mentionColumns+`, n FROM mentions
		WHERE case_id = ? AND case_id <> '' AND observed_at < ? AND n > ? ORDER BY n LIMIT ?`, caseID, stamp(before), after, limit)
	if err != nil {
		return nil, after, fmt.Errorf("reading the posts of case %s: %w", caseID, err)
	}
	return out, after, nil
}
