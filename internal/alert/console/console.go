// Package console is the receiver that prints each message as a person reads
// it. A message is one write, so that a reader on a pipe never sees half of
// one; colour is used only where the caller says that a terminal reads it.
package console

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/vent"
)

// Receiver prints messages to a writer. It may be used by several goroutines.
type Receiver struct {
	mu    sync.Mutex
	w     io.Writer
	color bool
}

// New makes a Receiver that prints to w, in colour if color is set.
func New(w io.Writer, color bool) *Receiver { return &Receiver{w: w, color: color} }

// Post prints a root message.
func (r *Receiver) Post(_ context.Context, m alert.Message) (record.Receipt, error) {
	return r.print(m)
}

// Update prints the message as it is now.
func (r *Receiver) Update(_ context.Context, _ record.Receipt, m alert.Message) error {
	_, err := r.print(m)
	return err
}

// Reply prints what a thread would show.
func (r *Receiver) Reply(_ context.Context, _ record.Receipt, m alert.Message) (record.Receipt, error) {
	return r.print(m)
}

// Find reports that nothing is known: what was printed cannot be asked for, so
// a message whose printing was cut short by the end of the process is printed again.
func (*Receiver) Find(context.Context, string, time.Time, *record.Receipt) (record.Receipt, bool, error) {
	return record.Receipt{}, false, nil
}

func (r *Receiver) print(m alert.Message) (record.Receipt, error) {
	text := alert.Text(m) + "\n"
	if r.color {
		text = paint(text, m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.w.Write([]byte(text)); err != nil {
		return record.Receipt{}, &alert.SendError{
			Reason: alert.ReasonWrite, Kind: alert.FailRetry,
			Err: fmt.Errorf("printing to the console: %w", err),
		}
	}
	return record.Receipt{Channel: "console", TS: m.Notice.Key}, nil
}

// paint colours the first line by severity.
func paint(text string, m alert.Message) string {
	first, rest, ok := strings.Cut(text, "\n")
	if !ok || m.Dossier == nil {
		return text
	}
	code := "2"
	switch m.Dossier.Case.Severity {
	case vent.SeverityCritical:
		code = "1;31"
	case vent.SeverityHigh:
		code = "31"
	case vent.SeverityMedium:
		code = "33"
	case vent.SeverityLow, vent.SeverityNone:
	}
	return "\x1b[" + code + "m" + first + "\x1b[0m\n" + rest
}
