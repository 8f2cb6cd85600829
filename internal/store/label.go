package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// labelCounter is followed by a brand: it grows with each change of its labels.
const labelCounter = "labels/"

const labelColumns = `id, brand, mention, text, lang, url, venting, reason, actor, via, source, case_id, at, base, model, alerted,
	undone, undone_by, undone_at, layer`

// The values of labels.undone.
const (
	labelUndone   = 1
	labelReplaced = 2
)

func scanLabel(scan scanFunc) (record.Label, error) {
	var (
		v            record.Label
		at, undoneAt int64
		undone       int
	)
	err := scan(&v.ID, &v.Brand, &v.Mention, &v.Text, &v.Lang, &v.URL, &v.Venting, &v.Reason, &v.Actor, &v.Via, &v.Source, &v.Case, &at,
		&v.Base, &v.Model, &v.Alerted, &undone, &v.UndoneBy, &undoneAt, &v.Layer)
	v.At, v.UndoneAt = when(at), when(undoneAt)
	v.Undone, v.Replaced = undone != 0, undone == labelReplaced
	return v, err
}

// PutLabel adds a label and returns its number.
func (tx *Tx) PutLabel(v record.Label) (int64, error) {
	undone := 0
	switch {
	case v.Replaced:
		undone = labelReplaced
	case v.Undone:
		undone = labelUndone
	}
	id, _, err := first(tx.ctx, tx.c, scalar[int64],
		`INSERT INTO labels (brand, mention, text, lang, url, venting, reason, actor, via, source, case_id, at, base, model, alerted,
			undone, undone_by, undone_at, layer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		v.Brand, v.Mention, v.Text, v.Lang, v.URL, v.Venting, v.Reason, v.Actor, v.Via, v.Source, v.Case, stamp(v.At), v.Base, v.Model, v.Alerted,
		undone, v.UndoneBy, stamp(v.UndoneAt), v.Layer)
	if err == nil {
		err = bumpCounter(tx.ctx, tx.c, labelCounter+v.Brand)
	}
	if err != nil {
		return 0, fmt.Errorf("writing a label of mention %s: %w", v.Mention, err)
	}
	return id, nil
}

// ReplaceLabels makes room for a later word on a case: what an earlier one taught
// about the post teaches no more. It returns how many labels that were.
func (tx *Tx) ReplaceLabels(brand, mentionID string, at time.Time) (int, error) {
	n, err := exec(tx.ctx, tx.c, `UPDATE labels SET undone = ?, undone_at = ?
		WHERE mention = ? AND brand = ? AND source = 'case' AND undone = 0`, labelReplaced, stamp(at), mentionID, brand)
	if err == nil && n > 0 {
		err = bumpCounter(tx.ctx, tx.c, labelCounter+brand)
	}
	if err != nil {
		return 0, fmt.Errorf("replacing the labels of mention %s: %w", mentionID, err)
	}
	return int(n), nil
}

// UndoLabel takes a label back. One that teaches nothing any more stays as it is,
// and is answered with false.
func (tx *Tx) UndoLabel(id int64, by string, at time.Time) (record.Label, bool, error) {
	l, ok, err := first(tx.ctx, tx.c, scanLabel, "SELECT "+labelColumns+" FROM labels WHERE id = ?", id)
	switch {
	case err != nil:
		return l, false, fmt.Errorf("reading label %d: %w", id, err)
	case !ok:
		return l, false, fmt.Errorf("label %d: %w", id, ErrNotFound)
	case l.Undone:
		return l, false, nil
	}
	l.Undone, l.UndoneBy, l.UndoneAt = true, by, at
	_, err = exec(tx.ctx, tx.c, "UPDATE labels SET undone = ?, undone_by = ?, undone_at = ? WHERE id = ?", labelUndone, by, stamp(at), id)
	if err == nil {
		err = bumpCounter(tx.ctx, tx.c, labelCounter+l.Brand)
	}
	if err != nil {
		return l, false, fmt.Errorf("undoing label %d: %w", id, err)
	}
	return l, true, nil
}

// LabelsOn are the labels about one post of a brand, undone ones too, oldest first.
func (tx *Tx) LabelsOn(brand, mentionID string) ([]record.Label, error) {
	out, err := labelsOn(tx.ctx, tx.c, brand, mentionID)
	if err != nil {
		return nil, fmt.Errorf("reading the labels of mention %s: %w", mentionID, err)
	}
	return out, nil
}

// maxOnOne bounds how many labels of one post are read.
const maxOnOne = 500

func labelsOn(ctx context.Context, c conn, brand, mentionID string) ([]record.Label, error) {
	return list(ctx, c, scanLabel, "SELECT "+labelColumns+" FROM labels WHERE mention = ? AND brand = ? ORDER BY id LIMIT ?", mentionID, brand, maxOnOne)
}

// UseLabels notes on each label of the brand that no refit used so far which one did:
// those numbered up to last.
func (tx *Tx) UseLabels(brand string, last, version int64) error {
	_, err := exec(tx.ctx, tx.c, "UPDATE labels SET layer = ? WHERE brand = ? AND id <= ? AND layer = 0", version, brand, last)
	if err != nil {
		return fmt.Errorf("marking the labels of brand %s: %w", brand, err)
	}
	return nil
}

// Labels are a brand's labels in the order of writing, those after the number
// after, at most limit (1,000 where it is 0).
func (s *Store) Labels(ctx context.Context, brand string, after int64, limit int) ([]record.Label, error) {
	out, err := list(ctx, s.reads, scanLabel, "SELECT "+labelColumns+` FROM labels
		WHERE brand = ? AND id > ? ORDER BY id LIMIT ?`, brand, after, limitOr(limit, 1000, 10000))
	if err != nil {
		return nil, fmt.Errorf("reading the labels of brand %s: %w", brand, err)
	}
	return out, nil
}

// LabelFilter narrows RecentLabels; an empty field narrows nothing.
type LabelFilter struct {
	Brand   string
	Mention string
	// Undone asks for those too that teach nothing any more.
	Undone bool
	// Before is the number of the last label of the page before, 0 for the first page.
	Before int64
	Limit  int
}

// RecentLabels are labels, newest first.
func (s *Store) RecentLabels(ctx context.Context, f LabelFilter) ([]record.Label, error) {
	if f.Before <= 0 {
		f.Before = maxTime
	}
	query, args := "SELECT "+labelColumns+" FROM labels WHERE id < ? AND (? OR undone = 0) ORDER BY id DESC LIMIT ?", []any{}
	switch {
	case f.Mention != "":
		query, args = "SELECT "+labelColumns+` FROM labels WHERE mention = ? AND (? = '' OR brand = ?) AND id < ? AND (? OR undone = 0)
			ORDER BY id DESC LIMIT ?`, []any{f.Mention, f.Brand, f.Brand}
	case f.Brand != "":
		query, args = "SELECT "+labelColumns+` FROM labels WHERE brand = ? AND id < ? AND (? OR undone = 0)
			ORDER BY id DESC LIMIT ?`, []any{f.Brand}
	}
	out, err := list(ctx, s.reads, scanLabel, query, append(args, f.Before, f.Undone, limitOr(f.Limit, 100, 1000))...)
	if err != nil {
		return nil, fmt.Errorf("reading labels: %w", err)
	}
	return out, nil
}

// Label is one label, or ErrNotFound.
func (s *Store) Label(ctx context.Context, id int64) (record.Label, error) {
	l, ok, err := first(ctx, s.reads, scanLabel, "SELECT "+labelColumns+" FROM labels WHERE id = ?", id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	if err != nil {
		return l, fmt.Errorf("reading label %d: %w", id, err)
	}
	return l, nil
}

// TeachingLabels are the newest labels of a brand that teach, oldest first: not undone
// and not erased, at most limit.
func (s *Store) TeachingLabels(ctx context.Context, brand string, limit int) ([]record.Label, error) {
	out, err := list(ctx, s.reads, scanLabel, "SELECT "+labelColumns+` FROM labels
		WHERE brand = ? AND undone = 0 AND text <> '' ORDER BY id DESC LIMIT ?`, brand, limit)
	if err != nil {
		return nil, fmt.Errorf("reading what was taught about brand %s: %w", brand, err)
	}
	slices.Reverse(out)
	return out, nil
}

// CountLabels is how many labels of a brand teach, those that call a post a complaint
// and those that do not.
func (s *Store) CountLabels(ctx context.Context, brand string) (complaints, others int, err error) {
	err = each(ctx, s.reads, func(scan scanFunc) error {
		var venting bool
		var n int
		err := scan(&venting, &n)
		if venting {
			complaints = n
		} else {
			others = n
		}
		return err
	}, "SELECT venting, COUNT(*) FROM labels WHERE brand = ? AND undone = 0 AND text <> '' GROUP BY venting", brand)
	if err != nil {
		return 0, 0, fmt.Errorf("counting the labels of brand %s: %w", brand, err)
	}
	return complaints, others, nil
}

// maxDisagreements bounds what Disagreements gives.
const maxDisagreements = 200

// Disagreements are the posts about which the last words of several people differ,
// newest first, at most 200 of a brand; brand may be empty for all. A word that its giver took
// back does not count, one that somebody else's replaced does.
func (s *Store) Disagreements(ctx context.Context, brand string) ([]record.Disagreement, error) {
	brands := []string{brand}
	if brand == "" {
		var err error
		if brands, err = brandsOf(ctx, s.reads, "SELECT MIN(brand) FROM labels WHERE brand > ?"); err != nil {
			return nil, fmt.Errorf("finding the brands of labels: %w", err)
		}
	}
	var out []record.Disagreement
	for _, b := range brands {
		posts, err := list(ctx, s.reads, scalar[string], `SELECT mention FROM (SELECT mention, MAX(id) AS last FROM labels l
			WHERE brand = ? AND undone <> ? AND NOT EXISTS (SELECT 1 FROM labels o WHERE o.mention = l.mention
				AND o.brand = l.brand AND o.actor = l.actor AND o.id > l.id AND o.undone <> ?)
			GROUP BY mention HAVING MIN(venting) <> MAX(venting)) AS newest ORDER BY last DESC LIMIT ?`, b, labelUndone, labelUndone, maxDisagreements)
		if err != nil {
			return nil, fmt.Errorf("finding disagreements about brand %s: %w", b, err)
		}
		for _, id := range posts {
			all, err := labelsOn(ctx, s.reads, b, id)
			if err != nil {
				return nil, fmt.Errorf("reading the labels of mention %s: %w", id, err)
			}
			out = append(out, disagreement(all))
		}
	}
	return out, nil
}

// disagreement keeps the last word of each person.
func disagreement(all []record.Label) record.Disagreement {
	d := record.Disagreement{Brand: all[0].Brand, Mention: all[0].Mention}
	last := map[string]int{}
	for i, l := range all {
		if !l.Undone || l.Replaced {
			last[l.Actor] = i
		}
	}
	for i, l := range all {
		if at, ok := last[l.Actor]; ok && at == i {
			d.Labels = append(d.Labels, l)
			d.Text, d.URL = l.Text, l.URL
		}
	}
	return d
}

// LabelVersions are the counts of changes of the labels, by brand.
func (s *Store) LabelVersions(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := each(ctx, s.reads, func(scan scanFunc) error {
		var name string
		var v int64
		err := scan(&name, &v)
		out[strings.TrimPrefix(name, labelCounter)] = v
		return err
	}, "SELECT name, value FROM counters WHERE name >= ? AND substr(name, 1, length(?)) = ?", labelCounter, labelCounter, labelCounter)
	if err != nil {
		return nil, fmt.Errorf("reading the versions of the labels: %w", err)
	}
	return out, nil
}
