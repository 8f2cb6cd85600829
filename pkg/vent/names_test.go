package vent

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNamesAreThoseOfTheBrandAskedAbout asks for more brands than there is room for,
// from several goroutines.
func TestNamesAreThoseOfTheBrandAskedAbout(t *testing.T) {
	c := newNameCache()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2 * maxNames {
				brand := "brand" + strconv.Itoa(i%(maxNames+maxNames/4)*7)
				in := &Input{Brand: brand}
				for range 2 {
					if n := c.get(in); !n.Owns(brand) || n.Owns("x"+brand) {
						t.Errorf("%s has another brand's names", brand)
					}
				}
			}
		})
	}
	wg.Wait()
	require.Nil(t, c.get(&Input{Text: "no brand"}))
}

// TestNamesOfAFewBrandsAreCompiledOnce: each stays where it is.
func TestNamesOfAFewBrandsAreCompiledOnce(t *testing.T) {
	c := newNameCache()
	first := make([]any, 500)
	for turn := range 2 {
		for i := range first {
			n := c.get(&Input{Brand: "brand" + strconv.Itoa(i), Aliases: []string{"alias"}})
			if turn == 0 {
				first[i] = n
			}
			require.Same(t, first[i], n)
		}
	}
}
