// Package kafka is the bus on Apache Kafka, for daemons on several machines. It
// alone knows the client library.
//
// What the library does by itself loses messages in corners, so this package
// uses its parts and not its whole: a ConsumerGroup whose generations fence what
// is committed, instead of the group Reader, which commits for partitions that
// it no longer has; one plain Reader for each assigned partition, watched for
// gaps and silence; and a Writer that is given so little at once that the
// messages of one call and partition are one request, which is there whole or
// not at all.
//
//	bus.go      Open, Close, Ping, Lag
//	connect.go  TLS, SASL, dialling, and connections that can be cut
//	topic.go    names, creating topics and waiting for them
//	publish.go  writing: waves, sizes, what failed goes again first
//	consume.go  a group's generations
//	claim.go    one partition in one generation: read, handle, commit
//	feed.go     a Reader that can be stopped at once
package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"golang.org/x/sync/semaphore"

	"github.com/leakytap/leakytap/internal/bus"
)

// callTimeout bounds one question to the cluster.
const callTimeout = 10 * time.Second

// Options are what Open needs beside the config.
type Options struct {
	Log *zap.Logger
	// Reg gets the metrics; nil registers none.
	Reg prometheus.Registerer
}

// Bus is the log on a Kafka cluster. It is safe for concurrent use.
type Bus struct {
	cfg bus.Config
	log *zap.Logger

	dialer    *kafkago.Dialer
	transport *kafkago.Transport
	client    *kafkago.Client
	writer    *kafkago.Writer

	// room holds back publishers so that what is on its way fits one request.
	room    *semaphore.Weighted
	pending sync.WaitGroup

	// closing ends when Close gives up on what is still on its way.
	closing context.Context //nolint:containedctx // it is the life of the Bus, which no call has
	cut     context.CancelFunc

	topics topics
	// quiet is how long a reader may say nothing before it is checked.
	quiet time.Duration

	gaps     *prometheus.CounterVec
	restarts *prometheus.CounterVec
}

var _ bus.Bus = (*Bus)(nil)

// Open prepares the connections and waits until a broker answers.
func Open(ctx context.Context, cfg bus.Config, opt Options) (*Bus, error) {
	cfg = cfg.WithDefaults()
	if opt.Log == nil {
		opt.Log = zap.NewNop()
	}
	b := &Bus{
		cfg:    cfg,
		log:    opt.Log,
		room:   semaphore.NewWeighted(maxOnTheWay),
		topics: topics{known: map[string]bool{}},
		quiet:  quiet,
		gaps: promauto.With(opt.Reg).NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_bus_gap_messages_total",
			Help: "Messages that were gone from the log before a group had done them.",
		}, []string{"topic"}),
		restarts: promauto.With(opt.Reg).NewCounterVec(prometheus.CounterOpts{
			Name: "leakytap_bus_reader_restarts_total",
			Help: "Readers of a partition that failed or fell silent and were opened again.",
		}, []string{"topic"}),
	}
	for _, name := range []string{bus.TopicMentions, bus.TopicScored, bus.TopicDead} {
		b.gaps.WithLabelValues(name)
		b.restarts.WithLabelValues(name)
	}
	b.closing, b.cut = context.WithCancel(context.WithoutCancel(ctx))
	if err := b.connect(); err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	if err := b.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the bus: %w", err), b.Close())
	}
	return b, nil
}

// Ping asks a broker which calls it knows, and whether we may ask it more: the
// first it answers to everyone, the second may come from what was learned
// seconds ago.
func (b *Bus) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := b.client.ApiVersions(ctx, &kafkago.ApiVersionsRequest{}); err != nil {
		return fmt.Errorf("reaching kafka at %v: %w", b.cfg.Brokers, err)
	}
	if _, err := b.client.Metadata(ctx, &kafkago.MetadataRequest{}); err != nil {
		return fmt.Errorf("asking kafka at %v: %w", b.cfg.Brokers, err)
	}
	return nil
}

// Lag is how many messages of topic the group has still to do.
func (b *Bus) Lag(ctx context.Context, topic, group string) (int64, error) {
	if err := b.ensure(ctx, topic); err != nil {
		return 0, err
	}
	var lag int64
	err := retry(ctx, func(ctx context.Context) error {
		var err error
		lag, err = b.lag(ctx, b.topicName(topic), b.groupName(group))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reading the lag of %s on %s: %w", group, topic, err)
	}
	return lag, nil
}

func (b *Bus) lag(ctx context.Context, topic, group string) (int64, error) {
	parts, err := b.partitions(ctx, topic)
	if err != nil {
		return 0, err
	}
	bounds, err := b.bounds(ctx, topic, parts...)
	if err != nil {
		return 0, err
	}
	done, err := b.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: parts}})
	if err != nil {
		return 0, err
	}
	if done.Error != nil && !errors.Is(done.Error, kafkago.GroupIdNotFound) {
		return 0, done.Error
	}
	next := map[int]int64{}
	for _, p := range done.Topics[topic] {
		if p.Error != nil {
			return 0, p.Error
		}
		next[p.Partition] = p.CommittedOffset
	}
	var lag int64
	for p, at := range bounds {
		from, known := next[p]
		if !known || from < at.first || from > at.last {
			from = at.first // nothing committed, or what was is gone
		}
		lag += at.last - from
	}
	return lag, nil
}

// limits are the offsets that a partition holds: first is the oldest, last the
// one that comes next.
type limits struct{ first, last int64 }

// bounds asks for the limits of partitions.
func (b *Bus) bounds(ctx context.Context, topic string, parts ...int) (map[int]limits, error) {
	var ask []kafkago.OffsetRequest
	for _, p := range parts {
		ask = append(ask, kafkago.FirstOffsetOf(p), kafkago.LastOffsetOf(p))
	}
	res, err := b.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, err
	}
	out := map[int]limits{}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		out[p.Partition] = limits{first: p.FirstOffset, last: p.LastOffset}
	}
	if len(out) != len(parts) {
		return nil, fmt.Errorf("kafka told the offsets of %d of %d partitions", len(out), len(parts))
	}
	return out, nil
}

// retry repeats a question whose failure is temporary, for callTimeout at most.
func retry(ctx context.Context, ask func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err := ask(ctx)
		if err == nil || !temporary(err) || !rest(ctx, pause) {
			return err
		}
	}
}

// Close waits a moment for what is on its way and then cuts the connections.
// Every Consume must have returned.
func (b *Bus) Close() error {
	giveUp := time.AfterFunc(closePatience, b.cut)
	err := b.writer.Close()
	b.pending.Wait()
	giveUp.Stop()
	b.cut()
	b.transport.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("closing the bus: %w", err)
	}
	return nil
}

// closePatience is how long Close waits for messages that nobody waits for any
// more: their publishers were told that the outcome is not known.
const closePatience = 3 * time.Second

// rest waits for d, false when ctx ends before.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
