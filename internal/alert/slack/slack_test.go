package slack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/httpx"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

// overHTTPX is a receiver whose calls go through the client of the product.
func overHTTPX(t *testing.T, api string, timeout time.Duration) *Receiver {
	t.Helper()
	f, err := httpx.New(httpx.Config{}, httpx.Options{})
	require.NoError(t, err)
	c := f.Client(httpx.Policy{AllowPrivate: true, Timeout: timeout, NoRedirects: true})
	t.Cleanup(c.Close)
	r, err := New("support", Config{APIURL: api, Token: standin.DefaultToken, Channel: standin.DefaultChannel, Timeout: setting.Duration(timeout)}, c.HTTP())
	require.NoError(t, err)
	return r
}

func TestFailuresAreNamed(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fault  standin.Fault
		reason string
		kind   alert.Failure
	}{
		{"429", standin.RateLimited("3"), alert.ReasonRateLimited, alert.FailRetry},
		{"500", standin.ErrorBefore(), alert.ReasonServerError, alert.FailAmbiguous},
		{"hang", standin.HangAfter(), alert.ReasonTimeout, alert.FailAmbiguous},
		{"reset", standin.ResetAfter(), alert.ReasonReset, alert.FailAmbiguous},
		{"truncated", standin.TruncatedAfter(), alert.ReasonTruncated, alert.FailAmbiguous},
		{"404", standin.Fault{Status: 404}, alert.ReasonHTTPStatus, alert.FailRetry},
		{"fatal_error", standin.Refuse("fatal_error"), alert.ReasonServerError, alert.FailAmbiguous},
		{"unknown code", standin.Refuse("brand_new_error"), alert.ReasonUnknown, alert.FailAmbiguous},
		{"invalid_blocks", standin.Refuse("invalid_blocks"), alert.ReasonTooBig, alert.FailTooBig},
		{"msg_blocks_too_long", standin.Refuse("msg_blocks_too_long"), alert.ReasonTooBig, alert.FailTooBig},
		{"channel_not_found", standin.Refuse("channel_not_found"), alert.ReasonChannelNotFound, alert.FailPermanent},
		{"not_in_channel", standin.Refuse("not_in_channel"), alert.ReasonNotInChannel, alert.FailPermanent},
		{"is_archived", standin.Refuse("is_archived"), alert.ReasonArchived, alert.FailPermanent},
		{"invalid_auth", standin.Refuse("invalid_auth"), alert.ReasonAuth, alert.FailPermanent},
		{"token_revoked", standin.Refuse("token_revoked"), alert.ReasonAuth, alert.FailPermanent},
		{"account_inactive", standin.Refuse("account_inactive"), alert.ReasonAuth, alert.FailPermanent},
		{"missing_scope", standin.Refuse("missing_scope"), alert.ReasonMissingScope, alert.FailPermanent},
		{"restricted_action", standin.Refuse("restricted_action"), alert.ReasonRestricted, alert.FailPermanent},
		{"message_not_found", standin.Refuse("message_not_found"), alert.ReasonMessageGone, alert.FailMessage},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := pair(t, Config{})
			r := overHTTPX(t, s.APIURL(), 500*time.Millisecond)
			s.Fail("chat.postMessage", 1, tc.fault)
			_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
			var e *alert.SendError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.reason, e.Reason)
			require.Equal(t, tc.kind, e.Kind)
			require.Contains(t, alert.Reasons(), e.Reason)
			require.Equal(t, tc.kind == alert.FailPermanent, e.Hint != "", "what a person must do is said")
			require.NotContains(t, err.Error(), standin.DefaultToken)
			require.NotContains(t, fmt.Sprintf("%+v", e), standin.DefaultToken)
		})
	}
	t.Run("refused", func(t *testing.T) {
		dead := httptest.NewServer(http.NotFoundHandler())
		dead.Close()
		r := overHTTPX(t, dead.URL+"/api/", 5*time.Second)
		_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
		var e *alert.SendError
		require.ErrorAs(t, err, &e)
		require.Equal(t, alert.ReasonRefused, e.Reason)
		require.Equal(t, alert.FailRetry, e.Kind, "it certainly did not arrive")
	})
	t.Run("redirect", func(t *testing.T) {
		stored := 0
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stored++ }))
		defer other.Close()
		srv := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
		defer srv.Close()
		r := overHTTPX(t, srv.URL+"/api/", 5*time.Second)
		_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
		require.Error(t, err)
		require.Zero(t, stored, "the token goes nowhere else")
	})
	for _, body := range []string{"", "{}", "null", "[]", `{"ok":true}`, "<html>", `{"ok":false}`, strings.Repeat("[", 100_000)} {
		t.Run("answer "+body[:min(len(body), 12)], func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
			defer srv.Close()
			r := overHTTPX(t, srv.URL+"/api/", 5*time.Second)
			_, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
			var e *alert.SendError
			require.ErrorAs(t, err, &e)
			require.Equal(t, alert.FailAmbiguous, e.Kind)
			_, found, err := r.Find(t.Context(), "k", time.Now(), nil)
			require.False(t, found)
			if body == `{"ok":true}` {
				return
			}
			require.Error(t, err, "an answer that says nothing is no proof of absence")
		})
	}
}

func TestFindLooksWhereItWasSent(t *testing.T) {
	s, r := pair(t, Config{})
	root, err := r.Post(t.Context(), keyed(record.NoticeCard, "root"))
	require.NoError(t, err)
	re, err := r.Reply(t.Context(), root, keyed(record.NoticeReply, "re"))
	require.NoError(t, err)
	for range 250 {
		_, err := r.Post(t.Context(), keyed(record.NoticeOps, "noise"))
		require.NoError(t, err)
	}
	got, ok, err := r.Find(t.Context(), "root", time.Now(), nil)
	require.NoError(t, err)
	require.True(t, ok, "also beyond the first page")
	require.Equal(t, root, got)
	got, ok, err = r.Find(t.Context(), "re", time.Now(), &root)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, re, got)
	_, ok, err = r.Find(t.Context(), "re", time.Now(), nil)
	require.NoError(t, err)
	require.False(t, ok, "a reply is in no history")
	_, ok, err = r.Find(t.Context(), "absent", time.Now(), &root)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = r.Find(t.Context(), "root", time.Now().Add(time.Hour), nil)
	require.NoError(t, err)
	require.False(t, ok, "only what was sent since")
	s.Delete(root.Channel, root.TS)
	_, err = r.Post(t.Context(), keyed(record.NoticeReply, "re2"))
	require.NoError(t, err)
	_, ok, err = r.Find(t.Context(), "re2", time.Now(), &root)
	require.NoError(t, err)
	require.True(t, ok, "a reply that has lost its thread is in the channel")
}

func keyed(k record.NoticeKind, key string) alert.Message {
	d := dossier(record.StateOpen)
	m := message(k, d)
	m.Notice.Key, m.Notice.Body.Title = key, "news"
	return m
}

func TestAnOldChannelDoesNotStopTheNewOne(t *testing.T) {
	s, r := pair(t, Config{})
	s.SetChannel(standin.Channel{ID: "C0OLD", Archived: true})
	old := record.Receipt{Channel: "C0OLD", TS: "1.000001", Key: "k"}
	err := r.Update(t.Context(), old, keyed(record.NoticeUpdate, "u"))
	var e *alert.SendError
	require.ErrorAs(t, err, &e)
	require.Equal(t, alert.FailMessage, e.Kind)
	_, err = r.Reply(t.Context(), old, keyed(record.NoticeReply, "r"))
	require.ErrorAs(t, err, &e)
	require.Equal(t, alert.FailMessage, e.Kind)
	s.SetChannel(standin.Channel{ID: standin.DefaultChannel, Archived: true})
	_, err = r.Post(t.Context(), keyed(record.NoticeCard, "c"))
	require.ErrorAs(t, err, &e)
	require.Equal(t, alert.FailPermanent, e.Kind)
}

func TestEveryMessageCarriesItsKey(t *testing.T) {
	s, r := pair(t, Config{})
	for _, k := range []record.NoticeKind{record.NoticeCard, record.NoticeReply, record.NoticeDigest, record.NoticeOps, record.NoticeTest} {
		_, err := r.Post(t.Context(), keyed(k, "key of "+string(k)))
		require.NoError(t, err)
	}
	for _, m := range s.Messages("") {
		require.True(t, strings.HasPrefix(m.Key(), "key of "))
		require.Contains(t, string(m.Metadata), `"event_type":"leakytap_card"`)
	}
}

// What has become worse is shown in the channel too; other replies stay in the thread.
func TestAWorseCaseIsHeardInTheChannel(t *testing.T) {
	s, r := pair(t, Config{})
	root, err := r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateOpen)))
	require.NoError(t, err)
	for _, loud := range []bool{true, false} {
		m := keyed(record.NoticeReply, fmt.Sprint("reply ", loud))
		m.Notice.Body.Broadcast = loud
		_, err = r.Reply(t.Context(), root, m)
		require.NoError(t, err)
	}
	seen := s.Messages("")
	require.Len(t, seen, 3)
	require.True(t, seen[1].Broadcast)
	require.False(t, seen[2].Broadcast)
	require.Equal(t, root.TS, seen[1].ThreadTS)
}

func TestCheck(t *testing.T) {
	full := []string{"chat:write", "channels:history"}
	for _, tc := range []struct {
		name   string
		scopes []string
		ch     standin.Channel
		fault  func(*standin.Server)
		steps  int
		want   string
	}{
		{"all right", full, standin.Channel{}, nil, 5, ""},
		{"private channel", []string{"chat:write", "groups:history"}, standin.Channel{Private: true}, nil, 5, ""},
		{"no chat:write", []string{"channels:history"}, standin.Channel{}, nil, 2, "the token lacks chat:write"},
		{"no history", []string{"chat:write"}, standin.Channel{}, nil, 2, "channels:history"},
		{"not invited", full, standin.Channel{Absent: true}, nil, 3, "/invite"},
		{"archived", full, standin.Channel{Archived: true}, nil, 3, "archived"},
		{"bad token", full, standin.Channel{}, func(s *standin.Server) { s.Fail("auth.test", 1, standin.Refuse("invalid_auth")) }, 1, "token"},
		{"cannot update", full, standin.Channel{}, func(s *standin.Server) { s.Fail("chat.update", 1, standin.Refuse("cant_update_message")) }, 4, "cant_update_message"},
		{"cannot look up", full, standin.Channel{}, func(s *standin.Server) { s.Fail("conversations.history", 1, standin.Refuse("missing_scope")) }, 5, "scope"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.ch.ID = "C0CHECK"
			s := standin.New(standin.Options{Scopes: tc.scopes, Channels: []standin.Channel{tc.ch}})
			require.NoError(t, s.Start(t.Context(), "127.0.0.1:0"))
			tr := &http.Transport{}
			t.Cleanup(func() { tr.CloseIdleConnections(); require.NoError(t, s.Close()) })
			r, err := New("support", Config{APIURL: s.APIURL(), Token: standin.DefaultToken, Channel: "C0CHECK"}, &http.Client{Transport: tr})
			require.NoError(t, err)
			if tc.fault != nil {
				tc.fault(s)
			}
			steps, err := r.Check(t.Context(), time.Now())
			require.Len(t, steps, tc.steps)
			if tc.want == "" {
				require.NoError(t, err)
				require.Len(t, s.Messages(""), 1, "one message, updated, not deleted")
				require.Equal(t, 1, s.Messages("")[0].Edits)
				require.Contains(t, s.Messages("")[0].Text, "test message")
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.False(t, steps[len(steps)-1].OK)
		})
	}
}

func TestCheckAsksForASocket(t *testing.T) {
	for token, want := range map[string]string{standin.DefaultAppToken: "", "xapp-another": "connections:write"} {
		_, r := pair(t, Config{AppToken: setting.Secret(token)})
		steps, err := r.Check(t.Context(), time.Now())
		require.Len(t, steps, 6)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), token)
	}
	s, r := pair(t, Config{AppToken: standin.DefaultAppToken})
	s.AllowSockets(false)
	_, err := r.Check(t.Context(), time.Now())
	require.ErrorContains(t, err, "Socket Mode is turned off")
}

func TestNewRefusesABrokenConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no token":  {Channel: "C123"},
		"a name":    {Token: "xoxb-1", Channel: "#support"},
		"app token": {Token: "xapp-1", Channel: "C123"},
		"bad url":   {Token: "xoxb-1", Channel: "C123", APIURL: "ftp://x"},
	} {
		_, err := New("support", cfg, &http.Client{})
		require.Error(t, err, name)
	}
	_, err := New("support", Config{Token: "xoxb-1", Channel: "C123"}, nil)
	require.Error(t, err)
}

func TestManifestAsksForNoMoreThanIsUsed(t *testing.T) {
	raw, err := os.ReadFile("../../../deployments/slack/manifest.yaml")
	require.NoError(t, err)
	var m struct {
		OAuth struct {
			Scopes struct {
				Bot  []string `yaml:"bot"`
				User []string `yaml:"user"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Features struct {
			Commands []struct {
				Command string `yaml:"command"`
				URL     string `yaml:"url"`
			} `yaml:"slash_commands"`
		} `yaml:"features"`
		Settings struct {
			Interactivity struct {
				Enabled bool   `yaml:"is_enabled"`
				URL     string `yaml:"request_url"`
			} `yaml:"interactivity"`
			SocketMode bool `yaml:"socket_mode_enabled"`
		} `yaml:"settings"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &m))
	require.ElementsMatch(t, []string{"chat:write", "commands", "channels:history", "groups:history"}, m.OAuth.Scopes.Bot)
	require.Empty(t, m.OAuth.Scopes.User)
	require.True(t, m.Settings.Interactivity.Enabled)
	require.True(t, m.Settings.SocketMode, "the buttons need no public address")
	require.Len(t, m.Features.Commands, 1)
	require.Equal(t, "/leakytap", m.Features.Commands[0].Command)
	require.True(t, strings.HasSuffix(m.Features.Commands[0].URL, "/slack/commands"))
	require.True(t, strings.HasSuffix(m.Settings.Interactivity.URL, "/slack/interactions"))
}

func BenchmarkRender(b *testing.B) {
	m := message(record.NoticeCard, dossier(record.StateOpen))
	b.ReportAllocs()
	for b.Loop() {
		p := render(m, true, "k")
		if len(p.blocks) == 0 {
			b.Fatal("nothing was drawn")
		}
	}
}
