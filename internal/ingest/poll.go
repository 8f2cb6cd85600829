package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/leakytap/leakytap/internal/httpx"
)

// pollSlack bounds how far behind its own pace a failing source falls: a source
// that works again is read again within its interval or ten seconds.
const pollSlack = 10 * time.Second

// FetchWithin is how long one fetch of a source with that interval may take: a
// source that is polled often is given up and asked again sooner.
func FetchWithin(poll time.Duration) time.Duration {
	return min(max(poll, 8*time.Second), httpx.DefaultTimeout)
}

// Poll calls once at the source's interval until ctx ends. Intervals are counted
// from start to start. After a failure it waits for the interval or as long as
// the server asked, and for short intervals a growing pause of up to ten seconds.
func (s *Session) Poll(ctx context.Context, once func(context.Context) error) error {
	failures := 0
	for {
		start := time.Now()
		err := once(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of ctx is the end of the source, no failure
		}
		wait := s.spec.Poll - time.Since(start)
		if err != nil {
			failures++
			s.Fail(ctx, err)
			b := httpx.Backoff{Min: s.spec.Poll, Max: max(s.spec.Poll, pollSlack)}
			// A server that hung has been left alone for that long already.
			wait = max(wait, askedToWait(err), b.Delay(failures, 0)-time.Since(start))
			if gone, ok := errors.AsType[*GoneError](err); ok {
				wait = gone.Again
			}
		} else {
			failures = 0
			s.OK(ctx)
		}
		if !httpx.Wait(ctx, max(wait, 0)) {
			return nil
		}
	}
}

// GoneError says that a feed was taken down for good; it is asked again only
// after Again, since such answers are sometimes mistakes.
type GoneError struct{ Again time.Duration }

// Error says what to do.
func (*GoneError) Error() string {
	return "the feed is gone for good; take it out of the config, or correct its url"
}
