// Package smtp is a stand-in for a mail server on loopback: a real SMTP server
// with STARTTLS, implicit TLS and PLAIN and LOGIN logins, which keeps the mail
// it accepted and fails on demand at any step of a session.
//
// It promises that a mail it answered with 250 is in Mails, that one it refused
// is not, and that a fault is counted when it happened. It delivers nothing.
//
//	smtp.go    Server, its options, start and stop, what it saw
//	session.go one session: login, envelope, data
//	faults.go  failing on demand
//	cert.go    a certificate of its own
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// Mode is how a session is encrypted.
type Mode int

// The modes.
const (
	// StartTLS begins in the clear and offers TLS; without it nobody may log in.
	StartTLS Mode = iota
	// Implicit is TLS from the first byte.
	Implicit
	// Clear offers no TLS.
	Clear
)

// The limits of RFC 5321: 1000 bytes a line with its end, and a mail that is not
// larger than most servers take.
const (
	maxLine = 1000
	maxMail = 1 << 20
)

// Options is what a Server is made of. Every field has a default.
type Options struct {
	Mode Mode
	// Username and Password are asked for where Username is not empty.
	Username, Password string
	// MaxBytes is the largest mail that is taken.
	MaxBytes int64
	// OnMail hears of every mail that was accepted, in order, outside of any lock.
	OnMail func(Mail)
}

// Mail is one mail as it was accepted.
type Mail struct {
	From string
	To   []string
	Data []byte
	// Login is who sent it, TLS whether the session was encrypted.
	Login string
	TLS   bool
}

// Server is the stand-in. It is safe for any goroutines.
type Server struct {
	opt  Options
	srv  *gosmtp.Server
	addr string
	cert tls.Certificate
	ca   []byte
	done chan struct{}
	end  chan struct{}

	mu     sync.Mutex
	mails  []Mail
	faults []Fault
	choose func(at Step) *Fault
	hit    map[Step]int
}

// Start listens on a free port of loopback.
func Start(opt Options) (*Server, error) {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = maxMail
	}
	s := &Server{opt: opt, done: make(chan struct{}), end: make(chan struct{}), hit: map[Step]int{}}
	var err error
	if s.cert, s.ca, err = certificate(); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for mail: %w", err)
	}
	s.addr = l.Addr().String()
	s.srv = gosmtp.NewServer(gosmtp.BackendFunc(s.session))
	s.srv.Domain = "mail.standin.example"
	s.srv.ErrorLog = quiet{}
	s.srv.MaxLineLength = maxLine
	s.srv.MaxMessageBytes = opt.MaxBytes
	s.srv.MaxRecipients = 100
	s.srv.ReadTimeout, s.srv.WriteTimeout = time.Minute, time.Minute
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.cert}}
	l = &faulty{Listener: l, s: s}
	switch opt.Mode {
	case StartTLS:
		s.srv.TLSConfig = conf
	case Implicit:
		l = tls.NewListener(l, conf)
	case Clear:
		s.srv.AllowInsecureAuth = true
	}
	go func() {
		defer close(s.done)
		_ = s.srv.Serve(l) // it ends with Close
	}()
	return s, nil
}

// Close ends every session and stops listening.
func (s *Server) Close() error {
	select {
	case <-s.end:
		return nil
	default:
		close(s.end)
	}
	err := s.srv.Close()
	<-s.done
	if err != nil && !errors.Is(err, gosmtp.ErrServerClosed) {
		return fmt.Errorf("closing the mail server: %w", err)
	}
	return nil
}

// Addr is the host and port to send to.
func (s *Server) Addr() string { return s.addr }

// CA is the PEM certificate that the server's own is signed with.
func (s *Server) CA() []byte { return s.ca }

// Pool is a pool with that certificate alone.
func (s *Server) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AppendCertsFromPEM(s.ca)
	return p
}

// Mails are those that were accepted, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// quiet drops what the library would print: clients that hang up are no news here.
type quiet struct{}

// Printf drops it.
func (quiet) Printf(string, ...any) {}

// Println drops it.
func (quiet) Println(...any) {}
