package store

import (
	"context"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const eventColumns = "case_id, seq, at, actor, via, what, from_state, to_state, mention, url, detail"

// maxEvents bounds how much of a case's history is read at once.
const maxEvents = 500

func scanEvent(scan scanFunc) (record.Event, error) {
	var (
		v  record.Event
		at int64
	)
	err := scan(&v.Case, &v.Seq, &at, &v.Actor, &v.Via, &v.What, &v.From, &v.To, &v.Mention, &v.URL, &v.Detail)
	v.At = when(at)
	return v, err
}

// AddEvent adds a line to a case's history. Its Seq is the next of the case,
// whatever e.Seq says.
func (tx *Tx) AddEvent(e record.Event) error {
	_, err := exec(tx.ctx, tx.c, `INSERT INTO events (`+eventColumns+`)
		VALUES (?, (SELECT COALESCE(MAX(seq), 0) + 1 FROM events WHERE case_id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.Case, e.Case, stamp(e.At), e.Actor, e.Via, e.What, e.From, e.To, e.Mention, e.URL, e.Detail)
	if err != nil {
		return fmt.Errorf("adding to the history of case %s: %w", e.Case, err)
	}
	return nil
}

// CaseEvents is a case's history, the newest 500 lines, oldest first.
func (tx *Tx) CaseEvents(caseID string) ([]record.Event, error) {
	return caseEvents(tx.ctx, tx.c, caseID)
}

func caseEvents(ctx context.Context, c conn, caseID string) ([]record.Event, error) {
	out, err := list(ctx, c, scanEvent, "SELECT "+eventColumns+` FROM (
		SELECT `+eventColumns+` FROM events WHERE case_id = ? ORDER BY seq DESC LIMIT ?) AS newest ORDER BY seq`, caseID, maxEvents)
	if err != nil {
		return nil, fmt.Errorf("reading the history of case %s: %w", caseID, err)
	}
	return out, nil
}

// ActionDone reports whether an action with that key was done before, and to
// which case.
func (tx *Tx) ActionDone(key string) (caseID string, done bool, err error) {
	caseID, done, err = first(tx.ctx, tx.c, scalar[string], "SELECT case_id FROM actions WHERE key = ?", key)
	if err != nil {
		return "", false, fmt.Errorf("looking up action %s: %w", key, err)
	}
	return caseID, done, nil
}

// MarkAction remembers that an action was done. A key that is there already
// stays as it is.
func (tx *Tx) MarkAction(key, caseID string, at time.Time) error {
	_, err := exec(tx.ctx, tx.c,
		"INSERT INTO actions (key, case_id, at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING", key, caseID, stamp(at))
	if err != nil {
		return fmt.Errorf("remembering action %s: %w", key, err)
	}
	return nil
}
