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

func newBacktest(env *environment) *cobra.Command {
	var candidate, since string
	cmd := &cobra.Command{
		Use:   "backtest --candidate FILE",
		Short: "Stored mentions through a candidate config beside the running one",
		Long: `Decides on the stored mentions again, by the candidate and by the running config,
with the code that decides live, and shows where the two part: what would newly alert,
what would be lost, cards a day, precision and recall on what people labelled. FILE is
a whole config, or a brand file that stands in for the brand of its name. It reads
beside a running daemon and changes nothing.`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if candidate == "" {
				return usageError{errors.New("name the candidate: --candidate FILE")}
			}
			window, err := env.window(since)
			if err != nil {
				return err
			}
			running, err := env.loadWithBrands()
			if err != nil {
				return err
			}
			other, problems := config.LoadCandidate(env.configPath, candidate, config.Options{})
			if errs := config.Errors(problems); len(errs) > 0 {
				printProblems(env.stderr, errs, isTerminal(env.stderr))
				return errSaid
			}
			if err := env.warnOfPins(other); err != nil {
				return err
			}
			rep, err := app.Backtest(cmd.Context(), running, other, window)
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, &rep)
			}
			printBacktest(env.stdout, &rep)
			return nil
		},
	}
	cmd.Flags().StringVar(&candidate, "candidate", "", "a config or a brand file to hold against the running config")
	cmd.Flags().StringVar(&since, "since", "30d", "how far back to look")
	return cmd
}

// window is a look back from now on, with progress on a terminal.
func (e *environment) window(since string) (app.Window, error) {
	var d setting.Duration
	if err := d.UnmarshalText([]byte(since)); err != nil || d.D() <= 0 {
		return app.Window{}, usageError{fmt.Errorf("--since %q: write a time such as 30d or 12h", since)}
	}
	now := time.Now().UTC()
	w := app.Window{Since: now.Add(-d.D()), Until: now}
	if isTerminal(e.stderr) {
		w.Progress = func(done, total int) {
			fmt.Fprintf(e.stderr, "\r%d of %d", done, total)
			if done >= total {
				fmt.Fprint(e.stderr, "\r\033[K")
			}
		}
	}
	return w, nil
}

// warnOfPins says which pinned examples the candidate breaks: it would be refused.
func (e *environment) warnOfPins(cfg *config.Config) error {
	pins, err := app.CheckPins(cfg)
	if err != nil {
		return err
	}
	for key, ps := range pins {
		for _, p := range cfg.Reject(key, ps) {
			fmt.Fprintf(e.stderr, "the candidate would be refused: %s\n", p.Error())
		}
	}
	if len(pins) > 0 {
		return errSaid
	}
	return nil
}

func printBacktest(w io.Writer, r *tune.Report) {
	fmt.Fprintf(w, "%d stored mentions, %s to %s\n", r.Mentions, r.From.Format(time.DateOnly), r.To.Format(time.DateOnly))
	switch {
	case r.Mentions == 0:
		fmt.Fprintln(w, "nothing was decided in this time: nothing can be said of what is stored")
	case r.Reproduced.Of == 0:
		fmt.Fprintln(w, "none of them was decided by the rules that run now: both sides are worked out")
	default:
		fmt.Fprintf(w, "of %d that the rules running now decided, %d come out again as they did live\n", r.Reproduced.Of, r.Reproduced.Hits)
	}
	fmt.Fprintf(w, "%d differences\n", r.Differences)
	for i := range r.Brands {
		printBrandBacktest(w, &r.Brands[i])
	}
}

func printBrandBacktest(w io.Writer, b *tune.BrandReport) {
	what := "its rules are the same"
	switch {
	case b.Added:
		what = "new in the candidate"
	case b.Removed:
		what = "gone in the candidate"
	case b.Changed:
		what = "its rules differ"
	}
	fmt.Fprintf(w, "\n%s: %s, %d mentions\n", b.Brand, what, b.Mentions)
	if b.Mentions > 0 {
		fmt.Fprintf(w, "  %d newly alerting, %d lost, %d with another severity, %d with another route, %d otherwise\n",
			b.NewlyAlerting, b.Lost, b.SeverityChanged, b.RouteChanged, b.OtherChanged)
		rows := [][]string{
			{"", "running", "candidate"},
			{"  cards", strconv.Itoa(b.Running.Cards), fmt.Sprintf("%d (%+d)", b.Candidate.Cards, b.Candidate.Cards-b.Running.Cards)},
			{"  cards a day", fmt.Sprintf("%.1f", b.Running.CardsPerDay), fmt.Sprintf("%.1f", b.Candidate.CardsPerDay)},
			{"  budget", budgetWords(b.Running), budgetWords(b.Candidate)},
			{"  precision on labels", rateWords(b.Running.Precision), rateWords(b.Candidate.Precision)},
			{"  recall on labels", rateWords(b.Running.Recall), rateWords(b.Candidate.Recall)},
		}
		_ = table(w, rows)
		printDays(w, b)
		printEdits(w, b)
	}
	printPosts(w, "newly alerting", b.Posts.NewlyAlerting)
	printPosts(w, "lost", b.Posts.Lost)
	printPosts(w, "changed", b.Posts.Changed)
	printUnknown(w, b)
}

func budgetWords(s tune.SideReport) string {
	if s.Budget == 0 {
		return "none"
	}
	return fmt.Sprintf("%d/day, over it on %d days", s.Budget, s.OverBudget)
}

func rateWords(r tune.Rate) string {
	if r.Of == 0 {
		return "unknown, no labels"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f, %d of %d)", r.Value, r.Low, r.High, r.Hits, r.Of)
}

// dayWidth is how wide the longest bar is.
const dayWidth = 40

// printDays draws the candidate's cards of each day, with a line at the budget.
func printDays(w io.Writer, b *tune.BrandReport) {
	most := b.Candidate.Budget
	for _, d := range b.ByDay {
		most = max(most, d.Running, d.Candidate)
	}
	if most == 0 {
		return
	}
	for _, d := range b.ByDay {
		bar := []byte(strings.Repeat("#", d.Candidate*dayWidth/most) + strings.Repeat(" ", dayWidth+1))[:dayWidth+1]
		if b.Candidate.Budget > 0 {
			bar[b.Candidate.Budget*dayWidth/most] = '|'
		}
		fmt.Fprintf(w, "  %s  %4d  %4d  %s\n", d.Date, d.Running, d.Candidate, strings.TrimRight(string(bar), " "))
	}
}

func printPosts(w io.Writer, title string, posts []tune.Post) {
	if len(posts) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s, worst first:\n", title)
	for _, p := range posts {
		severity := string(p.Severity)
		if p.SeverityBefore != "" {
			severity = fmt.Sprintf("%s, was %s", severity, p.SeverityBefore)
		}
		fmt.Fprintf(w, "    %s  %s -> %s  %s %.2f%s\n", oneLine(orID(p), 300), p.Was, p.Now, severity, p.Venting, routeWords(p))
		fmt.Fprintf(w, "      %s\n", oneLine(p.Text, 160))
		if p.Why != "" {
			fmt.Fprintf(w, "      %s\n", oneLine(p.Why, 160))
		}
		if len(p.Causes) > 0 {
			fmt.Fprintf(w, "      by %s\n", oneLine(strings.Join(p.Causes, "; "), 300))
		}
	}
}

// printEdits shows the part that each edit caused.
func printEdits(w io.Writer, b *tune.BrandReport) {
	if len(b.Edits) == 0 {
		return
	}
	rows := [][]string{{"  edit", "newly alerting", "lost", "changed"}}
	for i := range b.Edits {
		e := &b.Edits[i]
		rows = append(rows, []string{
			"  " + oneLine(e.Cause(), 160), strconv.Itoa(e.NewlyAlerting), strconv.Itoa(e.Lost), strconv.Itoa(e.Changed),
		})
	}
	_ = table(w, rows)
}

func orID(p tune.Post) string {
	if p.URL == "" {
		return p.ID
	}
	return p.URL
}

func routeWords(p tune.Post) string {
	if p.RouteBefore == "" || p.Route == "" {
		return ""
	}
	return fmt.Sprintf("  route %s -> %s", p.RouteBefore, p.Route)
}

// printUnknown says what the figures do not know.
func printUnknown(w io.Writer, b *tune.BrandReport) {
	if b.Altered > 0 {
		fmt.Fprintf(w, "  %d were edited or taken away since: they keep the match that they had\n", b.Altered)
	}
	if b.Unkept > 0 {
		fmt.Fprintf(w, "  %d were posts of customers that named no brand, whose words are not kept: unknown\n", b.Unkept)
	}
	u := b.Unmatched
	switch {
	case u == nil:
		return
	case u.Sampled == 0:
		fmt.Fprintln(w, "  what its new terms would bring is unknown: there is no sample of posts that matched nothing")
	default:
		fmt.Fprintf(w, "  of posts that matched nothing so far, by %d sampled ones that stand for %.0f: %.1f more matches a day (%.1f to %.1f), %.1f more alerts (%.1f to %.1f)\n",
			u.Sampled, u.StandsFor, u.MatchesPerDay.Value, u.MatchesPerDay.Low, u.MatchesPerDay.High,
			u.AlertsPerDay.Value, u.AlertsPerDay.Low, u.AlertsPerDay.High)
		printPosts(w, "such as", u.Examples)
	}
}
