package httpx

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for _, tc := range []struct {
		name, value, date string
		want              time.Duration
		ok                bool
	}{
		{"absent", "", "", 0, false},
		{"seconds", "30", "", 30 * time.Second, true},
		{"zero", "0", "", time.Second, true},
		{"negative", "-1", "", time.Second, true},
		{"huge", "99999999", "", MaxRetryAfter, true},
		{"beyond int64", "1e300", "", MaxRetryAfter, true},
		{"far below zero", "-1e300", "", time.Second, true},
		{"not a number", "NaN", "", 0, false},
		{"fraction", "2.5", "", 2500 * time.Millisecond, true},
		{"date", date(40 * time.Second), "", 40 * time.Second, true},
		{"date by the server's clock", date(time.Hour), date(time.Hour - 20*time.Second), 20 * time.Second, true},
		{"past date", date(-time.Hour), "", time.Second, true},
		{"far date", date(1000 * time.Hour), "", MaxRetryAfter, true},
		{"words", "later", "", 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			if tc.value != "" {
				h.Set("Retry-After", tc.value)
			}
			if tc.date != "" {
				h.Set("Date", tc.date)
			}
			got, ok := RetryAfter(h, now, MaxRetryAfter)
			require.Equal(t, tc.ok, ok)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestBackoff(t *testing.T) {
	b := Backoff{Min: time.Second, Max: 10 * time.Second}
	for failures, whole := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1000: 10 * time.Second,
	} {
		for range 50 {
			d := b.Delay(failures, 0)
			require.GreaterOrEqual(t, d, whole/2)
			require.LessOrEqual(t, d, whole)
		}
	}
	require.Equal(t, time.Minute, b.Delay(1, time.Minute))
	require.Zero(t, Backoff{}.Delay(1, 0))
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Backoff{Min: time.Second, Max: time.Minute}
		start, calls := time.Now(), 0
		err := Retry(t.Context(), b, 3, func(context.Context) error {
			calls++
			if calls < 3 {
				return &Error{Reason: ReasonHTTP429, RetryAfter: 30 * time.Second}
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 3, calls)
		require.Equal(t, time.Minute, time.Since(start))

		for _, last := range []error{&Error{Reason: ReasonBlocked}, &Error{Reason: ReasonHTTP4xx, Status: 404}, errors.New("ours")} {
			calls = 0
			require.ErrorIs(t, Retry(t.Context(), b, 3, func(context.Context) error { calls++; return last }), last)
			require.Equal(t, 1, calls)
		}
		calls = 0
		require.Error(t, Retry(t.Context(), b, 4, func(context.Context) error { calls++; return &Error{Reason: ReasonTimeout} }))
		require.Equal(t, 4, calls)

		ctx, cancel := context.WithCancel(t.Context())
		calls = 0
		require.Error(t, Retry(ctx, b, 4, func(context.Context) error { calls++; cancel(); return &Error{Reason: ReasonTimeout} }))
		require.Equal(t, 1, calls)
	})
}

func TestReasonsAreClosed(t *testing.T) {
	known := map[Reason]bool{}
	for _, r := range Reasons() {
		require.False(t, known[r])
		known[r] = true
	}
	for _, err := range []error{
		errors.New("x"), context.Canceled, context.DeadlineExceeded, errBlocked, errTooLarge, errRedirect, http.ErrNotSupported,
	} {
		require.True(t, known[AsError(err).Reason], "%v", err)
	}
	require.Nil(t, AsError(nil))
}
