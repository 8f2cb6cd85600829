package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/web"
)

func newSilence(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "silence",
		Short: "Hold back cards for a while: add, list, expire",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSilenceAdd(env), newSilenceList(env), &cobra.Command{
		Use:   "expire ID",
		Short: "End a silence now",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				if err := b.ExpireSilence(cmd.Context(), words[0]); err != nil {
					return notThere(err, "silence", words[0])
				}
				return env.done(words[:1], "expired", "%s has ended\n")
			})
		},
	})
	return cmd
}

func newSilenceAdd(env *environment) *cobra.Command {
	var s record.Silence
	var span string
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Hold back the cards that match; their mentions stay in the inbox",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := setting.ParseDuration(span)
			if err != nil || d <= 0 {
				return usageError{fmt.Errorf("--for %q: write a duration such as 1h or 2d", span)}
			}
			if s.Brand == "" && s.Author == "" && s.Topic == "" && s.Query == "" {
				return usageError{errors.New("name what to silence: --brand, --author, --topic or --query")}
			}
			s.By = env.who()
			if strings.TrimSpace(s.Reason) == "" {
				s.Reason = "no reason given"
			}
			s.Until = time.Now().Add(d).UTC()
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				got, err := b.AddSilence(cmd.Context(), s)
				if err != nil {
					return fmt.Errorf("adding silence: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, got)
				}
				fmt.Fprintf(env.stdout, "%s until %s\n", got.ID, got.Until.Format(time.RFC3339))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Brand, "brand", "", "only this brand")
	f.StringVar(&s.Author, "author", "", "only this author (platform:id or handle)")
	f.StringVar(&s.Topic, "topic", "", "only this topic")
	f.StringVar(&s.Query, "query", "", "only posts that hold these words")
	f.StringVar(&s.Reason, "reason", "", "why")
	env.asFlag(cmd)
	f.StringVar(&span, "for", "1h", "for how long")
	return cmd
}

func newSilenceList(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The silences that have not ended",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				list, err := b.ListSilences(cmd.Context())
				if err != nil {
					return fmt.Errorf("listing silences: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(list))
				}
				if len(list) == 0 {
					fmt.Fprintln(env.stdout, "Nothing is silenced.")
					return nil
				}
				rows := [][]string{{"ID", "BRAND", "AUTHOR", "TOPIC", "QUERY", "BY", "UNTIL", "REASON"}}
				for _, s := range list {
					rows = append(rows, []string{
						s.ID, orDash(s.Brand), orDash(s.Author), orDash(s.Topic), orDash(oneLine(s.Query, 30)),
						orDash(s.By), s.Until.Format(time.RFC3339), orDash(oneLine(s.Reason, 40)),
					})
				}
				return table(env.stdout, rows)
			})
		},
	}
}
