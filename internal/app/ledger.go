package app

import (
	"context"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
)

// Ledger adds up what each part of the brands' queries did, by what is stored in the
// config's data_dir. It reads beside a daemon that works there.
func Ledger(ctx context.Context, cfg *config.Config, brands []brand.Brand, w Window) ([]tune.BrandLedger, error) {
	r, err := store.OpenReader(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return tune.Ledger(ctx, tune.LedgerOptions{Store: r, Brands: brands, Since: w.Since, Until: w.Until, Progress: w.Progress})
}
