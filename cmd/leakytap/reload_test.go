package main_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// quit ends the daemon as a service manager does and wants a clean end.
func quit(t *testing.T, cmd interface{ Signal(os.Signal) error }, done <-chan struct{}, code func() int) {
	t.Helper()
	begun := time.Now()
	require.NoError(t, cmd.Signal(syscall.SIGTERM))
	select {
	case <-done:
		require.Equal(t, 0, code(), "exit code after SIGTERM")
		require.Less(t, time.Since(begun), 30*time.Second)
		t.Logf("drained in %v", time.Since(begun).Round(time.Millisecond))
	case <-time.After(35 * time.Second):
		t.Fatal("the daemon did not drain within 30 s")
	}
}

// TestReloadBrands breaks brand files under a running daemon and at its start.
func TestReloadBrands(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	a.slack.SetChannel(slack.Channel{ID: "C0OPS"})
	dir := filepath.Join(a.dir, "brands")
	require.NoError(t, os.Mkdir(dir, 0o700))
	brand := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600))
	}
	config := "ops_receiver: ops\n" + a.sourcesYAML() + fmt.Sprintf("brands_dir: %q\nroute: {receiver: support}\nreceivers:\n", dir) +
		a.slackYAML("support", slack.DefaultChannel, signed) + a.slackYAML("ops", "C0OPS", "")
	a.write(config)
	brand("acme", "name: acme\nquery: acme\nmust_alert: [\"3 hours on hold with acme. still waiting, terrible service\"]\n")
	brand("borealis", "name: borealis\nquery: borealis\n")
	cmd, done := a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	n := 0
	told := func(words string) {
		n++
		id := fmt.Sprintf("r%d", n)
		a.post(ctx, shopPost(id, "person"+id, words+" charged me twice for order "+id+id+" and refuses the refund. i am furious", nil))
		a.card("https://shop.example.test/r/" + id)
	}
	told("acme")
	reload := func(want int, words ...string) {
		out := a.api(ctx, http.MethodPost, "/-/reload", "", want)
		for _, w := range words {
			require.Contains(t, out, w)
		}
	}
	// One file is broken: that brand goes on as it was, the others are taken.
	brand("acme", "name: acme\nquery: (acme\n")
	brand("borealis", "name: borealis\nquery: borealis OR northlight\n")
	reload(http.StatusBadRequest, "acme.yaml:2")
	a.metric(ctx, "leakytap_config_last_reload_successful", "0")
	a.metric(ctx, `leakytap_brand_config_stale{brand="acme"}`, "1")
	a.metric(ctx, `leakytap_brand_config_stale{brand="borealis"}`, "0")
	a.until("ops hears which brand runs on an old version", func() bool {
		return a.opsSays("Brand acme does not run as its file says", "acme.yaml:2") == 1
	})
	require.Equal(t, http.StatusOK, get(ctx, a.url(ctx)+"/-/ready"))
	told("acme")
	told("northlight")
	// A pinned example that no longer holds is refused like a mistake.
	brand("acme", "name: acme\nquery: acme\nmust_not_alert: [\"3 hours on hold with acme. still waiting, terrible service\"]\n")
	reload(http.StatusBadRequest, "acme.yaml")
	told("acme")
	// A start with a broken file takes the last good version from the store.
	quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
	cmd, done = a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon does not start with a brand's last good version")
	told("acme")
	brand("acme", "name: acme\nquery: acme OR acmeair\n")
	reload(http.StatusOK)
	a.metric(ctx, "leakytap_config_last_reload_successful", "1")
	a.metric(ctx, `leakytap_brand_config_stale{brand="acme"}`, "0")
	a.until("ops hears that it runs again", func() bool { return a.opsSays("Brand acme runs as its file says again") >= 1 })
	told("acmeair")
	// The main file is all or nothing.
	a.write(config + "nonsense: 1\n")
	reload(http.StatusBadRequest, "nonsense")
	told("acme")
	a.write(config)
	// A new brand that was never good refuses a start.
	brand("crest", "name: crest\nquery: (((\n")
	quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
	cmd, done = a.start()
	select {
	case <-done:
		require.Equal(t, 1, cmd.ProcessState.ExitCode())
	case <-time.After(soon):
		t.Fatal("a daemon starts with a brand that was never good")
	}
	log, err := os.ReadFile(a.log.Name())
	require.NoError(t, err)
	require.Contains(t, string(log), "crest.yaml:2")
}

// TestReloadUnderLoad reloads fifty times while posts flow, and ends and starts the
// daemon once in between: nothing is lost and nothing doubled.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	a := newArena(t, "")
	cmd, done := a.start()
	require.NotEmpty(t, a.url(ctx), "the daemon is not ready")
	config, err := os.ReadFile(a.config)
	require.NoError(t, err)
	var talking sync.WaitGroup
	talking.Go(func() {
		for i, p := range scenario.Generate(500, 120, arenaBrand, 5) {
			a.say(ctx, i, p)
			pause(ctx, 10*time.Millisecond)
		}
	})
	for i := range 50 {
		text := strings.Replace(string(config), `query: "acme OR`, fmt.Sprintf(`query: "acme OR acme%d OR`, i), 1)
		require.NotEqual(t, string(config), text)
		require.NoError(t, os.WriteFile(a.config, []byte(text), 0o600))
		a.api(ctx, http.MethodPost, "/-/reload", "", http.StatusOK)
		pause(ctx, 50*time.Millisecond)
		if i == 25 {
			quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
			cmd, done = a.start()
			require.NotEmpty(t, a.url(ctx))
		}
	}
	talking.Wait()
	a.until("every complaint is told", func() bool { return len(a.judge().lost) == 0 })
	pause(ctx, 2*time.Second)
	require.Empty(t, a.judge().doubled)
	quit(t, cmd.Process, done, func() int { return cmd.ProcessState.ExitCode() })
}
