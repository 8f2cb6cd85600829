package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/slack"
)

// TestSlackStops revokes the token of one receiver and takes the channel of
// another away: each stops, ops_receiver hears of it once, the rest goes on, and
// what was owed arrives once the receiver works again.
func TestSlackStops(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a receiver that stopped is tried again after half a minute")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.slack.SetChannel(slack.Channel{ID: "C0OPS"})
	a.slack.SetChannel(slack.Channel{ID: "C0GONE"})
	a.write("ops_receiver: ops\n" + a.sourcesYAML() + `brands:
  - {name: acme, query: "acme"}
  - {name: borealis, query: "borealis"}
route: {receiver: support, routes: [{match: {brand: borealis}, receiver: gone}]}
receivers:
` + a.slackYAML("support", slack.DefaultChannel, signed) + a.slackYAML("gone", "C0GONE", signed) + a.slackYAML("ops", "C0OPS", ""))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	a.slack.SetChannel(slack.Channel{ID: "C0GONE", Archived: true})
	say := func(id, brand string) string {
		a.post(ctx, shopPost(id, "person"+id, brand+" charged me twice for order "+id+id+" and refuses the refund. i am furious", nil))
		return "https://shop.example.test/r/" + id
	}
	stuck := []string{say("s1", "borealis"), say("s2", "borealis")}
	a.until("ops hears of it", func() bool { return a.opsSays("gone", "archived") == 1 })
	a.card(say("s3", "acme"))
	require.Equal(t, http.StatusOK, get(ctx, a.url(ctx)+"/-/ready"), "a receiver is no reason not to be ready")
	_, body := a.page(ctx, "/metrics")
	v, _ := sample(body, `leakytap_alerts_failed_total{reason="is_archived",receiver="gone"}`)
	require.NotEmpty(t, v)
	a.slack.SetChannel(slack.Channel{ID: "C0GONE"})
	deadline := time.Now().Add(90 * time.Second)
	for time.Now().Before(deadline) && (len(a.roots(stuck[0])) == 0 || len(a.roots(stuck[1])) == 0) {
		pause(ctx, 200*time.Millisecond)
	}
	for _, url := range stuck {
		require.Len(t, a.roots(url), 1, "what was owed arrives once")
	}
	a.until("ops hears that it works", func() bool { return a.opsSays("gone", "takes messages again") == 1 })
	require.Equal(t, 1, a.opsSays("gone", "takes nothing"))
}

// TestRules has one daemon with every rule that keeps a post from being a card.
func TestRules(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.write(a.sourcesYAML() + `brands:
  - {name: acme, query: 'acme NOT "acme force"', languages: [en], own_accounts: ["@acmeair"]}
  - {name: borealis, query: "borealis", alert: {budget: 3/day}}
  - {name: crest, query: "crest", alert: {min_severity: critical}}
  - {name: dune, query: "dune"}
route: {receiver: support}
receivers:
` + a.slackYAML("support", slack.DefaultChannel, signed))
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	n := 0
	say := func(brand, author string, more map[string]any) string {
		n++
		id := fmt.Sprintf("q%03d", n)
		if author == "" {
			author = "person" + id
		}
		thing := []string{"heater", "sofa", "ticket", "router", "camera", "bicycle", "mattress"}[n%7]
		a.post(ctx, shopPost(id, author, fmt.Sprintf("%s charged me twice for a %s, order %s%d, and refuses the refund. i am furious", brand, thing, id, n*7919), more))
		return id
	}
	outcome := func(id, brand, want string) {
		t.Helper()
		var got string
		a.until(id+" is "+want, func() bool {
			var lines []struct {
				Brand   string `json:"brand"`
				Outcome string `json:"outcome"`
			}
			cmd := exec.Command(a.binary, "why", "--json", "shop:"+id, "--config", a.config)
			out, err := cmd.Output()
			if err != nil {
				return false
			}
			if json.Unmarshal(out, &lines) != nil {
				for l := range bytes.Lines(out) {
					var one struct {
						Brand   string `json:"brand"`
						Outcome string `json:"outcome"`
					}
					if json.Unmarshal(l, &one) == nil {
						lines = append(lines, one)
					}
				}
			}
			for _, l := range lines {
				if l.Brand == brand {
					got = l.Outcome
				}
			}
			return got == want
		})
	}
	outcome(say("acme", "", nil), "acme", "alert")
	outcome(say("acme", "", map[string]any{"lang": ""}), "acme", "alert")
	outcome(say("acme", "", map[string]any{"lang": "und"}), "acme", "alert")
	outcome(say("acme", "", map[string]any{"lang": "sv"}), "acme", "excluded")
	outcome(say("acme force and acme", "", nil), "acme", "excluded")
	outcome(say("acme", "acmeair", nil), "acme", "own_account")
	outcome(say("crest", "", nil), "crest", "below_threshold")

	a.cli("silence", "add", "--brand", "dune", "--for", "1h", "--reason", "planned outage")
	outcome(say("dune", "", nil), "dune", "silenced")
	for range 3 {
		outcome(say("borealis", "", nil), "borealis", "alert")
	}
	outcome(say("borealis", "", nil), "borealis", "over_budget")
}

// TestPoison hands the daemon records that nobody can use, amid good ones.
func TestPoison(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	good := func(id string) []byte {
		b, err := json.Marshal(shopPost(id, "person"+id, "acme charged me twice for order "+id+id+" and refuses the refund. i am furious", nil))
		require.NoError(t, err)
		return b
	}
	var file bytes.Buffer
	for i, bad := range []string{"{", "null", "[]", `"text"`, `{"text":7}`, "\xff\xfe\x00", `{"id":"shop:x"}`, strings.Repeat("x", 2<<20)} {
		file.Write(good(fmt.Sprintf("file%d", i)))
		file.WriteString("\n" + bad + "\n")
	}
	file.Write(good("file99"))
	file.WriteString("\n")
	_, err := a.file.Write(file.Bytes())
	require.NoError(t, err)
	for _, b := range []string{"", "{", "null", "[1]", strings.Repeat("[", 100_000), `{"text":"acme","created_at":"never"}`} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url(ctx)+"/api/v1/ingest/hook", strings.NewReader(b))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.True(t, resp.StatusCode/100 == 4 || resp.StatusCode == http.StatusAccepted, "%.40s: %d", b, resp.StatusCode)
	}
	a.forum.Raw([]byte("<rss><channel><item><title>half"), "application/rss+xml")
	a.sky.Raw([]byte("{"))
	for _, id := range []string{"file0", "file4", "file7", "file99"} {
		a.card("https://shop.example.test/r/" + id)
	}
	var dead []struct {
		ID     string `json:"id"`
		Stage  string `json:"stage"`
		Reason string `json:"reason"`
	}
	a.until("dead letters", func() bool {
		return json.Unmarshal([]byte(a.cli("dead", "list", "--json")), &dead) == nil && len(dead) >= 4
	})
	for _, d := range dead {
		require.NotEmpty(t, d.ID)
		require.NotEmpty(t, d.Reason)
	}
	a.cli("dead", "show", dead[0].ID)
	a.cli("dead", "drop", dead[0].ID)
	require.Equal(t, http.StatusOK, get(ctx, a.url(ctx)+"/-/ready"))
}

// refusedStart runs the daemon, which has to end by itself with 1, and gives what it said.
func (a *arena) refusedStart(words ...string) {
	a.t.Helper()
	begun, err := a.log.Seek(0, 2)
	require.NoError(a.t, err)
	cmd, done := a.start()
	select {
	case <-done:
	case <-time.After(soon):
		a.t.Fatal("the daemon runs")
	}
	require.Equal(a.t, 1, cmd.ProcessState.ExitCode())
	log, err := os.ReadFile(a.log.Name())
	require.NoError(a.t, err)
	for _, w := range words {
		require.Contains(a.t, string(log[begun:]), w)
	}
	require.NotContains(a.t, string(log[begun:]), "goroutine ")
}

// TestBrokenDisk starts on files that are no databases and on a second daemon's data_dir.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	cmd, done := a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	a.refusedStart("data")
	quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
	data := filepath.Join(a.dir, "data")
	for _, name := range []string{"leakytap.db", "bus.db"} {
		path := filepath.Join(data, name)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("not a database. "), 4096), 0o600))
		a.refusedStart(name)
		require.NoError(t, os.WriteFile(path, whole, 0o600))
	}
	require.NoError(t, os.RemoveAll(data))
	require.NoError(t, os.WriteFile(data, []byte("a file"), 0o600))
	a.refusedStart("data")
	require.NoError(t, os.Remove(data))
	cmd, done = a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon starts again on good ground")
	quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
}

// TestDoors has a daemon with tokens and a second listener for the scraper.
func TestDoors(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	a := newArena(t, "")
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	scraper := l.Addr().String()
	require.NoError(t, l.Close())
	tokens := filepath.Join(a.dir, "tokens")
	require.NoError(t, os.WriteFile(tokens, []byte("dana: 0123456789abcdef0123456789abcdef\n"), 0o600))
	text, err := os.ReadFile(a.config)
	require.NoError(t, err)
	server := fmt.Sprintf(`server: {listen: "127.0.0.1:0", metrics_listen: %q, auth: {tokens_file: %q}}`, scraper, tokens)
	require.NoError(t, os.WriteFile(a.config, []byte(strings.Replace(string(text), `server: {listen: "127.0.0.1:0"}`, server, 1)), 0o600))
	a.start()
	base := a.url(ctx)
	require.NotEmpty(t, base, "the daemon is not ready")
	ask := func(url, token string) int {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		client := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	for path, want := range map[string]int{
		"/metrics": 200, "/-/healthy": 200, "/-/ready": 200, "/": 404, "/api/v1/cases": 404, "/-/reload": 404, "/debug/pprof/": 404, "/slack/interactions": 404,
	} {
		require.Equal(t, want, ask("http://"+scraper+path, ""), path)
	}
	require.Equal(t, 401, ask(base+"/api/v1/cases", ""))
	require.Equal(t, 401, ask(base+"/api/v1/cases", "fedcba9876543210fedcba9876543210"))
	require.Equal(t, 200, ask(base+"/api/v1/cases", "0123456789abcdef0123456789abcdef"))
	require.Contains(t, []int{302, 303, 401}, ask(base+"/", ""))
	require.Equal(t, 200, ask(base+"/-/healthy", ""))
	require.Equal(t, 200, ask(base+"/-/ready", ""))
	a.cli("case", "list", "--json")
}
