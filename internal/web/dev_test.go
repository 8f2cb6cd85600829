package web_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

func testServer(t *testing.T, b web.Backend, change func(*web.Options)) *web.Server {
	t.Helper()
	opt := web.Options{
		Config:  web.Config{Listen: "127.0.0.1:0"},
		Backend: b,
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
	s, err := web.New(opt)
	require.NoError(t, err)
	return s
}

func TestDevServe(t *testing.T) {
	addr := os.Getenv("LEAKYTAP_WEB_DEV")
	if addr == "" {
		t.Skip("set LEAKYTAP_WEB_DEV=127.0.0.1:8099 to look at the pages with invented cases")
	}
	b := webtest.Open(t)
	if os.Getenv("LEAKYTAP_WEB_EMPTY") == "" {
		b = webtest.Filled(t, time.Now())
	}
	s := testServer(t, b, func(o *web.Options) { o.Config.Listen = addr })
	require.NoError(t, s.Run(t.Context()))
}
