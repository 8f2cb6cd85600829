package kafka

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/leakytap/leakytap/internal/bus"
)

// collector is a handler that remembers the values that it took, in order.
type collector struct {
	mu  sync.Mutex
	got []string
}

func (c *collector) handle(_ context.Context, batch []bus.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range batch {
		c.got = append(c.got, string(m.Value))
	}
	return nil
}

func (c *collector) values() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.got...)
}

func (c *collector) wait(t *testing.T, n int) []string {
	t.Helper()
	require.Eventually(t, func() bool { return len(c.values()) >= n }, time.Minute, 5*time.Millisecond, "%d messages must come", n)
	return c.values()
}

// consume runs Consume until the returned stop.
func consume(t *testing.T, b *Bus, topic, group string, h bus.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Consume(ctx, topic, group, h) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

// onFake opens a bus with one partition for each topic on a fake cluster.
func onFake(t *testing.T, c *kfake.Cluster, opt Options) *Bus {
	t.Helper()
	cfg := bus.Config{Kind: bus.KindKafka, Brokers: c.ListenAddrs(), Partitions: 1}
	b, err := Open(t.Context(), cfg, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// admin asks the cluster for what this package has no call for.
func admin(t *testing.T, c *kfake.Cluster) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

func numbered(key string, from, n int) []bus.Message {
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = bus.Message{Key: key, Value: fmt.Appendf(nil, "%d", from+i)}
	}
	return msgs
}

func TestWhatFailedIsSentAgainBeforeAnythingLater(t *testing.T) {
	c := fake(t)
	cfg := bus.Config{Kind: bus.KindKafka, Brokers: c.ListenAddrs(), Partitions: 4}
	b, err := Open(t.Context(), cfg, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	require.NoError(t, b.Publish(t.Context(), "x", bus.Message{Key: "warm up"}))
	// One partition refuses for longer than the writer's own attempts last.
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "leakytap.x", Partitions: []int32{2}, Err: kerr.NotLeaderForPartition, Count: 8})
	var want []bus.Message
	for i := range 40 {
		want = append(want, numbered(fmt.Sprintf("k%d", i%20), i, 1)...)
	}
	for i := 0; i < len(want); i += 10 {
		require.NoError(t, b.Publish(t.Context(), "x", want[i:i+10]...))
	}
	require.Equal(t, 8, fault.Hits(), "the fault must have been met")
	perKey := map[string][]string{}
	var mu sync.Mutex
	total := 0
	consume(t, b, "x", "g", func(_ context.Context, batch []bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range batch {
			perKey[m.Key] = append(perKey[m.Key], string(m.Value))
			total++
		}
		return nil
	})
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return total >= len(want)+1 }, time.Minute, 5*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, len(want)+1, total, "what was acknowledged is not sent again")
	for i := range 20 {
		require.Equal(t, []string{strconv.Itoa(i), strconv.Itoa(i + 20)}, perKey[fmt.Sprintf("k%d", i)])
	}
}

func TestPublishTellsWhatCannotWork(t *testing.T) {
	c := fake(t)
	b := onFake(t, c, Options{})
	require.NoError(t, b.Publish(t.Context(), "x", bus.Message{Key: "k"}))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	begin := time.Now()
	err := b.Publish(t.Context(), "x", bus.Message{Key: "k"})
	require.ErrorIs(t, err, kafkago.TopicAuthorizationFailed)
	require.ErrorContains(t, err, "publishing to x: 1 messages failed")
	require.Less(t, time.Since(begin), publishPatience/2, "it is not tried for long")
}

func TestPublishEndsWithItsContext(t *testing.T) {
	c := fake(t)
	b := onFake(t, c, Options{})
	require.NoError(t, b.Publish(t.Context(), "x", bus.Message{Key: "k"}))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Publish(ctx, "x", bus.Message{Key: "k"}), context.DeadlineExceeded)
}

func TestCloseWithoutACluster(t *testing.T) {
	c := fake(t)
	cfg := bus.Config{Kind: bus.KindKafka, Brokers: c.ListenAddrs()}
	b, err := Open(t.Context(), cfg, Options{})
	require.NoError(t, err)
	require.NoError(t, b.Publish(t.Context(), "x", bus.Message{Key: "k"}))
	var r collector
	stop := consume(t, b, "x", "g", r.handle)
	r.wait(t, 1)
	c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.Error(t, b.Publish(ctx, "x", bus.Message{Key: "k"}))
	require.Error(t, b.Ping(t.Context()))
	_, err = Open(t.Context(), cfg, Options{})
	require.ErrorContains(t, err, "reaching kafka at")
	begin := time.Now()
	stop() // it waited for the cluster until it was told to end
	require.NoError(t, b.Close())
	require.Less(t, time.Since(begin), 20*time.Second)
	require.Error(t, b.Publish(t.Context(), "x", bus.Message{Key: "k"}), "a closed bus takes nothing")
}

func TestRetentionGapIsLoud(t *testing.T) {
	c := fake(t)
	core, logs := observer.New(zap.ErrorLevel)
	reg := prometheus.NewRegistry()
	b := onFake(t, c, Options{Log: zap.New(core), Reg: reg})
	require.NoError(t, b.Publish(t.Context(), bus.TopicMentions, numbered("k", 0, 4)...))
	var first collector
	stop := consume(t, b, bus.TopicMentions, bus.GroupScore, first.handle)
	first.wait(t, 4)
	stop()
	require.NoError(t, b.Publish(t.Context(), bus.TopicMentions, numbered("k", 4, 6)...))

	cl := admin(t, c)
	req := kmsg.NewPtrDeleteRecordsRequest()
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic = "leakytap.mentions"
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rp.Offset = 7
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode))

	var second collector
	consume(t, b, bus.TopicMentions, bus.GroupScore, second.handle)
	require.Equal(t, []string{"7", "8", "9"}, second.wait(t, 3))
	require.Equal(t, 1, logs.FilterMessageSnippet("gap on the bus").Len())
	require.InDelta(t, 3, testutil.ToFloat64(b.gaps.WithLabelValues(bus.TopicMentions)), 0)
	count, err := testutil.GatherAndCount(reg, "leakytap_bus_gap_messages_total", "leakytap_bus_reader_restarts_total")
	require.NoError(t, err)
	require.Equal(t, 6, count, "each topic has its sample from the start")
}

func TestTopicThatWasMadeAnewIsReadFromItsOldest(t *testing.T) {
	c := fake(t)
	core, logs := observer.New(zap.ErrorLevel)
	b := onFake(t, c, Options{Log: zap.New(core)})
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 50)...))
	var first collector
	stop := consume(t, b, "x", "g", first.handle)
	first.wait(t, 50)
	stop()

	// What an administrator may do: offsets stay, messages are gone.
	cl := admin(t, c)
	del := kmsg.NewPtrDeleteTopicsRequest()
	dt := kmsg.NewDeleteTopicsRequestTopic()
	dt.Topic = new("leakytap.x")
	del.Topics = append(del.Topics, dt)
	del.TopicNames = append(del.TopicNames, "leakytap.x")
	_, err := del.RequestWith(t.Context(), cl)
	require.NoError(t, err)

	again := onFake(t, c, Options{Log: zap.New(core)})
	require.NoError(t, again.Publish(t.Context(), "x", numbered("k", 100, 3)...))
	commitOffset(t, again, "leakytap.g", "leakytap.x", 50)
	lag, err := again.Lag(t.Context(), "x", "g")
	require.NoError(t, err)
	require.Equal(t, int64(3), lag)
	var second collector
	consume(t, again, "x", "g", second.handle)
	require.Equal(t, []string{"100", "101", "102"}, second.wait(t, 3))
	require.Equal(t, 1, logs.FilterMessageSnippet("the group is ahead of the topic").Len())
}

func commitOffset(t *testing.T, b *Bus, group, topic string, at int64) {
	t.Helper()
	resp, err := b.client.OffsetCommit(t.Context(), &kafkago.OffsetCommitRequest{
		GroupID: group, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{topic: {{Offset: at}}},
	})
	require.NoError(t, err)
	require.NoError(t, resp.Topics[topic][0].Error)
}

func TestSilentReaderIsOpenedAgain(t *testing.T) {
	c := fake(t)
	b := onFake(t, c, Options{})
	b.quiet = 300 * time.Millisecond
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 1)...))
	var r collector
	consume(t, b, "x", "g", r.handle)
	r.wait(t, 1)
	// From now on a fetch is answered with nothing, as by a broker that lost its
	// way; until the reader has been opened again.
	c.ControlKey(int16(kmsg.Fetch), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		if testutil.ToFloat64(b.restarts.WithLabelValues("x")) > 0 {
			return nil, nil, false
		}
		c.KeepControl()
		req, ok := kreq.(*kmsg.FetchRequest)
		if !ok {
			return nil, nil, false
		}
		resp, ok := req.ResponseKind().(*kmsg.FetchResponse)
		if !ok {
			return nil, nil, false
		}
		for _, t := range req.Topics {
			rt := kmsg.NewFetchResponseTopic()
			rt.Topic = t.Topic
			for _, p := range t.Partitions {
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.Partition = p.Partition
				rp.HighWatermark = 1
				rp.LastStableOffset = 1
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 1, 3)...))
	require.Equal(t, []string{"0", "1", "2", "3"}, r.wait(t, 4))
	require.GreaterOrEqual(t, testutil.ToFloat64(b.restarts.WithLabelValues("x")), 1.0)
}

func TestRefusedCommitBringsTheMessagesAgain(t *testing.T) {
	c := fake(t)
	b := onFake(t, c, Options{})
	require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 3)...))
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.IllegalGeneration, Count: 2})
	var r collector
	stop := consume(t, b, "x", "g", r.handle)
	require.Eventually(t, func() bool {
		lag, err := b.Lag(t.Context(), "x", "g")
		return err == nil && lag == 0
	}, time.Minute, 5*time.Millisecond)
	stop()
	require.Equal(t, 2, fault.Hits())
	got := strings.Join(r.values(), " ")
	require.GreaterOrEqual(t, strings.Count(got, "0"), 2, "what was not committed comes again: %s", got)
	require.True(t, strings.HasSuffix(got, "0 1 2") || strings.HasSuffix(got, "1 2"), got)
	lag, err := b.Lag(t.Context(), "x", "g")
	require.NoError(t, err)
	require.Zero(t, lag)
}

func TestBrokenFetchesLoseNothing(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.OffsetOutOfRange, kerr.KafkaStorageError} {
		t.Run(e.Message, func(t *testing.T) {
			c := fake(t)
			b := onFake(t, c, Options{})
			b.quiet = 500 * time.Millisecond
			fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "leakytap.x", Err: e, Count: 3})
			require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 0, 20)...))
			var r collector
			consume(t, b, "x", "g", r.handle)
			r.wait(t, 20)
			require.NoError(t, b.Publish(t.Context(), "x", numbered("k", 20, 20)...))
			var want []string
			for i := range 40 {
				want = append(want, strconv.Itoa(i))
			}
			require.Equal(t, want, r.wait(t, 40))
			require.Equal(t, 3, fault.Hits())
		})
	}
}

func TestFailures(t *testing.T) {
	wave := []kafkago.Message{{Value: []byte("a")}, {Value: []byte("b")}, {Value: []byte("c")}}
	tests := []struct {
		name      string
		err       error
		want      string
		wantCause error
	}{
		{"a plain error means all", context.Canceled, "abc", context.Canceled},
		{"only what failed, in order", kafkago.WriteErrors{kafkago.LeaderNotAvailable, nil, kafkago.LeaderNotAvailable}, "ac", kafkago.LeaderNotAvailable},
		{"what cannot work is the cause", kafkago.WriteErrors{kafkago.LeaderNotAvailable, kafkago.TopicAuthorizationFailed, nil}, "ab", kafkago.TopicAuthorizationFailed},
		{"errors that do not fit mean all", kafkago.WriteErrors{kafkago.LeaderNotAvailable}, "abc", kafkago.WriteErrors{kafkago.LeaderNotAvailable}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			failed, cause := failures(wave, tt.err)
			var got strings.Builder
			for _, m := range failed {
				got.Write(m.Value)
			}
			require.Equal(t, tt.want, got.String())
			require.Equal(t, tt.wantCause, cause)
		})
	}
}

func TestRepeatsAreLeftOutAndGapsAreTold(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	b := onFake(t, fake(t), Options{})
	c := &claim{bus: b, topic: "x", log: zap.New(core), next: 5}
	var batch []kafkago.Message
	for _, off := range []int64{3, 4, 5, 6, 6, 9, 10} {
		batch = append(batch, kafkago.Message{Offset: off})
	}
	var got []int64
	for _, m := range c.accept(batch) {
		got = append(got, m.Offset)
	}
	require.Equal(t, []int64{5, 6, 9, 10}, got)
	require.InDelta(t, 2, testutil.ToFloat64(b.gaps.WithLabelValues("x")), 0)
	require.Equal(t, 1, logs.FilterMessageSnippet("gap on the bus").Len())
}
