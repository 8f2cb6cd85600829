package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testsReceiver runs test-receiver on a receiver of a kind whose settings are
// flow YAML, and gives what it printed and its exit code.
func testsReceiver(t *testing.T, kind, settings string) (out string, code int) {
	t.Helper()
	s := newShell(t)
	s.write("leakytap.yaml", fmt.Sprintf("brands: [{name: acme, query: acme}]\nroute: {receiver: support}\nreceivers: [{name: support, %s: %s}]\n", kind, settings))
	a := s.call("test-receiver", "support")
	return a.out + a.err, a.code
}

func TestTestReceiverWebhook(t *testing.T) {
	t.Parallel()
	const secret = "whsec_aW52ZW50ZWQtc2lnbmluZy1rZXktb2YtMzItYnl0ZXM="
	calls := make(chan string, 10)
	status := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body struct {
			Type string `json:"type"`
		}
		if json.NewDecoder(req.Body).Decode(&body) == nil && strings.HasPrefix(req.Header.Get("Webhook-Signature"), "v1,") {
			calls <- body.Type
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	out, code := testsReceiver(t, "webhook", fmt.Sprintf("{url: %q, secret: %s}", srv.URL+"/in", secret))
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "support works")
	require.Equal(t, []string{"leakytap.test", "leakytap.rewrite"}, []string{<-calls, <-calls})
	status = http.StatusUnauthorized
	out, code = testsReceiver(t, "webhook", fmt.Sprintf("{url: %q, secret: %s}", srv.URL+"/in", secret))
	require.Equal(t, 1, code)
	require.Contains(t, out, "status 401")
	require.NotContains(t, out, secret)
	require.NotContains(t, out, "/in")
}
