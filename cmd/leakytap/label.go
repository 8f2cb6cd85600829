package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
)

func newLabel(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "label",
		Short: "What people said of posts, and what was learned from it: list, give, undo, import, export, disagreements, learned, accept",
		Args:  noSubcommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLabelList(env), newLabelGive(env), newLabelUndo(env), newLabelImport(env), newLabelExport(env),
		newLabelDisagreements(env), newLabelLearned(env), newLabelAccept(env))
	return cmd
}

func newLabelList(env *environment) *cobra.Command {
	var f web.LabelFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "The labels, newest first, with what each changed",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.Limit < 1 {
				return usageError{errors.New("--limit: at least 1")}
			}
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				list, err := allLabels(cmd, b, f)
				if err != nil {
					return err
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(list))
				}
				return printLabels(env.stdout, list, time.Now())
			})
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "only this brand")
	cmd.Flags().StringVar(&f.Mention, "mention", "", "only this post, by its id")
	cmd.Flags().BoolVar(&f.Undone, "undone", false, "those too that teach nothing any more")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "how many")
	return cmd
}

// allLabels pages through the labels up to the filter's limit.
func allLabels(cmd *cobra.Command, b web.Backend, f web.LabelFilter) ([]web.Taught, error) {
	const page = 200
	most := f.Limit
	var out []web.Taught
	for len(out) < most {
		f.Limit = min(page, most-len(out))
		rows, err := b.Labels(cmd.Context(), f)
		if err != nil {
			return nil, fmt.Errorf("listing labels: %w", err)
		}
		out = append(out, rows...)
		if len(rows) < f.Limit {
			break
		}
		f.After = strconv.FormatInt(rows[len(rows)-1].Label.ID, 10)
	}
	return out, nil
}

func printLabels(w io.Writer, list []web.Taught, now time.Time) error {
	if len(list) == 0 {
		fmt.Fprintln(w, "Nobody has labelled a post yet.")
		return nil
	}
	rows := [][]string{{"ID", "BRAND", "SAYS", "REASON", "BY", "AGE", "TEACHES", "CHANGED", "POST"}}
	for _, t := range list {
		l := t.Label
		teaches := "yes"
		switch {
		case l.Replaced:
			teaches = "replaced"
		case l.Undone:
			teaches = "undone"
		}
		rows = append(rows, []string{
			strconv.FormatInt(l.ID, 10), l.Brand, says(l.Venting), l.Reason, orDash(oneLine(l.Actor, 30)), age(l.At, now), teaches,
			orDash(oneLine(t.Words, 80)), orText(l.URL, l.Mention),
		})
	}
	return table(w, rows)
}

func says(venting bool) string {
	if venting {
		return "complaint"
	}
	return "none"
}

func newLabelGive(env *environment) *cobra.Command {
	l := record.Label{Source: record.LabelFromPerson}
	cmd := &cobra.Command{
		Use:   "give POST --brand NAME --reason REASON",
		Short: "Say of a stored post, by its id, that it is a complaint or why it is none",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			l.Mention, l.Actor, l.Via, l.Venting = words[0], env.who(), "cli", l.Reason == record.ReasonComplaint
			if l.Brand == "" || l.Reason == "" {
				return usageError{errors.New("name the brand with --brand and what the post is with --reason")}
			}
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				t, err := b.GiveLabel(cmd.Context(), l)
				if err != nil {
					return err
				}
				return env.taught(t)
			})
		},
	}
	cmd.Flags().StringVar(&l.Brand, "brand", "", "the brand")
	cmd.Flags().StringVar(&l.Reason, "reason", "", "complaint, not_a_complaint, wrong_company, not_a_customer or spam")
	env.asFlag(cmd)
	return cmd
}

// taught prints what came of a label.
func (e *environment) taught(t web.Taught) error {
	if e.json {
		return printJSON(e.stdout, t)
	}
	if t.Label != nil {
		fmt.Fprintf(e.stdout, "label %d: ", t.Label.ID)
	}
	fmt.Fprintln(e.stdout, oneLine(t.Words, 1000))
	if t.Label != nil && !t.Label.Undone {
		fmt.Fprintf(e.stdout, "undo: leakytap label undo %d\n", t.Label.ID)
	}
	return nil
}

func newLabelUndo(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "Take a label back; the brand is refitted without it",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			id, err := strconv.ParseInt(words[0], 10, 64)
			if err != nil || id < 1 {
				return usageError{fmt.Errorf("%q is no label's number; `leakytap label list` shows them", words[0])}
			}
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				t, err := b.UndoLabel(cmd.Context(), id, env.who())
				if err != nil {
					return notThere(err, "label", words[0])
				}
				return env.taught(t)
			})
		},
	}
	env.asFlag(cmd)
	return cmd
}

func newLabelDisagreements(env *environment) *cobra.Command {
	var brandName string
	cmd := &cobra.Command{
		Use:   "disagreements",
		Short: "The posts about which the last words of several people differ",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				ds, err := b.Disagreements(cmd.Context(), brandName)
				if err != nil {
					return fmt.Errorf("listing disagreements: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(ds))
				}
				if len(ds) == 0 {
					fmt.Fprintln(env.stdout, "Nobody disagrees.")
				}
				for _, d := range ds {
					fmt.Fprintf(env.stdout, "%s: %s\n%s\n", d.Brand, oneLine(orText(d.Text, "(the post is gone)"), 200), orText(d.URL, d.Mention))
					for _, l := range d.Labels {
						fmt.Fprintf(env.stdout, "  label %d: %s says %s (%s), %s\n", l.ID, oneLine(l.Actor, 60), says(l.Venting), l.Reason, l.At.Format(time.RFC3339))
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "only this brand")
	return cmd
}

func newLabelLearned(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "learned",
		Short: "What each brand learned from its labels",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				ls, err := b.Learned(cmd.Context())
				if err != nil {
					return fmt.Errorf("reading what was learned: %w", err)
				}
				if env.json {
					return printJSON(env.stdout, orEmpty(ls))
				}
				rows := [][]string{{"BRAND", "LEARNS", "LABELS", "LAYER", "LAST REFIT"}}
				for _, l := range ls {
					layer := "-"
					if l.Active != nil {
						layer = strconv.FormatInt(l.Active.Version, 10)
					}
					rows = append(rows, []string{l.Brand, l.Learn, strconv.Itoa(l.Labels), layer, oneLine(l.Words, 200)})
				}
				return table(env.stdout, rows)
			})
		},
	}
}

func newLabelAccept(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "accept BRAND",
		Short: "Put the proposal of a brand (learn: propose) to use",
		Args:  args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				t, err := b.AcceptLayer(cmd.Context(), strings.TrimSpace(words[0]))
				if err != nil {
					return notThere(err, "brand", words[0])
				}
				return env.taught(t)
			})
		},
	}
}
