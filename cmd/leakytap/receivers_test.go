package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/alertmanager"
	"github.com/leakytap/leakytap/internal/standin/smtp"
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

func TestTestReceiverEmail(t *testing.T) {
	t.Parallel()
	srv, err := smtp.Start(smtp.Options{Mode: smtp.StartTLS, Username: "alerts", Password: "an-invented-password"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close()) })
	host, port, err := net.SplitHostPort(srv.Addr())
	require.NoError(t, err)
	s := newShell(t)
	ca := s.write("ca.pem", string(srv.CA()))
	test := func(password string) (string, int) {
		s.write("leakytap.yaml", fmt.Sprintf(`http: {ca_file: %q}
brands: [{name: acme, query: acme}]
route: {receiver: support}
receivers: [{name: support, email: {host: %s, port: %s, username: alerts, password: %s, from: alerts@acme.example, to: support@acme.example}}]
`, ca, host, port, password))
		a := s.call("test-receiver", "support")
		return a.out + a.err, a.code
	}
	out, code := test("an-invented-password")
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "support works")
	require.Len(t, srv.Mails(), 2)
	require.True(t, srv.Mails()[0].TLS)
	require.Contains(t, string(srv.Mails()[0].Data), "Subject: [leakytap] test message: if you can read this, alerts")
	out, code = test("a-wrong-one")
	require.Equal(t, 1, code)
	require.Contains(t, out, "refuses the login")
	require.NotContains(t, out, "a-wrong-one")
}

func TestTestReceiverAlertmanager(t *testing.T) {
	t.Parallel()
	am := alertmanager.New("an-invented-token")
	srv := httptest.NewServer(am)
	t.Cleanup(srv.Close)
	out, code := testsReceiver(t, "alertmanager", fmt.Sprintf("{url: %q, token: an-invented-token}", srv.URL))
	require.Equal(t, 0, code, out)
	require.Contains(t, out, "support works")
	require.Len(t, am.Alerts(), 1)
	require.Empty(t, am.Firing())
	out, code = testsReceiver(t, "alertmanager", fmt.Sprintf("{url: %q, token: a-wrong-one}", srv.URL))
	require.Equal(t, 1, code)
	require.Contains(t, out, "status 401")
	require.NotContains(t, out, "a-wrong-one")
}
