package vent

import (
	"slices"
	"sync"

	"github.com/leakytap/leakytap/pkg/vent/internal/target"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

const maxNames = 4096

// nameCache keeps the compiled names of brands, so that they are compiled once
// and not for every text.
type nameCache struct {
	mu sync.RWMutex
	by map[uint64]cachedNames
}

type cachedNames struct {
	brand                         string
	aliases, competitors, context []string
	names                         *target.Names
}

func newNameCache() *nameCache { return &nameCache{by: map[uint64]cachedNames{}} }

// get is the compiled names of in, nil where it names no brand.
func (c *nameCache) get(in *Input) *target.Names {
	if in.Brand == "" && len(in.Aliases) == 0 && len(in.Competitors) == 0 {
		return nil
	}
	key := text.HashString(in.Brand)
	for i, list := range [...][]string{in.Aliases, in.Competitors, in.Context} {
		for _, s := range list {
			key = text.Mix(key*31 + text.HashString(s) + uint64(i))
		}
	}
	c.mu.RLock()
	e, ok := c.by[key]
	c.mu.RUnlock()
	if ok && e.same(in) {
		return e.names
	}
	n := target.Compile(in.Brand, in.Aliases, in.Competitors, in.Context)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.by) >= maxNames {
		clear(c.by)
	}
	c.by[key] = cachedNames{
		brand: in.Brand, aliases: slices.Clone(in.Aliases), competitors: slices.Clone(in.Competitors),
		context: slices.Clone(in.Context), names: n,
	}
	return n
}

func (e *cachedNames) same(in *Input) bool {
	return e.brand == in.Brand && slices.Equal(e.aliases, in.Aliases) &&
		slices.Equal(e.competitors, in.Competitors) && slices.Equal(e.context, in.Context)
}
