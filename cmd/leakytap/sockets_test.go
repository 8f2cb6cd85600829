package main_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

// TestClicksWithoutAPublicAddress works a case in Socket Mode: the daemon has an
// app token and no signing secret, and nobody can call it.
func TestClicksWithoutAPublicAddress(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.write(a.sourcesYAML() + "brands: [{name: acme, query: acme}]\nroute: {receiver: support}\nreceivers:\n" +
		a.slackYAML("support", slack.DefaultChannel, ", app_token: "+slack.DefaultAppToken))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	a.until("the socket stands", func() bool { return a.slack.Sockets() == 1 })
	a.post(ctx, shopPost("socket", "person-socket", "day 9 without my order. acme ignores every email. i want my money back", nil))
	m := a.card("https://shop.example.test/r/socket")
	click := func(user, action string) {
		t.Helper()
		got, err := a.slack.ClickSocket(slack.Click{Channel: m.Channel, TS: m.TS, ActionID: action, User: user})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.Status)
		require.Less(t, got.Took, 3*time.Second, "Slack waits for three seconds")
	}
	click("U0ANN", "lt_claim")
	require.Equal(t, "U0ANN", a.caseOf("", "https://shop.example.test/r/socket").Owner, "the click has its effect before it is answered")
	a.shows(m, "U0ANN")
	a.slack.Announce("warning")
	a.until("the next socket stands", func() bool { return a.slack.Sockets() == 1 })
	a.slack.EndSockets(false)
	m = a.now(m)
	click("U0ANN", "lt_answer")
	a.slack.EndSockets(true)
	a.until("a cut socket is made anew", func() bool { return a.slack.Sockets() == 1 })
	m = a.now(m)
	click("U0ANN", "lt_resolve")
	require.Equal(t, "resolved", a.caseOf("", "https://shop.example.test/r/socket").State)
	a.shows(m, "Resolved")
}
