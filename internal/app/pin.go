package app

import (
	"fmt"

	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/tune"
)

// CheckPin runs an example that a brand does not have yet, by the config as it is. It
// gives the decision and what would be wrong with the example.
func CheckPin(cfg *config.Config, brandName string, p brand.Pin, alerts bool) (record.Decision, []setting.Problem, error) {
	alone, ok := cfg.Alone(brandName)
	if !ok {
		return record.Decision{}, nil, fmt.Errorf("there is no brand %q in the config, or its file is broken", brandName)
	}
	gen, err := NewGeneration(alone)
	if err != nil {
		return record.Decision{}, nil, err
	}
	d, ps := tune.CheckPin(alone.Brands[0], pinJudge{gen}, p, alerts)
	return d, ps, nil
}
