package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/alertmanager"
	"github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/internal/standin/smtp"
)

// One complaint reaches a Slack channel, a mailbox and Alertmanager, and each of them
// follows its case to the end.
func TestACaseAtSeveralReceivers(t *testing.T) {
	t.Parallel()
	sl := slack.New(slack.Options{Channels: []slack.Channel{{ID: slack.DefaultChannel}}})
	require.NoError(t, sl.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { _ = sl.Close() })
	post25, err := smtp.Start(smtp.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = post25.Close() })
	am := alertmanager.New("")
	prom := httptest.NewServer(am)
	t.Cleanup(prom.Close)
	host, port, err := net.SplitHostPort(post25.Addr())
	require.NoError(t, err)

	s := newShell(t)
	ca := s.write("ca.pem", string(post25.CA()))
	s.write("leakytap.yaml", fmt.Sprintf(`data_dir: ./data
server: {listen: "127.0.0.1:0"}
http: {ca_file: %q}
sources: [{name: hook, type: webhook}]
brands: [{name: acme, query: "@acmeair"}]
receivers:
  - {name: support, slack: {api_url: %q, token: %q, channel: %q}}
  - {name: mail, email: {host: %s, port: %s, from: alerts@acme.example, to: support@acme.example}}
  - {name: prom, alertmanager: {url: %q}}
route:
  receiver: support
  routes:
    - {match: {severity: [high, critical]}, receiver: mail, continue: true}
    - {match: {brand: acme}, receiver: prom, continue: true}
    - {receiver: support}
`, ca, sl.APIURL(), slack.DefaultToken, slack.DefaultChannel, host, port, prom.URL))
	explained := s.good("explain", "--brand", "acme", furious).out
	for _, node := range []string{"severity high -> mail", "brand acme -> prom", "everything -> support"} {
		require.Contains(t, explained, node, "explain names every node that decided")
	}
	d := s.start()
	code, body := d.ask(http.MethodPost, "/api/v1/ingest/hook", post(t, "1", furious, nil))
	require.Equal(t, http.StatusAccepted, code, body)
	d.eventually("all three heard", func() bool {
		return len(sl.Messages(slack.DefaultChannel)) == 1 && len(post25.Mails()) == 1 && len(am.Firing()) == 1
	})
	require.True(t, post25.Mails()[0].TLS)
	for where, text := range map[string][]byte{
		"slack": sl.Messages(slack.DefaultChannel)[0].Blocks, "mail": bytes.ReplaceAll(post25.Mails()[0].Data, []byte("=\r\n"), nil), "prometheus": []byte(am.Firing()[0].Annotations["urls"]),
	} {
		require.Contains(t, string(text), "https://sky.example/1", where)
	}
	var cases []struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.good("case", "list", "--json").out), &cases))
	require.Len(t, cases, 1)
	require.Equal(t, cases[0].ID, am.Firing()[0].Labels["case"])
	s.good("case", "claim", cases[0].ID, "--as", "jo")
	d.eventually("the thread says who has it", func() bool {
		mails := post25.Mails()
		return len(mails) == 2 && strings.Contains(string(mails[1].Data), "In-Reply-To: ") && strings.Contains(string(mails[1].Data), "Claimed by jo")
	})
	require.Len(t, am.Firing(), 1)
	s.good("case", "resolve", cases[0].ID, "--as", "jo")
	d.eventually("the alert has ended", func() bool { return len(am.Firing()) == 0 && len(post25.Mails()) == 3 })
	d.eventually("the counters agree", func() bool {
		_, metrics := d.get("/metrics")
		return strings.Contains(metrics, `leakytap_alerts_sent_total{brand="acme",receiver="mail"} 1`) &&
			strings.Contains(metrics, `leakytap_alerts_sent_total{brand="acme",receiver="prom"} 1`) &&
			strings.Contains(metrics, `leakytap_alerts_sent_total{brand="acme",receiver="support"} 1`)
	})
	require.Contains(t, s.good("why", "https://sky.example/1").out, "severity high -> mail")
}
