package web

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

func testServer(t *testing.T, m *memory, change func(*Options)) *Server {
	t.Helper()
	opt := Options{
		Config:  Config{Listen: "127.0.0.1:0"},
		Backend: m,
		Ready:   func(context.Context) error { return nil },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("leakytap_build_info 1\n")) }),
		Reload:  func(context.Context) error { return nil },
		Brands:  func() []string { return []string{"tollgate", "larkspur", "pinecask"} },
		Log:     zap.NewNop(),
		Version: "v0.0.0-test",
		Roles:   []string{"ingest", "score", "alert", "web"},
	}
	if change != nil {
		change(&opt)
	}
	s, err := New(opt)
	require.NoError(t, err)
	return s
}

func TestDevServe(t *testing.T) {
	addr := os.Getenv("LEAKYTAP_WEB_DEV")
	if addr == "" {
		t.Skip("set LEAKYTAP_WEB_DEV=127.0.0.1:8099 to look at the pages with invented cases")
	}
	now := time.Now()
	m := &memory{dossiers: invented(now), sources: inventedSources(now)}
	if os.Getenv("LEAKYTAP_WEB_EMPTY") != "" {
		m.dossiers, m.sources = nil, m.sources[:2]
	}
	s := testServer(t, m, func(o *Options) { o.Config.Listen = addr })
	require.NoError(t, s.Run(t.Context()))
}
