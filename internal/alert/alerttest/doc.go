// Package alerttest holds every receiver to the same rules of failing: which
// status and which broken connection means that a message may have arrived,
// that it surely did not, that it never will, or that a person must act; that
// Retry-After is kept; that an error shows no secret; and that a message sent
// twice is the same message to whoever counts.
//
//	doc.go       Place, the receiver and its far side; Run
//	status.go    every HTTP status, and Retry-After
//	transport.go every way in which a connection breaks
//	key.go       keys, look-ups, hostile text
//	message.go   the messages that tests send
package alerttest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/httpx"
)

// LookUp is what a receiver's Find can tell.
type LookUp int

// What Find can tell.
const (
	// Looks asks the far side for the key.
	Looks LookUp = iota
	// Repeats never knows.
	Repeats
	// Same needs not know: a second message is the same as the first.
	Same
)

// Want is what an error must say.
type Want struct {
	Reason  string
	Kind    alert.Failure
	Limited bool
}

// Place is a receiver and what it talks to.
type Place struct {
	// New makes the receiver for the place at base. The client is the product's.
	New func(t *testing.T, base string, client *http.Client, timeout time.Duration) alert.Receiver
	// Taken answers as the place does once it took a message.
	Taken http.HandlerFunc
	// Status corrects what a status from 200 up must mean; taken says that it is no
	// error. It may be nil.
	Status func(status int, common Want, taken bool) (Want, bool)
	// WholeAnswer says that an answer cut short leaves unknown what happened, where
	// others have said all with their status.
	WholeAnswer bool
	// Key is what the far side knows a repeated message by.
	Key func(t *testing.T, h http.Header, body []byte) string
	// Inert checks that a body with hostile text in it is no more than data.
	Inert func(t *testing.T, body []byte)
	// LookUp is what Find can tell.
	LookUp LookUp
	// NoUpdates says that the place cannot change what it took: an update sends nothing.
	NoUpdates bool
	// Secrets are in the receiver's config and in no error.
	Secrets []string
}

// Run holds the place to the rules.
func Run(t *testing.T, p Place) {
	t.Helper()
	t.Run("status", p.statuses)
	t.Run("retry after", p.retryAfter)
	t.Run("transport", p.transports)
	t.Run("key", p.keys)
	t.Run("hostile text", p.hostile)
	t.Run("look-up", p.lookUps)
}

// receiver is the place's receiver for base, over the product's client.
func (p Place) receiver(t *testing.T, base string, timeout time.Duration, resolver *net.Resolver) alert.Receiver {
	t.Helper()
	f, err := httpx.New(httpx.Config{}, httpx.Options{Resolver: resolver})
	require.NoError(t, err)
	c := f.Client(httpx.Policy{AllowPrivate: true, Timeout: timeout, NoRedirects: true, HidePath: true})
	t.Cleanup(c.Close)
	return p.New(t, base, c.HTTP(), timeout)
}

// serve is a far side that answers with h.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// Check holds an error to what it must say, and to showing no secret.
func Check(t *testing.T, err error, want Want, secrets ...string) *alert.SendError {
	t.Helper()
	var e *alert.SendError
	require.ErrorAs(t, err, &e)
	require.Equal(t, want.Reason, e.Reason, "%v", err)
	require.Equal(t, want.Kind, e.Kind, "%v", err)
	require.Equal(t, want.Limited, e.Limited, "%v", err)
	require.Contains(t, alert.Reasons(), e.Reason)
	if e.Kind == alert.FailPermanent {
		require.NotEmpty(t, e.Hint, "what a person must do is said")
	}
	Silent(t, err, secrets...)
	return e
}
