package bus

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var (
	errBusy = errors.New("busy")
	batch   = []Message{{Topic: "x", Partition: 2, Offset: 7, Key: "k", Value: []byte("a secret text")}}
)

func TestDeliverTriesUntilTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		begin := time.Now()
		calls := 0
		err := Deliver(t.Context(), func(context.Context, []Message) error {
			calls++
			if calls < 20 {
				return errBusy
			}
			return nil
		}, batch, zap.New(core))
		require.NoError(t, err)
		require.Equal(t, 20, calls)
		// 0.1+0.2+0.4+0.8+1.6+3.2 and then 5 s each.
		require.Equal(t, 6300*time.Millisecond+13*5*time.Second, time.Since(begin))
		require.Equal(t, 5, logs.FilterMessage("messages not taken, bringing them again").Len(), "1st, 2nd, 4th, 8th and 16th")
		require.Equal(t, 1, logs.FilterMessage("messages taken after all").Len())
		for _, e := range logs.All() {
			require.NotContains(t, e.ContextMap(), "value")
		}
	})
}

func TestDeliverTurnsAPanicIntoAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		calls := 0
		require.NoError(t, Deliver(t.Context(), func(context.Context, []Message) error {
			if calls++; calls == 1 {
				panic("odd")
			}
			return nil
		}, batch, zap.New(core)))
		require.Equal(t, 2, calls)
		require.Contains(t, logs.All()[0].ContextMap()["error"], "the handler panicked: odd")
		require.Contains(t, logs.All()[0].ContextMap()["error"], "deliver_test.go", "it says where")
	})
}

func TestDeliverLetsTheHandlerFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := Deliver(ctx, func(inner context.Context, _ []Message) error {
			cancel()
			time.Sleep(DrainTime - time.Second) //nolint:forbidigo // a handler at work, in the bubble's time
			return inner.Err()
		}, batch, zap.NewNop())
		require.NoError(t, err)
	})
}

func TestDeliverCutsAHandlerThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		err := Deliver(ctx, func(inner context.Context, _ []Message) error {
			cancel()
			<-inner.Done()
			return inner.Err()
		}, batch, zap.NewNop())
		require.ErrorIs(t, err, errUndelivered)
		require.Equal(t, DrainTime, time.Since(begin))
	})
}

func TestDeliverDoesNotTryAgainAfterTheEnd(t *testing.T) {
	for _, when := range []string{"in the handler", "in the pause"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				calls := 0
				err := Deliver(ctx, func(context.Context, []Message) error {
					calls++
					if when == "in the handler" {
						cancel()
					} else {
						time.AfterFunc(firstPause/2, cancel)
					}
					return errBusy
				}, batch, zap.NewNop())
				require.ErrorIs(t, err, errUndelivered)
				require.ErrorIs(t, err, errBusy)
				require.Equal(t, 1, calls)
			})
		})
	}
}

func TestCheckSizes(t *testing.T) {
	ok := Message{Key: strings.Repeat("k", MaxKey), Value: make([]byte, MaxValue)}
	require.NoError(t, CheckSizes("x", []Message{ok, {}}))
	err := CheckSizes("x", []Message{ok, {Value: make([]byte, MaxValue+1)}})
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "publishing to x: value 2 of 2 has 921601 bytes, at most 921600 are taken")
	require.ErrorIs(t, CheckSizes("x", []Message{{Key: strings.Repeat("k", MaxKey+1)}}), ErrTooLarge)
}
