package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/web"
)

func newSource(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "What is heard, and since when not",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "list",
		Short: "Every source with its last success, last post, counts and last error",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				stats, err := b.Sources(cmd.Context())
				if err != nil {
					return fmt.Errorf("listing sources: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(stats))
				}
				now := time.Now()
				rows := [][]string{{"SOURCE", "TYPE", "HEARING", "LAST FETCH", "LAST POST", "READ", "MATCHED", "LAST ERROR"}}
				for _, s := range stats {
					hearing := "yes"
					if s.Blind {
						hearing = "BLIND since " + age(s.BlindSince, now)
					}
					rows = append(rows, []string{
						s.Source, s.Type, hearing, age(s.LastOK, now), age(s.LastItem, now),
						strconv.FormatInt(s.Read, 10), strconv.FormatInt(s.Matched, 10), orDash(oneLine(s.LastError, 80)),
					})
				}
				return table(env.stdout, rows)
			})
		},
	})
	return cmd
}

// orEmpty makes a list print as [] rather than null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
