package ingest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/pkg/mention"
)

func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	all := func(mention.Mention) bool { return true }
	fill := func(n, size int, at time.Time) *recent {
		r := &recent{}
		for i := range n {
			r.add(unheard{mention: mention.Mention{ID: "test:" + strconv.Itoa(i), Text: strings.Repeat("x", size)}, at: at})
		}
		return r
	}
	for name, c := range map[string]struct {
		r    *recent
		want int
	}{
		"few":      {fill(3, 10, now), 3},
		"too many": {fill(recentPosts+10, 10, now), recentPosts},
		"too long": {fill(10, recentBytes/4, now), 4},
		"too old":  {fill(3, 10, now.Add(-recentFor-time.Second)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, c.r.take(now, func(mention.Mention) bool { return false }))
			got := c.r.take(now, all)
			require.Len(t, got, c.want)
			require.Zero(t, c.r.bytes)
			require.Empty(t, c.r.list)
			require.Empty(t, c.r.take(now, all))
		})
	}
	r := fill(3, 10, now)
	r.add(unheard{mention: mention.Mention{ID: "test:new"}, at: now.Add(2 * recentFor)})
	require.Len(t, r.list, 1, "a new post pushes old ones out")
	r.drop(all)
	require.Empty(t, r.list)
	require.Zero(t, r.bytes)
}
