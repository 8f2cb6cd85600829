package slack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/record"
	standin "github.com/leakytap/leakytap/internal/standin/slack"
	"github.com/leakytap/leakytap/pkg/vent"
)

// keeper is what commands ask.
type keeper struct {
	mu       sync.Mutex
	silences []record.Silence
	fail     error
	slow     bool
	asked    string
}

func (k *keeper) silenced() []record.Silence {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]record.Silence(nil), k.silences...)
}

func (k *keeper) Status(ctx context.Context) ([]string, error) {
	if k.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []string{"3 cases are open", "<!channel> & so on"}, k.fail
}

func (k *keeper) Why(_ context.Context, idOrURL string) ([]record.Decision, error) {
	k.asked = idOrURL
	if strings.Contains(idOrURL, "none") {
		return nil, k.fail
	}
	return []record.Decision{{Brand: "acme", Outcome: record.OutcomeBelowThreshold, Severity: vent.SeverityLow, Venting: 0.4, Why: []string{"matched: acme", "venting 0.40 < 0.60"}}}, k.fail
}

func (k *keeper) Silence(_ context.Context, s record.Silence) (record.Silence, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return s, k.fail
	}
	for _, old := range k.silences {
		if old.ID == s.ID {
			return old, nil
		}
	}
	k.silences = append(k.silences, s)
	return s, nil
}

func (k *keeper) Test(_ context.Context, text string) ([]record.Decision, error) {
	if strings.Contains(text, "nobody") {
		return nil, nil
	}
	return []record.Decision{{Brand: "acme", Outcome: record.OutcomeAlert, Severity: vent.SeverityHigh, Venting: 0.93, Why: []string{"venting 0.93 >= 0.60"}}}, k.fail
}

type commandAnswer struct {
	Type   string          `json:"response_type"`
	Text   string          `json:"text"`
	Blocks json.RawMessage `json:"blocks"`
}

func (g *rig) command(text string) (commandAnswer, standin.Answer) {
	g.t.Helper()
	a, err := g.s.Command(g.t.Context(), g.url, standin.Command{Channel: standin.DefaultChannel, User: "U0JO123456", Text: text})
	require.NoError(g.t, err)
	require.Equal(g.t, http.StatusOK, a.Status)
	var out commandAnswer
	require.NoError(g.t, json.Unmarshal([]byte(a.Body), &out), a.Body)
	require.Equal(g.t, "ephemeral", out.Type)
	require.NotContains(g.t, string(out.Blocks), "mrkdwn")
	return out, a
}

func TestCommands(t *testing.T) {
	for _, tc := range []struct{ name, text, title, lines string }{
		{"status", "status", "Status", "3 cases are open"},
		{"why", "why https://a.example/1", "What became of it:", "acme: below threshold (low, venting 40 %)"},
		{"why as slack writes an address", "why <https://a.example/?a=1&amp;b=2|a.example>", "What became of it:", "matched: acme"},
		{"why of nothing known", "why https://none.example", "That post was never collected.", ""},
		{"why without an address", "why", "Write the address", "silence [--brand NAME] QUERY"},
		{"why of two", "why a b", "Write the address", ""},
		{"test", "test 3 hours on hold with acme", "This text would become:", "acme: alert (high, venting 93 %)"},
		{"test of what names nobody", "test nobody here", "No brand's query matches", ""},
		{"test of nothing", "test ", "Write the text", ""},
		{"help", "help", "What /leakytap can do", "why URL"},
		{"nothing", "", "What /leakytap can do", "test TEXT"},
		{"unknown", "frobnicate <!channel>", "There is no such command", "status"},
		{"silence without a time", `silence "acme outage"`, "Write what to silence", ""},
		{"silence of nothing", "silence 2h", "Write what to silence", ""},
		{"silence for ever", "silence acme 5000d", "at most a year", ""},
		{"silence for no time", "silence acme 0h", "at most a year", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{}, record.StateOpen)
			out, a := g.command(tc.text)
			require.Contains(t, out.Text, tc.title)
			require.Contains(t, string(out.Blocks), tc.lines)
			require.Less(t, a.Took, 3*time.Second)
			require.Empty(t, g.k.silenced())
		})
	}
	g := newRig(t, Config{}, record.StateOpen)
	_, _ = g.command("why <https://a.example/?a=1&amp;b=2|a.example>")
	require.Equal(t, "https://a.example/?a=1&b=2", g.k.asked)
}

func TestSilenceByCommand(t *testing.T) {
	for _, tc := range []struct {
		text, query, reason string
		span                time.Duration
	}{
		{`silence acme 2h`, "acme", "no reason given", 2 * time.Hour},
		{`silence "acme outage" 1d known, being fixed`, `"acme outage"`, "known, being fixed", 24 * time.Hour},
		{`silence “acme outage in 2h” OR #acmedown 30m <b>`, `"acme outage in 2h" OR #acmedown`, "<b>", 30 * time.Minute},
		{`silence acme &amp; sons 1w`, "acme & sons", "no reason given", 7 * 24 * time.Hour},
		{`silence acme 90min 2h`, "acme 90min", "no reason given", 2 * time.Hour},
	} {
		t.Run(tc.text, func(t *testing.T) {
			g := newRig(t, Config{}, record.StateOpen)
			out, _ := g.command(tc.text)
			s := g.k.silenced()
			require.Len(t, s, 1, out.Text)
			require.Equal(t, []string{tc.query, tc.reason, "U0JO123456"}, []string{s[0].Query, s[0].Reason, s[0].By})
			require.WithinDuration(t, time.Now().Add(tc.span), s[0].Until, time.Minute)
			require.Contains(t, out.Text, "Silenced until")
			require.Contains(t, string(out.Blocks), s[0].ID)
		})
	}
}

func TestSilenceOfABrandByCommand(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	out, _ := g.command(`silence --brand acme "late parcel" 2h strike`)
	s := g.k.silenced()
	require.Len(t, s, 1, out.Text)
	require.Equal(t, []string{"acme", `"late parcel"`, "strike"}, []string{s[0].Brand, s[0].Query, s[0].Reason})
	require.Contains(t, out.Text, `acme, "late parcel"`)
}

func TestASignedCommandTwiceIsOneSilence(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	req, err := g.s.CommandRequest(t.Context(), g.url, standin.Command{Channel: standin.DefaultChannel, User: "U0JO123456", Text: "silence acme 2h"}, time.Now())
	require.NoError(t, err)
	for range 3 {
		again := req.Clone(t.Context())
		again.Body, err = req.GetBody()
		require.NoError(t, err)
		resp, err := (&http.Client{}).Do(again)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	require.Len(t, g.k.silenced(), 1)
}

func TestCommandsOfStrangers(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	send := func(at time.Time, edit func(*http.Request)) int {
		req, err := g.s.CommandRequest(t.Context(), g.url, standin.Command{Channel: standin.DefaultChannel, User: "U0EVE12345", Text: "silence acme 2h"}, at)
		require.NoError(t, err)
		edit(req)
		resp, err := (&http.Client{}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusUnauthorized, send(time.Now(), func(r *http.Request) { r.Header.Del(headerSignature) }))
	require.Equal(t, http.StatusUnauthorized, send(time.Now(), func(r *http.Request) { r.Header.Set(headerSignature, "v0="+strings.Repeat("ab", 32)) }))
	require.Equal(t, http.StatusUnauthorized, send(time.Now().Add(-time.Hour), func(*http.Request) {}), "an old one")
	require.Empty(t, g.k.silenced())

	g = newRig(t, Config{AllowedUsers: []string{"U0BOSS1234"}}, record.StateOpen)
	out, _ := g.command("silence acme 2h")
	require.Contains(t, out.Text, "not on the list")
	require.Empty(t, g.k.silenced())
}

func TestCommandsThatFail(t *testing.T) {
	g := newRig(t, Config{}, record.StateOpen)
	g.k.fail = errors.New("dsn=secret")
	out, _ := g.command("status")
	require.Equal(t, "That did not work; it is in the log.", out.Text)
	g.k.fail = refusal{}
	out, _ = g.command("silence (acme 2h")
	require.Contains(t, out.Text, "It is resolved already", "what a person can mend is said")
	g.k.fail, g.k.slow = nil, true
	out, a := g.command("status")
	require.Contains(t, out.Text, "took too long")
	require.Less(t, a.Took, 3*time.Second)
	out, _ = g.command("test " + strings.Repeat("x", 5000))
	require.Contains(t, out.Text, "too long")
}

func TestCommandsOverASocket(t *testing.T) {
	g := socketed(t, Config{})
	g.stands(1)
	a, err := g.s.CommandSocket(standin.Command{Channel: standin.DefaultChannel, User: "U0JO123456", Text: "status"})
	require.NoError(t, err)
	require.Contains(t, a.Body, "3 cases are open")
	require.Contains(t, a.Body, `"response_type":"ephemeral"`)
	_, err = g.s.Deliver("slash_commands", g.s.EnvelopeID(), 0, json.RawMessage(`{"command":"/leakytap","user_id":"' OR 1"}`))
	require.NoError(t, err, "one that is none of Slack's is answered and does nothing")

	g.click(standin.Click{ActionID: actMenu, Option: "promise"})
	require.Eventually(t, func() bool { return len(g.s.Views()) == 1 }, patience, 5*time.Millisecond)
	p, err := g.s.Filled(g.s.Views()[0], "U0JO123456", map[string]standin.Entry{"what": {Text: "x"}, "by": {At: 1}})
	require.NoError(t, err)
	a, err = g.s.Deliver("interactive", g.s.EnvelopeID(), 0, p)
	require.NoError(t, err)
	require.Contains(t, a.Body, "Choose a time that lies ahead.", "what is wrong is said in the dialog")
}

func FuzzSplitSilence(f *testing.F) {
	f.Add(`"acme outage" 2h because`)
	f.Add(`a 1d 2d`)
	f.Fuzz(func(t *testing.T, rest string) {
		query, span, _, err := splitSilence(rest)
		if err != nil {
			return
		}
		require.NotEmpty(t, query)
		require.Positive(t, span)
		require.LessOrEqual(t, span, maxSilence)
	})
}
