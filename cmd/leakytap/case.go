package main

import (
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/setting"
	"github.com/leakytap/leakytap/internal/web"
)

func newCase(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "case",
		Short: "List, read and move cases: the same actions as in Slack and the inbox",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCaseList(env), newCaseShow(env))
	for _, v := range []struct{ verb, short string }{
		{"claim", "Say that you take care of it"},
		{"answer", "Say that the customer was answered"},
		{"resolve", "Say that it is put right"},
		{"reopen", "Take up an ended case again"},
		{"kept", "Say that what was promised was kept"},
		{"broken", "Say that what was promised was not kept"},
		{"lost", "Say that the customer has left, which ends the case"},
	} {
		cmd.AddCommand(newCaseVerb(env, record.Verb(v.verb), v.short))
	}
	cmd.AddCommand(newCaseSnooze(env), newCaseDismiss(env), newCaseAssign(env), newCasePromise(env))
	return cmd
}

// caseRow is a case as `case list --json` prints it; the names are fixed.
type caseRow struct {
	ID       string       `json:"id"`
	Brand    string       `json:"brand"`
	State    record.State `json:"state"`
	Severity string       `json:"severity"`
	Owner    string       `json:"owner"`
	URL      string       `json:"url"`
	Text     string       `json:"text"`
	About    string       `json:"about,omitempty"`
	Author   string       `json:"author,omitempty"`
	Fate     record.Fate  `json:"fate,omitempty"`
	Priority int          `json:"priority"`
	OpenedAt time.Time    `json:"opened_at"`
	// Due is what it waits for next, ack, answer or resolve, and DueAt by when.
	Due     record.Duty     `json:"due,omitempty"`
	DueAt   time.Time       `json:"due_at,omitzero"`
	Promise *record.Promise `json:"promise,omitempty"`
}

func newCaseList(env *environment) *cobra.Command {
	var brandName, state string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "The cases in which someone still has to do something, worst and oldest first",
		Long:  "The cases in which someone still has to do something, worst and oldest first. With --all or --json the ended ones too.",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter := web.CaseFilter{Brand: brandName}
			switch {
			case state != "" && !slices.Contains(record.States(), record.State(state)):
				return usageError{fmt.Errorf("--state %q: must be open, snoozed, claimed, answered, resolved or dismissed", state)}
			case state != "":
				filter.States = []record.State{record.State(state)}
			case all || env.json:
				// A script that looks for a case by its url has to find it whatever its state.
				filter.States = record.States()
			}
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				cases, err := allCases(cmd, b, filter)
				if err != nil {
					return err
				}
				if env.json {
					rows := make([]caseRow, 0, len(cases))
					for i := range cases {
						rows = append(rows, rowOf(&cases[i]))
					}
					return printJSON(env.stdout, rows)
				}
				return printCases(env.stdout, cases, time.Now())
			})
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "only this brand")
	cmd.Flags().StringVar(&state, "state", "", "only this state")
	cmd.Flags().BoolVar(&all, "all", false, "ended cases too")
	return cmd
}

const caseListMax = 10_000

// allCases pages through the list.
func allCases(cmd *cobra.Command, b web.Backend, filter web.CaseFilter) ([]record.Case, error) {
	var out []record.Case
	filter.Limit = 200
	for len(out) < caseListMax {
		page, err := b.Cases(cmd.Context(), filter)
		if err != nil {
			return nil, fmt.Errorf("listing cases: %w", err)
		}
		out = append(out, page...)
		if len(page) < filter.Limit {
			break
		}
		filter.After = page[len(page)-1].ID
	}
	return out, nil
}

func rowOf(c *record.Case) caseRow {
	due, at := c.Due()
	return caseRow{
		Due: due, DueAt: at, Promise: c.Service.Promise,
		ID: c.ID, Brand: c.Brand, State: c.State, Severity: string(c.Severity), Owner: c.Owner, URL: c.URL,
		Text: c.Text, About: c.About, Author: c.AuthorName, Fate: c.Fate, Priority: c.Priority, OpenedAt: c.OpenedAt,
	}
}

func printCases(w io.Writer, cases []record.Case, now time.Time) error {
	if len(cases) == 0 {
		fmt.Fprintln(w, "No case is waiting.")
		return nil
	}
	rows := [][]string{{"ID", "SEVERITY", "BRAND", "STATE", "OWNER", "AGE", "DUE", "ABOUT", "URL"}}
	for i := range cases {
		c := &cases[i]
		rows = append(rows, []string{
			c.ID, string(c.Severity), c.Brand, string(c.State), orDash(c.Owner), age(c.OpenedAt, now), dueIn(c, now),
			oneLine(orText(c.About, c.Text), 40), c.URL,
		})
	}
	return table(w, rows)
}

// dueIn is what a case waits for and for how long it may: "ack 40m", "answer 2h late".
func dueIn(c *record.Case, now time.Time) string {
	duty, at := c.Due()
	switch {
	case duty == record.DutyNone:
		return "-"
	case at.After(now):
		return string(duty) + " " + age(now, at)
	}
	return string(duty) + " " + age(at, now) + " late"
}

func orDash(s string) string { return orText(s, "-") }

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func newCaseShow(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "All about one case: the posts, the whys, the history",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				d, err := b.Dossier(cmd.Context(), words[0])
				if err != nil {
					return notThere(err, "case", words[0])
				}
				if env.json {
					return printJSON(env.stdout, d)
				}
				printDossier(env.stdout, &d)
				return nil
			})
		},
	}
}

func printDossier(w io.Writer, d *record.Dossier) {
	c := &d.Case
	fmt.Fprintf(w, "%s %s: %s\n%s\n", strings.ToUpper(string(c.Severity)), c.Brand, oneLine(orText(c.About, "a complaint"), 80), c.URL)
	fmt.Fprintf(w, "state %s, owner %s, opened %s\n", c.State, orDash(c.Owner), c.OpenedAt.Format(time.RFC3339))
	printService(w, d)
	fmt.Fprintf(w, "%s: %s\n", orText(oneLine(c.AuthorName, 60), "author"), orText(oneLine(c.Text, 2000), "(deleted by the author)"))
	for i := range d.Later {
		m := &d.Later[i]
		fmt.Fprintf(w, "  later: %s  %s\n", oneLine(m.Text, 300), m.URL)
	}
	fmt.Fprintln(w, "\nwhy:")
	for _, line := range d.Why {
		fmt.Fprintf(w, "  %s\n", oneLine(line, 300))
	}
	fmt.Fprintln(w, "\nhistory:")
	for _, e := range d.History {
		fmt.Fprintf(w, "  %s  %-12s %s %s\n", e.At.Format(time.RFC3339), e.What, orText(e.Actor, "-"), oneLine(e.Detail, 200))
	}
}

// printService says what is due, promised and asked for, and how it went before.
func printService(w io.Writer, d *record.Dossier) {
	c := &d.Case
	if duty, at := c.Due(); duty != record.DutyNone {
		fmt.Fprintf(w, "due: %s by %s\n", duty, at.Format(time.RFC3339))
	}
	if c.Fate != record.FateUnknown {
		fmt.Fprintf(w, "customer: %s\n", c.Fate)
	}
	if p := c.Service.Promise; p != nil {
		end := "open"
		switch {
		case !p.Open() && p.Kept:
			end = "kept"
		case !p.Open():
			end = "not kept"
		}
		fmt.Fprintf(w, "promised by %s for %s (%s): %s\n", oneLine(p.Actor, 60), p.By.Format(time.RFC3339), end, oneLine(p.What, 300))
	}
	for _, e := range d.Earlier {
		fmt.Fprintf(w, "earlier: %s %s %s %s %s\n", e.ID, e.OpenedAt.Format(time.DateOnly), e.State, orDash(string(e.Fate)), oneLine(e.About, 60))
	}
	fmt.Fprintln(w)
}

// act does one action and prints the case after it.
func (e *environment) act(cmd *cobra.Command, a record.Action) error {
	a.Via, a.Actor = "cli", e.who()
	return e.withBackend(cmd.Context(), func(b web.Backend) error {
		c, err := b.Act(cmd.Context(), a)
		if err != nil {
			return notThere(err, "case", a.Case)
		}
		if e.json {
			return printJSON(e.stdout, rowOf(&c))
		}
		fmt.Fprintf(e.stdout, "%s is %s", c.ID, c.State)
		if c.Owner != "" {
			fmt.Fprintf(e.stdout, ", owner %s", c.Owner)
		}
		fmt.Fprintln(e.stdout)
		return nil
	})
}

// login is who runs the command.
func login() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "cli"
}

func (e *environment) asFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.actor, "as", "", "who does it: a login or a Slack user id (default: your login)")
}

func newCaseVerb(env *environment, verb record.Verb, short string) *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   string(verb) + " ID",
		Short: short,
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.act(cmd, record.Action{Case: words[0], Verb: verb, Note: note})
		},
	}
	env.asFlag(cmd)
	cmd.Flags().StringVar(&note, "note", "", "a word for the history")
	return cmd
}

func newCaseSnooze(env *environment) *cobra.Command {
	var span string
	cmd := &cobra.Command{
		Use:   "snooze ID",
		Short: "Put it aside for a while; it comes back by itself",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			d, err := setting.ParseDuration(span)
			if err != nil || d <= 0 {
				return usageError{fmt.Errorf("--for %q: write a duration such as 1h or 2d", span)}
			}
			return env.act(cmd, record.Action{Case: words[0], Verb: record.VerbSnooze, Until: time.Now().Add(d).UTC()})
		},
	}
	env.asFlag(cmd)
	cmd.Flags().StringVar(&span, "for", "1h", "for how long")
	return cmd
}

func newCaseDismiss(env *environment) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "dismiss ID",
		Short: "Say that it is not a complaint",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			if reason != "" && !slices.Contains(record.DismissReasons(), reason) {
				return usageError{fmt.Errorf("--reason %q: must be one of %s", reason, strings.Join(record.DismissReasons(), ", "))}
			}
			return env.act(cmd, record.Action{Case: words[0], Verb: record.VerbDismiss, Reason: reason})
		},
	}
	env.asFlag(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "wrong_company, not_a_customer, already_handled or spam")
	return cmd
}

func newCaseAssign(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "assign ID WHO",
		Short: "Give it to someone",
		Args:  args(2, 2),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.act(cmd, record.Action{Case: words[0], Verb: record.VerbAssign, To: words[1]})
		},
	}
	env.asFlag(cmd)
	return cmd
}

func newCasePromise(env *environment) *cobra.Command {
	var what, by string
	cmd := &cobra.Command{
		Use:   "promise ID --what WORDS --by WHEN",
		Short: "Note a follow-up that was promised to the customer",
		Long: "Note a follow-up that was promised to the customer: a reminder comes before it is due and when it is. Who promises has the case.\n" +
			"WHEN is a time such as 2026-11-24T14:00:00Z or \"2026-11-24 14:00\" by this machine's clock, or a duration such as 4h or 2d from now.",
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			until, err := whenOf(by, time.Now())
			if err != nil {
				return usageError{fmt.Errorf("--by %q: %w", by, err)}
			}
			if strings.TrimSpace(what) == "" {
				return usageError{errors.New("--what: say what was promised")}
			}
			return env.act(cmd, record.Action{Case: words[0], Verb: record.VerbPromise, Note: what, Until: until})
		},
	}
	env.asFlag(cmd)
	cmd.Flags().StringVar(&what, "what", "", "what was promised")
	cmd.Flags().StringVar(&by, "by", "", "by when")
	return cmd
}

// whenOf reads a time, or a duration from now.
func whenOf(s string, now time.Time) (time.Time, error) {
	if d, err := setting.ParseDuration(s); err == nil && d > 0 {
		return now.Add(d).UTC().Truncate(time.Second), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("write a time such as 2026-11-24T14:00:00Z or a duration such as 4h")
}
