package teach

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/leakytap/leakytap/internal/desk"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

// RefusedError is something that cannot be done with a label or a layer now; its text
// is for people.
type RefusedError struct{ msg string }

// Error is the message.
func (e *RefusedError) Error() string { return e.msg }

// Human is the message, as the inbox shows it.
func (e *RefusedError) Human() string { return e.msg }

func refusedf(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// Answer is what came of a label that was given or undone, or of a layer that was
// accepted.
type Answer struct {
	// Label is the label as it is now, its ID 0 where it is about none.
	Label record.Label
	// Layer is the refit that followed, its Version 0 where there was none.
	Layer record.Layer
	// Words say it in a sentence.
	Words string
}

// importPrefix begins the ids of texts that were labelled without a mention.
const importPrefix = "label:"

// Give writes a label about a post that was decided upon, and refits at once. It takes
// the place of the same person's earlier word about the post.
func (t *Teacher) Give(ctx context.Context, l record.Label) (Answer, error) {
	b, ok := t.opt.Class().Brands[l.Brand]
	if !ok {
		return Answer{}, refusedf("there is no brand %s", l.Brand)
	}
	if !slices.Contains(record.LabelReasons(), l.Reason) || l.Venting != isComplaint(l.Reason) {
		return Answer{}, refusedf("reason is complaint, or one of not_a_complaint, %s", strings.Join(taughtReasons(), ", "))
	}
	l.At = t.now()
	err := t.opt.Store.Update(ctx, []string{l.Brand}, func(tx *store.Tx) error {
		if err := fill(tx, &l); err != nil {
			return err
		}
		if l.Text == "" {
			return refusedf("this post is not stored for brand %s, or its words are gone; give them with the label", l.Brand)
		}
		earlier, err := tx.LabelsOn(l.Brand, l.Mention)
		if err != nil {
			return err
		}
		for _, e := range earlier {
			if e.Actor == l.Actor && !e.Undone {
				if _, _, err := tx.UndoLabel(e.ID, l.Actor, l.At); err != nil {
					return err
				}
			}
		}
		l.ID, err = tx.PutLabel(l)
		return err
	})
	if err != nil {
		return Answer{}, known(err)
	}
	return t.answer(ctx, l, b.Name)
}

// taughtReasons are those of dismissals that teach.
func taughtReasons() []string {
	return slices.DeleteFunc(record.DismissReasons(), func(r string) bool { return r == record.ReasonAlreadyHandled })
}

func isComplaint(reason string) bool {
	return reason == record.ReasonComplaint || reason == record.ReasonResolved
}

// fill brings what the store knows of a label's post.
func fill(tx *store.Tx, l *record.Label) error {
	if m, ok, err := tx.Mention(l.Brand, l.Mention); err != nil {
		return err
	} else if ok {
		if l.Text == "" && !m.Mention.Retracted {
			l.Text, l.Lang = textOf(m.Mention), m.Mention.Lang
		}
		l.URL, l.Case = m.Mention.URL, m.Case
	}
	d, ok, err := tx.LatestDecision(l.Brand, l.Mention)
	if err == nil && ok {
		desk.Scored(l, d)
	}
	return err
}

// textOf is title and text, as a label keeps them.
func textOf(m mention.Mention) string {
	if m.Title == "" || strings.HasPrefix(m.Text, m.Title) {
		return m.Text
	}
	return strings.TrimSpace(m.Title + "\n" + m.Text)
}

// ImportResult says of each label of an import whether it was written, and why it could
// not be taken, nil for one that was or was there already.
type ImportResult struct {
	Written []bool
	Refused []error
}

// Import writes labels that stand in a file. One that is there already, by the same
// person about the same post, is not written again. Nothing is refitted: call Refit
// for the brands once all are in.
func (t *Teacher) Import(ctx context.Context, ls []record.Label) (ImportResult, error) {
	refused := make([]error, len(ls))
	written := make([]bool, len(ls))
	brands := map[string]bool{}
	class := t.opt.Class()
	for i := range ls {
		if _, ok := class.Brands[ls[i].Brand]; !ok {
			refused[i] = fmt.Errorf("there is no brand %q", ls[i].Brand)
			continue
		}
		brands[ls[i].Brand] = true
	}
	names := make([]string, 0, len(brands))
	for b := range brands {
		names = append(names, b)
	}
	err := t.opt.Store.Update(ctx, names, func(tx *store.Tx) error {
		for i := range ls {
			if refused[i] != nil && !brands[ls[i].Brand] {
				continue
			}
			added, why, err := t.take(tx, ls[i])
			if err != nil {
				return err
			}
			refused[i], written[i] = why, added
		}
		return nil
	})
	if err != nil {
		return ImportResult{}, fmt.Errorf("importing %d labels: %w", len(ls), err)
	}
	return ImportResult{written, refused}, nil
}

// take writes one imported label.
func (t *Teacher) take(tx *store.Tx, l record.Label) (added bool, why, err error) {
	if l.Mention == "" {
		l.Mention = madeID(l.Text)
	}
	if l.At.IsZero() {
		l.At = t.now()
	}
	if err := fill(tx, &l); err != nil {
		return false, nil, err
	}
	if l.Text == "" {
		return false, errors.New("it has no text, and no post of that id is stored"), nil
	}
	earlier, err := tx.LabelsOn(l.Brand, l.Mention)
	if err != nil {
		return false, nil, err
	}
	for _, e := range earlier {
		if e.Actor == l.Actor && !e.Undone && e.Venting == l.Venting {
			return false, nil, nil
		}
	}
	_, err = tx.PutLabel(l)
	return err == nil, nil, err
}

// madeID stands for a text that came without an id.
func madeID(text string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return fmt.Sprintf("%s%016x", importPrefix, h.Sum64())
}

// Undo takes a label back and refits without it.
func (t *Teacher) Undo(ctx context.Context, id int64, by string) (Answer, error) {
	was, err := t.opt.Store.Label(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	var l record.Label
	done := false
	err = t.opt.Store.Update(ctx, []string{was.Brand}, func(tx *store.Tx) (err error) {
		l, done, err = tx.UndoLabel(id, by, t.now())
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	if !done {
		return Answer{}, refusedf("label %d teaches nothing any more", id)
	}
	return t.answer(ctx, l, l.Brand)
}

// Accept puts the proposed layer of a brand to use.
func (t *Teacher) Accept(ctx context.Context, name string) (Answer, error) {
	rows, err := t.opt.Store.Layers(ctx, name, 1)
	if err != nil {
		return Answer{}, err
	}
	if len(rows) == 0 || rows[0].State != record.LayerProposed {
		return Answer{}, refusedf("nothing is proposed for brand %s", name)
	}
	ok := false
	err = t.opt.Store.Update(ctx, []string{name}, func(tx *store.Tx) (err error) {
		ok, err = tx.AcceptLayer(name, rows[0].Version)
		return err
	})
	if err != nil {
		return Answer{}, fmt.Errorf("accepting the layer of brand %s: %w", name, err)
	}
	if !ok {
		return Answer{}, refusedf("the proposal for brand %s has changed meanwhile; look at it again", name)
	}
	l, err := t.opt.Store.Layer(ctx, name, rows[0].Version)
	if err != nil {
		return Answer{}, err
	}
	t.opt.Done(ctx, l)
	return Answer{Layer: l, Words: "In use now. " + Words(l, len(l.Labels))}, nil
}

// Learn refits a brand and says what came of it.
func (t *Teacher) Learn(ctx context.Context, name string) (Answer, error) {
	return t.answer(ctx, record.Label{}, name)
}

// answer refits a brand and says what came of it.
func (t *Teacher) answer(ctx context.Context, l record.Label, name string) (Answer, error) {
	row, changed, err := t.Refit(ctx, name)
	if err != nil {
		return Answer{Label: l}, err
	}
	out := Answer{Label: l}
	if l.ID > 0 {
		if out.Label, err = t.opt.Store.Label(ctx, l.ID); err != nil {
			return out, err
		}
	}
	own, err := t.opt.Store.TeachingLabels(ctx, name, minCounted)
	if err != nil {
		return out, err
	}
	if b := t.opt.Class().Brands[name]; b.Learning() == "off" {
		out.Words = "Kept. Brand " + name + " learns nothing from labels (learn: off)."
		return out, nil
	}
	if changed || row.State == record.LayerRefused || row.State == record.LayerProposed {
		out.Layer = row
	}
	out.Words = Words(out.Layer, len(own))
	return out, nil
}

// minCounted is enough to tell whether there are enough labels.
const minCounted = 10

// known keeps what people can do something about apart from what is broken.
func known(err error) error {
	if r, ok := errors.AsType[*RefusedError](err); ok {
		return r
	}
	return err
}
