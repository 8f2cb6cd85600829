package call

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/httpx"
)

const (
	// maxWait is the longest that a receiver may ask us to keep away.
	maxWait = 5 * time.Minute
	// defaultPause is kept after a refusal for load that names no time.
	defaultPause = time.Second
)

// Refused says what a status means for the message that met it, nil for one
// from 200 to 299.
func Refused(status int, h http.Header, now time.Time) *alert.SendError {
	if status >= 200 && status <= 299 {
		return nil
	}
	e := &alert.SendError{Reason: alert.ReasonHTTPStatus, Kind: alert.FailRetry, Err: errors.New(statusWords(status))}
	after, asked := httpx.RetryAfter(h, now, maxWait)
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && asked:
		e.Reason, e.Limited, e.After = alert.ReasonRateLimited, true, after
		if !asked {
			e.After = defaultPause
		}
	case status >= 500:
		// It may have done its work before it failed.
		e.Reason, e.Kind, e.After = alert.ReasonServerError, alert.FailAmbiguous, after
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		e.Reason, e.Kind = alert.ReasonAuth, alert.FailPermanent
		e.Hint = "It refuses us with status " + strconv.Itoa(status) + ": check the token, the password or the secret."
	case status == http.StatusGone:
		e.Kind = alert.FailPermanent
		e.Hint = "The address says that it is gone for good (status 410): write another one."
	case status == http.StatusRequestEntityTooLarge:
		e.Reason, e.Kind = alert.ReasonTooBig, alert.FailTooBig
	}
	return e
}

func statusWords(status int) string {
	s := "the answer has status " + strconv.Itoa(status)
	if t := http.StatusText(status); t != "" {
		s += " " + t
	}
	return s
}
