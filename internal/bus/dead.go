package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/leakytap/leakytap/internal/record"
)

// maxDetail bounds what a dead letter says in words, in bytes.
const maxDetail = 500

// DeadLetters takes the records that a stage could not handle, so that those
// behind them go on. It is safe for concurrent use.
type DeadLetters struct {
	pub   Publisher
	count *prometheus.CounterVec
}

// NewDeadLetters makes DeadLetters that publish to TopicDead on pub and count
// on reg.
func NewDeadLetters(pub Publisher, reg prometheus.Registerer) *DeadLetters {
	d := &DeadLetters{pub: pub, count: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "leakytap_dead_letters_total",
		Help: "Records that a stage could not handle and put aside.",
	}, []string{"stage"})}
	for _, stage := range []string{"ingest", "score", "alert"} {
		d.count.WithLabelValues(stage)
	}
	return d
}

// Send puts m aside. stage is ingest, score or alert, reason one of
// record.Dead's; cause is told without quoting m. It returns nil once the dead
// letter is durable, and only then is m done.
func (d *DeadLetters) Send(ctx context.Context, stage, reason string, m Message, cause error) error {
	now := time.Now().UTC()
	dead := record.Dead{
		ID:     ulid.Make().String(),
		Stage:  stage,
		Reason: reason,
		Detail: detail(cause),
		Topic:  m.Topic,
		Key:    m.Key,
		Value:  m.Value,
		At:     now,
	}
	value, err := json.Marshal(dead)
	if err != nil {
		return fmt.Errorf("encoding a dead letter: %w", err)
	}
	key := m.Key
	if len(key) > MaxKey {
		key = key[:MaxKey]
	}
	err = d.pub.Publish(ctx, TopicDead, Message{Key: key, Value: value})
	if errors.Is(err, ErrTooLarge) {
		// In JSON the value is a third longer; what is left says what it was.
		dead.Value = nil
		dead.Key = key
		dead.Detail = fmt.Sprintf("value of %d bytes left out: %s", len(m.Value), dead.Detail)
		if value, err = json.Marshal(dead); err != nil {
			return fmt.Errorf("encoding a dead letter: %w", err)
		}
		err = d.pub.Publish(ctx, TopicDead, Message{Key: key, Value: value})
	}
	if err != nil {
		return fmt.Errorf("putting a record of %s aside: %w", m.Topic, err)
	}
	d.count.WithLabelValues(stage).Inc()
	return nil
}

// detail is cause in words, bounded and valid UTF-8.
func detail(cause error) string {
	if cause == nil {
		return ""
	}
	s := strings.ToValidUTF8(cause.Error(), "�")
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "") + "..."
	}
	return s
}
