// Package bus is the durable log between the stages: its contract, its dead
// letters and, in bus/bustest, the suite that every implementation passes.
//
// The contract:
//   - Publish returns nil only when every message is durable: fsynced, or
//     acknowledged by all in-sync replicas. On an error any part of the messages
//     may be on the log; publishing again is right, since consumers are
//     idempotent by identity.
//   - Messages of one key stay in the order in which they were published.
//   - Consume hands each message of a topic to a group at least once, from the
//     oldest kept one on. A handler gets messages of one partition in order; its
//     nil makes them done, and they are committed only with everything before
//     them; its error brings the same messages again after a pause.
//   - A record that the log itself finds damaged is reported and skipped, never
//     handed on.
//
// Files:
//
//	bus.go      the interfaces, topics, groups and limits
//	config.go   the `bus` part of the config file; tls.go its certificates
//	deliver.go  calling a handler: again after an error, to its end when told to stop
//	dead.go     the dead letters
//	errors.go   the errors that callers tell apart
package bus

import (
	"context"
	"time"
)

// Message is one record of the log.
type Message struct {
	// Key decides the partition and so what stays in order.
	Key   string
	Value []byte
	// Topic, Partition, Offset and Time are filled in when consuming.
	Topic     string
	Partition int
	Offset    int64
	Time      time.Time
}

// Handler takes messages of one partition, in order, at most MaxBatch of them.
// It is called by several goroutines, one for each partition. Its context lives
// on for DrainTime when Consume is told to end, so that it can finish; it must
// not keep the batch. A panic counts as an error.
type Handler func(ctx context.Context, batch []Message) error

// Publisher writes to the log.
type Publisher interface {
	// Publish makes the messages durable on topic before it returns nil. A message
	// over MaxValue, or a key over MaxKey, gives ErrTooLarge and nothing is written.
	Publish(ctx context.Context, topic string, msgs ...Message) error
}

// Bus is the log. Topic names are without prefix: the implementation adds it.
type Bus interface {
	Publisher
	// Consume calls h with the topic's messages for the group until ctx ends, then
	// returns nil once the last handler is done and its work is committed.
	Consume(ctx context.Context, topic, group string, h Handler) error
	// Lag is how many messages of topic the group has still to do.
	Lag(ctx context.Context, topic, group string) (int64, error)
	// Ping reports whether the log can be reached.
	Ping(ctx context.Context) error
	// Close releases everything; call it after every Consume has returned.
	Close() error
}

// The topics and groups of LeakyTap, without prefix.
const (
	TopicMentions = "mentions"
	TopicScored   = "scored"
	TopicDead     = "dead"
	GroupScore    = "score"
	GroupAlert    = "alert"
)

// MaxValue is the largest value that may be published, in bytes: below Kafka's
// default message.max.bytes of 1 MiB with room for headers.
const MaxValue = 900 << 10

// MaxKey is the longest key that may be published, in bytes.
const MaxKey = 4 << 10

// MaxBatch and MaxBatchBytes bound what a Handler gets at once; a single message
// may be larger than MaxBatchBytes.
const (
	MaxBatch      = 256
	MaxBatchBytes = 4 << 20
)
