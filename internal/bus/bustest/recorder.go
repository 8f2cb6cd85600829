package bustest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
)

// recorder is a handler that remembers what it took, and watches that batches
// are what the contract says.
type recorder struct {
	// before, where set, is asked first; its error is the handler's.
	before func(ctx context.Context, batch []bus.Message) error

	mu      sync.Mutex
	taken   []bus.Message
	batches int
	busy    map[int]bool
	wrong   error
}

func (r *recorder) handle(ctx context.Context, batch []bus.Message) error {
	if err := r.start(batch); err != nil {
		return nil // the case fails with r.wrong; the messages must not come for ever
	}
	defer r.end(batch[0].Partition)
	if r.before != nil {
		if err := r.before(ctx, batch); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches++
	for _, m := range batch {
		m.Value = bytes.Clone(m.Value)
		r.taken = append(r.taken, m)
	}
	return nil
}

// start checks the batch's shape and that its partition is not being handled.
func (r *recorder) start(batch []bus.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fail := func(format string, args ...any) error {
		if r.wrong == nil {
			r.wrong = fmt.Errorf(format, args...)
		}
		return r.wrong
	}
	if len(batch) == 0 {
		return fail("an empty batch")
	}
	if len(batch) > bus.MaxBatch {
		return fail("a batch of %d messages", len(batch))
	}
	first := batch[0]
	for i, m := range batch {
		if m.Topic != first.Topic || m.Partition != first.Partition {
			return fail("a batch of two partitions: %s/%d and %s/%d", first.Topic, first.Partition, m.Topic, m.Partition)
		}
		if i > 0 && m.Offset <= batch[i-1].Offset {
			return fail("offset %d after %d in partition %d", m.Offset, batch[i-1].Offset, m.Partition)
		}
		if d := time.Since(m.Time); d < -time.Hour || d > time.Hour {
			return fail("a message of %s", m.Time)
		}
	}
	if r.busy == nil {
		r.busy = map[int]bool{}
	}
	if r.busy[first.Partition] {
		return fail("partition %d is being handled twice at once", first.Partition)
	}
	r.busy[first.Partition] = true
	return nil
}

func (r *recorder) end(part int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[part] = false
}

// messages is a copy of what was taken so far, in the order in which it came.
func (r *recorder) messages() []bus.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]bus.Message(nil), r.taken...)
}

func (r *recorder) shape() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wrong
}

// wait waits until n different messages were taken, and returns all.
func (r *recorder) wait(t *testing.T, n int) []bus.Message {
	t.Helper()
	require.Eventually(t, func() bool { return r.shape() != nil || distinct(r.messages()) >= n },
		patience, 2*time.Millisecond, "%d different messages must come", n)
	require.NoError(t, r.shape())
	return r.messages()
}

// distinct counts the places on the log that msgs are of.
func distinct(msgs []bus.Message) int {
	type place struct {
		part int
		off  int64
	}
	seen := map[place]bool{}
	for _, m := range msgs {
		seen[place{m.Partition, m.Offset}] = true
	}
	return len(seen)
}

// firsts is msgs without those that came before: what is seen when repeats are
// ignored, as the stages do.
func firsts(msgs []bus.Message) []bus.Message {
	type place struct {
		part int
		off  int64
	}
	seen := map[place]bool{}
	var out []bus.Message
	for _, m := range msgs {
		p := place{m.Partition, m.Offset}
		if !seen[p] {
			seen[p] = true
			out = append(out, m)
		}
	}
	return out
}

// byKey sorts messages into keys, each in the order in which they came.
func byKey(msgs []bus.Message) map[string][]string {
	out := map[string][]string{}
	for _, m := range msgs {
		out[m.Key] = append(out[m.Key], string(m.Value))
	}
	return out
}

var errNotNow = errors.New("not now")

// noise is n bytes that no compression makes smaller, the same for the same seed.
func noise(seed byte, n int) []byte {
	out := make([]byte, n)
	key := [32]byte{seed}
	_, _ = rand.NewChaCha8(key).Read(out)
	return out
}
