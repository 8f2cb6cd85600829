package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/internal/web/client"
)

// withBackend runs fn on the running daemon, or, where none runs, on the
// data_dir itself.
func (e *environment) withBackend(ctx context.Context, fn func(web.Backend) error) error {
	cfg, err := e.loadForCommand()
	if err != nil {
		return err
	}
	if ep, ok := app.ReadEndpoint(cfg.DataDir); ok {
		c, err := client.New(client.Options{BaseURL: ep.URL, Token: ep.Token, Actor: e.who()})
		if err != nil {
			return err
		}
		if alive(ctx, ep.URL) {
			return fn(c)
		}
	}
	if _, err := os.Stat(cfg.DataDir); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("no daemon runs and %s is not there; start one with leakytap run, or name its config with --config", cfg.DataDir)
	}
	b, closeAll, err := app.OpenBackend(ctx, cfg, e.logger())
	if err != nil {
		return err
	}
	defer closeAll()
	return fn(b)
}

// who acts: the name of --as, else the login.
func (e *environment) who() string {
	if e.actor != "" {
		return e.actor
	}
	return login()
}

// loadForCommand reads the config for a command that needs little of it. Without
// a config file it is the one of run --brand: all defaults.
func (e *environment) loadForCommand() (*config.Config, error) {
	if _, err := os.Stat(e.configPath); errors.Is(err, os.ErrNotExist) && !e.configGiven {
		return config.Default(), nil
	}
	cfg, problems := config.Load(e.configPath, config.Options{})
	if config.Fatal(problems) {
		printProblems(e.stderr, config.Errors(problems), false)
		return nil, errSaid
	}
	return cfg, nil
}

// alive asks whether a daemon answers at its address: a file that a killed one
// left behind leads nowhere.
func alive(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return probe(ctx, url+"/-/healthy") == nil
}

// notThere says which thing is not there, in place of a bare "not found".
func notThere(err error, what, id string) error {
	if errors.Is(err, web.ErrNotFound) {
		return fmt.Errorf("there is no %s %s", what, oneLine(id, 200))
	}
	return err
}
