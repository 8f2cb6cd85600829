package smtp

import (
	"fmt"
	"net"

	gosmtp "github.com/emersion/go-smtp"
)

// Step is a point of a session at which it can fail.
type Step string

// The steps, in the order of a session.
const (
	// StepConnect is before the greeting.
	StepConnect Step = "connect"
	StepAuth    Step = "auth"
	StepMail    Step = "mail"
	StepRcpt    Step = "rcpt"
	// StepData is the answer to the whole mail: the one that says it was taken.
	StepData Step = "data"
)

// Fault is one failure, which happens once for each time that it was added.
type Fault struct {
	At Step
	// Code answers with a refusal; Enhanced goes with it, as in 4.7.1.
	Code     int
	Enhanced [3]int
	// Hang answers nothing, Drop closes the connection.
	Hang, Drop bool
	// Taken keeps the mail before it fails: what was answered is not what was done.
	Taken bool
}

// Fail adds faults; each happens once, the first that fits a step first.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// FailBy asks choose at each step that has no other fault; nil is none. A nil choose
// ends it. It must not call the Server.
func (s *Server) FailBy(choose func(at Step) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.choose = choose
}

// Hit counts the faults that happened at a step.
func (s *Server) Hit(at Step) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hit[at]
}

// fault takes the next fault of a step.
func (s *Server) fault(at Step) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.At == at {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			s.hit[at]++
			return f, true
		}
	}
	if s.choose != nil {
		if f := s.choose(at); f != nil {
			s.hit[at]++
			return *f, true
		}
	}
	return Fault{}, false
}

// happen does what a fault says; nil goes on as if nothing was.
func (s *Server) happen(f Fault, conn net.Conn) error {
	if f.Hang {
		<-s.end
	}
	if f.Drop || f.Hang {
		_ = conn.Close()
		return errDropped
	}
	return &gosmtp.SMTPError{Code: f.Code, EnhancedCode: gosmtp.EnhancedCode(f.Enhanced), Message: fmt.Sprintf("the stand-in was told to answer %d", f.Code)}
}

var errDropped = &gosmtp.SMTPError{Code: 421, EnhancedCode: gosmtp.EnhancedCode{4, 3, 2}, Message: "the connection is closed"}

// faulty is a listener whose connections fail before the greeting.
type faulty struct {
	net.Listener
	s *Server
}

// Accept hands out the next connection that is not to fail.
func (l *faulty) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		f, ok := l.s.fault(StepConnect)
		if !ok {
			return conn, nil
		}
		go func() {
			defer func() { _ = conn.Close() }()
			if f.Hang {
				<-l.s.end
				return
			}
			if f.Code > 0 {
				_, _ = fmt.Fprintf(conn, "%d the stand-in was told to answer so\r\n", f.Code)
			}
		}()
	}
}
