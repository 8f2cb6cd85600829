package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

const (
	// layerCounter grows with each change of the layers.
	layerCounter = "layers"
	// layersKept is how many refits of a brand are remembered.
	layersKept = 200
)

const layerColumns = `brand, version, at, state, weights, labels, shared, seen, seen_all, model, brand_hash, effect, refused_for, refused`

func scanLayer(scan scanFunc) (record.Layer, error) {
	var (
		v              record.Layer
		at             int64
		labels, effect string
	)
	err := scan(&v.Brand, &v.Version, &at, &v.State, &v.Weights, &labels, &v.Shared, &v.Seen, &v.SeenAll, &v.Model, &v.BrandHash, &effect,
		&v.RefusedFor, &v.Refused)
	if err != nil {
		return v, err
	}
	v.At = when(at)
	if err := unpack(labels, &v.Labels); err != nil {
		return v, fmt.Errorf("the labels of layer %d of brand %s: %w", v.Version, v.Brand, err)
	}
	if err := unpack(effect, &v.Effect); err != nil {
		return v, fmt.Errorf("the effect of layer %d of brand %s: %w", v.Version, v.Brand, err)
	}
	return v, nil
}

// PutLayer adds a refit under the brand's next version, which it returns. An active
// one takes the place of the one before, and a waiting proposal ends with any other.
func (tx *Tx) PutLayer(v record.Layer) (int64, error) {
	if err := tx.holds(v.Brand); err != nil {
		return 0, err
	}
	last, _, err := first(tx.ctx, tx.c, scalar[int64], "SELECT COALESCE(MAX(version), 0) FROM layers WHERE brand = ?", v.Brand)
	if err != nil {
		return 0, fmt.Errorf("reading the last layer of brand %s: %w", v.Brand, err)
	}
	v.Version = last + 1
	return v.Version, tx.writeLayer(v)
}

// KeepLayer writes a refit as another process made it, its version included.
func (tx *Tx) KeepLayer(v record.Layer) error {
	if err := tx.holds(v.Brand); err != nil {
		return err
	}
	return tx.writeLayer(v)
}

func (tx *Tx) writeLayer(v record.Layer) error {
	labels, err := packed(v.Labels)
	if err != nil {
		return err
	}
	effect, err := json.Marshal(v.Effect)
	if err != nil {
		return err
	}
	if v.Weights == nil {
		v.Weights = []byte{}
	}
	retire := `UPDATE layers SET state = 'replaced', weights = x'' WHERE brand = ? AND version <> ? AND state = 'proposed'`
	if v.State == record.LayerActive {
		retire = `UPDATE layers SET state = 'replaced', weights = x'' WHERE brand = ? AND version <> ? AND state IN ('active', 'proposed')`
	}
	for _, st := range []struct {
		query string
		args  []any
	}{
		{retire, []any{v.Brand, v.Version}},
		{
			`INSERT INTO layers (` + layerColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (brand, version) DO UPDATE SET state = excluded.state, weights = excluded.weights`,
			[]any{
				v.Brand, v.Version, stamp(v.At), v.State, v.Weights, labels, v.Shared, v.Seen, v.SeenAll, v.Model, v.BrandHash, string(effect),
				v.RefusedFor, v.Refused,
			},
		},
		{
			"DELETE FROM layers WHERE brand = ? AND version <= ? AND state NOT IN ('active', 'proposed')",
			[]any{v.Brand, v.Version - layersKept},
		},
	} {
		if _, err := exec(tx.ctx, tx.c, st.query, st.args...); err != nil {
			return fmt.Errorf("writing layer %d of brand %s: %w", v.Version, v.Brand, err)
		}
	}
	return bumpCounter(tx.ctx, tx.c, layerCounter)
}

// AcceptLayer makes a proposed refit the active one, and answers false where that
// version does not wait any more.
func (tx *Tx) AcceptLayer(brand string, version int64) (bool, error) {
	if err := tx.holds(brand); err != nil {
		return false, err
	}
	v, ok, err := first(tx.ctx, tx.c, scanLayer, "SELECT "+layerColumns+` FROM layers
		WHERE brand = ? AND version = ? AND state = 'proposed'`, brand, version)
	if err != nil || !ok {
		return false, err
	}
	v.State = record.LayerActive
	return true, tx.writeLayer(v)
}

// SeeLabels notes that the active layer of a brand knows of the labels as they are
// and would not differ.
func (tx *Tx) SeeLabels(brand string, seen, seenAll int64) error {
	_, err := exec(tx.ctx, tx.c, `UPDATE layers SET seen = ?, seen_all = ? WHERE brand = ? AND version =
		(SELECT MAX(version) FROM layers WHERE brand = ?)`, seen, seenAll, brand, brand)
	if err != nil {
		return fmt.Errorf("marking the layer of brand %s: %w", brand, err)
	}
	return nil
}

// ActiveLayers are the layers in use, by brand.
func (s *Store) ActiveLayers(ctx context.Context) ([]record.Layer, error) {
	out, err := list(ctx, s.reads, scanLayer, "SELECT "+layerColumns+" FROM layers WHERE state = 'active' ORDER BY brand, version")
	if err != nil {
		return nil, fmt.Errorf("reading the layers: %w", err)
	}
	return out, nil
}

// Layers are the refits of a brand, newest first.
func (s *Store) Layers(ctx context.Context, brand string, limit int) ([]record.Layer, error) {
	out, err := list(ctx, s.reads, scanLayer, "SELECT "+layerColumns+" FROM layers WHERE brand = ? ORDER BY version DESC LIMIT ?",
		brand, limitOr(limit, 20, layersKept))
	if err != nil {
		return nil, fmt.Errorf("reading the layers of brand %s: %w", brand, err)
	}
	return out, nil
}

// Layer is one refit of a brand, or ErrNotFound.
func (s *Store) Layer(ctx context.Context, brand string, version int64) (record.Layer, error) {
	v, ok, err := first(ctx, s.reads, scanLayer, "SELECT "+layerColumns+" FROM layers WHERE brand = ? AND version = ?", brand, version)
	if err == nil && !ok {
		err = ErrNotFound
	}
	if err != nil {
		return v, fmt.Errorf("reading layer %d of brand %s: %w", version, brand, err)
	}
	return v, nil
}

// LastLayers are the newest refits of all brands, whatever became of them.
func (s *Store) LastLayers(ctx context.Context) ([]record.Layer, error) {
	brands, err := brandsOf(ctx, s.reads, "SELECT MIN(brand) FROM layers WHERE brand > ?")
	if err != nil {
		return nil, fmt.Errorf("finding the brands of layers: %w", err)
	}
	out := make([]record.Layer, 0, len(brands))
	for _, b := range brands {
		last, err := s.Layers(ctx, b, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, last...)
	}
	return out, nil
}

// LayerVersion grows with each change of the layers.
func (s *Store) LayerVersion(ctx context.Context) (int64, error) {
	v, err := counter(ctx, s.reads, layerCounter)
	if err != nil {
		return 0, fmt.Errorf("reading the version of the layers: %w", err)
	}
	return v, nil
}

// DecidedSince are a brand's decisions at or after since beside their posts as they
// are stored now, newest first; at most limit.
func (s *Store) DecidedSince(ctx context.Context, brand string, since time.Time, limit int) ([]Decided, error) {
	out, err := list(ctx, s.reads, scanDecided, "SELECT "+decidedColumns+`, m.id IS NOT NULL, 0, d.n
		FROM decisions d LEFT JOIN mentions m ON m.id = d.id AND m.brand = d.brand
		WHERE d.brand = ? AND d.at >= ? ORDER BY d.at DESC LIMIT ?`, brand, stamp(since), limit)
	if err != nil {
		return nil, fmt.Errorf("reading the last decisions of brand %s: %w", brand, err)
	}
	return out, nil
}
