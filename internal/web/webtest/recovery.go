package webtest

import (
	"context"
	"time"

	"github.com/leakytap/leakytap/internal/web"
)

// Recovery is what became of the cases.
func (b *Backend) Recovery(ctx context.Context, since time.Time) (web.Recovery, error) {
	lives, err := b.st.Lives(ctx, since)
	return web.Summarise(lives, since), err
}
