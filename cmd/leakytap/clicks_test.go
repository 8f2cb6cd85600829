package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

// person clicks as one user of Slack.
func (a *arena) click(ctx context.Context, m slack.Message, user, action, option string) slack.Answer {
	a.t.Helper()
	got, err := a.slack.Click(ctx, a.url(ctx)+"/slack/interactions", slack.Click{Channel: m.Channel, TS: m.TS, ActionID: action, Option: option, User: user})
	require.NoError(a.t, err)
	require.Equal(a.t, http.StatusOK, got.Status)
	require.Less(a.t, got.Took, 3*time.Second, "Slack waits for three seconds")
	return got
}

// shows waits until the card shows the words.
func (a *arena) shows(m slack.Message, words string) {
	a.t.Helper()
	a.until("the card shows "+words, func() bool {
		return strings.Contains(strings.ToLower(string(a.now(m).Blocks)), strings.ToLower(words))
	})
}

// api asks the API and wants a status.
func (a *arena) api(ctx context.Context, method, path, body string, want int) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, a.url(ctx)+path, strings.NewReader(body))
	require.NoError(a.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	require.NoError(a.t, err)
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	require.NoError(a.t, err)
	require.Equal(a.t, want, resp.StatusCode, "%s %s: %s", method, path, out)
	return string(out)
}

// TestClicks works cases from Slack, from the command line and through the API,
// and lets strangers try.
func TestClicks(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.slack.SetChannel(slack.Channel{ID: "C0PLAIN"})
	a.write(a.sourcesYAML() + `brands:
  - {name: acme, query: "acme"}
  - {name: borealis, query: "borealis"}
route: {receiver: support, routes: [{match: {brand: borealis}, receiver: plain}]}
receivers:
` + a.slackYAML("support", slack.DefaultChannel, signed) + a.slackYAML("plain", "C0PLAIN", ""))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	complain := func(id, brand string) slack.Message {
		a.post(ctx, shopPost(id, "person-"+id, "day 9 without my "+id+" order. "+brand+" ignores every email. i want my money back, ref "+strings.ToUpper(id)+id, nil))
		return a.card("https://shop.example.test/r/" + id)
	}
	state := func(id string) string { return a.caseOf("", "https://shop.example.test/r/"+id).State }

	t.Run("claim and resolve", func(t *testing.T) {
		m := complain("alpha", "acme")
		a.click(ctx, m, "U0ANN", "lt_claim", "")
		a.shows(m, "U0ANN")
		require.Equal(t, "U0ANN", a.caseOf("", "https://shop.example.test/r/alpha").Owner)
		a.click(ctx, m, "U0ANN", "lt_resolve", "")
		a.shows(m, "resolved")
		require.Equal(t, "resolved", state("alpha"))
	})
	t.Run("not a complaint", func(*testing.T) {
		m := complain("bravo", "acme")
		a.click(ctx, m, "U0ANN", "lt_dismiss", "")
		a.until("dismissed", func() bool { return state("bravo") == "dismissed" })
		a.until("reasons are offered", func() bool { return strings.Contains(string(a.now(m).Blocks), "lt_reason") })
		a.click(ctx, m, "U0ANN", "lt_reason", "spam")
		a.shows(m, "spam")
	})
	t.Run("menu", func(t *testing.T) {
		m := complain("charlie", "acme")
		a.click(ctx, m, "U0ANN", "lt_menu", "snooze_1h")
		a.until("snoozed", func() bool { return state("charlie") == "snoozed" })
		a.click(ctx, m, "U0ANN", "lt_menu", "why")
		a.until("why is told", func() bool { return len(a.slack.Ephemerals()) > 0 })
		a.click(ctx, m, "U0ANN", "lt_menu", "assign")
		a.until("a dialog", func() bool { return len(a.slack.Views()) > 0 })
		got, err := a.slack.Submit(ctx, a.url(ctx)+"/slack/interactions", a.slack.Views()[0], "U0ANN", "U0BOB")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.Status)
		a.until("assigned", func() bool { return a.caseOf("", "https://shop.example.test/r/charlie").Owner == "U0BOB" })
	})
	t.Run("two at once", func(t *testing.T) {
		m := complain("delta", "acme")
		var both sync.WaitGroup
		for _, user := range []string{"U0ANN", "U0BOB"} {
			p, err := a.slack.Payload(slack.Click{Channel: m.Channel, TS: m.TS, ActionID: "lt_claim", User: user})
			require.NoError(t, err)
			both.Go(func() { _, _ = a.slack.Send(ctx, a.url(ctx)+"/slack/interactions", p) })
		}
		both.Wait()
		owner := a.caseOf("", "https://shop.example.test/r/delta").Owner
		require.Contains(t, []string{"U0ANN", "U0BOB"}, owner)
		a.shows(m, owner)
	})
	t.Run("strangers", func(t *testing.T) { strangers(ctx, t, a, complain("echo", "acme")) })
	t.Run("without a way back", func(t *testing.T) {
		m := complain("foxtrot", "borealis")
		require.Equal(t, "C0PLAIN", m.Channel)
		require.NotContains(t, string(m.Blocks), "lt_")
		require.NotContains(t, string(m.Blocks), `"actions"`)
	})
	t.Run("command line and api", func(t *testing.T) {
		m := complain("golf", "acme")
		id := a.caseOf("", "https://shop.example.test/r/golf").ID
		a.cli("case", "claim", id)
		a.until("claimed", func() bool { return state("golf") == "claimed" })
		a.shows(m, a.caseOf("", "https://shop.example.test/r/golf").Owner)
		var one kase
		require.NoError(t, json.Unmarshal([]byte(a.api(ctx, http.MethodGet, "/api/v1/cases/"+id, "", http.StatusOK)), &one))
		require.Contains(t, a.api(ctx, http.MethodGet, "/api/v1/cases", "", http.StatusOK), id)
		a.cli("case", "resolve", id)
		a.shows(m, "resolved")
		a.cli("case", "reopen", id)
		a.until("open again", func() bool { return state("golf") == "open" || state("golf") == "claimed" })
	})
}

// strangers sends what Slack did not sign, what is old, and what came before.
func strangers(ctx context.Context, t *testing.T, a *arena, m slack.Message) {
	t.Helper()
	target := a.url(ctx) + "/slack/interactions"
	payload, err := a.slack.Payload(slack.Click{Channel: m.Channel, TS: m.TS, ActionID: "lt_claim", User: "U0EVE"})
	require.NoError(t, err)
	send := func(at time.Time, edit func(*http.Request)) int {
		req, err := a.slack.SignedRequest(ctx, target, payload, at)
		require.NoError(t, err)
		edit(req)
		resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	for name, edit := range map[string]func(*http.Request){
		"no signature": func(r *http.Request) { r.Header.Del("X-Slack-Signature") },
		"no time":      func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") },
		"another":      func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0="+strings.Repeat("ab", 32)) },
		"another time": func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", "1700000000") },
		"another body": func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte("payload={}"))), 10
		},
		"no v0":         func(r *http.Request) { r.Header.Set("X-Slack-Signature", r.Header.Get("X-Slack-Signature")[3:]) },
		"nothing of it": func(r *http.Request) { r.Header = http.Header{} },
	} {
		require.Equal(t, http.StatusUnauthorized, send(time.Now(), edit), name)
	}
	for _, skew := range []time.Duration{-301 * time.Second, time.Hour, -24 * time.Hour} {
		require.Equal(t, http.StatusUnauthorized, send(time.Now().Add(skew), func(*http.Request) {}), skew)
	}
	url := "https://shop.example.test/r/echo"
	require.Equal(t, "open", a.caseOf("", url).State)
	at := time.Now()
	require.Equal(t, http.StatusOK, send(at, func(*http.Request) {}))
	require.Equal(t, "claimed", a.caseOf("", url).State)
	id := a.caseOf("", url).ID
	a.cli("case", "resolve", id)
	a.cli("case", "reopen", id)
	after := a.caseOf("", url)
	require.Equal(t, http.StatusOK, send(at, func(*http.Request) {}), "the same request again")
	require.Equal(t, after, a.caseOf("", url), "a replay has no second effect")
}
