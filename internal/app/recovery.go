package app

import (
	"context"
	"time"

	"github.com/leakytap/leakytap/internal/web"
)

// Recovery is what became of the cases that were opened at or after since.
func (b *Backend) Recovery(ctx context.Context, since time.Time) (web.Recovery, error) {
	lives, err := b.Store.Lives(ctx, since)
	if err != nil {
		return web.Recovery{}, err
	}
	return web.Summarise(lives, since), nil
}
