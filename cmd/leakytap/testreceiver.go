package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/alert"
	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/httpx"
)

func newTestReceiver(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "test-receiver NAME",
		Short: "Post one marked message, update it and find it again; say what is missing",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			cfg, err := env.loadWithBrands()
			if err != nil {
				return err
			}
			var names []string
			for i := range cfg.Receivers {
				rc := &cfg.Receivers[i]
				names = append(names, rc.Name)
				if rc.Name != words[0] {
					continue
				}
				out, err := httpx.New(cfg.HTTP, httpx.Options{UserAgent: "leakytap/" + version})
				if err != nil {
					return err
				}
				r, err := app.NewReceiver(rc, out, app.ConsoleOut{W: env.stdout, Color: isTerminal(env.stdout)})
				if err != nil {
					return err
				}
				return testReceiver(cmd, env, rc.Name, r)
			}
			return fmt.Errorf("there is no receiver %q; the config has %s", words[0], strings.Join(names, ", "))
		},
	}
}

func testReceiver(cmd *cobra.Command, env *environment, name string, r alert.Receiver) error {
	now := time.Now().UTC()
	checker, ok := r.(alert.Checker)
	if !ok {
		_, err := r.Post(cmd.Context(), alert.TestMessage(name, now))
		if env.json {
			return errors.Join(printJSON(env.stdout, report(name, nil, err)), said(err))
		}
		if err != nil {
			return fmt.Errorf("receiver %s: %w", name, err)
		}
		return nil
	}
	steps, err := checker.Check(cmd.Context(), now)
	if env.json {
		return errors.Join(printJSON(env.stdout, report(name, steps, err)), said(err))
	}
	for _, s := range steps {
		mark := "ok  "
		if !s.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(env.stdout, "%s  %-7s %s\n", mark, s.Name, oneLine(s.Detail, 400))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "%s works\n", name)
	return nil
}

// testReport is what `test-receiver --json` prints.
type testReport struct {
	Receiver string       `json:"receiver"`
	OK       bool         `json:"ok"`
	Error    string       `json:"error,omitempty"`
	Steps    []alert.Step `json:"steps"`
}

// report is the outcome of a test; steps are there where the receiver tells them.
func report(name string, steps []alert.Step, err error) testReport {
	rep := testReport{Receiver: name, OK: err == nil, Steps: orEmpty(steps)}
	if err != nil {
		rep.Error = err.Error()
	}
	return rep
}

// said turns an error that was printed into the exit code alone.
func said(err error) error {
	if err != nil {
		return errSaid
	}
	return nil
}
