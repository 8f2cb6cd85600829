package kafka

import (
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/bus/bustest"
)

// brokersEnv holds the brokers of a real Kafka; scripts/kafka sets it.
const brokersEnv = "LEAKYTAP_KAFKA_BROKERS"

// realBrokers are the brokers of a real Kafka, or the test is skipped.
func realBrokers(t *testing.T) []string {
	t.Helper()
	brokers := os.Getenv(brokersEnv)
	if brokers == "" {
		t.Skip("needs a real Kafka: run make test-kafka, or set " + brokersEnv)
	}
	return strings.Split(brokers, ",")
}

// fake starts a Kafka in this process that keeps everything in memory.
func fake(tb testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	tb.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return c
}

func openBus(tb testing.TB, cfg bus.Config) *Bus {
	tb.Helper()
	cfg.Kind = bus.KindKafka
	require.Empty(tb, cfg.Validate())
	log := zap.NewNop()
	if testing.Verbose() {
		var err error
		log, err = zap.NewDevelopment()
		require.NoError(tb, err)
	}
	b, err := Open(tb.Context(), cfg, Options{Log: log})
	require.NoError(tb, err)
	return b
}

// prefix is a topic prefix that belongs to the test, the same each time.
func prefix(t *testing.T, run string) string {
	t.Helper()
	h := fnv.New64a()
	_, _ = h.Write([]byte(t.Name()))
	return fmt.Sprintf("t%s-%x", run, h.Sum64())
}

func TestSuiteOnFake(t *testing.T) {
	c := fake(t)
	bustest.Run(t, func(t *testing.T) bus.Bus {
		t.Helper()
		return openBus(t, bus.Config{Brokers: c.ListenAddrs(), TopicPrefix: prefix(t, "")})
	})
}

func TestSuiteOnKafka(t *testing.T) {
	brokers := realBrokers(t)
	run := fmt.Sprintf("%x", time.Now().UnixNano())
	bustest.Run(t, func(t *testing.T) bus.Bus {
		t.Helper()
		return openBus(t, bus.Config{Brokers: brokers, TopicPrefix: prefix(t, run)})
	})
}
