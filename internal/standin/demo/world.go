// Package demo is a small world on loopback: stand-ins for Bluesky, Hacker
// News, a forum's feed and Slack, in which the posts of package scenario are
// written, edited and deleted. The daemon that listens to it cannot tell it from
// the real one.
//
//	world.go   the stand-ins and the config that leads to them
//	player.go  plays the scenario into them
//	screen.go  a Slack message as a person reads it, for a terminal
package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/leakytap/leakytap/internal/standin/feeds"
	"github.com/leakytap/leakytap/internal/standin/scenario"
	"github.com/leakytap/leakytap/internal/standin/slack"
)

// World is the running stand-ins.
type World struct {
	Sky   *feeds.Jetstream
	HN    *feeds.HackerNews
	Forum *feeds.Feed
	Slack *slack.Server

	sky, hn, forum *feeds.Server

	mu    sync.Mutex
	posts map[string]written
	seq   int64
}

// Start starts the stand-ins on free loopback ports. onMessage hears of
// everything that reaches Slack.
func Start(ctx context.Context, onMessage func(slack.Event)) (w *World, err error) {
	w = &World{
		Sky: feeds.NewJetstream(), HN: feeds.NewHackerNews(), Forum: feeds.NewFeed("Customers' corner"), posts: map[string]written{},
	}
	w.Slack = slack.New(slack.Options{
		Channels: []slack.Channel{{ID: slack.DefaultChannel, Name: "support"}}, OnMessage: onMessage,
	})
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	if err := w.Slack.Start(ctx, "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("starting the Slack stand-in: %w", err)
	}
	for _, s := range []struct {
		at **feeds.Server
		h  http.Handler
	}{{&w.sky, w.Sky}, {&w.hn, w.HN}, {&w.forum, w.Forum}} {
		*s.at, err = feeds.Serve(s.h, "") //nolint:contextcheck // it listens until it is closed
		if err != nil {
			return nil, fmt.Errorf("starting a feed: %w", err)
		}
	}
	return w, nil
}

// Close stops everything.
func (w *World) Close() {
	for _, s := range []*feeds.Server{w.sky, w.hn, w.forum} {
		if s != nil {
			s.Close()
		}
	}
	_ = w.Slack.Close()
}

// Config is a leakytap.yaml for this world.
func (w *World) Config(dataDir, listen string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "data_dir: %q\nserver: {listen: %q}\n", dataDir, listen)
	fmt.Fprintf(&b, `sources:
  - {name: sky, type: bluesky, url: %q, profiles_url: %q, allow_private: true}
  - {name: hn, type: hackernews, url: %q, poll: 1s, allow_private: true}
  - {name: forum, type: rss, url: %q, poll: 1s, allow_private: true}
  - {name: reviews, type: webhook}
receivers:
  - name: support
    slack: {api_url: %q, token: %q, channel: %q, signing_secret: %q, settle: 10s}
route: {receiver: support}
ops_receiver: support
brands:
`, strings.Replace(w.sky.URL, "http://", "ws://", 1), w.sky.URL, w.hn.URL, w.forum.URL+"/atom.xml",
		w.Slack.APIURL(), slack.DefaultToken, slack.DefaultChannel, slack.DefaultSigningSecret)
	for _, br := range scenario.Brands() {
		fmt.Fprintf(&b, "  - name: %s\n    query: '%s'\n    own_accounts: [%s]\n    context: [%s]\n    competitors: [%s]\n",
			br.Name, br.Query, quoted(br.OwnAccounts), quoted(br.Context), quoted(br.Competitors))
	}
	return b.String()
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}
