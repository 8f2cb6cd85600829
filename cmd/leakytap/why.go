package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
)

func newWhy(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "why ID or URL",
		Short: "The whole trace of one mention: why it did, or did not, alert",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				ds, err := b.Decisions(cmd.Context(), words[0])
				if err != nil {
					return fmt.Errorf("reading decisions: %w", err)
				}
				if len(ds) == 0 {
					fmt.Fprintf(env.stderr, "leakytap: %s was never collected; leakytap source list shows what is heard\n", oneLine(words[0], 300))
					return errSaid
				}
				for i := range ds {
					if err := env.printDecision(&ds[i]); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// printDecision prints one decision with its whys.
func (e *environment) printDecision(d *record.Decision) error {
	if e.json {
		return printLine(e.stdout, d)
	}
	fmt.Fprintf(e.stdout, "%s  %s  %s\n", d.ID, orDash(d.Brand), d.Outcome)
	fmt.Fprintf(e.stdout, "  decided %s, severity %s, venting %.2f, priority %d", d.Now.Format(time.RFC3339), d.Severity, d.Venting, d.Priority)
	if d.Case != "" {
		fmt.Fprintf(e.stdout, ", case %s", d.Case)
	}
	fmt.Fprintln(e.stdout)
	for _, line := range d.Why {
		fmt.Fprintf(e.stdout, "  - %s\n", oneLine(line, 400))
	}
	return nil
}
