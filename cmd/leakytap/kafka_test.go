package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// TestKafkaThreeProcesses runs ingest, score and alert with web as three
// processes over a real Kafka, each with its own store, and kills the scorer once.
func TestKafkaThreeProcesses(t *testing.T) {
	brokers := os.Getenv("LEAKYTAP_KAFKA_BROKERS")
	if brokers == "" {
		t.Skip("no Kafka: make test-kafka brings one")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bus := fmt.Sprintf("bus: {kind: kafka, brokers: [%q], topic_prefix: leakytap-test-%d}", brokers, time.Now().UnixNano())
	a := newArena(t, bus)
	ingestConfig, base := a.config, a.config
	text, err := os.ReadFile(base)
	require.NoError(t, err)
	other := func(name string) string {
		path := filepath.Join(a.dir, name+".yaml")
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(text), filepath.Join(a.dir, "data"), filepath.Join(a.dir, name), 1)), 0o600))
		return path
	}
	scoreConfig, alertConfig := other("score"), other("alert")
	start := func(config, role string) func(syscall.Signal) {
		a.config = config
		cmd, done := a.start("--role", role)
		return func(sig syscall.Signal) {
			require.NoError(t, cmd.Process.Signal(sig))
			<-done
		}
	}
	start(alertConfig, "alert,web")
	stopScore := start(scoreConfig, "score")
	start(ingestConfig, "ingest")
	require.NotEmpty(t, a.url(ctx), "ingest is not ready")
	for config, lines := range map[string][]string{
		ingestConfig: {`leakytap_source_blind{source="forum"}`, `leakytap_dead_letters_total{stage="ingest"}`},
		scoreConfig:  {`leakytap_bus_lag{group="score"}`, `leakytap_mentions_scored_total{brand="acme"}`},
		alertConfig:  {`leakytap_bus_lag{group="alert"}`, `leakytap_cases_open{brand="acme",severity="high"}`, `leakytap_decisions_total{brand="acme",outcome="alert"}`},
	} {
		dir := strings.TrimSuffix(filepath.Base(config), ".yaml")
		if config == ingestConfig {
			dir = "data"
		}
		body := a.metricsOf(ctx, dir)
		for _, line := range lines {
			_, ok := sample(body, line)
			require.True(t, ok, "%s of %s", line, dir)
		}
	}

	const posts = 120
	stream := scenario.Generate(posts, 40, arenaBrand, 3)
	var talking sync.WaitGroup
	talking.Go(func() {
		for i, p := range stream {
			a.say(ctx, i, p)
			pause(ctx, 20*time.Millisecond)
		}
	})
	pause(ctx, time.Second)
	stopScore(syscall.SIGKILL)
	start(scoreConfig, "score")
	talking.Wait()

	require.Eventually(t, func() bool { return len(a.judge().lost) == 0 }, 2*time.Minute, 250*time.Millisecond, "complaints are missing")
	pause(ctx, 2*time.Second)
	v := a.judge()
	if len(v.doubled) > 0 {
		a.keep()
	}
	require.Empty(t, v.doubled)
	require.GreaterOrEqual(t, len(a.slack.Roots(slack.DefaultChannel)), 30, "too few of the posts are complaints: the test proves nothing")

	// A customer's thanks in the thread names no brand and still reaches the case,
	// which another process holds; so do an edit and a deletion.
	a.sky.Publish(feeds.Post{DID: "did:plc:hal", RKey: "3t", Text: "3 hours on hold with acme about my coffee maker and then they hung up on me. terrible service", Langs: []string{"en"}})
	m := a.card("https://bsky.app/profile/did:plc:hal/post/3t")
	at := "at://did:plc:hal/app.bsky.feed.post/3t"
	a.sky.Publish(feeds.Post{DID: "did:plc:hal", RKey: "3u", Text: "thanks, sorted!", Root: at, Parent: at, Langs: []string{"en"}})
	a.until("thanks in the thread", func() bool {
		return strings.Contains(a.thread(m), "https://bsky.app/profile/did:plc:hal/post/3u")
	})
	a.sky.Update(feeds.Post{DID: "did:plc:hal", RKey: "3t", Text: "4 hours on hold with acme about my quasarmodem and then they hung up on me. terrible service", Langs: []string{"en"}})
	a.shows(m, "quasarmodem")
	a.sky.Delete("did:plc:hal", "3t")
	a.until("the text is gone from the card", func() bool { return !strings.Contains(string(a.now(m).Blocks), "quasarmodem") })
}

// metricsOf waits for the process of a data_dir and scrapes it.
func (a *arena) metricsOf(ctx context.Context, dir string) string {
	a.t.Helper()
	var body string
	a.until(dir+" is ready", func() bool {
		b, err := os.ReadFile(filepath.Join(a.dir, dir, "daemon.json"))
		var e struct {
			URL string `json:"url"`
		}
		if err != nil || json.Unmarshal(b, &e) != nil || get(ctx, e.URL+"/-/ready") != http.StatusOK {
			return false
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/metrics", http.NoBody)
		if err != nil {
			return false
		}
		resp, err := (&http.Client{}).Do(req)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		body = string(raw)
		return err == nil
	})
	return body
}
