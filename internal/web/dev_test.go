package web_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/webtest"
)

// TestDevServe shows the pages with invented cases to whoever works on them.
func TestDevServe(t *testing.T) {
	addr := os.Getenv("LEAKYTAP_WEB_DEV")
	if addr == "" {
		t.Skip("set LEAKYTAP_WEB_DEV=127.0.0.1:8099 to look at the pages with invented cases until the test's -timeout")
	}
	b := webtest.Open(t)
	if os.Getenv("LEAKYTAP_WEB_EMPTY") == "" {
		b = webtest.Filled(t, time.Now())
	}
	s := testServer(t, b, func(o *web.Options) {
		o.Config.Listen = addr
		if os.Getenv("LEAKYTAP_WEB_LOGIN") != "" {
			withLogin(o)
		}
	})
	require.NoError(t, s.Run(t.Context()))
}
