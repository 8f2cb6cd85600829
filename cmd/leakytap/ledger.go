package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/tune"
)

func newLedger(env *environment) *cobra.Command {
	var brandName, since string
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "What each term, phrase and exclusion of a query brought, and what it swallowed",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			window, err := env.window(since)
			if err != nil {
				return err
			}
			cfg, err := env.loadWithBrands()
			if err != nil {
				return err
			}
			names, err := explained(cfg, brandName)
			if err != nil {
				return err
			}
			var brands []brand.Brand
			for _, name := range names {
				for i := range cfg.Brands {
					if cfg.Brands[i].Name == name {
						brands = append(brands, cfg.Brands[i])
					}
				}
			}
			ledgers, err := app.Ledger(cmd.Context(), cfg, brands, window)
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, ledgers)
			}
			for i := range ledgers {
				if err := printLedger(env.stdout, &ledgers[i]); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "the brand asked about (default: every brand of the config)")
	cmd.Flags().StringVar(&since, "since", "30d", "how far back to look")
	return cmd
}

func printLedger(w io.Writer, l *tune.BrandLedger) error {
	fmt.Fprintf(w, "%s: %d mentions\n", l.Brand, l.Mentions)
	rows := [][]string{{"#", "part", "kind", "matches", "alerts", "confirmed", "dismissed", "alone", "alone alerts", "swallowed", "likely", "trend"}}
	for _, e := range l.Entries {
		position, kind, swallowed, likely := strconv.Itoa(e.Position), e.Kind, "-", "-"
		if e.Position == 0 {
			position = "-"
			if e.Kind != tune.EntryLanguages {
				kind += ", no more in the query"
			}
		}
		if e.Kind == tune.EntryExclusion || e.Kind == tune.EntryLanguages {
			swallowed, likely = strconv.Itoa(e.Swallowed), strconv.Itoa(e.Complaints)
		}
		rows = append(rows, []string{
			position, oneLine(e.Text, 40), kind, strconv.Itoa(e.Matches), strconv.Itoa(e.Alerts), strconv.Itoa(e.Confirmed),
			strconv.Itoa(e.Dismissed), strconv.Itoa(e.Alone), strconv.Itoa(e.AloneAlerts), swallowed, likely, tune.Spark(e.Trend),
		})
	}
	if err := table(w, rows); err != nil {
		return err
	}
	for _, e := range l.Entries {
		if len(e.Posts) > 0 {
			printPosts(w, "kept away by "+oneLine(e.Text, 60), e.Posts)
		}
	}
	return nil
}
