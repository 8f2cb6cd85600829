package email

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/leakytap/leakytap/internal/alert"
)

// deliver gives one mail to the server over a connection of its own.
func (r *Receiver) deliver(ctx context.Context, msg *gomail.Msg, m alert.Message) error {
	return r.with(ctx, func(c *gomail.Client, s *session) error {
		err := c.SendWithSMTPClient(s.client, msg)
		if err == nil || msg.IsDelivered() {
			// What fails after the mail was acknowledged is no failure of the mail.
			_ = c.CloseWithSMTPClient(s.client)
			return nil
		}
		return sendFailed(err, s.cause(err), m)
	})
}

// login connects, greets, encrypts and logs in, and sends nothing.
func (r *Receiver) login(ctx context.Context) (string, error) {
	how := "without a login"
	if r.cfg.Username != "" {
		how = "as " + alert.OneLine(r.cfg.Username, 100)
	}
	return fmt.Sprintf("%s took us %s, tls %s", r.addr(), how, r.cfg.TLS),
		r.with(ctx, func(c *gomail.Client, s *session) error {
			_ = c.CloseWithSMTPClient(s.client)
			return nil
		})
}

func (r *Receiver) addr() string { return net.JoinHostPort(r.cfg.Host, strconv.Itoa(r.cfg.Port)) }

// with opens a session, does what is asked and closes it. The whole of it ends
// within the timeout, whatever the server does.
func (r *Receiver) with(ctx context.Context, do func(c *gomail.Client, s *session) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout.D())
	defer cancel()
	s := &session{r: r, ctx: ctx}
	c, err := r.client(s)
	if err != nil {
		return &alert.SendError{Reason: alert.ReasonUnknown, Kind: alert.FailRetry, Err: err}
	}
	defer s.close()
	// A connection knows no context: when that ends, so does the connection.
	defer context.AfterFunc(ctx, s.close)()
	if s.client, err = c.DialToSMTPClientWithContext(ctx); err != nil {
		return dialFailed(err, s.cause(err), r.cfg)
	}
	return do(c, s)
}

// client is a client for one session.
func (r *Receiver) client(s *session) (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(r.cfg.Port), gomail.WithTimeout(r.cfg.Timeout.D()), gomail.WithDialContextFunc(s.dial), gomail.WithoutNoop(),
		gomail.WithTLSConfig(r.net.TLSConfig(r.cfg.Host)),
	}
	switch r.cfg.TLS {
	case alert.EmailImplicit:
		opts = append(opts, gomail.WithSSL())
	case alert.EmailNoTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if r.cfg.Username != "" {
		opts = append(opts,
			gomail.WithUsername(r.cfg.Username), gomail.WithPassword(r.cfg.Password.Reveal()),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	if r.cfg.Helo != "" {
		opts = append(opts, gomail.WithHELO(r.cfg.Helo))
	}
	c, err := gomail.NewClient(r.cfg.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("preparing a mail session: %w", err)
	}
	return c, nil
}

// session is one connection to the mail server.
type session struct {
	r      *Receiver
	ctx    context.Context //nolint:containedctx // a session is one call, and ends with it
	client *smtp.Client

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial opens the connection, encrypted where TLS is implicit. An IP address as
// host is checked against the certificate like any other name.
func (s *session) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	conn, err := s.r.net.DialContext(ctx, network, s.r.addr())
	if err != nil {
		return nil, err
	}
	if until, ok := s.ctx.Deadline(); ok {
		conn = &bounded{Conn: conn, until: until}
	}
	s.mu.Lock()
	ended := s.closed
	s.conn = conn
	s.mu.Unlock()
	if ended {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	if s.r.cfg.TLS != alert.EmailImplicit {
		return conn, nil
	}
	enc := tls.Client(conn, s.r.net.TLSConfig(s.r.cfg.Host))
	if err := enc.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("encrypting the connection: %w", err)
	}
	return enc, nil
}

// close ends the connection, now and for good.
func (s *session) close() {
	s.mu.Lock()
	conn := s.conn
	s.closed = true
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// cause is why a step failed: the end of the time for it, or what it says itself.
func (s *session) cause(err error) error {
	if ended := s.ctx.Err(); ended != nil {
		return ended
	}
	return err
}

// bounded is a connection whose deadline nobody can move beyond the session's.
type bounded struct {
	net.Conn
	until time.Time
}

// SetDeadline sets the deadline, at most the session's.
func (b *bounded) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.until) {
		t = b.until
	}
	return b.Conn.SetDeadline(t)
}
