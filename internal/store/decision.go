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

const decisionColumns = `id, brand, revision, seq, at, outcome, severity, venting, priority, case_id, route, why,
	brand_hash, config_hash, threshold, terms, excluded_by, match, score, layer`

// packedDecision are the columns of a decision that hold lists and structures.
type packedDecision struct{ why, terms, score string }

func scanDecision(scan scanFunc) (record.Decision, error) {
	v, p, err := scanDecisionRow(scan)
	if err == nil {
		err = p.unpack(&v)
	}
	if err == nil {
		err = unpack(p.score, &v.Score)
	}
	if err != nil && v.ID != "" {
		err = fmt.Errorf("decision on %s for brand %s: %w", v.ID, v.Brand, err)
	}
	return v, err
}

func scanDecisionRow(scan scanFunc) (record.Decision, packedDecision, error) {
	var (
		v   record.Decision
		p   packedDecision
		at  int64
		sev int
	)
	err := scan(&v.ID, &v.Brand, &v.Revision, &v.Seq, &at, &v.Outcome, &sev, &v.Venting, &v.Priority, &v.Case, &v.Route, &p.why,
		&v.BrandHash, &v.ConfigHash, &v.Threshold, &p.terms, &v.ExcludedBy, &v.Match, &p.score, &v.Layer)
	v.Now, v.Severity = when(at), severity(sev)
	return v, p, err
}

// unpack fills in the lists.
func (p packedDecision) unpack(v *record.Decision) error {
	if err := unpack(p.why, &v.Why); err != nil {
		return err
	}
	return unpack(p.terms, &v.Terms)
}

// Decision is what was decided about one revision of a post for a brand.
func (tx *Tx) Decision(brand, id string, revision int64) (record.Decision, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanDecision, "SELECT "+decisionColumns+
		" FROM decisions WHERE id = ? AND brand = ? AND revision = ?", id, brand, revision)
	if err != nil {
		return v, false, fmt.Errorf("reading the decision on %s for brand %s: %w", id, brand, err)
	}
	return v, ok, nil
}

// LatestDecision is what was decided about the newest revision of a post for a brand.
func (tx *Tx) LatestDecision(brand, id string) (record.Decision, bool, error) {
	v, ok, err := first(tx.ctx, tx.c, scanDecision, "SELECT "+decisionColumns+
		" FROM decisions WHERE id = ? AND brand = ? ORDER BY revision DESC LIMIT 1", id, brand)
	if err != nil {
		return v, false, fmt.Errorf("reading the latest decision on %s for brand %s: %w", id, brand, err)
	}
	return v, ok, nil
}

// PutDecision writes a decision once. A second one of the same brand, id and
// revision is ErrExists, which ends the Update: whoever decides looks first.
func (tx *Tx) PutDecision(d record.Decision) error {
	if err := tx.holds(d.Brand); err != nil {
		return err
	}
	why, err := packed(d.Why)
	if err != nil {
		return err
	}
	terms, err := packed(d.Terms)
	if err != nil {
		return err
	}
	score, err := packScore(d.Score)
	if err != nil {
		return fmt.Errorf("writing the decision on %s for brand %s: %w", d.ID, d.Brand, err)
	}
	n, err := exec(tx.ctx, tx.c, `INSERT INTO decisions (`+decisionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, brand, revision) DO NOTHING`,
		d.ID, d.Brand, d.Revision, d.Seq, stamp(d.Now), d.Outcome, rank(d.Severity), d.Venting, d.Priority, d.Case, d.Route, why,
		d.BrandHash, d.ConfigHash, d.Threshold, terms, d.ExcludedBy, d.Match, score, d.Layer)
	if err == nil && n == 0 {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("writing the decision on %s for brand %s: %w", d.ID, d.Brand, err)
	}
	return nil
}

// packScore is a score as a column, ” for none.
func packScore(s vent.Score) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	none, err := json.Marshal(vent.Score{})
	if err != nil || string(b) == string(none) {
		return "", err
	}
	return string(b), nil
}

// CountAlerts is how many decisions of the brand since then were to alert: the
// cards that the budget counts.
func (tx *Tx) CountAlerts(brand string, since time.Time) (int, error) {
	n, _, err := first(tx.ctx, tx.c, scalar[int],
		"SELECT COUNT(*) FROM decisions WHERE brand = ? AND at >= ? AND outcome = 'alert'", brand, stamp(since))
	if err != nil {
		return 0, fmt.Errorf("counting the alerts of brand %s: %w", brand, err)
	}
	return n, nil
}

// maxPosts bounds how many posts of one URL Decisions looks at.
const maxPosts = 50

// Decisions are all decisions about a post, of every brand and revision, in the
// order in which they were made. The post is named by its id or its URL; for
// one that nobody decided about there are none.
func (s *Store) Decisions(ctx context.Context, idOrURL string) ([]record.Decision, error) {
	ids, err := s.idsOf(ctx, idOrURL)
	if err != nil {
		return nil, fmt.Errorf("reading the decisions on %s: %w", idOrURL, err)
	}
	var out []record.Decision
	for _, id := range ids {
		ds, err := list(ctx, s.reads, scanDecision, "SELECT "+decisionColumns+
			" FROM decisions WHERE id = ? ORDER BY at, n LIMIT 500", id)
		if err != nil {
			return nil, fmt.Errorf("reading the decisions on %s: %w", id, err)
		}
		out = append(out, ds...)
	}
	return out, nil
}

// idsOf is the id itself, and the ids of the posts at that URL.
func (s *Store) idsOf(ctx context.Context, idOrURL string) ([]string, error) {
	ids := []string{idOrURL}
	if !strings.Contains(idOrURL, "://") {
		return ids, nil
	}
	bare := strings.TrimRight(idOrURL, "/")
	more, err := list(ctx, s.reads, scalar[string], `SELECT DISTINCT id FROM mentions
		WHERE url_hash IN (?, ?) AND url IN (?, ?) LIMIT ?`, hash64(bare), hash64(bare+"/"), bare, bare+"/", maxPosts)
	return append(ids, more...), err
}

// DecisionFilter narrows RecentDecisions.
type DecisionFilter struct {
	// Brand must be named.
	Brand string
	// Outcomes keeps these alone, at most 16; empty keeps all.
	Outcomes []record.Outcome
	// Since and Until bound the time of the decision: at or after Since, before Until. Zero is no bound.
	Since, Until time.Time
	// After is the Next of the page before.
	After string
	// Limit is at most 1,000; 0 is 100.
	Limit int
}

// maxOutcomes is how many outcomes the query of RecentDecisions has room for.
const maxOutcomes = 16

// RecentDecisions are a brand's decisions, newest first, page by page.
func (s *Store) RecentDecisions(ctx context.Context, f DecisionFilter) (Page[record.Decision], error) {
	var out Page[record.Decision]
	at, n, err := parseKey(f.After)
	if err != nil {
		return out, err
	}
	if f.After == "" {
		at, n = maxTime, 0
		if !f.Until.IsZero() {
			at = stamp(f.Until)
		}
	}
	limit := limitOr(f.Limit, 100, 1000)
	args := []any{f.Brand, at, n, stamp(f.Since), len(f.Outcomes)}
	for i := range maxOutcomes {
		var o record.Outcome
		if i < len(f.Outcomes) {
			o = f.Outcomes[i]
		}
		args = append(args, o)
	}
	var lastAt, lastN int64
	err = each(ctx, s.reads, func(scan scanFunc) error {
		v, err := scanDecision(func(dest ...any) error { return scan(append(dest, &lastAt, &lastN)...) })
		if err == nil {
			out.Rows = append(out.Rows, v)
		}
		return err
	}, "SELECT "+decisionColumns+`, at, n FROM decisions
		WHERE brand = ? AND (at, n) < (?, ?) AND at >= ? AND (? = 0 OR outcome IN (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?))
		ORDER BY at DESC, n DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return out, fmt.Errorf("reading the decisions of brand %s: %w", f.Brand, err)
	}
	if len(out.Rows) == limit {
		out.Next = formatKey(lastAt, lastN)
	}
	return out, nil
}
