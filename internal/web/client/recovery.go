package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/web"
)

// Recovery is what became of the cases that were opened at or after since.
func (c *Client) Recovery(ctx context.Context, since time.Time) (web.Recovery, error) {
	var out web.Recovery
	span := strconv.FormatInt(max(int64(time.Since(since).Seconds()), 1), 10) + "s"
	err := c.do(ctx, http.MethodGet, "/recovery?"+url.Values{"since": {span}}.Encode(), nil, &out)
	return out, err
}
