package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/mention"
)

func newWhy(env *environment) *cobra.Command {
	var text, at string
	var fetch bool
	cmd := &cobra.Command{
		Use:   "why ID or URL",
		Short: "The whole trace of one mention: why it did, or did not, alert",
		Long: `Prints every decision about a post. Of one that was never collected it says, on stderr
and with exit code 1, which sources should have seen it, when they heard nothing, and,
with its words in --text or fetched with --fetch, what each brand's query makes of them.`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			when, err := parseAt(at)
			if err != nil {
				return err
			}
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				ds, err := b.Decisions(cmd.Context(), words[0])
				if err != nil {
					return fmt.Errorf("reading decisions: %w", err)
				}
				if len(ds) == 0 {
					return env.whyUnseen(cmd.Context(), words[0], when, text, fetch)
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
	f := cmd.Flags()
	f.StringVar(&text, "text", "", "the words of a post that was never collected; - reads them from standard input")
	f.StringVar(&at, "at", "", "when such a post was written, RFC 3339")
	f.BoolVar(&fetch, "fetch", false, "fetch the words of such a post from its URL")
	return cmd
}

func parseAt(at string) (time.Time, error) {
	if at == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return t, usageError{fmt.Errorf("--at %q: write a time such as 2026-11-24T10:00:00Z", at)}
	}
	return t.UTC(), nil
}

// whyUnseen says what can be said about a post that was never collected.
func (e *environment) whyUnseen(ctx context.Context, asked string, at time.Time, text string, fetch bool) error {
	fmt.Fprintf(e.stderr, "leakytap: %s was never collected; leakytap source list shows what is heard\n", oneLine(asked, 300))
	cfg, err := e.loadForCommand()
	if err != nil {
		return err
	}
	switch {
	case text == "-":
		b, err := io.ReadAll(io.LimitReader(e.stdin, mention.MaxRecord))
		if err != nil {
			return fmt.Errorf("reading text: %w", err)
		}
		text = string(b)
	case text == "" && fetch:
		if text, err = app.FetchWords(ctx, cfg, version, asked, e.logger()); err != nil {
			fmt.Fprintf(e.stderr, "  its words were not fetched: %s\n", oneLine(err.Error(), 300))
		}
	}
	u, err := unseen(ctx, cfg, asked, at, text)
	if err != nil {
		return err
	}
	printUnseen(e.stderr, &u)
	return errSaid
}

// unseen asks with the store of the config where there is one.
func unseen(ctx context.Context, cfg *config.Config, asked string, at time.Time, text string) (tune.Unseen, error) {
	if _, err := os.Stat(filepath.Join(cfg.DataDir, store.FileName)); err != nil {
		return app.Unseen(ctx, cfg, nil, asked, at, text)
	}
	r, err := store.OpenReader(ctx, cfg.DataDir)
	if err != nil {
		return tune.Unseen{}, err
	}
	defer func() { _ = r.Close() }()
	return app.Unseen(ctx, cfg, r, asked, at, text)
}

func printUnseen(w io.Writer, u *tune.Unseen) {
	if !u.At.IsZero() {
		fmt.Fprintf(w, "  written at %s\n", u.At.Format(time.RFC3339))
	}
	if u.NoSource != "" {
		fmt.Fprintf(w, "  %s\n", oneLine(u.NoSource, 400))
	}
	for _, s := range u.Sources {
		fmt.Fprintf(w, "  source %s should have seen it\n", s.Source)
		for _, r := range s.Reasons {
			fmt.Fprintf(w, "    - %s\n", oneLine(r, 400))
		}
		for _, b := range s.Windows {
			until := "now"
			if !b.Until.IsZero() {
				until = b.Until.Format(time.RFC3339)
			}
			fmt.Fprintf(w, "    blind from %s to %s%s\n", b.From.Format(time.RFC3339), until, orNothing(", ", b.Reason))
		}
	}
	if u.Text == "" {
		fmt.Fprintln(w, "  with its words, in --text or by --fetch, this says what each brand's query makes of them")
		return
	}
	var none []string
	for _, b := range u.Brands {
		if b.Outcome == record.OutcomeNotMatched {
			none = append(none, b.Brand)
			continue
		}
		fmt.Fprintf(w, "  brand %s would have made it %s, severity %s, venting %.2f%s\n", b.Brand, b.Outcome, b.Severity, b.Venting, orNothing(", to ", b.Route))
		for _, line := range b.Why {
			fmt.Fprintf(w, "    - %s\n", oneLine(line, 400))
		}
	}
	if len(none) > 0 {
		fmt.Fprintf(w, "  the words match no term of %s\n", strings.Join(none, ", "))
	}
}

func orNothing(before, s string) string {
	if s == "" {
		return ""
	}
	return before + oneLine(s, 200)
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
