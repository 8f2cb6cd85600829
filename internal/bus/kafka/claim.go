package kafka

import (
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/bus"
)

const (
	// quiet is how long a reader may say nothing before it is asked whether there
	// was nothing to say.
	quiet = 10 * time.Second
	// retryPause is the rest after the cluster could not be asked or read.
	retryPause = 500 * time.Millisecond
)

// claim is one partition for the time of one generation.
type claim struct {
	bus     *Bus
	gen     *kafkago.Generation
	topic   string
	part    int
	handler bus.Handler
	log     *zap.Logger

	// next is the offset that is expected next: everything before it is done. Only
	// run moves it, and only forward, so that what is committed through this
	// generation never goes back.
	next int64
}

// run reads, hands on and commits until ctx ends. Returning earlier ends the
// generation, and the group begins a new one from what is committed.
func (c *claim) run(ctx context.Context, committed int64) {
	if !c.settle(ctx, committed) {
		return
	}
	for ctx.Err() == nil {
		if !c.follow(ctx) {
			return
		}
	}
}

// settle finds where to begin. What the cluster no longer has, or never had, is
// told: it can not be brought back.
func (c *claim) settle(ctx context.Context, committed int64) bool {
	at, ok := c.limits(ctx)
	if !ok {
		return false
	}
	switch {
	case committed < 0:
		c.next = at.first // the group's first time here
	case committed < at.first:
		c.gap(committed, at.first, "kafka dropped messages before they were done; its retention is shorter than the outage was")
		c.next = at.first
	case committed > at.last:
		c.log.Error("the group is ahead of the topic, which was deleted or lost data; beginning at its oldest message",
			zap.Int64("committed", committed), zap.Int64("end", at.last), zap.Int64("from", at.first))
		c.next = at.first
	default:
		c.next = committed
	}
	return true
}

// limits asks for the partition's offsets until it is told or ctx ends.
func (c *claim) limits(ctx context.Context) (limits, bool) {
	for {
		ask, cancel := context.WithTimeout(ctx, callTimeout)
		all, err := c.bus.bounds(ask, c.bus.topicName(c.topic), c.part)
		cancel()
		if err == nil {
			return all[c.part], true
		}
		if ctx.Err() == nil {
			c.log.Warn("asking for a partition's offsets failed, trying again", zap.Error(err))
		}
		if !rest(ctx, retryPause) {
			return limits{}, false
		}
	}
}

// follow reads with one reader for as long as it is any good; false ends the
// claim.
func (c *claim) follow(ctx context.Context) bool {
	f := c.bus.openFeed(ctx, c.topic, c.part, c.next)
	defer f.close()
	for {
		batch, err := f.next(ctx, c.bus.quiet)
		switch {
		case ctx.Err() != nil:
			return false
		case errors.Is(err, errQuiet):
			if good, ok := c.check(ctx); !ok || !good {
				return ok
			}
			continue
		case err != nil:
			c.log.Warn("reading a partition failed, opening it again", zap.Int64("offset", c.next), zap.Error(err))
			c.bus.restarts.WithLabelValues(c.topic).Inc()
			return rest(ctx, retryPause) && c.resettle(ctx)
		}
		if msgs := c.accept(batch); len(msgs) > 0 && !c.do(ctx, msgs) {
			return false
		}
	}
}

// check looks after a reader that has been quiet: good says that there was
// nothing to read; ok false ends the claim.
func (c *claim) check(ctx context.Context) (good, ok bool) {
	at, ok := c.limits(ctx)
	if !ok {
		return false, false
	}
	if at.first <= c.next && at.last == c.next {
		return true, true
	}
	c.log.Warn("a reader is silent while there are messages, opening it again",
		zap.Int64("offset", c.next), zap.Int64("first", at.first), zap.Int64("end", at.last))
	c.bus.restarts.WithLabelValues(c.topic).Inc()
	return false, c.settle(ctx, c.next)
}

// resettle is settle from where the claim stands.
func (c *claim) resettle(ctx context.Context) bool { return c.settle(ctx, c.next) }

// accept turns what was read into messages, leaves out what came before and
// tells what is missing.
func (c *claim) accept(batch []kafkago.Message) []bus.Message {
	msgs := make([]bus.Message, 0, len(batch))
	expected := c.next
	for _, m := range batch {
		switch {
		case m.Offset < expected:
			continue // a reader that was opened again may repeat itself
		case m.Offset > expected:
			c.gap(expected, m.Offset, "messages are missing from the partition")
		}
		expected = m.Offset + 1
		msgs = append(msgs, bus.Message{
			Key: string(m.Key), Value: m.Value,
			Topic: c.topic, Partition: c.part, Offset: m.Offset, Time: m.Time,
		})
	}
	return msgs
}

func (c *claim) gap(from, to int64, why string) {
	c.bus.gaps.WithLabelValues(c.topic).Add(float64(to - from))
	c.log.Error("gap on the bus: "+why, zap.Int64("from", from), zap.Int64("to", to), zap.Int64("messages", to-from))
}

// do hands messages to the handler and commits them; false ends the claim.
func (c *claim) do(ctx context.Context, msgs []bus.Message) bool {
	if err := bus.Deliver(ctx, c.handler, msgs, c.log); err != nil {
		c.log.Debug("messages left for the next generation", zap.Int64("offset", msgs[0].Offset), zap.Error(err))
		return false
	}
	next := msgs[len(msgs)-1].Offset + 1
	// Through this generation alone: if it is over, the cluster refuses, and who
	// has the partition now does the messages again.
	err := c.gen.CommitOffsets(map[string]map[int]int64{c.bus.topicName(c.topic): {c.part: next}})
	if err != nil {
		c.log.Warn("committing failed, joining the group anew; some messages will come again",
			zap.Int64("offset", next), zap.Error(err))
		return false
	}
	c.next = next
	return true
}
