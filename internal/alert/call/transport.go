package call

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/httpx"
)

// Broken says what a call that got no answer means for its message.
func Broken(err error) *alert.SendError {
	e := &alert.SendError{Err: errors.New("no answer came")}
	reason, unsent := Transport(err)
	if e.Reason = reason; unsent {
		e.Kind = alert.FailRetry
	}
	if h, ok := errors.AsType[*httpx.Error](err); ok {
		e.Err = errors.New(h.Error())
	}
	return e
}

// Transport says why a call got no whole answer, and whether it surely never
// left.
func Transport(err error) (reason string, unsent bool) {
	if h, ok := errors.AsType[*httpx.Error](err); ok {
		return transportReason(h.Reason), h.Unsent
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return alert.ReasonRefused, true
	}
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return alert.ReasonTimeout, false
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return alert.ReasonTimeout, false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return alert.ReasonReset, false
	}
	return alert.ReasonUnknown, false
}

func transportReason(r httpx.Reason) string {
	switch r {
	case httpx.ReasonTimeout, httpx.ReasonCanceled:
		return alert.ReasonTimeout
	case httpx.ReasonDNS:
		return alert.ReasonDNS
	case httpx.ReasonTLS:
		return alert.ReasonTLS
	case httpx.ReasonRefused, httpx.ReasonProxy:
		return alert.ReasonRefused
	case httpx.ReasonBlocked:
		return alert.ReasonBlockedAddress
	case httpx.ReasonReset:
		return alert.ReasonReset
	case httpx.ReasonTruncated, httpx.ReasonTooLarge:
		return alert.ReasonTruncated
	case httpx.ReasonRedirect, httpx.ReasonHTTP3xx, httpx.ReasonHTTP4xx, httpx.ReasonHTTP429, httpx.ReasonHTTP5xx, httpx.ReasonBadURL:
		return alert.ReasonHTTPStatus
	case httpx.ReasonNetwork:
	}
	return alert.ReasonUnknown
}
