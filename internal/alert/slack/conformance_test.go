package slack

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/setting"
)

func TestConformance(t *testing.T) {
	const token, signing, app = "xoxb-conformance-1", "signing-conformance-2", "xapp-conformance-3"
	alerttest.Run(t, alerttest.Place{
		New: func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver {
			t.Helper()
			r, err := New("support", Config{
				APIURL: base + "/api/", Token: token, SigningSecret: signing, AppToken: app, Channel: alerttest.Root().Channel, Timeout: setting.Duration(timeout),
			}, client)
			require.NoError(t, err)
			return r
		},
		Taken: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"ok":true,"channel":"C0STANDIN","ts":"1.000002","messages":[]}`))
		},
		// Slack says everything with 200 and a body. Any other status below 500 comes
		// from something in between, and will pass.
		Status: func(status int, common alerttest.Want, taken bool) (alerttest.Want, bool) {
			if status != http.StatusOK && status != http.StatusTooManyRequests && status < 500 {
				return alerttest.Want{Reason: alert.ReasonHTTPStatus, Kind: alert.FailRetry}, false
			}
			return common, taken
		},
		WholeAnswer: true,
		Key: func(t *testing.T, _ http.Header, body []byte) string {
			t.Helper()
			var md struct {
				Payload struct {
					Key string `json:"key"`
				} `json:"event_payload"`
			}
			require.NoError(t, json.Unmarshal([]byte(form(t, body).Get("metadata")), &md))
			return md.Payload.Key
		},
		Inert: func(t *testing.T, body []byte) {
			t.Helper()
			f := form(t, body)
			for _, markup := range []string{"<!", "<http", "<script", "\u202e", "\x00", "\x1b"} {
				require.NotContains(t, f.Get("text"), markup)
			}
			require.NotContains(t, f.Get("blocks"), "mrkdwn")
			require.NotContains(t, f.Get("blocks"), `"type":"broadcast"`)
			require.NotContains(t, f.Get("blocks"), `"url":"javascript`)
			require.False(t, strings.ContainsAny(f.Get("blocks"), "\u202e\x00\x1b"))
		},
		LookUp:  alerttest.Looks,
		Secrets: []string{token, signing, app},
	})
}

func form(t *testing.T, body []byte) url.Values {
	t.Helper()
	f, err := url.ParseQuery(string(body))
	require.NoError(t, err)
	return f
}
