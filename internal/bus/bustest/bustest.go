// Package bustest is the suite that every bus.Bus passes, whatever it is built
// on: the contract of package bus, as tests.
//
//	bustest.go   Run and the list of cases
//	recorder.go  a handler that remembers what it got
//	publish.go   what is published arrives: payloads, sizes, order, many at once
//	consume.go   groups, redelivery, commits, restarts, draining
package bustest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

// patience is how long a case waits for what must come; far more than it takes.
const patience = 60 * time.Second

// Open opens the log that belongs to t: opened again for the same t after a
// Close, it holds what it held. The suite closes what it opens.
type Open func(t *testing.T) bus.Bus

// Run runs every case against the bus that open gives.
func Run(t *testing.T, open Open) {
	t.Helper()
	cases := []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"payloads arrive as they were sent", testPayloads},
		{"messages of a key stay in order", testOrder},
		{"topics are apart", testTopicsAreApart},
		{"oversized messages are refused whole", testTooLarge},
		{"large messages", testLargeMessages},
		{"big batches", testBigBatch},
		{"concurrent publishers", testConcurrentPublishers},
		{"publish honours its context", testPublishContext},
		{"nothing to publish", testPublishNothing},
		{"batches are of one partition and bounded", testBatchShape},
		{"an idle consumer hears soon", testIdleConsumer},
		{"an error brings the same messages again", testRedelivery},
		{"a panic brings the same messages again", testPanic},
		{"only what is done is committed", testCommitCoversDone},
		{"a restart goes on where it was", testRestart},
		{"a reopened bus holds what it held", testReopen},
		{"groups are independent", testGroups},
		{"a late group starts at the oldest", testLateGroup},
		{"an end lets the handler finish", testDrain},
		{"an end does not try again", testEndDuringRedelivery},
		{"lag", testLag},
		{"ping", testPing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, open) })
	}
}

// opened opens the bus of t and closes it at the end of t.
func opened(t *testing.T, open Open) bus.Bus {
	t.Helper()
	b := open(t)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// numbered makes n messages of key with the values prefix0, prefix1, ...
func numbered(key, prefix string, n int) []bus.Message {
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = bus.Message{Key: key, Value: fmt.Appendf(nil, "%s%d", prefix, i)}
	}
	return msgs
}

// values are the values of msgs.
func values(msgs []bus.Message) []string {
	out := make([]string, len(msgs))
	for i, m := range msgs {
		out[i] = string(m.Value)
	}
	return out
}

// consuming runs Consume until stop is called, which returns what Consume did.
func consuming(t *testing.T, b bus.Bus, topic, group string, h bus.Handler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, topic, group, h) }()
	var once sync.Once
	var result error
	stop = func() error {
		once.Do(func() {
			cancel()
			select {
			case result = <-done:
			case <-time.After(patience):
				result = fmt.Errorf("consume did not return within %s", patience)
			}
		})
		return result
	}
	// Runs before the bus is closed: cleanups run last in, first out.
	t.Cleanup(func() { require.NoError(t, stop()) })
	return stop
}
