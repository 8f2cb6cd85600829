package client

import (
	"context"
	"net/http"

	"github.com/leakytap/leakytap/internal/record"
)

// Spikes is how each brand's topics stand against their usual hours.
func (c *Client) Spikes(ctx context.Context) ([]record.SpikeStatus, error) {
	var out []record.SpikeStatus
	err := c.do(ctx, http.MethodGet, "/spikes", nil, &out)
	return out, err
}
