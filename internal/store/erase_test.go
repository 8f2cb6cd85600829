package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/store/storetest"
)

// Neither free pages nor the log may hold an erased text: the store is open all
// the while.
func TestErasureReachesTheFile(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), store.Config{}, dir, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	storetest.Fill(t, s)
	found := func() (out []string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		for _, f := range files {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			for _, secret := range storetest.Secrets() {
				if strings.Contains(string(b), secret) {
					out = append(out, filepath.Base(f)+": "+secret)
				}
			}
		}
		return out
	}
	require.NotEmpty(t, found(), "the test looks in the right place")
	require.NoError(t, s.EraseEverywhere(t.Context(), storetest.Doomed()))
	require.Empty(t, found())
}
