package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, opt Options) *Server {
	t.Helper()
	s := New(opt)
	require.NoError(t, s.Start(t.Context(), "127.0.0.1:0"))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func client() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

func ask(t *testing.T, s *Server, method string, form url.Values) map[string]any {
	t.Helper()
	if form.Get("token") == "" {
		form.Set("token", DefaultToken)
	}
	resp, err := client().PostForm(s.APIURL()+method, form)
	require.NoError(t, err)
	defer resp.Body.Close()
	var out map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	return out
}

func TestFormsAndJSONAndBearerAreOneCall(t *testing.T) {
	s := start(t, Options{})
	got := ask(t, s, "chat.postMessage", url.Values{"channel": {DefaultChannel}, "text": {"by form"}, "metadata": {`{"event_type":"e","event_payload":{"key":"k1"}}`}})
	require.Equal(t, true, got["ok"])
	body := `{"channel":"` + DefaultChannel + `","text":"by json","blocks":[{"type":"section","text":{"type":"plain_text","text":"x"}}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.APIURL()+"chat.postMessage", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	resp, err := client().Do(req)
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	require.Contains(t, string(raw), `"ok":true`)
	require.Equal(t, "chat:write,channels:history,groups:history,commands", resp.Header.Get("X-Oauth-Scopes"))
	ms := s.Messages(DefaultChannel)
	require.Len(t, ms, 2)
	require.Equal(t, "k1", ms[0].Key())
	require.Less(t, ms[0].TS, ms[1].TS)
	require.NotEmpty(t, ms[1].Blocks)
}

func TestRefusals(t *testing.T) {
	s := start(t, Options{
		Scopes: []string{"chat:write"},
		Channels: []Channel{
			{ID: "C1"}, {ID: "C2", Archived: true}, {ID: "C3", Absent: true}, {ID: "C4", Absent: true, Private: true},
		},
	})
	long := strings.Repeat("x", 3001)
	for _, tc := range []struct {
		name, method string
		form         url.Values
		want         string
	}{
		{"wrong token", "auth.test", url.Values{"token": {"xoxb-other"}}, "invalid_auth"},
		{"no such channel", "chat.postMessage", url.Values{"channel": {"C9"}, "text": {"x"}}, "channel_not_found"},
		{"archived", "chat.postMessage", url.Values{"channel": {"C2"}, "text": {"x"}}, "is_archived"},
		{"not a member", "chat.postMessage", url.Values{"channel": {"C3"}, "text": {"x"}}, "not_in_channel"},
		{"private and not a member", "chat.postMessage", url.Values{"channel": {"C4"}, "text": {"x"}}, "channel_not_found"},
		{"nothing to say", "chat.postMessage", url.Values{"channel": {"C1"}}, "no_text"},
		{"text too long", "chat.postMessage", url.Values{"channel": {"C1"}, "text": {strings.Repeat("x", 40001)}}, "msg_too_long"},
		{"blocks are no list", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`{}`}}, "invalid_blocks_format"},
		{"section too long", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"section","text":{"type":"mrkdwn","text":"` + long + `"}}]`}}, "invalid_blocks"},
		{"empty text element", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}]`}}, "invalid_blocks"},
		{"whole too long", "chat.postMessage", url.Values{"channel": {"C1"}, "blocks": {`[` + strings.TrimSuffix(strings.Repeat(`{"type":"section","text":{"type":"mrkdwn","text":"`+long[:2900]+`"}},`, 5), ",") + `]`}}, "msg_blocks_too_long"},
		{"no such message", "chat.update", url.Values{"channel": {"C1"}, "ts": {"1.2"}, "text": {"x"}}, "message_not_found"},
		{"no such thread", "chat.postMessage", url.Values{"channel": {"C1"}, "thread_ts": {"1.2"}, "text": {"x"}}, "thread_not_found"},
		{"scope", "conversations.history", url.Values{"channel": {"C1"}}, "missing_scope"},
		{"unknown method", "chat.sing", url.Values{}, "unknown_method"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ask(t, s, tc.method, tc.form)
			require.Equal(t, false, got["ok"])
			require.Equal(t, tc.want, got["error"])
		})
	}
	require.Empty(t, s.Messages(""))
}

func TestHistoryAndRepliesPage(t *testing.T) {
	s := start(t, Options{})
	var ts []string
	for range 5 {
		ts = append(ts, ask(t, s, "chat.postMessage", url.Values{"channel": {DefaultChannel}, "text": {"x"}, "metadata": {`{"event_type":"e","event_payload":{"key":"k"}}`}})["ts"].(string))
	}
	for range 2 {
		ask(t, s, "chat.postMessage", url.Values{"channel": {DefaultChannel}, "text": {"re"}, "thread_ts": {ts[0]}})
	}
	got := ask(t, s, "conversations.history", url.Values{"channel": {DefaultChannel}, "limit": {"3"}, "oldest": {ts[1]}, "inclusive": {"1"}})
	require.Len(t, got["messages"], 3)
	require.Equal(t, true, got["has_more"])
	first := got["messages"].([]any)[0].(map[string]any)
	require.Equal(t, ts[4], first["ts"], "newest first")
	require.NotContains(t, first, "metadata", "only when it is asked for")
	cursor := got["response_metadata"].(map[string]any)["next_cursor"].(string)
	got = ask(t, s, "conversations.history", url.Values{"channel": {DefaultChannel}, "limit": {"3"}, "oldest": {ts[1]}, "inclusive": {"1"}, "cursor": {cursor}, "include_all_metadata": {"1"}})
	require.Len(t, got["messages"], 1, "thread replies are no history")
	require.Equal(t, false, got["has_more"])
	require.Contains(t, got["messages"].([]any)[0].(map[string]any), "metadata")
	got = ask(t, s, "conversations.replies", url.Values{"channel": {DefaultChannel}, "ts": {ts[0]}})
	require.Len(t, got["messages"], 3)
	require.Equal(t, ts[0], got["messages"].([]any)[0].(map[string]any)["ts"])
}

func TestUpdateKeepsMetadataUnlessGiven(t *testing.T) {
	var kinds []string
	s := start(t, Options{OnMessage: func(e Event) { kinds = append(kinds, e.Kind) }})
	ts := ask(t, s, "chat.postMessage", url.Values{"channel": {DefaultChannel}, "text": {"x"}, "metadata": {`{"event_type":"e","event_payload":{"key":"k"}}`}})["ts"].(string)
	ask(t, s, "chat.update", url.Values{"channel": {DefaultChannel}, "ts": {ts}, "text": {"y"}})
	ask(t, s, "chat.postEphemeral", url.Values{"channel": {DefaultChannel}, "user": {"U1"}, "text": {"psst"}})
	ms := s.Messages("")
	require.Len(t, ms, 1)
	require.Equal(t, "y", ms[0].Text)
	require.Equal(t, "k", ms[0].Key())
	require.Equal(t, 1, ms[0].Edits)
	require.Len(t, s.Ephemerals(), 1)
	require.Equal(t, []string{"posted", "updated", "ephemeral"}, kinds)
}

func TestFaultsHappen(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fault  Fault
		stored int
		ok     bool
		status int
	}{
		{"429", RateLimited("7"), 0, true, 429},
		{"500 before", ErrorBefore(), 0, true, 500},
		{"500 after", ErrorAfter(), 1, true, 500},
		{"hang", HangAfter(), 1, false, 0},
		{"late", LateArrival(20 * time.Millisecond), 1, false, 0},
		{"reset", ResetAfter(), 1, false, 0},
		{"truncated", TruncatedAfter(), 1, true, 200},
		{"code", Refuse("fatal_error"), 0, true, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := start(t, Options{})
			s.Fail("chat.postMessage", 1, tc.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if tc.ok {
				ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
			}
			defer cancel()
			form := url.Values{"channel": {DefaultChannel}, "text": {"x"}, "token": {DefaultToken}}.Encode()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.APIURL()+"chat.postMessage", strings.NewReader(form))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := client().Do(req)
			if tc.ok {
				require.NoError(t, err)
				require.Equal(t, tc.status, resp.StatusCode)
				raw, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				resp.Body.Close()
				if tc.name == "truncated" {
					require.False(t, json.Valid(raw))
				}
			} else {
				require.Error(t, err)
			}
			require.Eventually(t, func() bool { return len(s.Messages("")) == tc.stored }, 10*time.Second, 5*time.Millisecond)
			require.Len(t, s.Fired(), 1)
			require.Equal(t, 1, s.Calls("chat.postMessage"))
		})
	}
}

func TestRateLimitAndEarlyCalls(t *testing.T) {
	s := start(t, Options{PerSecond: 0.01, Burst: 2})
	post := func() int {
		resp, err := client().PostForm(s.APIURL()+"chat.postMessage", url.Values{"channel": {DefaultChannel}, "text": {"x"}, "token": {DefaultToken}})
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(t, []int{200, 200, 429}, []int{post(), post(), post()})
	require.Equal(t, 0, s.Early())
	require.Equal(t, 429, post())
	require.Equal(t, 1, s.Early())
	require.Len(t, s.Messages(""), 2)
}

func TestClickIsSignedAndReal(t *testing.T) {
	s := start(t, Options{})
	blocks := `[{"type":"actions","block_id":"a","elements":[
		{"type":"button","action_id":"go","value":"v1","text":{"type":"plain_text","text":"Go"}},
		{"type":"overflow","action_id":"menu","options":[{"value":"why:1","text":{"type":"plain_text","text":"Why"}}]}]}]`
	ts := ask(t, s, "chat.postMessage", url.Values{"channel": {DefaultChannel}, "blocks": {blocks}})["ts"].(string)
	var bodies [][]byte
	daemon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Slack-Signature") != Sign(DefaultSigningSecret, r.Header.Get("X-Slack-Request-Timestamp"), string(raw)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		bodies = append(bodies, raw)
	}))
	defer daemon.Close()
	for _, c := range []Click{{ActionID: "go"}, {ActionID: "menu", Option: "why"}} {
		c.Channel, c.TS, c.User = DefaultChannel, ts, "U1"
		a, err := s.Click(t.Context(), daemon.URL, c)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.Status)
	}
	require.Len(t, bodies, 2)
	form, err := url.ParseQuery(string(bodies[1]))
	require.NoError(t, err)
	require.True(t, bytes.Contains([]byte(form.Get("payload")), []byte(`"selected_option":{"text":{"text":"Why","type":"plain_text"},"value":"why:1"}`)))
	_, err = s.Click(t.Context(), daemon.URL, Click{Channel: DefaultChannel, TS: ts, ActionID: "gone", User: "U1"})
	require.ErrorIs(t, err, ErrNoControl)
}

func TestListensOnLoopbackOnly(t *testing.T) {
	s := New(Options{})
	require.ErrorContains(t, s.Start(t.Context(), "0.0.0.0:0"), "loopback")
}
