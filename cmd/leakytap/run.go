package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
)

func newRun(env *environment) *cobra.Command {
	var role, brandName string
	var feeds []string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the daemon",
		Long: `Runs the daemon: all roles in one process unless --role names some. Without a
config file, --brand listens to Bluesky, Hacker News and the feeds named, and
prints the alerts.`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			roles, err := app.ParseRoles(role)
			if err != nil {
				return usageError{fmt.Errorf("--%w", err)}
			}
			load, err := env.loader(brandName, feeds)
			if err != nil {
				return err
			}
			opt := app.Options{
				Load: load, Watch: brandName == "", Roles: roles, Version: version, Log: env.logger(),
				Console: app.ConsoleOut{W: env.stdout, Color: isTerminal(env.stdout)},
			}
			if isTerminal(env.stderr) {
				opt.Progress = app.ConsoleOut{W: env.stderr, Color: true}
			}
			hangup := make(chan os.Signal, 1)
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			opt.Hangup = hangup
			d, err := app.Open(cmd.Context(), opt)
			if isAddrInUse(err) && brandName != "" {
				// Nobody chose the address, so that it is taken is no reason to end.
				fmt.Fprintln(env.stderr, "The usual port is taken; taking a free one.")
				opt.Load = anyPort(load)
				d, err = app.Open(cmd.Context(), opt)
			}
			if err != nil {
				return err
			}
			opt.Log.Info("listening", zap.String("inbox", d.URL()), zap.String("roles", roles.String()), zap.String("version", version))
			if isTerminal(env.stderr) {
				fmt.Fprintf(env.stderr, "The inbox is at %s\n", d.URL())
			}
			return d.Run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&role, "role", "", "ingest, score, alert, web: a list (default: all)")
	f.StringVar(&brandName, "brand", "", "without a config file: the brand to listen for")
	f.StringArrayVar(&feeds, "feed", nil, "with --brand: an RSS, Atom or JSON feed; may be repeated")
	return cmd
}

// loader reads the config file, or makes a config for --brand.
func (e *environment) loader(brandName string, feeds []string) (func() (*config.Config, []config.Problem), error) {
	_, err := os.Stat(e.configPath)
	there := !errors.Is(err, os.ErrNotExist)
	switch {
	case brandName == "" && len(feeds) > 0:
		return nil, usageError{errors.New("--feed goes with --brand")}
	case brandName != "" && (there || e.configGiven):
		return nil, usageError{fmt.Errorf("--brand is for running without a config file; %s names the brands, or run from another folder", e.configPath)}
	case brandName != "":
		return func() (*config.Config, []config.Problem) {
			return config.Quick(brandName, feeds, config.Options{})
		}, nil
	case !there && !e.configGiven:
		return nil, usageError{fmt.Errorf("there is no %s; write one (configs/quickstart.yaml is a start), name one with --config, or try run --brand NAME", e.configPath)}
	}
	return func() (*config.Config, []config.Problem) { return config.Load(e.configPath, config.Options{}) }, nil
}

// anyPort is load with a listener on whatever port is free.
func anyPort(load func() (*config.Config, []config.Problem)) func() (*config.Config, []config.Problem) {
	return func() (*config.Config, []config.Problem) {
		cfg, problems := load()
		cfg.Server.Listen = "127.0.0.1:0"
		return cfg, problems
	}
}
