package webtest

import (
	"context"
	"testing"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune/teach"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// teaching is the real teacher over a store, for the brands that are invented.
func teaching(tb testing.TB, st *store.Store) web.Teaching {
	tb.Helper()
	s, err := vent.Default()
	must(tb, err)
	brands := []brand.Brand{}
	class := teach.Class{
		Brands: map[string]brand.Brand{}, Hashes: map[string]string{}, Scorer: s,
		Input: func(name string, m mention.Mention) vent.Input { return vent.Input{Text: m.Text, Brand: name} },
	}
	for _, name := range []string{"larkspur", "northwind"} {
		b := brand.Default()
		b.Name, b.Query = name, name
		brands = append(brands, b)
		class.Brands[name], class.Hashes[name] = b, b.Hash()
	}
	t, err := teach.New(teach.Options{Store: st, Class: func() teach.Class { return class }})
	must(tb, err)
	return web.Teaching{Store: st, Teacher: t, Brands: func() []brand.Brand { return brands }}
}

// PutLabels writes labels as they are.
func (b *Backend) PutLabels(tb testing.TB, ls ...record.Label) {
	tb.Helper()
	for _, l := range ls {
		must(tb, b.st.Update(context.WithoutCancel(tb.Context()), []string{l.Brand}, func(tx *store.Tx) error {
			_, err := tx.PutLabel(l)
			return err
		}))
	}
}
