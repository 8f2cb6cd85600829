package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// safeBuffer is what a running process writes to while a test reads it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// daemon is a run of the binary in the folder of a shell.
type daemon struct {
	*shell
	cmd      *exec.Cmd
	out, err *safeBuffer
	done     chan struct{}
	url      string
}

// start runs the daemon and waits until it is ready.
func (s *shell) start(args ...string) *daemon {
	s.t.Helper()
	d := s.launch(args...)
	file := filepath.Join(s.dir, "data", "daemon.json")
	require.Eventually(s.t, func() bool {
		var ep struct {
			URL string `json:"url"`
			PID int    `json:"pid"`
		}
		b, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(b, &ep) != nil || ep.PID != d.cmd.Process.Pid {
			return false
		}
		d.url = ep.URL
		code, _ := d.get("/-/ready")
		return code == http.StatusOK
	}, patience, 20*time.Millisecond, "the daemon is not ready: %s", d.err)
	return d
}

// launch runs the daemon, or whatever else goes on until it is ended.
func (s *shell) launch(args ...string) *daemon {
	s.t.Helper()
	d := &daemon{shell: s, out: &safeBuffer{}, err: &safeBuffer{}, done: make(chan struct{})}
	d.cmd = s.command(context.WithoutCancel(s.t.Context()), append([]string{"run"}, args...)...)
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.err
	require.NoError(s.t, d.cmd.Start())
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.done
	})
	return d
}

// stop sends a signal and gives the exit code.
func (d *daemon) stop(sig os.Signal) int {
	d.t.Helper()
	require.NoError(d.t, d.cmd.Process.Signal(sig))
	return d.wait()
}

func (d *daemon) wait() int {
	d.t.Helper()
	select {
	case <-d.done:
	case <-time.After(patience):
		require.Fail(d.t, "the daemon does not end", d.err.String())
	}
	return d.cmd.ProcessState.ExitCode()
}

func (d *daemon) get(path string) (int, string) { return d.ask(http.MethodGet, path, "") }

func (d *daemon) ask(method, path, body string) (int, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.t.Context()), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func (d *daemon) eventually(what string, ok func() bool) {
	d.t.Helper()
	require.Eventually(d.t, ok, patience, 50*time.Millisecond, "%s\n%s\n%s", what, d.out, d.err)
}

const hooked = `data_dir: ./data
server: {listen: "127.0.0.1:0"}
sources: [{name: hook, type: webhook}]
brands:
  - {name: acme, query: '@acmeair NOT "acme air force"', own_accounts: ["@acmeair"]}
` + consoleRoute

// One daemon, and every command that speaks with it.
func TestCommandsOnTheDaemon(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", hooked)
	d := s.start()
	require.Empty(t, s.good("healthcheck").out)
	require.Empty(t, s.good("healthcheck", "--url", d.url).err)
	code, body := d.ask(http.MethodPost, "/api/v1/ingest/hook",
		post(t, "1", furious, nil)+post(t, "2", "the acme air force @acmeair", nil)+post(t, "3", "I love @acmeair, what a crew", nil)+post(t, "4", "nothing", nil))
	require.Equal(t, http.StatusAccepted, code, body)
	d.eventually("an alert", func() bool { return strings.Contains(d.out.String(), "ALERT high acme\n") })
	require.Contains(t, d.out.String(), "https://sky.example/1")

	list := func(args ...string) []map[string]any {
		t.Helper()
		var rows []map[string]any
		require.NoError(t, json.Unmarshal([]byte(s.good(append(args, "--json")...).out), &rows))
		return rows
	}
	cases := list("case", "list")
	require.Len(t, cases, 1)
	for k, v := range map[string]any{"brand": "acme", "state": "open", "owner": "", "url": "https://sky.example/1", "text": furious} {
		require.Equal(t, v, cases[0][k], k)
	}
	id, _ := cases[0]["id"].(string)
	require.Contains(t, s.good("case", "list").out, id)
	require.Contains(t, s.good("case", "show", id).out, "matched: @acmeair")
	require.True(t, json.Valid([]byte(s.good("case", "show", id, "--json").out)))

	for _, tt := range []struct{ args, state, owner string }{
		{"claim ID --as jo", "claimed", "jo"},
		{"assign ID U0SUPPORT", "claimed", "U0SUPPORT"},
		{"answer --note hello ID", "answered", "U0SUPPORT"},
		{"snooze ID --for 2h", "snoozed", "U0SUPPORT"},
		{"resolve ID", "resolved", "U0SUPPORT"},
		{"reopen ID", "open", ""},
		{"reopen ID", "open", ""},
		{"dismiss ID --reason spam --as jo", "dismissed", "jo"},
	} {
		var got map[string]any
		args := append([]string{"case"}, strings.Fields(strings.Replace(tt.args, "ID", id, 1))...)
		require.NoError(t, json.Unmarshal([]byte(s.good(append(args, "--json")...).out), &got))
		require.Equal(t, []any{id, tt.state, tt.owner}, []any{got["id"], got["state"], got["owner"]}, tt.args)
	}
	a := s.call("case", "claim", id)
	require.Equal(t, 1, a.code, "what is dismissed is not claimed")
	require.Contains(t, a.err, "reopen", "it says what can be done")

	require.Equal(t, "alert", s.good("why", "sky:1", "--json").lines(t)[0]["outcome"])
	require.Equal(t, "excluded", s.good("--json", "why", "https://sky.example/2").lines(t)[0]["outcome"])
	require.Contains(t, s.good("why", "sky:3").out, "below_threshold")
	for _, never := range []string{"sky:99", "https://sky.example/99"} {
		a := s.call("why", never)
		require.Equal(t, 1, a.code)
		require.Empty(t, a.out)
		require.Contains(t, a.err, never)
	}

	require.Empty(t, list("silence", "list"))
	for args, says := range map[string]string{
		"--brand acne": "did you mean acme?", "--brand globex": `there is no brand called "globex"; there are acme`,
		"--topic deliveri": "did you mean delivery?", "--query (": "the query cannot be read",
	} {
		a := s.call(append([]string{"silence", "add", "--reason", "test"}, strings.Fields(args)...)...)
		require.Equal(t, 1, a.code, args)
		require.Contains(t, a.err, says)
	}
	require.Empty(t, list("silence", "list"), "nothing was silenced")
	s.good("silence", "add", "--brand", "acme", "--for", "1h", "--reason", "maintenance")
	silences := list("silence", "list")
	require.Len(t, silences, 1)
	require.Contains(t, s.good("silence", "list").out, "maintenance")
	require.Equal(t, http.StatusAccepted, first(d.ask(http.MethodPost, "/api/v1/ingest/hook", post(t, "5", "@acmeair lost my bag again, still waiting, worst ever", nil))))
	d.eventually("a silenced decision", func() bool { return strings.Contains(s.call("why", "sky:5").out, "silenced") })
	sid, _ := silences[0]["id"].(string)
	s.good("silence", "expire", sid)
	require.Empty(t, list("silence", "list"))

	sources := list("source", "list")
	require.Len(t, sources, 1)
	require.Equal(t, "hook", sources[0]["source"])
	require.Contains(t, s.good("source", "list").out, "hook")
	require.Empty(t, list("dead", "list"))
	s.good("dead", "list")
	for _, line := range []string{"case show x", "case claim x", "silence expire x", "dead show x", "dead retry x", "dead drop x"} {
		a := s.call(strings.Fields(line)...)
		require.Equal(t, 1, a.code, line)
		require.Contains(t, a.err, "there is no ", line)
	}

	second := s.call("run")
	require.Equal(t, 1, second.code, "one daemon a data_dir")
	require.Contains(t, second.err, "another leakytap")
	require.Equal(t, 1, s.pipe(post(t, "7", furious, nil), "replay", "-").code)

	require.Equal(t, 0, d.stop(syscall.SIGTERM), d.err.String())
	require.Equal(t, 1, s.call("healthcheck").code)
	require.Contains(t, s.good("case", "list", "--all").out, id, "without a daemon the commands read data_dir")
	require.Contains(t, s.good("why", "sky:1").out, "alert")
	for line := range strings.Lines(d.err.String()) {
		require.True(t, json.Valid([]byte(line)), "stderr holds logs: %s", line)
		require.NotContains(t, line, "3 hours", "no text of a post")
	}
}

func first(code int, _ string) int { return code }

// A config is taken by SIGHUP, by a change of the file and by POST, and a broken
// one by none of them.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	with := func(brands string) string { return strings.Replace(hooked, "brands:\n", "brands:\n"+brands, 1) }
	s.write("leakytap.yaml", hooked)
	d := s.start()
	takes := func(brand string) {
		t.Helper()
		n := 0
		d.eventually(brand+" is taken", func() bool {
			n++
			d.ask(http.MethodPost, "/api/v1/ingest/hook", post(t, fmt.Sprintf("%s%d", brand, n), "I like @"+brand, nil))
			_, metrics := d.get("/metrics")
			return strings.Contains(metrics, `leakytap_decisions_total{brand="`+brand+`"`)
		})
	}
	s.write("leakytap.yaml", with("  - {name: globex, query: '@globex'}\n"))
	takes("globex")
	s.write("leakytap.yaml", with("  - {name: initech, query: '@initech'}\n"))
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGHUP))
	takes("initech")

	s.write("leakytap.yaml", with("  - {name: umbrella, query: '(@umbrella'}\n  - {name: hooli, query: hooli, must_alert: [\"lovely hooli\"]}\n  - {name: hooli2, query: hooli2, must_alert: [\"lovely hooli2\"]}\n")+"bogus: 1\n")
	code, body := d.ask(http.MethodPost, "/-/reload", "")
	require.Equal(t, http.StatusBadRequest, code)
	require.Regexp(t, `(?m)^\S*leakytap\.yaml:5:\d+: `, body)
	require.Regexp(t, `(?m)^\S*leakytap\.yaml:\d+:1: unknown key "bogus"`, body)
	s.write("leakytap.yaml", with("  - {name: hooli, query: hooli, must_alert: [\"lovely hooli\"]}\n  - {name: hooli2, query: hooli2, must_alert: [\"lovely hooli2\"]}\n"))
	code, body = d.ask(http.MethodPost, "/-/reload", "")
	require.Equal(t, http.StatusBadRequest, code)
	require.Regexp(t, `(?m)^\S*leakytap\.yaml:5:\d+: .*\n\S*leakytap\.yaml:6:\d+: `, body, "the broken examples of every brand")
	require.Equal(t, http.StatusOK, first(d.get("/-/ready")), "a refused reload changes nothing")
	_, metrics := d.get("/metrics")
	require.Contains(t, metrics, "leakytap_config_last_reload_successful 0")
	takes("initech")

	s.write("leakytap.yaml", with("  - {name: vandelay, query: '@vandelay'}\n"))
	code, body = d.ask(http.MethodPost, "/-/reload", "")
	require.Less(t, code, 300, body)
	takes("vandelay")
	_, metrics = d.get("/metrics")
	require.Contains(t, metrics, "leakytap_config_last_reload_successful 1")
	require.Equal(t, 0, d.stop(os.Interrupt))
}

// A brand file that is broken keeps its last good version, at a reload and at a
// start, and the others load; with no good version the start is refused.
func TestBrandFileFallsBack(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.write("leakytap.yaml", "data_dir: ./data\nserver: {listen: \"127.0.0.1:0\"}\nsources: [{name: hook, type: webhook}]\nbrands_dir: brands\n"+consoleRoute)
	s.write("brands/acme.yaml", "name: acme\nquery: '@acmeair'\n")
	d := s.start()
	s.write("brands/acme.yaml", "name: acme\nquery: '(@acmeair'\n")
	s.write("brands/globex.yaml", "name: globex\nquery: '@globex'\n")
	code, body := d.ask(http.MethodPost, "/-/reload", "")
	require.Equal(t, http.StatusBadRequest, code)
	require.Regexp(t, `^brands/acme\.yaml:2:\d+: [^\n]+\n?$`, body)
	both := func(d *daemon, id string) {
		code, body := d.ask(http.MethodPost, "/api/v1/ingest/hook", post(t, id, furious+" and @globex is no better", nil))
		require.Equal(t, http.StatusAccepted, code, body)
		d.eventually("both brands decide", func() bool {
			a := s.call("why", "sky:"+id)
			return strings.Contains(a.out, "  acme  ") && strings.Contains(a.out, "  globex  ")
		})
	}
	both(d, "1")
	require.Equal(t, 0, d.stop(syscall.SIGTERM))
	d = s.start()
	both(d, "2")
	require.Equal(t, 0, d.stop(syscall.SIGTERM))
	require.NoError(t, os.RemoveAll(filepath.Join(s.dir, "data")))
	a := s.call("run")
	require.Equal(t, 1, a.code)
	require.Regexp(t, `(?m)^brands/acme\.yaml:2:\d+: `, a.err)
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, config string
		args         []string
		code         int
		says         string
	}{
		{"nothing to do", "", nil, 2, "--brand"},
		{"a feed and no brand", "", []string{"--feed", "http://example.com/feed"}, 2, "--brand"},
		{"a brand beside a config", hooked, []string{"--brand", "acme"}, 2, "--brand"},
		{"an unknown role", hooked, []string{"--role", "ingest,cook"}, 2, "cook"},
		{"an empty role", hooked, []string{"--role", "ingest,"}, 2, "role"},
		{"a broken config", hooked + "bogus: 1\n", nil, 1, "leakytap.yaml:8:1: "},
		{"an open listener", strings.Replace(hooked, "127.0.0.1:0", "0.0.0.0:0", 1), nil, 1, "leakytap.yaml:2:"},
		{"a name that is no address", strings.Replace(hooked, "127.0.0.1:0", "here", 1), nil, 1, "leakytap.yaml:2:"},
		{"a broken example", strings.Replace(hooked, "own_accounts: [", `must_alert: ["lovely @acmeair"], own_accounts: [`, 1), nil, 1, "leakytap.yaml:5:"},
		{"roles of an embedded bus apart", hooked, []string{"--role", "ingest"}, 1, "kafka"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			if tt.config != "" {
				s.write("leakytap.yaml", tt.config)
			}
			a := s.call(append([]string{"run"}, tt.args...)...)
			require.Equal(t, tt.code, a.code, a.err)
			require.Contains(t, a.err, tt.says)
			require.Empty(t, a.out)
		})
	}
}

// Without a config, run --brand asks nothing of anybody; a feed of a private
// address is refused when it is dialled, and counted.
func TestRunBrand(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1000)
	feed := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	t.Cleanup(feed.Close)
	s := newShell(t)
	d := s.start("--brand", "Acme Air", "--feed", feed.URL+"/feed.xml")
	d.eventually("blocked_address is counted", func() bool {
		_, metrics := d.get("/metrics")
		for line := range strings.Lines(metrics) {
			if strings.HasPrefix(line, "leakytap_source_errors_total{") && strings.Contains(line, `reason="blocked_address"`) && !strings.HasSuffix(line, " 0\n") {
				return true
			}
		}
		return false
	})
	require.Empty(t, asked)
	rows := s.good("source", "list").out
	for _, kind := range []string{"bluesky", "hackernews", "rss"} {
		require.Contains(t, rows, kind)
	}
	require.Equal(t, 0, d.stop(syscall.SIGTERM), d.err.String())
}

// A second signal ends the process at once, whatever the first one still waits for.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(hang.Close)
	t.Cleanup(func() { close(release) })
	s := newShell(t)
	s.write("leakytap.yaml", strings.Replace(hooked, consoleRoute, fmt.Sprintf("route: {receiver: support}\n"+
		"receivers: [{name: support, slack: {api_url: %q, token: x, channel: C0123456789, timeout: 30s}}]\n", hang.URL+"/api/"), 1))
	d := s.start()
	code, body := d.ask(http.MethodPost, "/api/v1/ingest/hook", post(t, "1", furious, nil))
	require.Equal(t, http.StatusAccepted, code, body)
	d.eventually("a case", func() bool { return strings.Contains(s.call("case", "list").out, "acme") })
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	d.eventually("the drain begins", func() bool { return strings.Contains(d.err.String(), "draining") })
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	begun := time.Now()
	code = d.wait()
	require.Less(t, time.Since(begun), 20*time.Second)
	if code != 0 { // 0 where the drain was over before the second signal came
		require.Equal(t, 1, code)
		require.Contains(t, d.err.String(), "second signal")
	}
}
