package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	// Each test gets a copy of one empty store: making the schema is most of an open.
	template := t.TempDir()
	s, err := store.Open(t.Context(), store.Config{}, template, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	empty, err := os.ReadFile(filepath.Join(template, store.FileName))
	require.NoError(t, err)
	storetest.Run(t, func(t *testing.T, cfg store.Config) *store.Store {
		t.Helper()
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, store.FileName), empty, 0o600))
		s, err := store.OpenScratch(t.Context(), cfg, dir, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		return s
	})
}
