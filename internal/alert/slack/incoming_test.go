package slack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/alerttest"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

// hooked is what an incoming webhook is sent.
type hooked struct {
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks"`
	Metadata struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	} `json:"metadata"`
}

func TestIncomingConformance(t *testing.T) {
	const hidden = "T0/B0/incoming-conformance"
	alerttest.Run(t, alerttest.Place{
		New: func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver {
			t.Helper()
			r, err := NewIncoming("plain", Config{WebhookURL: setting.Secret(base + "/services/" + hidden), Timeout: setting.Duration(timeout)}, client)
			require.NoError(t, err)
			return r
		},
		Taken: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) },
		Key: func(t *testing.T, _ http.Header, body []byte) string {
			t.Helper()
			var h hooked
			require.NoError(t, json.Unmarshal(body, &h))
			return h.Metadata.Payload.Key
		},
		Inert: func(t *testing.T, body []byte) {
			t.Helper()
			var h hooked
			require.NoError(t, json.Unmarshal(body, &h))
			for _, markup := range []string{"<!", "<http", "<script", "\u202e", "\x00", "\x1b"} {
				require.NotContains(t, h.Text, markup)
			}
			for _, no := range []string{"mrkdwn", `"type":"broadcast"`, `"url":"javascript`, `"actions"`} {
				require.NotContains(t, string(h.Blocks), no)
			}
			require.False(t, strings.ContainsAny(string(h.Blocks), "\u202e\x00\x1b"))
		},
		LookUp: alerttest.Repeats, NoUpdates: true,
		Secrets: []string{hidden, "incoming-conformance"},
	})
}

func incoming(t *testing.T) (*standin.Server, *Incoming) {
	t.Helper()
	s := standin.New(standin.Options{})
	require.NoError(t, s.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { _ = s.Close() })
	r, err := NewIncoming("plain", Config{WebhookURL: setting.Secret(s.HookURL(standin.DefaultChannel))}, &http.Client{})
	require.NoError(t, err)
	return s, r
}

func TestIncomingPostsPlainCards(t *testing.T) {
	s, r := incoming(t)
	_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
	require.NoError(t, err)
	root := record.Receipt{Channel: "webhook", TS: "k"}
	require.NoError(t, r.Update(t.Context(), root, message(record.NoticeUpdate, dossier(record.StateClaimed))))
	_, err = r.Reply(t.Context(), root, alerttest.Message(record.NoticeReply, record.StateOpen))
	require.NoError(t, err)
	got := s.Roots(standin.DefaultChannel)
	require.Len(t, got, 2, "no update, and a reply is a message of its own")
	require.Contains(t, string(got[0].Blocks), "https://bsky.example/profile/did:plc:jo/post/3m6abc")
	require.NotContains(t, string(got[0].Blocks), `"actions"`, "nobody can click")
	require.Contains(t, string(got[1].Blocks), "https://bsky.example/2", "it names its post")
	steps, err := r.Check(t.Context(), now)
	require.NoError(t, err)
	require.Len(t, steps, 1)
}

func TestIncomingReadsSlacksWords(t *testing.T) {
	for code, want := range map[string]alerttest.Want{
		"no_service":          {Reason: alert.ReasonAuth, Kind: alert.FailPermanent},
		"channel_is_archived": {Reason: alert.ReasonArchived, Kind: alert.FailPermanent},
		"channel_not_found":   {Reason: alert.ReasonChannelNotFound, Kind: alert.FailPermanent},
		"action_prohibited":   {Reason: alert.ReasonRestricted, Kind: alert.FailPermanent},
		"invalid_payload":     {Reason: alert.ReasonTooBig, Kind: alert.FailTooBig},
	} {
		s, r := incoming(t)
		s.Fail("incoming-webhook", 1, standin.Refuse(code))
		_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
		alerttest.Check(t, err, want, "standin-hook-secret")
	}
	s, r := incoming(t)
	s.SetChannel(standin.Channel{ID: standin.DefaultChannel, Archived: true})
	_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
	alerttest.Check(t, err, alerttest.Want{Reason: alert.ReasonArchived, Kind: alert.FailPermanent})
	e := r.Update(t.Context(), record.Receipt{}, alert.Message{Rewritten: true})
	alerttest.Check(t, e, alerttest.Want{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage})
}

func TestIncomingConfig(t *testing.T) {
	t.Parallel()
	good := alert.SlackConfig{WebhookURL: "https://hooks.slack.com/services/T/B/x"}
	require.Empty(t, good.Validate())
	require.False(t, good.Interactive())
	both := alert.SlackConfig{WebhookURL: "ftp://x", Token: "xoxb-1", Channel: "C1", SigningSecret: "s", AppToken: "xapp-1", AllowedUsers: []string{"U123"}}
	var paths []string
	for _, p := range both.Validate() {
		paths = append(paths, p.Path)
	}
	require.Equal(t, []string{"token", "channel", "signing_secret", "app_token", "allowed_users", "webhook_url"}, paths)
	_, err := NewIncoming("plain", alert.SlackConfig{Token: "xoxb-1", Channel: "C123"}, &http.Client{})
	require.ErrorContains(t, err, "webhook_url is empty")
}
