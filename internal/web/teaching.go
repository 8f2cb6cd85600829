package web

import (
	"context"
	"errors"
	"strconv"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/teach"
)

// Teaching is Labels on a store and a teacher.
type Teaching struct {
	Store   *store.Store
	Teacher *teach.Teacher
	// Brands are the brands of the generation in use, by name.
	Brands func() []brand.Brand
}

var _ Labels = Teaching{}

// Labels lists labels with what each changed.
func (t Teaching) Labels(ctx context.Context, f LabelFilter) ([]Taught, error) {
	before, _ := strconv.ParseInt(f.After, 10, 64)
	rows, err := t.Store.RecentLabels(ctx, store.LabelFilter{Brand: f.Brand, Mention: f.Mention, Undone: f.Undone, Before: before, Limit: f.Limit})
	if err != nil {
		return nil, err
	}
	out := make([]Taught, len(rows))
	layers := map[string]*record.Layer{}
	for i := range rows {
		l := &rows[i]
		out[i].Label = l
		if l.Layer == 0 {
			continue
		}
		key := l.Brand + "/" + strconv.FormatInt(l.Layer, 10)
		row, known := layers[key]
		if !known {
			v, err := t.Store.Layer(ctx, l.Brand, l.Layer)
			switch {
			case err == nil:
				v.Labels = nil // the numbers of thousands of others
				row = &v
			case !errors.Is(err, store.ErrNotFound):
				return nil, err
			}
			layers[key] = row
		}
		if row != nil {
			out[i].Layer, out[i].Words = row, teach.Words(*row, teach.Enough)
		}
	}
	return out, nil
}

// GiveLabel writes a label and refits.
func (t Teaching) GiveLabel(ctx context.Context, l record.Label) (Taught, error) {
	return taughtBy(t.Teacher.Give(ctx, l))
}

// taughtBy is a teacher's answer.
func taughtBy(a teach.Answer, err error) (Taught, error) {
	if refused, ok := errors.AsType[*teach.RefusedError](err); ok {
		return Taught{}, &Refused{Message: refused.Human()}
	}
	if errors.Is(err, store.ErrNotFound) {
		return Taught{}, ErrNotFound
	}
	if err != nil {
		return Taught{}, err
	}
	out := Taught{Words: a.Words}
	if a.Label.ID > 0 {
		out.Label = &a.Label
	}
	if a.Layer.Version > 0 {
		a.Layer.Labels = nil
		out.Layer = &a.Layer
	}
	return out, nil
}

// ImportLabels writes labels and, where it is asked for, refits their brands.
func (t Teaching) ImportLabels(ctx context.Context, ls []record.Label, learnNow bool) (Imported, error) {
	out := Imported{Refused: []ImportProblem{}}
	r, err := t.Teacher.Import(ctx, ls)
	if err != nil {
		return out, err
	}
	brands := map[string]bool{}
	for i, l := range ls {
		if why := r.Refused[i]; why != nil {
			out.Refused = append(out.Refused, ImportProblem{i, why.Error()})
			continue
		}
		brands[l.Brand] = true
		if r.Written[i] {
			out.Written++
		}
	}
	if !learnNow {
		return out, nil
	}
	out.Words = map[string]string{}
	for name := range brands {
		a, err := t.Teacher.Learn(ctx, name)
		if err != nil {
			return out, err
		}
		out.Words[name] = a.Words
	}
	return out, nil
}

// UndoLabel takes a label back and refits.
func (t Teaching) UndoLabel(ctx context.Context, id int64, by string) (Taught, error) {
	return taughtBy(t.Teacher.Undo(ctx, id, by))
}

// Disagreements are those of the store.
func (t Teaching) Disagreements(ctx context.Context, name string) ([]record.Disagreement, error) {
	return t.Store.Disagreements(ctx, name)
}

// Learned is what each configured brand learned.
func (t Teaching) Learned(ctx context.Context) ([]Learned, error) {
	active, err := t.Store.ActiveLayers(ctx)
	if err != nil {
		return nil, err
	}
	var out []Learned
	for _, b := range t.Brands() {
		l := Learned{Brand: b.Name, Learn: b.Learning()}
		labels, err := t.Store.TeachingLabels(ctx, b.Name, teach.Most)
		if err != nil {
			return nil, err
		}
		l.Labels = len(labels)
		for i := range active {
			if active[i].Brand == b.Name {
				l.Active = &active[i]
			}
		}
		last, err := t.Store.Layers(ctx, b.Name, 1)
		if err != nil {
			return nil, err
		}
		if len(last) == 1 && (l.Active == nil || last[0].Version != l.Active.Version) {
			l.Last = &last[0]
		}
		l.Words = standing(l)
		out = append(out, l)
	}
	return out, nil
}

// standing says what stands for a brand.
func standing(l Learned) string {
	switch {
	case l.Learn == brand.LearnOff:
		return "Labels are kept and not learned from."
	case l.Last != nil:
		return teach.Words(*l.Last, l.Labels)
	case l.Active != nil && l.Active.RefusedFor != "":
		return "Set aside: " + l.Active.Refused
	case l.Active != nil:
		return teach.Words(*l.Active, l.Labels)
	}
	return teach.Words(record.Layer{}, l.Labels)
}

// AcceptLayer puts a proposal to use.
func (t Teaching) AcceptLayer(ctx context.Context, name string) (Taught, error) {
	return taughtBy(t.Teacher.Accept(ctx, name))
}
