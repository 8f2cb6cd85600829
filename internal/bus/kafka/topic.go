package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/leakytap/leakytap/internal/bus"
)

// topics remembers which topics were seen ready.
type topics struct {
	mu    sync.Mutex
	known map[string]bool
}

func (t *topics) has(topic string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[topic]
}

func (t *topics) set(topic string, ready bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[topic] = ready
}

func (b *Bus) topicName(topic string) string { return b.cfg.TopicPrefix + "." + topic }
func (b *Bus) groupName(group string) string { return b.cfg.TopicPrefix + "." + group }

// topicPatience is how long a new topic may take until its leaders are known.
const topicPatience = 30 * time.Second

// ensure creates the topic where it is not there, and waits until every
// partition has a leader: a reader that starts before stays without messages.
func (b *Bus) ensure(ctx context.Context, topic string) error {
	if b.topics.has(topic) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, topicPatience)
	defer cancel()
	name := b.topicName(topic)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := b.ready(ctx, name)
		if errors.Is(err, errNoTopic) {
			err = b.create(ctx, name)
			if err == nil {
				err = b.ready(ctx, name)
			}
		}
		if err == nil {
			b.topics.set(topic, true)
			return nil
		}
		if !temporary(err) && !errors.Is(err, errNoTopic) || !rest(ctx, pause) {
			return fmt.Errorf("preparing topic %s: %w", name, err)
		}
	}
}

// errNoTopic says that the cluster does not know the topic.
var errNoTopic = errors.New("the topic is not there")

// ready is nil when every partition of the topic has a leader.
func (b *Bus) ready(ctx context.Context, name string) error {
	_, err := b.partitions(ctx, name)
	return err
}

// partitions gives the partitions of a topic, each of which has a leader.
func (b *Bus) partitions(ctx context.Context, name string) ([]int, error) {
	res, err := b.client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{name}})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(res.Topics, func(t kafkago.Topic) bool { return t.Name == name })
	switch {
	case i < 0, errors.Is(res.Topics[i].Error, kafkago.UnknownTopicOrPartition):
		return nil, errNoTopic
	case res.Topics[i].Error != nil:
		return nil, res.Topics[i].Error
	case len(res.Topics[i].Partitions) == 0:
		return nil, kafkago.LeaderNotAvailable
	}
	var parts []int
	for _, p := range res.Topics[i].Partitions {
		if p.Error != nil {
			return nil, p.Error
		}
		if p.Leader.Host == "" {
			return nil, kafkago.LeaderNotAvailable
		}
		parts = append(parts, p.ID)
	}
	slices.Sort(parts)
	return parts, nil
}

// create asks the cluster for the topic.
func (b *Bus) create(ctx context.Context, name string) error {
	replicas := b.cfg.ReplicationFactor
	if replicas == 0 {
		replicas = -1 // the cluster's own default
	}
	res, err := b.client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic:             name,
		NumPartitions:     b.cfg.Partitions,
		ReplicationFactor: replicas,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "delete"},
			{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(b.cfg.Retention.D().Milliseconds(), 10)},
			{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(maxRequest)},
		},
	}}})
	if err != nil {
		return err
	}
	switch err := res.Errors[name]; {
	case err == nil, errors.Is(err, kafkago.TopicAlreadyExists):
		return nil
	case errors.Is(err, kafkago.TopicAuthorizationFailed), errors.Is(err, kafkago.ClusterAuthorizationFailed):
		return fmt.Errorf("creating it is not allowed, let an administrator create it with %d partitions: %w", b.cfg.Partitions, err)
	default:
		return err
	}
}

// maxRequest is the most that a topic takes in one request, in bytes; Kafka's
// own default.
const maxRequest = 1048588

// The largest message, its key and what goes around them fit into maxRequest.
var _ [maxRequest - maxOnTheWay]struct{}

var _ [maxOnTheWay - bus.MaxValue - bus.MaxKey - overhead]struct{}
