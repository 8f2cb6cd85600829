package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// label is a label with every field filled in.
func label(actor string, venting bool) record.Label {
	return record.Label{
		Brand: "acme", Mention: "m", Text: "words", Lang: "en", URL: "https://a.example/1", Venting: venting, Reason: record.ReasonResolved,
		Actor: actor, Via: "slack", Source: record.LabelFromPerson, Case: "c", At: base(), Base: 1.5, Model: "2026-11-24", Alerted: true,
	}
}

func putLabel(t *testing.T, s *store.Store, l record.Label) record.Label {
	t.Helper()
	update(t, s, l.Brand, func(tx *store.Tx) {
		var err error
		l.ID, err = tx.PutLabel(l)
		require.NoError(t, err)
		require.Positive(t, l.ID)
	})
	return l
}

func testLabels(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	l := putLabel(t, s, label("U1", true))
	other := label("U1", false)
	other.Brand = "globex"
	other = putLabel(t, s, other)
	got, err := s.Labels(t.Context(), "acme", 0, 0)
	require.NoError(t, err)
	require.Equal(t, []record.Label{l}, got)
	got, err = s.Labels(t.Context(), "acme", l.ID, 0)
	require.NoError(t, err)
	require.Empty(t, got)
	one, err := s.Label(t.Context(), other.ID)
	require.NoError(t, err)
	require.Equal(t, other, one)
	_, err = s.Label(t.Context(), 99)
	require.ErrorIs(t, err, store.ErrNotFound)

	for _, c := range []struct {
		name string
		f    store.LabelFilter
		want []record.Label
	}{
		{"all, newest first", store.LabelFilter{}, []record.Label{other, l}},
		{"the page behind", store.LabelFilter{Before: other.ID}, []record.Label{l}},
		{"of a brand", store.LabelFilter{Brand: "globex"}, []record.Label{other}},
		{"of a post", store.LabelFilter{Mention: "m"}, []record.Label{other, l}},
		{"of a post and brand", store.LabelFilter{Mention: "m", Brand: "acme"}, []record.Label{l}},
		{"of another post", store.LabelFilter{Mention: "n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.RecentLabels(t.Context(), c.f)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	yes, no, err := s.CountLabels(t.Context(), "globex")
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{yes, no})
	vs, err := s.LabelVersions(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"acme": 1, "globex": 1}, vs)
}

func testLabelStates(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	ended := label("U1", true)
	ended.Source = record.LabelFromCase
	ended = putLabel(t, s, ended)
	person := putLabel(t, s, label("U2", false))
	inDispute := func() []record.Disagreement {
		t.Helper()
		out, err := s.Disagreements(t.Context(), "")
		require.NoError(t, err)
		return out
	}
	require.Len(t, inDispute(), 1)
	require.Equal(t, []record.Label{ended, person}, inDispute()[0].Labels)
	require.Equal(t, "words", inDispute()[0].Text)

	// A later word on the case replaces the first and leaves the other's alone.
	update(t, s, "acme", func(tx *store.Tx) {
		n, err := tx.ReplaceLabels("acme", "m", base())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = tx.ReplaceLabels("acme", "m", base())
		require.NoError(t, err)
		require.Zero(t, n)
	})
	require.Len(t, inDispute(), 1, "what was replaced by somebody else's word is still a word")
	teaching, err := s.TeachingLabels(t.Context(), "acme", 10)
	require.NoError(t, err)
	require.Equal(t, []record.Label{person}, teaching)

	// The same person changes their mind.
	agreed := putLabel(t, s, label("U2", true))
	require.Empty(t, inDispute())
	update(t, s, "acme", func(tx *store.Tx) {
		l, done, err := tx.UndoLabel(agreed.ID, "U3", base())
		require.NoError(t, err)
		require.True(t, done)
		require.Equal(t, "U3", l.UndoneBy)
		_, done, err = tx.UndoLabel(agreed.ID, "U3", base())
		require.NoError(t, err)
		require.False(t, done, "it is undone already")
		_, _, err = tx.UndoLabel(99, "U3", base())
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	require.Len(t, inDispute(), 1)
	all, err := s.RecentLabels(t.Context(), store.LabelFilter{Brand: "acme", Undone: true})
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.True(t, all[0].Undone)
	require.False(t, all[0].Replaced)
	require.True(t, all[2].Replaced)

	before, err := s.LabelVersions(t.Context())
	require.NoError(t, err)
	update(t, s, "acme", func(tx *store.Tx) { require.NoError(t, tx.EraseMention("acme", "m")) })
	after, err := s.LabelVersions(t.Context())
	require.NoError(t, err)
	require.Greater(t, after["acme"], before["acme"], "what an erased post taught is learned anew without it")
	teaching, err = s.TeachingLabels(t.Context(), "acme", 10)
	require.NoError(t, err)
	require.Empty(t, teaching)
}

func testLayers(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	l := putLabel(t, s, label("U1", true))
	row := record.Layer{
		Brand: "acme", At: base(), State: record.LayerActive, Weights: []byte{1, 2}, Labels: []int64{l.ID}, Shared: 3, Seen: 1, SeenAll: 1,
		Model: "m", BrandHash: "h", Effect: record.Effect{
			Since: base().Add(-time.Hour), Posts: 2, Lost: 1, LostPosts: []record.EffectPost{{Mention: "m", URL: "https://a.example", Before: 0.7, After: 0.5}},
		},
	}
	put := func(v record.Layer) record.Layer {
		t.Helper()
		update(t, s, "acme", func(tx *store.Tx) {
			var err error
			v.Version, err = tx.PutLayer(v)
			require.NoError(t, err)
			require.NoError(t, tx.UseLabels("acme", l.ID, v.Version))
		})
		return v
	}
	first := put(row)
	require.EqualValues(t, 1, first.Version)
	active := func() []record.Layer {
		t.Helper()
		out, err := s.ActiveLayers(t.Context())
		require.NoError(t, err)
		return out
	}
	require.Equal(t, []record.Layer{first}, active())
	version, err := s.LayerVersion(t.Context())
	require.NoError(t, err)

	row.State, row.Weights = record.LayerProposed, []byte{3}
	proposed := put(row)
	require.Equal(t, []record.Layer{first}, active(), "a proposal waits")
	row.State, row.Weights, row.RefusedFor, row.Refused = record.LayerRefused, nil, record.RefusedPin, "it breaks an example"
	refused := put(row)
	update(t, s, "acme", func(tx *store.Tx) {
		ok, err := tx.AcceptLayer("acme", proposed.Version)
		require.NoError(t, err)
		require.False(t, ok, "a later refit ended the proposal")
	})
	row.State, row.Weights, row.RefusedFor, row.Refused = record.LayerProposed, []byte{4}, "", ""
	proposed = put(row)
	update(t, s, "acme", func(tx *store.Tx) {
		ok, err := tx.AcceptLayer("acme", proposed.Version)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, tx.SeeLabels("acme", 7, 8))
	})
	proposed.State, proposed.Seen, proposed.SeenAll = record.LayerActive, 7, 8
	require.Equal(t, []record.Layer{proposed}, active())
	later, err := s.LayerVersion(t.Context())
	require.NoError(t, err)
	require.Greater(t, later, version)

	all, err := s.Layers(t.Context(), "acme", 0)
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.Equal(t, proposed, all[0])
	require.Equal(t, record.LayerReplaced, all[3].State)
	require.Empty(t, all[3].Weights, "a layer that had its time keeps no weights")
	got, err := s.Layer(t.Context(), "acme", refused.Version)
	require.NoError(t, err)
	require.Equal(t, "it breaks an example", got.Refused)
	_, err = s.Layer(t.Context(), "acme", 99)
	require.ErrorIs(t, err, store.ErrNotFound)
	last, err := s.LastLayers(t.Context())
	require.NoError(t, err)
	require.Equal(t, []record.Layer{proposed}, last)
	used, err := s.Label(t.Context(), l.ID)
	require.NoError(t, err)
	require.Equal(t, first.Version, used.Layer, "the first refit that used it")
}

func testHeardLayers(t *testing.T, open Opener) {
	t.Helper()
	s := open(t, store.Config{})
	heard := record.Layer{Brand: "globex", Version: 12, At: base(), State: record.LayerActive, Weights: []byte{9}}
	for range 2 {
		update(t, s, "globex", func(tx *store.Tx) { require.NoError(t, tx.KeepLayer(heard)) })
	}
	got, err := s.Layer(t.Context(), "globex", 12)
	require.NoError(t, err)
	require.Equal(t, heard, got)
}
