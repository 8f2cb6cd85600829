// Command leakytap hears unhappy customers in public feeds and brings each to
// the people who can make it right.
//
//	main.go   exit codes and signals
//	root.go   the flags that every command takes
//	*.go      one file for each command
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // brands name their timezone, and a bare machine has no zone files

	"github.com/leakytap/leakytap/internal/app"
)

// version is set when a release is built.
var version = "dev"

// The exit codes that the contract fixes.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// usageError is wrong usage of the command line: exit 2.
type usageError struct{ error }

// Unwrap gives the error itself.
func (e usageError) Unwrap() error { return e.error }

// errSaid ends a command with exit 1 when everything was said already.
var errSaid = errors.New("said")

// run is main without the process: arguments in, exit code out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signalContext(stderr)
	defer stop()
	env := &environment{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(env)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var refused *app.RefusedError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "leakytap: %v\n", err)
		return exitUsage
	case errors.Is(err, errSaid):
		return exitFail
	case errors.As(err, &refused):
		fmt.Fprintln(stderr, refused) // lines with their places, as config check prints them
		return exitFail
	default:
		fmt.Fprintf(stderr, "leakytap: %v\n", err)
		return exitFail
	}
}

// signalContext ends with the first SIGTERM or SIGINT; the second ends the
// process at once, for those who will not wait for the drain.
func signalContext(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		cancel()
		select {
		case <-signals:
			fmt.Fprintln(stderr, "leakytap: second signal, leaving at once")
			os.Exit(exitFail) //nolint:revive // the contract asks for an exit in the middle of a drain
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
