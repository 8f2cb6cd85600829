package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
)

func newHealthcheck(env *environment) *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit 0 when the local daemon is ready",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if url == "" {
				cfg, err := env.loadForCommand()
				if err != nil {
					return err
				}
				url = daemonURL(cfg)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			return probe(ctx, url+"/-/ready")
		},
	}
	cmd.Flags().StringVar(&url, "url", "", "the daemon's address (default: that of the daemon on data_dir, or server.listen)")
	return cmd
}

// daemonURL is where the daemon of a config listens.
func daemonURL(cfg *config.Config) string {
	if ep, ok := app.ReadEndpoint(cfg.DataDir); ok {
		return ep.URL
	}
	local := cfg.Server
	local.ExternalURL = ""
	return local.BaseURL(local.Listen)
}

// probe is nil when url answers 200.
func probe(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("the daemon is not ready: %s", oneLine(string(b), 300))
	}
	return nil
}
