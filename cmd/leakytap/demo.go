package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/standin/demo"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

func newDemo(env *environment) *cobra.Command {
	var listen string
	var duration time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole daemon against local stand-ins: no account, no key, no network",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), env, listen, duration)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "where the inbox listens; a port that is taken is replaced by a free one")
	cmd.Flags().DurationVar(&duration, "duration", 0, "stop after this long (default: until interrupted)")
	return cmd
}

func runDemo(ctx context.Context, env *environment, listen string, duration time.Duration) error {
	if duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, duration)
		defer cancel()
	}
	dir, err := os.MkdirTemp("", "leakytap-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Fprintln(env.stderr, "Starting stand-ins for Bluesky, Hacker News, a forum and Slack ...")
	screen := &demoScreen{env: env}
	world, err := demo.Start(ctx, screen.show)
	if err != nil {
		return err
	}
	defer world.Close()
	d, err := openDemo(ctx, env, world, dir, listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "The inbox is at %s/ - open it beside this window. Ctrl-C ends the demo.\n"+
		"People are talking about three invented companies; each message below has reached the team in Slack.\n\n", d.URL())
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.Run(gctx) })
	g.Go(func() error { return world.Play(gctx, d.URL()+"/api/v1/ingest/reviews") })
	return g.Wait()
}

// openDemo opens the daemon on the world. A demo is no reason to end because
// something else has the port.
func openDemo(ctx context.Context, env *environment, world *demo.World, dir, listen string) (*app.Daemon, error) {
	log := env.logger().WithOptions(zap.IncreaseLevel(zapcore.WarnLevel))
	open := func(addr string) (*app.Daemon, error) {
		text := []byte(world.Config(dir, addr))
		return app.Open(ctx, app.Options{
			Load: func() (*config.Config, []config.Problem) {
				return config.Parse("demo.yaml", text, config.Options{})
			},
			Roles: app.AllRoles(), Console: app.ConsoleOut{W: env.stdout}, Version: version, Log: log,
		})
	}
	d, err := open(listen)
	if err == nil || !isAddrInUse(err) {
		return d, err
	}
	fmt.Fprintf(env.stderr, "%s is taken; taking a free port.\n", listen)
	return open("127.0.0.1:0")
}

// demoScreen prints what reached Slack, a message at a time.
type demoScreen struct {
	env *environment
	mu  sync.Mutex
}

func (s *demoScreen) show(e slack.Event) {
	if e.Kind == "ephemeral" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(s.env.stdout, demo.Screen(e))
}
