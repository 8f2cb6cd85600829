// Package email is the receiver that sends mail: a case is one thread in the
// mailbox, begun by its first mail and answered by what becomes of it.
//
// It promises at least once: SMTP cannot say what arrived, so a mail whose answer
// was lost is sent again under the same Message-ID and X-LeakyTap-Key, marked as
// a possible repeat. What can be said to have failed before the mail's end was
// acknowledged never arrived, and is sent again without a mark. No header holds
// what a stranger wrote but the subject, cleaned and encoded; no line is longer
// than RFC 5321 allows. Every mail has a connection of its own, dialled and
// encrypted as internal/httpx has it.
//
//	email.go   Receiver: which mail a message is
//	compose.go headers, subject and parts; page.go the part in HTML
//	deliver.go one mail over one connection
//	failure.go what a failed step means for the mail
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
)

// Config is what the operator writes.
type Config = alert.EmailConfig

// Network opens connections and says whom to trust on them. *httpx.Client is one.
type Network interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	TLSConfig(host string) *tls.Config
}

// Receiver sends through one mail server. It is safe for any goroutines.
type Receiver struct {
	name string
	cfg  Config
	net  Network
	from *mail.Address
	to   []*mail.Address
	// domain is the right side of the Message-IDs.
	domain string
	html   *template.Template
}

// New makes a Receiver called name.
func New(name string, cfg Config, network Network) (*Receiver, error) {
	if ps := cfg.Validate(); len(ps) > 0 {
		return nil, fmt.Errorf("making the email receiver %s: %w", name, ps[0])
	}
	if network == nil {
		return nil, fmt.Errorf("making the email receiver %s: a network is needed", name)
	}
	r := &Receiver{name: name, cfg: cfg.WithDefaults(), net: network}
	var err error
	if r.from, err = mail.ParseAddress(cfg.From); err != nil {
		return nil, fmt.Errorf("making the email receiver %s: reading from: %w", name, err)
	}
	for _, to := range cfg.To {
		a, err := mail.ParseAddress(to)
		if err != nil {
			return nil, fmt.Errorf("making the email receiver %s: reading to: %w", name, err)
		}
		r.to = append(r.to, a)
	}
	_, r.domain, _ = strings.Cut(r.from.Address, "@")
	if r.html, err = template.New("mail").Parse(pageText); err != nil {
		return nil, fmt.Errorf("making the email receiver %s: %w", name, err)
	}
	return r, nil
}

// channel is what receipts call the place.
const channel = "email"

// Post sends the first mail of a thread.
func (r *Receiver) Post(ctx context.Context, m alert.Message) (record.Receipt, error) {
	if err := r.send(ctx, m, nil); err != nil {
		return record.Receipt{}, err
	}
	rc := record.Receipt{Channel: channel, Key: m.Notice.Key}
	if m.Notice.Kind == record.NoticeCard {
		// Other mails cannot be drawn anew: nothing is there to name them by.
		rc.TS = messageID(m.Notice.Key, r.domain)
	}
	return rc, nil
}

// Reply sends news of the case into its thread.
func (r *Receiver) Reply(ctx context.Context, root record.Receipt, m alert.Message) (record.Receipt, error) {
	if err := r.send(ctx, m, &root); err != nil {
		return record.Receipt{}, err
	}
	return record.Receipt{Channel: channel, Key: m.Notice.Key}, nil
}

var errNoRewrite = errors.New("a mail that was sent cannot be changed")

// Update tells the thread where the case stands now, where it has moved: what was
// only counted, or said by a reply, is not worth a mail.
func (r *Receiver) Update(ctx context.Context, root record.Receipt, m alert.Message) error {
	if m.Dossier == nil || m.Rewritten {
		return &alert.SendError{Reason: alert.ReasonMessageGone, Kind: alert.FailMessage, Err: errNoRewrite}
	}
	if !moved(m) {
		return nil
	}
	return r.send(ctx, m, &root)
}

// moved reports whether something happened to the case, since the update was asked
// for, that its readers should know and that no reply tells them.
func moved(m alert.Message) bool {
	told := []string{"reopened", "woken", "recovered", "brand_replied", "opened", "joined", "edited", "refused", "sent"}
	for _, e := range slices.Backward(m.Dossier.History) {
		if e.At.Before(m.Notice.CreatedAt) {
			return false
		}
		if !slices.Contains(told, e.What) {
			return true
		}
	}
	return false
}

// Repeats is true: an update is a mail of its own.
func (*Receiver) Repeats() bool { return true }

// Find cannot tell: a mail server says nothing about what it was given before.
func (*Receiver) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, alert.ErrNoLookUp
}

func (r *Receiver) send(ctx context.Context, m alert.Message, root *record.Receipt) error {
	msg, err := r.compose(m, root)
	if err != nil {
		return &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: err}
	}
	return r.deliver(ctx, msg, m)
}

// Check logs in, then sends one marked mail and answers it.
func (r *Receiver) Check(ctx context.Context, now time.Time) ([]alert.Step, error) {
	m := alert.TestMessage(r.name, now)
	var rc record.Receipt
	return alert.RunChecks(ctx, r.name, []alert.Try{
		{Name: "login", Do: r.login},
		{Name: "send", Do: func(ctx context.Context) (_ string, err error) {
			rc, err = r.Post(ctx, m)
			return "the server took a marked mail for " + strings.Join(r.cfg.To, ", "), err
		}},
		{Name: "thread", Do: func(ctx context.Context) (string, error) {
			answer := m
			answer.Notice.Key += "/reply"
			answer.Notice.Body.Lines = []string{"posted, and answered in its thread"}
			_, err := r.Reply(ctx, rc, answer)
			return "and an answer to it; look whether both arrived, and not as spam", err
		}},
	})
}
