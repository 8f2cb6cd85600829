package alert_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
)

// deaf is a receiver that stores what it is sent, loses its answers, and cannot
// tell what arrived.
type deaf struct {
	mu       sync.Mutex
	lose     int
	messages []alert.Message
	// loseUpdates of the updates are lost.
	loseUpdates int
	updates     []alert.Message
}

func (r *deaf) take(m alert.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	if r.lose--; r.lose >= 0 {
		return &alert.SendError{Reason: alert.ReasonTimeout, Kind: alert.FailAmbiguous}
	}
	return nil
}

func (r *deaf) Post(_ context.Context, m alert.Message) (record.Receipt, error) {
	if err := r.take(m); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{TS: m.Notice.Key}, nil
}

func (r *deaf) Update(_ context.Context, _ record.Receipt, m alert.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.updates = append(r.updates, m)
	if r.loseUpdates--; r.loseUpdates >= 0 {
		return &alert.SendError{Reason: alert.ReasonTimeout, Kind: alert.FailAmbiguous}
	}
	return nil
}

func (r *deaf) Reply(ctx context.Context, _ record.Receipt, m alert.Message) (record.Receipt, error) {
	return r.Post(ctx, m)
}

func (*deaf) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, alert.ErrNoLookUp
}

// TestAtLeastOnceWhereNothingCanBeLookedUp loses three answers: the message is
// sent until one comes, each time after the first as a possible repeat.
func TestAtLeastOnceWhereNothingCanBeLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		r := &deaf{lose: 3}
		d, err := alert.NewDrain(alert.Options{
			Name: "support", Receiver: r, Outbox: w.store, Cases: w.store, NoCase: store.ErrNotFound, Metrics: w.metrics,
			Timeout: timeout, Settle: settle,
		})
		require.NoError(t, err)
		w.owe(record.NoticeCard)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		require.NoError(t, d.Run(ctx))
		require.Len(t, r.messages, 4)
		for i, m := range r.messages {
			require.Equal(t, r.messages[0].Notice.Key, m.Notice.Key)
			require.Equal(t, i > 0, m.PossibleRepeat, "message %d", i)
		}
		_, owed, err := w.store.OutboxStats(t.Context())
		require.NoError(t, err)
		require.Empty(t, owed)
	})
}

// Repeats is true: what is sent twice is seen twice.
func (*deaf) Repeats() bool { return true }

// An update whose answer was lost comes again too, and where that can be seen it says so.
func TestAnUpdateThatComesAgainSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		r := &deaf{}
		d, err := alert.NewDrain(alert.Options{
			Name: "support", Receiver: r, Outbox: w.store, Cases: w.store, NoCase: store.ErrNotFound, Metrics: w.metrics,
			Timeout: timeout, Settle: settle,
		})
		require.NoError(t, err)
		w.owe(record.NoticeCard, record.NoticeUpdate)
		r.loseUpdates = 2
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		require.NoError(t, d.Run(ctx))
		require.Len(t, r.messages, 1)
		require.False(t, r.messages[0].PossibleRepeat)
		require.Len(t, r.updates, 3)
		for i, m := range r.updates {
			require.Equal(t, i > 0, m.PossibleRepeat, "update %d", i)
		}
		_, owed, err := w.store.OutboxStats(t.Context())
		require.NoError(t, err)
		require.Empty(t, owed)
	})
}
