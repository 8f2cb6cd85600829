package bus

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
)

// The pauses between two deliveries of the same messages.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// DrainTime is how long a handler may go on after its Consume was told to end,
// before its context ends too: below the 30 s in which the daemon must be gone.
const DrainTime = 20 * time.Second

// errUndelivered says that ctx ended before the handler took the messages.
var errUndelivered = errors.New("the messages are still to be done")

// Deliver gives batch to h until h takes it, and then returns nil. An error or
// a panic of h brings the same messages again after a pause that grows to 5 s.
// When ctx ends, h may finish what it is doing within DrainTime, and nothing is
// tried again; if the messages are still not done, Deliver returns an error and
// they must not be committed. Implementations of Bus call it; each batch is not
// empty and of one partition.
func Deliver(ctx context.Context, h Handler, batch []Message, log *zap.Logger) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := handle(ctx, h, batch)
		if err == nil {
			if attempt > 1 {
				log.Info("messages taken after all", place(batch, zap.Int("attempts", attempt))...)
			}
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errUndelivered, err)
		}
		// 1st, 2nd, 4th, 8th ...: a long outage must not fill the log.
		if bits.OnesCount(uint(attempt)) == 1 {
			log.Warn("messages not taken, bringing them again",
				place(batch, zap.Int("attempts", attempt), zap.Duration("pause", pause), zap.Error(err))...)
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("%w: %w", errUndelivered, err)
		case <-t.C:
		}
		pause = min(2*pause, maxPause)
	}
}

// handle calls h once, with a context that outlives ctx by DrainTime.
func handle(ctx context.Context, h Handler, batch []Message) (err error) {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(DrainTime)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-inner.Done():
		}
	})
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return h(inner, batch)
}

// place says which messages a log line is about.
func place(batch []Message, more ...zap.Field) []zap.Field {
	return append([]zap.Field{
		zap.String("topic", batch[0].Topic),
		zap.Int("partition", batch[0].Partition),
		zap.Int64("offset", batch[0].Offset),
		zap.Int("messages", len(batch)),
	}, more...)
}

// CheckSizes refuses messages that no bus takes, with ErrTooLarge, before any of
// them is written.
func CheckSizes(topic string, msgs []Message) error {
	for i, m := range msgs {
		if len(m.Value) > MaxValue {
			return fmt.Errorf("publishing to %s: value %d of %d has %d bytes, at most %d are taken: %w",
				topic, i+1, len(msgs), len(m.Value), MaxValue, ErrTooLarge)
		}
		if len(m.Key) > MaxKey {
			return fmt.Errorf("publishing to %s: key %d of %d has %d bytes, at most %d are taken: %w",
				topic, i+1, len(msgs), len(m.Key), MaxKey, ErrTooLarge)
		}
	}
	return nil
}
