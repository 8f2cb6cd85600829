package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
)

func newDead(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dead",
		Short: "Records that a stage could not handle: list, show, retry, drop",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDeadList(env), newDeadShow(env),
		newDeadMove(env, "retry", "Put it back under its old key", func(cmd *cobra.Command, b web.Backend, id string) error {
			return b.RetryDead(cmd.Context(), id)
		}, "retried", "%s is on its way again\n"),
		newDeadMove(env, "drop", "Forget it", func(cmd *cobra.Command, b web.Backend, id string) error {
			return b.DropDead(cmd.Context(), id)
		}, "dropped", "%s is forgotten\n"))
	return cmd
}

func newDeadList(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The dead letters, newest first",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				list, err := b.ListDead(cmd.Context(), web.Page{Limit: 200})
				if err != nil {
					return fmt.Errorf("listing dead letters: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(list))
				}
				if len(list) == 0 {
					fmt.Fprintln(env.stdout, "No dead letters.")
					return nil
				}
				rows := [][]string{{"ID", "STAGE", "REASON", "AGE", "DETAIL"}}
				for i := range list {
					d := &list[i]
					rows = append(rows, []string{d.ID, d.Stage, d.Reason, age(d.At, time.Now()), oneLine(d.Detail, 100)})
				}
				return table(env.stdout, rows)
			})
		},
	}
}

func newDeadShow(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "One dead letter with its record",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				d, err := b.Dead(cmd.Context(), words[0])
				if err != nil {
					return notThere(err, "dead letter", words[0])
				}
				if env.json {
					return printJSON(env.stdout, struct {
						record.Dead
						Value string `json:"value"`
					}{d, string(d.Value)})
				}
				fmt.Fprintf(env.stdout, "%s  stage %s, reason %s, %s\n%s\ntopic %s, key %s\n\n%s\n",
					d.ID, d.Stage, d.Reason, d.At.Format(time.RFC3339), d.Detail, d.Topic, d.Key, oneLine(string(d.Value), 4000))
				return nil
			})
		},
	}
}

func newDeadMove(env *environment, verb, short string, do func(*cobra.Command, web.Backend, string) error, state, line string) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " ID...",
		Short: short,
		Args:  args(1, many),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				for i, id := range words {
					if err := do(cmd, b, id); err != nil {
						return errors.Join(notThere(err, "dead letter", id), env.done(words[:i], state, line))
					}
				}
				return env.done(words, state, line)
			})
		},
	}
}
