package slack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
)

// opened chooses from the menu and waits for the dialog.
func (g *rig) opened(option string) standin.View {
	g.t.Helper()
	before := len(g.s.Views())
	require.Equal(g.t, http.StatusOK, g.send(standin.Click{ActionID: actMenu, Option: option}).Status)
	require.Eventually(g.t, func() bool { return len(g.s.Views()) > before }, 10*time.Second, 5*time.Millisecond)
	return g.s.Views()[before]
}

// fill sends a dialog and gives what Slack is told to do with it.
func (g *rig) fill(v standin.View, fields map[string]standin.Entry) string {
	g.t.Helper()
	a, err := g.s.Fill(g.t.Context(), g.url, v, "U0JO123456", fields)
	require.NoError(g.t, err)
	require.Equal(g.t, http.StatusOK, a.Status)
	require.Less(g.t, a.Took, 3*time.Second)
	return a.Body
}

func TestPromiseByDialog(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	v := g.opened("promise")
	by := time.Now().Add(26 * time.Hour).Truncate(time.Second)
	fields := map[string]standin.Entry{"what": {Text: " a call back <!channel> "}, "by": {At: by.Unix()}}
	require.Empty(t, g.fill(v, fields), "the dialog closes")
	acts := g.d.done()
	require.Len(t, acts, 1)
	require.Equal(t, []any{record.VerbPromise, "a call back <!channel>", by.UTC(), "U0JO123456", "slack"},
		[]any{acts[0].Verb, acts[0].Note, acts[0].Until, acts[0].Actor, acts[0].Via})
	require.Empty(t, g.fill(v, fields))
	require.Len(t, g.d.done(), 1, "sent twice it is one promise")
}

func TestWhatIsWrongInADialogIsSaidInIt(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	v := g.opened("promise")
	past := standin.Entry{At: time.Now().Add(-time.Hour).Unix()}
	ahead := standin.Entry{At: time.Now().Add(time.Hour).Unix()}
	for _, tc := range []struct {
		name   string
		fields map[string]standin.Entry
		says   string
	}{
		{"past", map[string]standin.Entry{"what": {Text: "x"}, "by": past}, `"by":"Choose a time that lies ahead."`},
		{"nothing", map[string]standin.Entry{"what": {Text: "  "}, "by": ahead}, `"what":"Say what was promised."`},
		{"too long", map[string]standin.Entry{"what": {Text: strings.Repeat("é", 301)}, "by": ahead}, `"what":"At most 300 characters."`},
		{"never", map[string]standin.Entry{"what": {Text: "x"}, "by": {At: 1 << 40}}, `"by":"At most a year from now."`},
	} {
		body := g.fill(v, tc.fields)
		require.Contains(t, body, `"response_action":"errors"`, tc.name)
		require.Contains(t, body, tc.says, tc.name)
	}
	require.Empty(t, g.d.done())
}

func TestADialogAfterTheCaseHasEnded(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	v := g.opened("promise")
	fields := map[string]standin.Entry{"what": {Text: "x"}, "by": {At: time.Now().Add(time.Hour).Unix()}}
	g.d.fail = refusal{}
	body := g.fill(v, fields)
	require.Contains(t, body, `"response_action":"errors"`)
	require.Contains(t, body, "It is resolved already; you can reopen it.")
	g.d.fail = errNone
	require.Contains(t, g.fill(v, fields), "no longer kept")
	require.Empty(t, g.s.Ephemerals(), "the dialog itself says it")
	require.Empty(t, g.d.done())

	g.d.c.State = record.StateResolved
	g.send(standin.Click{ActionID: actMenu, Option: "promise"})
	require.Contains(t, g.ephemeral(), "Reopen it first", "an old card's menu")
}

func TestADialogByWhoMayNot(t *testing.T) {
	g := newRig(t, Config{AllowedUsers: []string{"U0BOSS1234"}}, record.StateOpen)
	require.Equal(t, http.StatusOK, g.send(standin.Click{ActionID: actMenu, Option: "promise", User: "U0BOSS1234"}).Status)
	require.Eventually(t, func() bool { return len(g.s.Views()) == 1 }, 10*time.Second, 5*time.Millisecond)
	body := g.fill(g.s.Views()[0], map[string]standin.Entry{"what": {Text: "x"}, "by": {At: time.Now().Add(time.Hour).Unix()}})
	require.Contains(t, body, "not on the list")
	require.Empty(t, g.d.done())
}

func TestMoreByDialog(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fields map[string]standin.Entry
		verb   record.Verb
	}{
		{"snooze", map[string]standin.Entry{"do": {Option: "snooze"}, "for": {Option: "168h"}}, record.VerbSnooze},
		{"broken", map[string]standin.Entry{"do": {Option: "broken"}}, record.VerbBroken},
		{"lost", map[string]standin.Entry{"do": {Option: "lost"}}, record.VerbLost},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{}, record.StateOpen)
			g.d.c.Service.Promise = &record.Promise{What: "x", By: now}
			require.Empty(t, g.fill(g.opened("more"), tc.fields))
			acts := g.d.done()
			require.Len(t, acts, 1)
			require.Equal(t, tc.verb, acts[0].Verb)
			if tc.verb == record.VerbSnooze {
				require.WithinDuration(t, time.Now().Add(168*time.Hour), acts[0].Until, time.Minute)
			}
		})
	}
}

func TestSilenceFromTheMenu(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	v := g.opened("more")
	fields := map[string]standin.Entry{"do": {Option: "silence_author"}, "for": {Option: "4h"}, "because": {Text: "a partner of ours"}}
	require.Empty(t, g.fill(v, fields))
	require.Empty(t, g.fill(v, fields))
	s := g.k.silenced()
	require.Len(t, s, 1, "sent twice it is one silence")
	require.Equal(t, []string{"acme", "bluesky:did:plc:jo", "", "U0JO123456", "a partner of ours"},
		[]string{s[0].Brand, s[0].Author, s[0].Topic, s[0].By, s[0].Reason})
	require.WithinDuration(t, time.Now().Add(4*time.Hour), s[0].Until, time.Minute)
	require.Contains(t, g.ephemeral(), "Silenced: this author")

	require.Empty(t, g.fill(g.opened("more"), map[string]standin.Entry{"do": {Option: "silence_topic"}}))
	require.Equal(t, "support", g.k.silenced()[1].Topic)
	require.Empty(t, g.d.done(), "a silence moves no case")
}

func TestAnotherPromiseInstead(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	g.d.c.Service.Promise = &record.Promise{What: "x", By: now}
	body := g.fill(g.opened("more"), map[string]standin.Entry{"do": {Option: "promise"}})
	require.Contains(t, body, `"response_action":"update"`)
	require.Contains(t, body, viewPromise)
}

func TestHistoryFromTheDialog(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	require.Empty(t, g.fill(g.opened("more"), map[string]standin.Entry{"do": {Option: "history"}}))
	require.Contains(t, g.ephemeral(), "opened by customer")
}

func TestKeptAndLostFromTheMenu(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	d := dossier(record.StateClaimed)
	d.Case.Service.Promise = &record.Promise{What: "x", By: now, Actor: "U0JO123456"}
	rc, err := g.r.Post(t.Context(), message(record.NoticeCard, d))
	require.NoError(t, err)
	g.ts = rc.TS
	g.send(standin.Click{ActionID: actMenu, Option: "kept"})
	require.Equal(t, record.VerbKept, g.d.done()[0].Verb)
	rc, err = g.r.Post(t.Context(), message(record.NoticeCard, dossier(record.StateSnoozed)))
	require.NoError(t, err)
	g.ts = rc.TS
	_, err = g.s.Click(t.Context(), g.url, standin.Click{Channel: standin.DefaultChannel, TS: g.ts, ActionID: actMenu, Option: "lost", User: "U0JO123456"})
	require.ErrorIs(t, err, standin.ErrNoControl, "it is in the dialog behind More")
}

// Where the bot may not speak any more, the person hears of it by response_url.
func TestAWordWithoutAToken(t *testing.T) {
	for _, code := range []string{"token_revoked", "not_in_channel", "channel_not_found", "is_archived"} {
		t.Run(code, func(t *testing.T) {
			g := newRig(t, Config{}, record.StateOpen)
			g.s.Fail("chat.postEphemeral", 1, standin.Refuse(code))
			g.d.fail = refusal{}
			require.Equal(t, http.StatusOK, g.send(standin.Click{ActionID: actClaim}).Status)
			require.Contains(t, g.ephemeral(), "resolved already")
		})
	}
	g := newRig(t, Config{}, record.StateOpen)
	g.s.Fail("views.open", 1, standin.Refuse("expired_trigger_id"))
	g.send(standin.Click{ActionID: actMenu, Option: "promise"})
	require.Contains(t, g.ephemeral(), "could not be opened")
}

func TestNoWordToForeignAddresses(t *testing.T) {
	t.Parallel()
	r, err := New("support", Config{Token: "xoxb-1", Channel: "C0123"}, &http.Client{})
	require.NoError(t, err)
	for _, to := range []string{
		"https://evil.example/x", "http://hooks.slack.com/x", "https://hooks.slack.com.evil.example/x", "https://u:p@hooks.slack.com/x", "::", "file:///etc/passwd",
		"https://slack.com:444/x", "https://hooks.slack.evil.com/",
	} {
		require.ErrorIs(t, r.respond(t.Context(), to, nil), errForeignURL, to)
	}
}
