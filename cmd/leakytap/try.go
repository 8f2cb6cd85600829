package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/tune"
)

// tryRequest is what `brand try` is told.
type tryRequest struct {
	brand, file, since, bluesky string
	offline, noHistory          bool
	examples                    int
}

func newBrandTry(env *environment) *cobra.Command {
	var req tryRequest
	cmd := &cobra.Command{
		Use:   "try QUERY",
		Short: "What a query would catch, before it exists",
		Long: `Shows a query to the posts that are stored, to a search of Hacker News' history and to
Bluesky's stream for a minute, with the code that decides live, and says how many it
would match and alert a day, with examples and the words that look like something else of
that name. Nothing is stored and nothing is sent. With --brand the brand lends its other
settings; with --file a brand file is tried in place of a QUERY.`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			cfg, err := env.trialConfig(words, req)
			if err != nil {
				return err
			}
			window, err := env.window(req.since)
			if err != nil {
				return err
			}
			var listen setting.Duration
			if err := listen.UnmarshalText([]byte(req.bluesky)); err != nil || listen < 0 || listen.D() > time.Hour {
				return usageError{fmt.Errorf("--bluesky %q: write a time such as 60s, at most 1h, or 0s for not at all", req.bluesky)}
			}
			if req.offline {
				listen = 0
			}
			if listen > 0 {
				fmt.Fprintf(env.stderr, "listening to Bluesky for %s\n", listen.D())
			}
			tried, err := app.TryQuery(cmd.Context(), app.TryOptions{
				Config: cfg, Window: window, Stored: true, HackerNews: !req.offline && !req.noHistory, Bluesky: listen.D(),
				Posts: req.examples, Version: version, Log: env.logger(),
			})
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, &tried)
			}
			return printTried(env.stdout, &tried)
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.brand, "brand", "", "a brand whose languages, context words, accounts and alert rules hold")
	f.StringVar(&req.file, "file", "", "a brand file to try in place of a QUERY")
	f.StringVar(&req.since, "since", "30d", "how far back to look in the store and in Hacker News")
	f.StringVar(&req.bluesky, "bluesky", "60s", "how long to listen to Bluesky; 0s for not at all")
	f.BoolVar(&req.noHistory, "no-hackernews", false, "do not search Hacker News")
	f.BoolVar(&req.offline, "offline", false, "look into the store alone")
	f.IntVar(&req.examples, "examples", 5, "how many posts each list shows")
	return cmd
}

// trialConfig is the config with the brand alone that is tried.
func (e *environment) trialConfig(words []string, req tryRequest) (*config.Config, error) {
	if (len(words) == 1) == (req.file != "") {
		return nil, usageError{errors.New("write either a QUERY or --file FILE")}
	}
	cfg, err := e.loadForCommand()
	if err != nil {
		return nil, err
	}
	var problems []config.Problem
	if req.file == "" {
		cfg, problems = cfg.Trial(req.brand, words[0])
	} else {
		cfg, problems = cfg.TrialFile(req.file)
	}
	printProblems(e.stderr, problems, true)
	if len(config.Errors(problems)) > 0 {
		return nil, errSaid
	}
	return cfg, nil
}

func printTried(w io.Writer, t *app.Tried) error {
	fmt.Fprintf(w, "query: %s\n", oneLine(t.Query, 2000))
	rows := [][]string{{"place", "posts", "days", "matched", "kept away", "matches a day", "alerts a day"}}
	for i := range t.Places {
		r := &t.Places[i]
		posts := strconv.Itoa(r.Posts)
		if r.StandsFor > float64(r.Posts)+0.5 {
			posts = fmt.Sprintf("%d, for %.0f", r.Posts, r.StandsFor)
		}
		rows = append(rows, []string{
			r.Place, posts, fmt.Sprintf("%.3g", r.Days), strconv.Itoa(r.Matched), strconv.Itoa(r.Excluded), countWords(r.MatchesPerDay, r), countWords(r.AlertsPerDay, r),
		})
	}
	if len(t.Places) > 0 {
		if err := table(w, rows); err != nil {
			return err
		}
	}
	for i := range t.Places {
		r := &t.Places[i]
		printExamples(w, r.Place+": would alert", r.Complaints)
		printExamples(w, r.Place+": would match and not alert", r.Others)
		printExamples(w, r.Place+": kept away", r.KeptAway)
	}
	if len(t.Homonyms) > 0 {
		fmt.Fprintln(w, "words beside it where nobody complains, which may mean something else of that name:")
		for _, h := range t.Homonyms {
			fmt.Fprintf(w, "  %s: in %d that are no complaint, in %d complaints\n", oneLine(h.Word, 40), h.Others, h.Complaints)
		}
	}
	for _, n := range t.Notes {
		fmt.Fprintf(w, "note: %s\n", oneLine(n, 400))
	}
	return nil
}

func countWords(c tune.Count, r *tune.Reach) string {
	if r.Posts == 0 || r.Days == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f (%.1f to %.1f)", c.Value, c.Low, c.High)
}

func printExamples(w io.Writer, title string, posts []tune.Post) {
	if len(posts) == 0 {
		return
	}
	fmt.Fprintln(w, title+":")
	for _, p := range posts {
		fmt.Fprintf(w, "  %s  %s %.2f\n    %s\n", oneLine(orID(p), 300), p.Severity, p.Venting, oneLine(strings.TrimSpace(p.Text), 160))
	}
}
