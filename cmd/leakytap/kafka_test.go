package main_test

import (
	"context"
	"fmt"
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

	// A customer's thanks in the thread names no brand and still reaches the case.
	require.Eventually(t, func() bool { return len(a.judge().lost) == 0 }, 2*time.Minute, 250*time.Millisecond, "complaints are missing")
	pause(ctx, 2*time.Second)
	v := a.judge()
	if len(v.doubled) > 0 {
		a.keep()
	}
	require.Empty(t, v.doubled)
	require.GreaterOrEqual(t, len(a.slack.Roots(slack.DefaultChannel)), 40)
}
