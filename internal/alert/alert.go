// Package alert brings what the desk decided to the people who can help: it
// picks a case's receiver by the route tree and drains the outbox, one drain
// for each receiver.
//
// It promises at least once between the outbox and the receiver, and once at a
// receiver that can look its own messages up: a row is claimed by
// compare-and-swap, sent under a key, and after any answer that may mean
// "arrived" it is looked up by that key before it is sent again. It refuses to
// drop a message for anything but the message's own fault. A message is
// rendered from its case as the case is now, so a late one is never stale.
//
//	alert.go    Message, Receiver and the errors a receiver answers with
//	config.go   what the operator writes: receivers and their settings
//	kinds.go    what all kinds of receivers have, and settings of the smaller ones
//	route.go    the route tree as written; router.go  the tree as asked
//	drain.go    the loop that claims rows; send.go what becomes of one row
//	pace.go     how fast; backlog.go what is too much; refresh.go what is sent again
//	metrics.go  what is counted
//	card.go     a case as a person reads it; words.go the words for it
//	service.go  what is due, promised and asked for, as the card says it
//	notes.go    replies, digests and ops notes, likewise
//	clean.go    foreign text made fit to show; text.go  all of it as plain text
//	check.go    what test-receiver tries
package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leakytap/leakytap/internal/record"
)

// Size says how much of a message is shown. A receiver that refuses a message
// as too big gets the next smaller one.
type Size int

// The sizes, in the order in which they are tried.
const (
	SizeFull Size = iota
	SizeShort
	SizeMinimal
)

// Message is one notice with all that is needed to render it.
type Message struct {
	Notice record.Notice
	// Dossier is the case as it is now, nil for a notice without a case.
	Dossier *record.Dossier
	Size    Size
	// Rewritten says that Notice was sent before and is drawn anew: an item
	// without words is one that was taken away since. Rewrite is the key of the
	// notice that asked for it.
	Rewritten bool
	Rewrite   string
	// PossibleRepeat marks a message that may have arrived before.
	PossibleRepeat bool
	// Inbox is where the case stands in the inbox; empty where people reach none.
	Inbox string
	// Now is the time that ages are counted from.
	Now time.Time
}

// Receiver is a place that messages are sent to. Each call is one attempt: a
// receiver retries nothing itself. An error is a *SendError; any other error is
// read as ambiguous.
type Receiver interface {
	// Post sends a root message. It is not idempotent.
	Post(ctx context.Context, m Message) (record.Receipt, error)
	// Update brings the root message up to date. It is idempotent.
	Update(ctx context.Context, root record.Receipt, m Message) error
	// Reply adds to the root message's thread. It is not idempotent.
	Reply(ctx context.Context, root record.Receipt, m Message) (record.Receipt, error)
	// Find looks a message up by its notice's key among those sent at or after
	// since, in the thread of root where root is not nil. An error says that it
	// cannot be known now, ErrNoLookUp that it never can. A receiver at which
	// sending a message twice is the same as sending it once finds nothing.
	Find(ctx context.Context, key string, since time.Time, root *record.Receipt) (record.Receipt, bool, error)
}

// ErrNoLookUp is the answer of Find at a receiver that cannot tell what arrived.
// A message that may have arrived is then sent again at once, marked as a
// possible repeat: at least once is all that such a receiver offers.
var ErrNoLookUp = errors.New("the receiver cannot look its messages up")

// Repeater is a Receiver at which everything that is sent twice is seen twice, updates
// too: what may have arrived before says so.
type Repeater interface {
	// Repeats reports whether that is so.
	Repeats() bool
}

func repeats(r Receiver) bool {
	x, ok := r.(Repeater)
	return ok && x.Repeats()
}

// Failure says what an error means for the message that met it.
type Failure int

// The kinds of failures.
const (
	// FailAmbiguous may have arrived: look it up before it is sent again.
	FailAmbiguous Failure = iota
	// FailRetry certainly did not arrive and may be sent again.
	FailRetry
	// FailPermanent certainly did not arrive and no message will until a person acts.
	FailPermanent
	// FailTooBig certainly did not arrive and will not at this size.
	FailTooBig
	// FailMessage certainly did not arrive and never will: what it speaks of is gone.
	FailMessage
)

// SendError is why a receiver did not take a message.
type SendError struct {
	// Reason is from the closed list Reasons.
	Reason string
	Kind   Failure
	// After is how long to keep away, where the receiver said so.
	After time.Duration
	// Limited says that the receiver wants fewer messages: everything to it waits
	// for After, not this message alone.
	Limited bool
	// Hint tells a person the way out; it holds no secret.
	Hint string
	// Err is what happened underneath.
	Err error
}

// Error names the reason and what happened underneath.
func (e *SendError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return fmt.Sprintf("%s: %v", e.Reason, e.Err)
}

// Unwrap is what happened underneath.
func (e *SendError) Unwrap() error { return e.Err }

// The reasons of failures, a closed list: they are a metric's label.
const (
	ReasonRateLimited     = "rate_limited"
	ReasonTimeout         = "timeout"
	ReasonReset           = "reset"
	ReasonTruncated       = "truncated"
	ReasonServerError     = "server_error"
	ReasonHTTPStatus      = "http_status"
	ReasonDNS             = "dns"
	ReasonTLS             = "tls"
	ReasonRefused         = "refused"
	ReasonBlockedAddress  = "blocked_address"
	ReasonUnknown         = "unknown"
	ReasonAuth            = "invalid_auth"
	ReasonMissingScope    = "missing_scope"
	ReasonChannelNotFound = "channel_not_found"
	ReasonNotInChannel    = "not_in_channel"
	ReasonArchived        = "is_archived"
	ReasonRestricted      = "restricted_action"
	ReasonTooBig          = "too_big"
	ReasonMessageGone     = "message_gone"
	ReasonNoRoot          = "no_root"
	ReasonNoCase          = "no_case"
	ReasonWrite           = "write"
	ReasonPossibleRepeat  = "possible_repeat"
	ReasonClaimExpired    = "claim_expired"
	ReasonStore           = "store"
)

// Reasons lists every reason of a failure.
func Reasons() []string {
	return []string{
		ReasonRateLimited, ReasonTimeout, ReasonReset, ReasonTruncated, ReasonServerError, ReasonHTTPStatus,
		ReasonDNS, ReasonTLS, ReasonRefused, ReasonBlockedAddress, ReasonUnknown, ReasonAuth, ReasonMissingScope,
		ReasonChannelNotFound, ReasonNotInChannel, ReasonArchived, ReasonRestricted, ReasonTooBig,
		ReasonMessageGone, ReasonNoRoot, ReasonNoCase, ReasonWrite, ReasonPossibleRepeat, ReasonClaimExpired, ReasonStore,
	}
}
