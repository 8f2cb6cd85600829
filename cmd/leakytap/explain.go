package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

func newExplain(env *environment) *cobra.Command {
	var brandName string
	cmd := &cobra.Command{
		Use:   "explain [--brand NAME] TEXT",
		Short: "One text: which terms matched, the score with its reasons, the decision and the route",
		Args:  args(1, many),
		RunE: func(cmd *cobra.Command, words []string) error {
			text := strings.Join(words, " ")
			if text == "-" {
				b, err := io.ReadAll(io.LimitReader(env.stdin, mention.MaxRecord))
				if err != nil {
					return fmt.Errorf("reading text: %w", err)
				}
				text = string(b)
			}
			cfg, err := env.configForExplain(brandName)
			if err != nil {
				return err
			}
			gen, err := app.NewGeneration(cfg)
			if err != nil {
				return err
			}
			if err := gen.LearnFrom(cmd.Context(), cfg.DataDir); err != nil {
				fmt.Fprintf(env.stderr, "leakytap: what labels taught is left out: %v\n", err)
			}
			names, err := explained(cfg, brandName)
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			m, _ := mention.Clean(mention.Mention{
				Platform: "explain", NativeID: "text", Kind: mention.KindPost, Text: text, CreatedAt: now, ObservedAt: now,
			})
			return explain(env, gen, names, m, now)
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "the brand asked about (default: every brand of the config)")
	return cmd
}

// configForExplain is the config file, or where there is none a brand whose
// query is its name.
func (e *environment) configForExplain(brandName string) (*config.Config, error) {
	if _, err := os.Stat(e.configPath); errors.Is(err, os.ErrNotExist) && !e.configGiven {
		if brandName == "" {
			return nil, usageError{fmt.Errorf("there is no %s; name the brand with --brand, or a config with --config", e.configPath)}
		}
		cfg, problems := config.Quick(brandName, nil, config.Options{})
		if config.Fatal(problems) {
			printProblems(e.stderr, config.Errors(problems), false)
			return nil, errSaid
		}
		return cfg, nil
	}
	return e.loadWithBrands()
}

// explained are the brands asked about.
func explained(cfg *config.Config, brandName string) ([]string, error) {
	var names []string
	for i := range cfg.Brands {
		if brandName == "" || strings.EqualFold(cfg.Brands[i].Name, brandName) || len(cfg.Units) == 1 && cfg.Units[0].File == "" && brandName != "" && len(cfg.Brands) == 1 && slugLike(cfg.Brands[i].Name, brandName) {
			names = append(names, cfg.Brands[i].Name)
		}
	}
	if len(names) == 0 {
		have := make([]string, len(cfg.Brands))
		for i := range cfg.Brands {
			have[i] = cfg.Brands[i].Name
		}
		return nil, fmt.Errorf("there is no brand %q; the config has %s", brandName, strings.Join(have, ", "))
	}
	return names, nil
}

// slugLike reports whether a is the short name that Quick makes of b.
func slugLike(a, b string) bool {
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '-' || r == '_' || r == ' ' || r == '.' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	return strip(a) == strip(b)
}

func explain(env *environment, gen *app.Generation, names []string, m mention.Mention, now time.Time) error {
	for _, name := range names {
		d := gen.Judge(name, m, now)
		if env.json {
			if err := printLine(env.stdout, &d); err != nil {
				return err
			}
			continue
		}
		printExplained(env.stdout, &d)
	}
	return nil
}

func printExplained(w io.Writer, d *record.Decision) {
	fmt.Fprintf(w, "%s: %s", d.Brand, d.Outcome)
	if d.Route != "" && d.Outcome == record.OutcomeAlert {
		fmt.Fprintf(w, " to %s", d.Route)
	}
	fmt.Fprintln(w)
	for _, line := range d.Why {
		fmt.Fprintf(w, "  - %s\n", oneLine(line, 400))
	}
	s := d.Score
	fmt.Fprintf(w, "  score: venting %.3f, negative %.2f, neutral %.2f, positive %.2f, severity %s, language %s\n",
		s.Venting, s.Negative, s.Neutral, s.Positive, s.Severity, s.Lang)
	if len(s.Signals) > 0 || len(s.Topics) > 0 {
		fmt.Fprintf(w, "  signals: %s; topics: %s\n", orDash(strings.Join(s.Signals, ", ")), orDash(strings.Join(s.Topics, ", ")))
	}
	if s.Opinion == vent.OpinionSecond {
		fmt.Fprintln(w, "  the first opinion was unsure; the second read the text and decided. Its reasons: what the score loses where that phrase is hidden")
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "  %+6.2f  %s\n", r.Weight, oneLine(r.Text, 100))
	}
}
