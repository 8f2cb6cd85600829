package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/bus"
	"github.com/leakytap/leakytap/internal/bus/sqlite"
	"github.com/leakytap/leakytap/internal/record"
)

func TestDeadLetters(t *testing.T) {
	b, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "bus.db")})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	reg := prometheus.NewRegistry()
	d := bus.NewDeadLetters(b, reg)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP leakytap_dead_letters_total Records that a stage could not handle and put aside.
# TYPE leakytap_dead_letters_total counter
leakytap_dead_letters_total{stage="alert"} 0
leakytap_dead_letters_total{stage="ingest"} 0
leakytap_dead_letters_total{stage="score"} 0
`)))
	tests := []struct {
		name       string
		m          bus.Message
		cause      error
		wantValue  []byte
		wantDetail string
	}{
		{
			name: "as it was", m: bus.Message{Topic: bus.TopicMentions, Key: "acme\x1fc1", Value: []byte("{\x00\xff")},
			cause: errors.New("unexpected end"), wantValue: []byte("{\x00\xff"), wantDetail: "unexpected end",
		},
		{name: "no cause", m: bus.Message{Topic: bus.TopicMentions, Key: "k", Value: []byte("v")}, wantValue: []byte("v")},
		{
			name: "a long cause in broken runes", m: bus.Message{Topic: bus.TopicScored, Key: "k", Value: []byte("v")},
			cause: errors.New(strings.Repeat("ü", 300) + "\xff"), wantValue: []byte("v"), wantDetail: strings.Repeat("ü", 250) + "...",
		},
		{
			name: "a value that is too large in JSON", m: bus.Message{Topic: bus.TopicScored, Key: "k", Value: bytes.Repeat([]byte("v"), bus.MaxValue)},
			cause: errors.New("too deep"), wantDetail: "value of 921600 bytes left out: too deep",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, d.Send(t.Context(), "score", "bad_record", tt.m, tt.cause))
			got := next(t, b)
			require.NotEmpty(t, got.ID)
			require.WithinDuration(t, time.Now(), got.At, time.Minute)
			got.ID, got.At = "", time.Time{}
			require.Equal(t, record.Dead{
				Stage: "score", Reason: "bad_record", Detail: tt.wantDetail, Topic: tt.m.Topic, Key: tt.m.Key, Value: tt.wantValue,
			}, got)
		})
	}
	require.InDelta(t, len(tests), counter(t, reg), 0)
}

func TestDeadLetterThatIsNotDurableIsTold(t *testing.T) {
	b, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "bus.db")})
	require.NoError(t, err)
	require.NoError(t, b.Close())
	reg := prometheus.NewRegistry()
	err = bus.NewDeadLetters(b, reg).Send(t.Context(), "score", "panic", bus.Message{Topic: "x"}, nil)
	require.ErrorContains(t, err, "putting a record of x aside")
	require.Zero(t, counter(t, reg))
}

// next is the next dead letter on the log.
func next(t *testing.T, b bus.Bus) record.Dead {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got record.Dead
	require.NoError(t, b.Consume(ctx, bus.TopicDead, bus.GroupAlert, func(_ context.Context, batch []bus.Message) error {
		defer cancel()
		return json.Unmarshal(batch[0].Value, &got)
	}))
	return got
}

func counter(t *testing.T, reg *prometheus.Registry) float64 {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}
