package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/tune"
)

func newConfigHistory(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "Each config that was loaded: when, what differs, who, and what it did",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := env.loadForCommand()
			if err != nil {
				return err
			}
			r, err := store.OpenReader(cmd.Context(), cfg.DataDir)
			if err != nil {
				return err
			}
			defer func() { _ = r.Close() }()
			changes, err := app.History(cmd.Context(), r, time.Now().UTC())
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, changes)
			}
			for i := range changes {
				printChange(env.stdout, &changes[i])
			}
			return nil
		},
	}
}

func printChange(w io.Writer, c *tune.Effect) {
	start := ""
	if c.Start {
		start = ", at a start"
	}
	fmt.Fprintf(w, "%s  %s%s\n", c.At.Format(time.RFC3339), c.Hash, start)
	for _, b := range c.Brands {
		printBrandChange(w, &b)
	}
	for _, e := range c.Effects {
		if e.DaysBefore*24 < 1 || e.DaysAfter*24 < 1 {
			fmt.Fprintf(w, "    %s: too early to say what it did\n", e.Brand)
			continue
		}
		day := func(n int, days float64) float64 { return float64(n) / days }
		fmt.Fprintf(w, "    %s a day: decisions %.1f -> %.1f, alerts %.1f -> %.1f, excluded %.1f -> %.1f\n", e.Brand,
			day(e.Before.Decisions, e.DaysBefore), day(e.After.Decisions, e.DaysAfter), day(e.Before.Alerts, e.DaysBefore), day(e.After.Alerts, e.DaysAfter),
			day(e.Before.Excluded, e.DaysBefore), day(e.After.Excluded, e.DaysAfter))
	}
	if c.Other {
		fmt.Fprintln(w, "  something beside the brands changed")
	}
}

func printBrandChange(w io.Writer, b *record.BrandChange) {
	fmt.Fprintf(w, "  %s %s%s\n", b.Brand, b.What, orNothing(" by ", b.Who))
	if b.Stale {
		fmt.Fprintln(w, "    its file is broken: an earlier version runs")
	}
	for _, l := range b.Lines {
		fmt.Fprintf(w, "    %s\n", oneLine(l, 400))
	}
}
