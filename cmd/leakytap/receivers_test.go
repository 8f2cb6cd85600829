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

func TestTestReceiverPagerDuty(t *testing.T) {
	t.Parallel()
	const key = "0123456789abcdef0123456789abcdef"
	actions := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body struct {
			Key    string `json:"routing_key"`
			Action string `json:"event_action"`
		}
		if json.NewDecoder(req.Body).Decode(&body) == nil && body.Key == key && req.URL.Path == "/v2/enqueue" {
			actions <- body.Action
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"status":"invalid event","errors":["Invalid routing key"]}`))
	}))
	t.Cleanup(srv.Close)
	out, code := testsReceiver(t, "pagerduty", fmt.Sprintf("{api_url: %q, routing_key: %s}", srv.URL+"/v2/", key))
	require.Equal(t, 0, code, out)
	require.Equal(t, []string{"trigger", "acknowledge", "resolve"}, []string{<-actions, <-actions, <-actions})
	out, code = testsReceiver(t, "pagerduty", fmt.Sprintf("{api_url: %q, routing_key: wrong-key}", srv.URL+"/v2/"))
	require.Equal(t, 1, code)
	require.Contains(t, out, "integration key")
	require.NotContains(t, out, "wrong-key")
}
