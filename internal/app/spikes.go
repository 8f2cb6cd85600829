package app

import (
	"context"

	"github.com/leakytap/leakytap/internal/record"
)

// Spikes is how each brand's topics stand against their usual hours.
func (b *Backend) Spikes(ctx context.Context) ([]record.SpikeStatus, error) {
	return b.Desk.Spikes(ctx, b.Store)
}
