package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/alert/call"
	"github.com/leakytap/leakytap/internal/httpx"
)

const (
	// busyFor is how long a server that has too much to do is left alone.
	busyFor = 30 * time.Second
	// refusedFirst and refusedMost are how long a mail rests that the server refuses
	// for what it is, and refusedTries how often it is tried: for about a day.
	refusedFirst = time.Minute
	refusedMost  = time.Hour
	refusedTries = 28
)

// answer is what a server said, as far as it may be shown: its text may hold
// addresses, and is left out.
type answer struct {
	code     int
	enhanced string
	step     string
}

// Error names the step and the codes.
func (a answer) Error() string {
	s := "the mail server answered " + strconv.Itoa(a.code)
	if a.enhanced != "" {
		s += " " + a.enhanced
	}
	return s + " to " + a.step
}

var enhancedCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)

// dialFailed says what it means that no session was opened: nothing was sent.
func dialFailed(err, cause error, cfg Config) *alert.SendError {
	e := &alert.SendError{Kind: alert.FailRetry, Reason: alert.ReasonUnknown}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		step := "the greeting"
		if strings.Contains(err.Error(), "SMTP AUTH") {
			step = "the login"
		}
		return judge(answer{code: said.Code, enhanced: enhancedCode.FindString(said.Msg), step: step})
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "does not support STARTTLS"):
		e.Reason, e.Kind = alert.ReasonTLS, alert.FailPermanent
		e.Hint = "The mail server offers no STARTTLS: set tls: implicit and the port for it (465), or tls: none for a server on a network that you trust."
		e.Err = errors.New("the mail server offers no STARTTLS")
	case strings.Contains(text, "does not support SMTP AUTH"), strings.Contains(text, "AUTH type"), strings.Contains(text, "no supported auth"),
		strings.Contains(text, "unencrypted connection"):
		e.Reason, e.Kind = alert.ReasonAuth, alert.FailPermanent
		e.Hint = "The mail server offers no login that can be used here: leave username and password out, or set tls to starttls or implicit."
		e.Err = errors.New("the mail server offers no login that can be used")
	default:
		e.Reason, e.Err = broken(cause), errors.New("no session was opened")
		if h, ok := errors.AsType[*httpx.Error](err); ok {
			e.Err = h
		}
		if e.Reason == alert.ReasonTLS {
			e.Err = fmt.Errorf("the certificate of %s was not accepted, or it speaks no TLS on port %d", cfg.Host, cfg.Port)
		}
	}
	return e
}

// sendFailed says what a failed step means for the mail. Only a mail whose end was
// sent may have arrived.
func sendFailed(err, cause error, m alert.Message) *alert.SendError {
	se, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return &alert.SendError{Reason: broken(cause), Kind: alert.FailAmbiguous, Err: errors.New("the session broke")}
	}
	a := answer{code: se.ErrorCode(), enhanced: enhancedCode.FindString(se.Error()), step: stepOf(se.Reason)}
	ended := se.Reason == gomail.ErrSMTPDataClose
	switch {
	case a.code == 0 && ended:
		return &alert.SendError{Reason: broken(cause), Kind: alert.FailAmbiguous, Err: errors.New("no answer came to the mail")}
	case a.code == 0:
		return &alert.SendError{Reason: broken(cause), Kind: alert.FailRetry, Err: fmt.Errorf("the session broke at %s", a.step)}
	case ended && a.code >= 500:
		return refused(a, m)
	}
	return judge(a)
}

// refused is a mail that the server will not have. It goes out smaller, in the end
// without the post's words, which is what filters mind. What is refused even so
// rests longer and longer, past which others go on, and is given up after a day:
// the inbox has it in any case.
func refused(a answer, m alert.Message) *alert.SendError {
	e := &alert.SendError{Reason: alert.ReasonRestricted, Kind: alert.FailTooBig, Err: a}
	if a.code == 552 || strings.HasPrefix(a.enhanced, "5.3.4") || strings.HasPrefix(a.enhanced, "5.2.3") {
		e.Reason = alert.ReasonTooBig
	}
	if m.Size < alert.SizeMinimal {
		return e
	}
	e.Kind = alert.FailMessage
	if n := m.Notice.Attempts; n < refusedTries {
		e.Kind, e.After = alert.FailRetry, min(refusedFirst<<min(n, 10), refusedMost)
	}
	return e
}

// judge says what a refusal before the mail's end means.
func judge(a answer) *alert.SendError {
	e := &alert.SendError{Reason: alert.ReasonServerError, Kind: alert.FailRetry, Err: a}
	switch {
	case a.code == 421, a.code == 450, a.code == 452, a.code < 500 && strings.HasPrefix(a.enhanced, "4.7."), strings.HasPrefix(a.enhanced, "4.3.2"):
		// Busy, or greylisting: it wants to be left alone.
		e.Reason, e.Limited, e.After = alert.ReasonRateLimited, true, busyFor
	case a.code < 500:
	case a.step == "the login", a.code == 530, a.code == 534, a.code == 535, a.code == 538:
		e.Reason, e.Kind = alert.ReasonAuth, alert.FailPermanent
		e.Hint = "The mail server refuses the login: check username and password."
	case a.code == 552:
		e.Reason, e.Kind = alert.ReasonTooBig, alert.FailTooBig
	case a.step == "the recipient":
		e.Reason, e.Kind = alert.ReasonChannelNotFound, alert.FailPermanent
		e.Hint = "The mail server refuses an address of to (" + a.Error() + "): check each of them."
	default:
		e.Reason, e.Kind = alert.ReasonRestricted, alert.FailPermanent
		e.Hint = "The mail server refuses us (" + a.Error() + "): check from, and whether this machine and login may send for it."
	}
	return e
}

func stepOf(r gomail.SendErrReason) string {
	switch r {
	case gomail.ErrSMTPMailFrom:
		return "the sender"
	case gomail.ErrSMTPRcptTo:
		return "the recipient"
	case gomail.ErrSMTPData, gomail.ErrWriteContent:
		return "the beginning of the mail"
	case gomail.ErrSMTPDataClose:
		return "the mail"
	case gomail.ErrGetSender, gomail.ErrGetRcpts, gomail.ErrSMTPReset, gomail.ErrConnCheck, gomail.ErrNoUnencoded, gomail.ErrAmbiguous:
	}
	return "the session"
}

// broken says why a session ended without an answer.
func broken(err error) string {
	var text string
	if se, ok := errors.AsType[*gomail.SendError](err); ok {
		text = se.Error() // the library keeps what is inside to itself
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded),
		strings.Contains(text, "i/o timeout"):
		return alert.ReasonTimeout
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), strings.Contains(text, "EOF"), strings.Contains(text, "connection reset"),
		strings.Contains(text, "broken pipe"), strings.Contains(text, "closed network connection"):
		return alert.ReasonReset
	case text != "":
		return alert.ReasonUnknown
	}
	reason, _ := call.Transport(httpx.AsError(err))
	return reason
}
