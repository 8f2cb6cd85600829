package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/client"
)

func newShadow(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shadow",
		Short: "A candidate beside the running config, which judges every post and sends nothing",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "start FILE", Short: "Run a brand file beside the config of the running daemon", Args: args(1, 1),
			RunE: func(cmd *cobra.Command, words []string) error {
				file, err := os.ReadFile(words[0])
				if err != nil {
					return fmt.Errorf("reading the candidate: %w", err)
				}
				return env.withShadow(cmd.Context(), func(s web.Shadows) (tune.ShadowReport, error) { return s.StartShadow(cmd.Context(), file, env.who()) })
			},
		},
		&cobra.Command{
			Use: "stop", Short: "End it", Args: args(0, 0),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return env.withShadow(cmd.Context(), func(s web.Shadows) (tune.ShadowReport, error) { return s.StopShadow(cmd.Context()) })
			},
		},
		&cobra.Command{
			Use: "report", Short: "What it judges otherwise, the newest first", Args: args(0, 0),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return env.withShadow(cmd.Context(), func(s web.Shadows) (tune.ShadowReport, error) { return s.Shadow(cmd.Context()) })
			},
		},
	)
	return cmd
}

// withShadow asks the running daemon and prints what it says.
func (e *environment) withShadow(ctx context.Context, do func(web.Shadows) (tune.ShadowReport, error)) error {
	cfg, err := e.loadForCommand()
	if err != nil {
		return err
	}
	ep, ok := app.ReadEndpoint(cfg.DataDir)
	if !ok || !alive(ctx, ep.URL) {
		return errors.New("no daemon runs on this data_dir: a shadow judges what a daemon hears; start one with leakytap run")
	}
	c, err := client.New(client.Options{BaseURL: ep.URL, Token: ep.Token, Actor: e.who()})
	if err != nil {
		return err
	}
	rep, err := do(c)
	if err != nil {
		return err
	}
	if e.json {
		return printJSON(e.stdout, &rep)
	}
	return printShadow(e.stdout, &rep)
}

func printShadow(w io.Writer, r *tune.ShadowReport) error {
	s := &r.Shadow
	if s.N == 0 {
		fmt.Fprintln(w, "no shadow has run")
		return nil
	}
	state := "runs beside the config"
	if !r.Running {
		state = "ended " + s.StoppedAt.Format(time.RFC3339)
	}
	fmt.Fprintf(w, "shadow of %s, started %s by %s, %s\n", s.Brand, s.StartedAt.Format(time.RFC3339), s.By, state)
	parts := make([]string, 0, len(record.DifferenceKinds()))
	for _, k := range record.DifferenceKinds() {
		parts = append(parts, strconv.FormatInt(s.Differences[k], 10)+" "+strings.ReplaceAll(k, "_", " "))
	}
	fmt.Fprintf(w, "%d posts judged by both: %s\n", s.Posts, strings.Join(parts, ", "))
	if s.Missed > 0 {
		fmt.Fprintf(w, "%d posts went by: it could not keep up\n", s.Missed)
	}
	if len(r.Differences) == 0 {
		return nil
	}
	rows := [][]string{{"when", "what", "config", "candidate", "severity", "venting", "post"}}
	for _, d := range r.Differences {
		post := d.URL
		if post == "" {
			post = d.Mention
		}
		rows = append(rows, []string{
			d.At.Format(time.RFC3339), strings.ReplaceAll(d.Kind, "_", " "), string(d.Was), string(d.Now), d.Severity, fmt.Sprintf("%.2f", d.Venting), oneLine(post, 200),
		})
	}
	return table(w, rows)
}
