package web_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	danaToken  = "dana-token-0123456789"
	localToken = "local-token-0123456789"
)

// testServer is a server with every part, changed by change.
func testServer(tb testing.TB, b web.Backend, change func(*web.Options)) *web.Server {
	tb.Helper()
	opt := web.Options{
		Config:  web.Config{Listen: "127.0.0.1:0"},
		Backend: b,
		Ready:   func(context.Context) error { return nil },
		Metrics: answering(http.StatusOK, "leakytap_build_info 1\n"),
		Reload:  func(context.Context) error { return nil },
		Slack:   answering(http.StatusUnauthorized, "unsigned\n"),
		Ingest:  answering(http.StatusAccepted, "{}\n"),
		Brands:  func() []string { return []string{"tollgate", "larkspur", "pinecask"} },
		Tuning:  webtest.Tuning{Now: time.Now().Add(-time.Minute)},
		Log:     zap.NewNop(),
		Version: "v0.0.0-test",
		Roles:   []string{"ingest", "score", "alert", "web"},
	}
	if change != nil {
		change(&opt)
	}
	s, err := web.New(opt)
	require.NoError(tb, err)
	return s
}

func answering(status int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	})
}

// withLogin asks everybody for a login.
func withLogin(o *web.Options) {
	o.Config.Auth.Tokens = "dana:" + danaToken
	o.LocalToken = localToken
}

func nop() *zap.Logger { return zap.NewNop() }
