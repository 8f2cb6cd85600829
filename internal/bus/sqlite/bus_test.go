package sqlite

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/bus/bustest"
)

func TestSuite(t *testing.T) {
	var mu sync.Mutex
	paths := map[string]string{}
	bustest.Run(t, func(t *testing.T) bus.Bus {
		t.Helper()
		mu.Lock()
		path, known := paths[t.Name()]
		if !known {
			path = filepath.Join(t.TempDir(), "bus.db")
			paths[t.Name()] = path
		}
		mu.Unlock()
		return openAt(t, path)
	})
}

func openAt(tb testing.TB, path string) *Bus {
	tb.Helper()
	b, err := Open(tb.Context(), Options{Path: path, Log: zaptest.NewLogger(tb)})
	require.NoError(tb, err)
	return b
}
