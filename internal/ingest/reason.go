package ingest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/leakytap/leakytap/internal/httpx"
)

// Reason says what went wrong with a source, from a closed list: it is the label
// of leakytap_source_errors_total.
type Reason string

// The reasons beyond those of package httpx.
const (
	ReasonNotAFeed    Reason = "not_a_feed"
	ReasonBadBody     Reason = "bad_body"
	ReasonBadItem     Reason = "bad_item"
	ReasonBadLine     Reason = "bad_line"
	ReasonBadRequest  Reason = "bad_request"
	ReasonTooMany     Reason = "too_many_items"
	ReasonTooDeep     Reason = "too_deep"
	ReasonEntity      Reason = "entity"
	ReasonBadCharset  Reason = "bad_charset"
	ReasonGone        Reason = "gone"
	ReasonClosed      Reason = "stream_closed"
	ReasonIdle        Reason = "stream_idle"
	ReasonCompression Reason = "compression"
	ReasonProfiles    Reason = "profiles"
	ReasonGap         Reason = "gap"
	ReasonFile        Reason = "file"
	ReasonTooLarge    Reason = "too_large"
	ReasonPublish     Reason = "publish"
	ReasonStore       Reason = "store"
	ReasonPanic       Reason = "panic"
	ReasonOther       Reason = "other"
)

// Reasons lists every reason, those of package httpx included.
func Reasons() []Reason {
	out := []Reason{
		ReasonNotAFeed, ReasonBadBody, ReasonBadItem, ReasonBadLine, ReasonBadRequest, ReasonTooMany, ReasonTooDeep,
		ReasonEntity, ReasonBadCharset, ReasonGone, ReasonClosed, ReasonIdle, ReasonCompression, ReasonProfiles,
		ReasonGap, ReasonFile, ReasonTooLarge, ReasonPublish, ReasonStore, ReasonPanic, ReasonOther,
	}
	for _, r := range httpx.Reasons() {
		if r != httpx.ReasonCanceled && !slices.Contains(out, Reason(r)) {
			out = append(out, Reason(r))
		}
	}
	return out
}

// Error is a failure of a source under one of the Reasons.
type Error struct {
	Reason Reason
	Err    error
}

// Error is the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fault makes an *Error of a reason and a text.
func Fault(r Reason, text string) error { return &Error{Reason: r, Err: errors.New(text)} }

// ReasonOf sorts err into the closed list. An error of the context has none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		if e.Reason == httpx.ReasonCanceled {
			return ReasonOther
		}
		return Reason(e.Reason)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Reason(httpx.ReasonTimeout)
	}
	return ReasonOther
}

// askedToWait is what the server asked with Retry-After, 0 where it did not.
func askedToWait(err error) time.Duration {
	if e, ok := errors.AsType[*httpx.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
