package httpx

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of what a server may ask with Retry-After.
const (
	MinRetryAfter = time.Second
	MaxRetryAfter = 5 * time.Minute
)

// RetryAfter reads the Retry-After header, seconds or a date, and clamps it
// between one second and most. It reports false where there is none that can be
// read; a time that has passed is one second.
func RetryAfter(h http.Header, now time.Time, most time.Duration) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, err := strconv.ParseFloat(v, 64); err == nil && n == n {
		if n > most.Seconds() {
			return most, true
		}
		return clamp(time.Duration(n*float64(time.Second)), most), true
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	// The server's own clock, where it tells it, is what its date was made with.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return clamp(at.Sub(now), most), true
}

func clamp(d, most time.Duration) time.Duration {
	return min(max(d, MinRetryAfter), most)
}

// Backoff is how long to wait between tries: exponential from Min to Max, with
// jitter, so that many clients do not come back together.
type Backoff struct {
	Min, Max time.Duration
}

// Delay is the pause after the given number of failures in a row, from 1 up. It
// lies between half of the exponential value and all of it, and never below
// what the server asked in asked.
func (b Backoff) Delay(failures int, asked time.Duration) time.Duration {
	d := b.Min
	for i := 1; i < failures && d < b.Max; i++ {
		d *= 2
	}
	d = min(d, b.Max)
	if d > 1 {
		d = d/2 + rand.N(d/2+1) //nolint:gosec // jitter needs no secrecy
	}
	return max(d, asked)
}

// Retryable reports whether the same request may succeed later: everything but
// a refusal that is about the request itself.
func (e *Error) Retryable() bool {
	if e.Reason == ReasonHTTP4xx {
		return e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooEarly
	}
	return !slices.Contains([]Reason{
		ReasonBlocked, ReasonRedirect, ReasonBadURL, ReasonTooLarge, ReasonHTTP3xx, ReasonCanceled,
	}, e.Reason)
}

// Retry calls fn until it gives nil, an error that is not Retryable, or tries
// are used up, and waits in between as b says and the server asks. It gives the
// last error of fn.
func Retry(ctx context.Context, b Backoff, tries int, fn func(context.Context) error) error {
	for n := 1; ; n++ {
		err := fn(ctx)
		if err == nil || n >= tries || ctx.Err() != nil {
			return err
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.Retryable() {
			return err
		}
		if !Wait(ctx, b.Delay(n, e.RetryAfter)) {
			return err
		}
	}
}

// Wait blocks for d and reports whether it passed before ctx ended.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
