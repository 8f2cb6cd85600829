package vent

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/leakytap/leakytap/pkg/vent/internal/target"
	"github.com/leakytap/leakytap/pkg/vent/internal/text"
)

const (
	// maxNames is how many brands a nameCache has room for.
	maxNames = 4096
	// nameWays is in how many slots a brand may be.
	nameWays = 8
)

// nameCache keeps the compiled names of brands, so that they are compiled once
// and not for every text. Who reads it writes nothing, so that cores do not wait for
// each other.
type nameCache struct {
	slots [maxNames]atomic.Pointer[cachedNames]
}

type cachedNames struct {
	brand                         string
	aliases, competitors, context []string
	names                         *target.Names
}

func newNameCache() *nameCache { return &nameCache{} }

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
	var free *atomic.Pointer[cachedNames]
	for i := range uint64(nameWays) {
		slot := &c.slots[(key+i)%maxNames]
		e := slot.Load()
		switch {
		case e == nil && free == nil:
			free = slot
		case e != nil && e.same(in):
			return e.names
		}
	}
	if free == nil {
		free = &c.slots[(key+key>>32%nameWays)%maxNames]
	}
	n := target.Compile(in.Brand, in.Aliases, in.Competitors, in.Context)
	free.Store(&cachedNames{
		brand: strings.Clone(in.Brand), aliases: slices.Clone(in.Aliases), competitors: slices.Clone(in.Competitors),
		context: slices.Clone(in.Context), names: n,
	})
	return n
}

func (e *cachedNames) same(in *Input) bool {
	return e.brand == in.Brand && slices.Equal(e.aliases, in.Aliases) &&
		slices.Equal(e.competitors, in.Competitors) && slices.Equal(e.context, in.Context)
}
