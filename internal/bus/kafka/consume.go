package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
)

// The rhythm of a group. Heartbeats are how a member hears that another came or
// left, so their interval is what a rebalance takes; a member that died is
// noticed after sessionTimeout, the least that brokers take by default.
const (
	heartbeatInterval = 500 * time.Millisecond
	sessionTimeout    = 6 * time.Second
	// rebalanceTimeout is how long the others wait for a member to finish what it
	// is doing: longer than bus.DrainTime, after which a handler is cut off.
	rebalanceTimeout       = bus.DrainTime + 10*time.Second
	joinBackoff            = 500 * time.Millisecond
	partitionWatchInterval = 5 * time.Second
	leavePatience          = 3 * time.Second
)

// Consume joins the group and hands it the topic's messages until ctx ends.
func (b *Bus) Consume(ctx context.Context, topic, group string, h bus.Handler) error {
	if group == "" {
		return fmt.Errorf("consuming %s: a group needs a name", topic)
	}
	if err := b.ensure(ctx, topic); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // an end that was asked for is no error
		}
		return fmt.Errorf("consuming %s for %s: %w", topic, group, err)
	}
	name := b.topicName(topic)
	var ls lines
	members, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID:                     b.groupName(group),
		Brokers:                b.cfg.Brokers,
		Dialer:                 ls.dialer(b.dialer),
		Topics:                 []string{name},
		HeartbeatInterval:      heartbeatInterval,
		SessionTimeout:         sessionTimeout,
		RebalanceTimeout:       rebalanceTimeout,
		JoinGroupBackoff:       joinBackoff,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: partitionWatchInterval,
		StartOffset:            kafkago.FirstOffset,
		Timeout:                callTimeout,
		ErrorLogger:            b.chatter(),
	})
	if err != nil {
		return fmt.Errorf("consuming %s for %s: %w", topic, group, err)
	}
	var claims sync.WaitGroup
	b.generations(ctx, members, &claims, topic, h, b.log.With(zap.String("group", group), zap.String("topic", topic)))
	leave(members, &claims, &ls)
	return nil
}

// generations starts the claims of each generation until ctx ends.
func (b *Bus) generations(ctx context.Context, members *kafkago.ConsumerGroup, claims *sync.WaitGroup,
	topic string, h bus.Handler, log *zap.Logger,
) {
	for failed := 0; ; {
		gen, err := members.Next(ctx)
		switch {
		case err == nil:
			failed = 0
			b.begin(ctx, gen, claims, topic, h, log)
		case ctx.Err() != nil:
			return
		case errors.Is(err, kafkago.RebalanceInProgress):
			// One rebalance overtook another: the library joins again.
		default:
			if failed++; bits.OnesCount(uint(failed)) == 1 {
				log.Warn("joining the group failed, trying again", zap.Int("attempts", failed), zap.Error(err))
			}
		}
	}
}

// leave ends the generation: its claims finish what they are doing and commit
// it, and the member leaves the group. A member that is just joining would wait
// for the others' handlers; after leavePatience its connections are cut.
func leave(members *kafkago.ConsumerGroup, claims *sync.WaitGroup, ls *lines) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = members.Close() // it says nothing but nil
	}()
	claims.Wait()
	tick := time.NewTicker(leavePatience)
	defer tick.Stop()
	for {
		select {
		case <-left:
			return
		case <-tick.C:
			ls.cut(false)
		}
	}
}

// begin starts a claim for each partition of a generation.
func (b *Bus) begin(ctx context.Context, gen *kafkago.Generation, claims *sync.WaitGroup,
	topic string, h bus.Handler, log *zap.Logger,
) {
	assigned := gen.Assignments[b.topicName(topic)]
	log.Debug("partitions assigned", zap.Int32("generation", gen.ID), zap.Int("partitions", len(assigned)))
	for _, a := range assigned {
		c := &claim{
			bus: b, gen: gen, topic: topic, part: a.ID, handler: h,
			log: log.With(zap.Int("partition", a.ID), zap.Int32("generation", gen.ID)),
		}
		claims.Add(1)
		gen.Start(func(genCtx context.Context) {
			defer claims.Done()
			// Whatever ends first: what the caller wants or the generation.
			both, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(genCtx, cancel)()
			c.run(both, a.Offset)
		})
	}
}
