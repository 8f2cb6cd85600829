package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Reason says what went wrong, from a closed list: it may be a metric's label.
type Reason string

// The reasons.
const (
	ReasonBlocked   Reason = "blocked_address"
	ReasonTimeout   Reason = "timeout"
	ReasonCanceled  Reason = "canceled"
	ReasonDNS       Reason = "dns"
	ReasonTLS       Reason = "tls"
	ReasonRefused   Reason = "refused"
	ReasonReset     Reason = "reset"
	ReasonProxy     Reason = "proxy"
	ReasonTooLarge  Reason = "too_large"
	ReasonTruncated Reason = "truncated"
	ReasonRedirect  Reason = "redirect"
	ReasonBadURL    Reason = "bad_url"
	ReasonHTTP3xx   Reason = "http_3xx"
	ReasonHTTP4xx   Reason = "http_4xx"
	ReasonHTTP429   Reason = "http_429"
	ReasonHTTP5xx   Reason = "http_5xx"
	ReasonNetwork   Reason = "network"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{
		ReasonBlocked, ReasonTimeout, ReasonCanceled, ReasonDNS, ReasonTLS, ReasonRefused, ReasonReset,
		ReasonProxy, ReasonTooLarge, ReasonTruncated, ReasonRedirect, ReasonBadURL,
		ReasonHTTP3xx, ReasonHTTP4xx, ReasonHTTP429, ReasonHTTP5xx, ReasonNetwork,
	}
}

var (
	errDeadline = errors.New("the deadline of the exchange has passed")
	errTooLarge = errors.New("the answer is larger than is taken")
	errBadURL   = errors.New("it is no valid URL")
)

// Error is a request that got no answer, or an answer that is a failure. Its
// text holds no secret of the URL.
type Error struct {
	Reason Reason
	// URL is redacted.
	URL string
	// Status is set where the server answered.
	Status int
	// RetryAfter is how long the server asked to wait, clamped; 0 where it did not.
	RetryAfter time.Duration
	// Unsent says that no byte of the request can have reached the server, so that
	// sending it again cannot repeat its effect.
	Unsent bool
	// Err is the cause, or nil where Status says it all.
	Err error
}

// Error is the place, the status and the cause.
func (e *Error) Error() string {
	s := "asking " + e.URL + ": " + string(e.Reason)
	if e.Status != 0 {
		s += ": status " + strconv.Itoa(e.Status)
	}
	if e.Err != nil {
		s += ": " + causeText(e.Err)
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError takes the *Error out of err, or makes one of an error that has none.
// It gives nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Reason: reasonOf(nil, err), URL: "the server", Err: err}
}

// wrap makes a *Error of what a request ended with.
func wrap(ctx context.Context, err error, shown string) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.URL = shown
		return e
	}
	return &Error{Reason: reasonOf(context.Cause(ctx), err), URL: shown, Err: err}
}

// causeText is the text of a cause without the URL that net/http would print.
func causeText(err error) string {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return causeText(ue.Err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Error()
	}
	return err.Error()
}

func reasonOfStatus(code int) Reason {
	switch {
	case code == http.StatusTooManyRequests:
		return ReasonHTTP429
	case code >= 500:
		return ReasonHTTP5xx
	case code >= 400:
		return ReasonHTTP4xx
	default:
		return ReasonHTTP3xx
	}
}

// reasonOf sorts a transport error into the closed list; cause is why the context
// of the exchange ended, nil where it did not.
func reasonOf(cause, err error) Reason {
	switch {
	case errors.Is(err, errBlocked):
		return ReasonBlocked
	case errors.Is(err, errRedirect):
		return ReasonRedirect
	case errors.Is(err, errTooLarge):
		return ReasonTooLarge
	case errors.Is(err, errDeadline), errors.Is(cause, errDeadline),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTimeout
	case errors.Is(err, context.Canceled):
		return ReasonCanceled
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return ReasonDNS
	}
	if isTLS(err) {
		return ReasonTLS
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		return ReasonProxy
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return ReasonRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ReasonReset
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonTruncated
	case errors.Is(err, io.EOF):
		return ReasonReset
	}
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return ReasonTimeout
	}
	return reasonOfText(err.Error())
}

// reasonOfText sorts the errors that net/http makes without a type.
func reasonOfText(s string) Reason {
	switch {
	case strings.Contains(s, "server response headers exceeded"):
		return ReasonTooLarge
	case strings.Contains(s, "server closed idle connection"), strings.Contains(s, "server sent GOAWAY"):
		return ReasonReset
	case strings.Contains(s, "Proxy Authentication Required"):
		return ReasonProxy
	case strings.Contains(s, "unsupported protocol scheme"), strings.Contains(s, "no Host in request URL"):
		return ReasonBadURL
	case strings.Contains(s, "server gave HTTP response to HTTPS client"):
		return ReasonTLS
	case strings.Contains(s, "bad Content-Length"), strings.Contains(s, "malformed HTTP"), strings.Contains(s, "malformed MIME"), strings.Contains(s, "malformed chunked"):
		return ReasonTruncated
	}
	return ReasonNetwork
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return true
	}
	return strings.Contains(err.Error(), "tls: ")
}
