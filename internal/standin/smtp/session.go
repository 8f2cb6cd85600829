package smtp

import (
	"fmt"
	"io"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

func (s *Server) session(c *gosmtp.Conn) (gosmtp.Session, error) {
	return &session{s: s, conn: c}, nil
}

// session is one client's session.
type session struct {
	s    *Server
	conn *gosmtp.Conn
	mail Mail
	who  string
}

// step fails where it was told to.
func (x *session) step(at Step) error {
	if f, ok := x.s.fault(at); ok {
		return x.s.happen(f, x.conn.Conn())
	}
	return nil
}

// AuthMechanisms are those offered, none where nobody has to log in.
func (x *session) AuthMechanisms() []string {
	if x.s.opt.Username == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

// Auth begins a login.
func (x *session) Auth(mech string) (sasl.Server, error) {
	check := func(username, password string) error {
		if err := x.step(StepAuth); err != nil {
			return err
		}
		if username != x.s.opt.Username || password != x.s.opt.Password {
			return gosmtp.ErrAuthFailed
		}
		x.who = username
		return nil
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(identity, username, password string) error {
			if identity != "" && identity != username {
				return gosmtp.ErrAuthFailed
			}
			return check(username, password)
		}), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, gosmtp.ErrAuthUnknownMechanism
}

// loginServer asks for a name and a password, one after the other.
type loginServer struct {
	check    func(username, password string) error
	username *string
	asked    bool
}

// Next is one step of the exchange.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !l.asked && response == nil:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.username == nil:
		name := string(response)
		l.username, l.asked = &name, true
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.username, string(response))
}

// Mail begins an envelope.
func (x *session) Mail(from string, _ *gosmtp.MailOptions) error {
	if x.s.opt.Username != "" && x.who == "" {
		return gosmtp.ErrAuthRequired
	}
	if err := x.step(StepMail); err != nil {
		return err
	}
	_, encrypted := x.conn.TLSConnectionState()
	x.mail = Mail{From: from, Login: x.who, TLS: encrypted}
	return nil
}

// Rcpt adds a recipient.
func (x *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if err := x.step(StepRcpt); err != nil {
		return err
	}
	x.mail.To = append(x.mail.To, to)
	return nil
}

// Data takes the mail.
func (x *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("reading the mail: %w", err)
	}
	m := x.mail
	m.Data = data
	f, fails := x.s.fault(StepData)
	if fails && !f.Taken {
		return x.s.happen(f, x.conn.Conn())
	}
	x.s.mu.Lock()
	x.s.mails = append(x.s.mails, m)
	x.s.mu.Unlock()
	if x.s.opt.OnMail != nil {
		x.s.opt.OnMail(m)
	}
	if fails {
		return x.s.happen(f, x.conn.Conn())
	}
	return nil
}

// Reset forgets the envelope.
func (x *session) Reset() { x.mail = Mail{} }

// Logout ends the session.
func (*session) Logout() error { return nil }
