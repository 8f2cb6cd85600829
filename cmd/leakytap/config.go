package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
)

func newConfig(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check, describe or show the config",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check [FILE...]",
			Short: "Every error at once, path:line:col: message; runs the pinned examples too",
			Args:  args(0, many),
			RunE: func(cmd *cobra.Command, words []string) error {
				if len(words) == 0 {
					words = []string{env.configPath}
				}
				return checkConfigs(cmd.Context(), env, words)
			},
		},
		newConfigSchema(env), newConfigShow(env), newConfigHistory(env),
	)
	return cmd
}

func newConfigSchema(env *environment) *cobra.Command {
	var brandFile bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "The JSON Schema of the config; needs no config file",
		Args:  args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			schema := config.Schema
			if brandFile {
				schema = config.BrandSchema
			}
			_, err := env.stdout.Write(schema())
			return err
		},
	}
	cmd.Flags().BoolVar(&brandFile, "brand", false, "the schema of a file of brands_dir")
	return cmd
}

func newConfigShow(env *environment) *cobra.Command {
	var brandName string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "The effective config, defaults filled in, with every secret as <secret>",
		Args:  args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			cfg, problems := config.Load(env.configPath, config.Options{})
			if errs := config.Errors(problems); len(errs) > 0 {
				printProblems(env.stderr, errs, false)
				if config.Fatal(problems) {
					return errSaid
				}
			}
			if brandName != "" {
				return showBrand(env, cfg, brandName)
			}
			if env.json {
				b, err := cfg.ShowJSON()
				if err != nil {
					return err
				}
				_, err = env.stdout.Write(append(bytes.TrimRight(b, "\n"), '\n'))
				return err
			}
			_, err := env.stdout.Write(cfg.Show())
			return err
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "one brand, with where each value came from")
	return cmd
}

// showBrand prints one brand, each value with where it came from.
func showBrand(env *environment, cfg *config.Config, name string) error {
	if env.json {
		values, err := cfg.BrandValues(name)
		if err != nil {
			return err
		}
		return printJSON(env.stdout, values)
	}
	out, err := cfg.ShowBrand(name)
	if err != nil {
		return err
	}
	_, err = env.stdout.Write(out)
	return err
}

// checkConfigs prints the errors of each file as results, its warnings beside
// them, and fails where there is an error.
func checkConfigs(ctx context.Context, env *environment, paths []string) error {
	bad := false
	rows := []problemRow{}
	for _, path := range paths {
		problems := env.checkConfig(ctx, path)
		errs := config.Errors(problems)
		if env.json {
			rows = append(rows, rowsOf(problems)...)
		} else {
			printProblems(env.stdout, errs, isTerminal(env.stdout))
			printProblems(env.stderr, config.Warnings(problems), isTerminal(env.stderr))
		}
		switch len(errs) {
		case 0:
			fmt.Fprintf(env.stderr, "%s is good\n", path)
			continue
		case 1:
			fmt.Fprintf(env.stderr, "%s has 1 error\n", path)
		default:
			fmt.Fprintf(env.stderr, "%s has %d errors\n", path, len(errs))
		}
		bad = true
	}
	if env.json {
		if err := printJSON(env.stdout, rows); err != nil {
			return err
		}
	}
	if bad {
		return errSaid
	}
	return nil
}

// problemRow is a problem as `config check --json` prints it.
type problemRow struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Warning bool   `json:"warning"`
}

func rowsOf(ps []config.Problem) []problemRow {
	rows := make([]problemRow, len(ps))
	for i, p := range ps {
		rows[i] = problemRow{p.File, p.Line, p.Column, p.Msg, p.Warning}
	}
	return rows
}

// checkConfig reads a config, or a brand file by itself, and runs the pinned
// examples of the brands that can be read.
func (e *environment) checkConfig(ctx context.Context, path string) []config.Problem {
	cfg, problems := config.Check(path, config.Options{Base: e.configPath})
	pins, err := app.CheckPins(cfg)
	switch {
	case err != nil && config.Fatal(problems):
		return problems // what keeps the examples from being run is told already
	case err != nil:
		return append(problems, config.Problem{File: path, Line: 1, Column: 1, Msg: err.Error()})
	}
	for key, ps := range pins {
		problems = append(problems, cfg.Reject(key, ps)...)
	}
	return config.Sort(append(problems, storedWarnings(ctx, cfg)...))
}

// storedWarnings are what the store of the config says against its brands. Without a store,
// or with one that cannot be read now, there is nothing to say.
func storedWarnings(ctx context.Context, cfg *config.Config) []config.Problem {
	stored, err := app.CheckStored(ctx, cfg)
	if err != nil {
		return nil
	}
	var out []config.Problem
	for i := range cfg.Units {
		u := &cfg.Units[i]
		out = append(out, u.Locate(stored[u.Key])...)
	}
	return out
}

func printProblems(w io.Writer, problems []config.Problem, long bool) {
	for _, p := range problems {
		if long {
			fmt.Fprintln(w, p.Long())
			continue
		}
		fmt.Fprintln(w, p.Error())
	}
}
