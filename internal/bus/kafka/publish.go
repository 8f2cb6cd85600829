package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
)

const (
	// maxOnTheWay is how much may be on its way to the brokers at once, in bytes
	// over all topics. Below the size of one request, the messages of one call and
	// partition are always one batch, so that none overtakes another that failed.
	maxOnTheWay = 1_000_000
	// maxMessages is the same in messages. The writer makes room for as many in
	// each batch, so it can not be large.
	maxMessages = 500
	// overhead is more than a record takes beside its key and value.
	overhead = 64
	// publishPatience is how long Publish tries to get messages to the cluster.
	publishPatience = 30 * time.Second
)

// Publish writes the messages and returns nil once all in-sync replicas have
// them. What is too much for one request goes in several, one after the other;
// what failed goes again before anything later.
func (b *Bus) Publish(ctx context.Context, topic string, msgs ...bus.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	if err := bus.CheckSizes(topic, msgs); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publishing to %s: %w", topic, err)
	}
	if err := b.ensure(ctx, topic); err != nil {
		return fmt.Errorf("publishing to %s: %w", topic, err)
	}
	name := b.topicName(topic)
	var wave []kafkago.Message
	var weight int64
	flush := func() error {
		if len(wave) == 0 {
			return nil
		}
		err := b.send(ctx, topic, wave)
		wave, weight = nil, 0
		return err
	}
	for _, m := range msgs {
		w := weigh(len(m.Key), len(m.Value))
		if weight+w > maxOnTheWay {
			if err := flush(); err != nil {
				return err
			}
		}
		wave = append(wave, kafkago.Message{Topic: name, Key: []byte(m.Key), Value: m.Value})
		weight += w
	}
	return flush()
}

// weigh is what a message counts on the way: at least its share of maxMessages.
func weigh(key, value int) int64 {
	return int64(max(key+value+overhead, maxOnTheWay/maxMessages))
}

// send writes a wave, and what of it failed again, until all is there.
func (b *Bus) send(ctx context.Context, topic string, wave []kafkago.Message) error {
	deadline := time.Now().Add(publishPatience)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := b.write(ctx, wave)
		if err == nil {
			return nil
		}
		failed, cause := failures(wave, err)
		wave = failed
		if ctx.Err() == nil && temporary(cause) && time.Now().Before(deadline) {
			b.log.Warn("kafka did not take messages, sending them again",
				zap.String("topic", topic), zap.Int("messages", len(wave)), zap.Error(cause))
			if errors.Is(cause, kafkago.UnknownTopicOrPartition) {
				b.topics.set(topic, false)
			}
			if rest(ctx, pause) {
				continue
			}
		}
		return fmt.Errorf("publishing to %s: %d messages failed: %w", topic, len(wave), cause)
	}
}

// write gives the wave to the writer and waits for the outcome or for ctx. A
// wave whose publisher left still counts as on its way until its fate is known.
func (b *Bus) write(ctx context.Context, wave []kafkago.Message) error {
	var weight int64
	for _, m := range wave {
		weight += weigh(len(m.Key), len(m.Value))
	}
	if err := b.room.Acquire(ctx, weight); err != nil {
		return err
	}
	if b.closing.Err() != nil {
		b.room.Release(weight)
		return io.ErrClosedPipe
	}
	// The writer fills in where each message went; the publisher may be gone by then.
	own := append([]kafkago.Message(nil), wave...)
	done := make(chan error, 1)
	b.pending.Go(func() {
		err := b.writer.WriteMessages(b.closing, own...)
		b.room.Release(weight)
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failures gives what of the wave is not on the log for sure, in order, and the
// first reason.
func failures(wave []kafkago.Message, err error) ([]kafkago.Message, error) {
	var each kafkago.WriteErrors
	if !errors.As(err, &each) || len(each) != len(wave) {
		return wave, err
	}
	var failed []kafkago.Message
	var cause error
	for i, e := range each {
		if e == nil {
			continue
		}
		failed = append(failed, wave[i])
		if cause == nil || !temporary(e) {
			cause = e
		}
	}
	if len(failed) == 0 {
		return wave, err
	}
	return failed, cause
}
