package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/score/learn"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/vent"
)

// topicLayers carries the layers from the process that learns to those that score,
// when they do not share a store.
const topicLayers = "layers"

const layersRepublish = 30 * time.Second

// shelf holds the layers in use, by brand. A nil shelf holds none.
type shelf struct {
	by atomic.Pointer[map[string]*vent.Layer]
}

// of is the layer of a brand, nil where there is none.
func (s *shelf) of(name string) *vent.Layer {
	if s == nil {
		return nil
	}
	by := s.by.Load()
	if by == nil {
		return nil
	}
	return (*by)[name]
}

// put replaces all layers by those of rows. One that cannot be read is left out, and
// said in the error: the next refit writes it anew.
func (s *shelf) put(rows []record.Layer) error {
	by := make(map[string]*vent.Layer, len(rows))
	var errs []error
	for i := range rows {
		l, err := learn.Decode(rows[i].Weights)
		if err != nil {
			errs = append(errs, fmt.Errorf("layer %d of brand %s: %w", rows[i].Version, rows[i].Brand, err))
			continue
		}
		if l != nil {
			l.Version = rows[i].Version
			by[rows[i].Brand] = l
		}
	}
	s.by.Store(&by)
	return errors.Join(errs...)
}

// layerStore is where layers are read.
type layerStore interface {
	ActiveLayers(ctx context.Context) ([]record.Layer, error)
}

// shelfOf reads the layers of a store once.
func shelfOf(ctx context.Context, st layerStore) (*shelf, error) {
	rows, err := st.ActiveLayers(ctx)
	if err != nil {
		return nil, err
	}
	s := &shelf{}
	return s, s.put(rows)
}

// LearnFrom has the generation use what labels taught the daemon of that data_dir. Where
// there is none, nothing was taught.
func (g *Generation) LearnFrom(ctx context.Context, dataDir string) error {
	if _, err := os.Stat(filepath.Join(dataDir, store.FileName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	r, err := store.OpenReader(ctx, dataDir)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	g.layers, err = shelfOf(ctx, r)
	return err
}

// followLayers takes up each new layer within a second.
func (d *Daemon) followLayers(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := d.takeLayers(ctx); err != nil && ctx.Err() == nil {
			d.log.Warn("layers were not read, trying again", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// takeLayers reads the layers where they have changed.
func (d *Daemon) takeLayers(ctx context.Context) error {
	version, err := d.store.LayerVersion(ctx)
	if err != nil || version == d.layersAt.Load() {
		return err
	}
	rows, err := d.store.ActiveLayers(ctx)
	if err != nil {
		return err
	}
	d.layersAt.Store(version)
	if err := d.layers.put(rows); err != nil {
		d.log.Warn("a layer was left out", zap.Error(err))
	}
	d.met.layerVersions(rows)
	return nil
}

// layerNews are the layers in use as they are at one time, one brand a message.
type layerNews struct {
	Layer   record.Layer `json:"layer"`
	Weights []byte       `json:"weights"`
}

// tellLayers announces the layers to processes that score and have a store of their
// own, when they change and now and then for one that was started later.
func (d *Daemon) tellLayers(ctx context.Context) error {
	if d.opt.Roles.Has(RoleScore) {
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last int64
	var at time.Time
	for {
		version, err := d.store.LayerVersion(ctx)
		if err == nil && version > 0 && (version != last || time.Since(at) > layersRepublish) {
			if err = d.publishLayers(ctx); err == nil {
				last, at = version, time.Now()
			}
		}
		if err != nil && ctx.Err() == nil {
			d.log.Warn("layers were not announced", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Daemon) publishLayers(ctx context.Context) error {
	rows, err := d.store.ActiveLayers(ctx)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Labels, rows[i].Effect = nil, record.Effect{} // nobody asks a scorer for them
		value, err := json.Marshal(layerNews{Layer: rows[i], Weights: rows[i].Weights})
		if err != nil {
			return fmt.Errorf("encoding layers: %w", err)
		}
		if err := d.bus.Publish(ctx, topicLayers, bus.Message{Key: rows[i].Brand, Value: value}); err != nil {
			return fmt.Errorf("publishing layers: %w", err)
		}
	}
	return nil
}

// hearLayers keeps the layers of another process in this one's store. Every process
// that scores needs all of them, so each is a group of its own.
func (d *Daemon) hearLayers(ctx context.Context) error {
	if d.opt.Roles.Has(RoleAlert) {
		return nil
	}
	return d.bus.Consume(ctx, topicLayers, "score-"+d.place(), d.keepLayers)
}

// keepLayers writes what was heard. What cannot be read, and what is older than what is
// known, is passed by.
func (d *Daemon) keepLayers(ctx context.Context, batch []bus.Message) error {
	active, err := d.store.ActiveLayers(ctx)
	if err != nil {
		return err
	}
	known := map[string]time.Time{}
	for i := range active {
		known[active[i].Brand] = active[i].At
	}
	for _, m := range batch {
		var news layerNews
		if json.Unmarshal(m.Value, &news) != nil || news.Layer.Brand == "" || !news.Layer.At.After(known[news.Layer.Brand]) {
			continue
		}
		news.Layer.Weights = news.Weights
		err = d.store.Update(ctx, []string{news.Layer.Brand}, func(tx *store.Tx) error { return tx.KeepLayer(news.Layer) })
		if err != nil {
			return fmt.Errorf("keeping layer %d of brand %s: %w", news.Layer.Version, news.Layer.Brand, err)
		}
		known[news.Layer.Brand] = news.Layer.At
	}
	return nil
}
