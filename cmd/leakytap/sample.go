package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/tune/recall"
	"github.com/leakytap/leakytap/internal/web"
)

// sampleList is how many posts `sample list` names.
const sampleList = 200

func newSample(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "What is missed: randomly drawn posts, their labels and what those say",
		Long: `Each day a few posts of each brand are drawn at random, of what reached people and of
what did not. list shows those that wait for a label, label gives one, report says what
the labels tell of recall and precision, with intervals, and how the budget was kept.`,
		Args: noSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSampleReport(env), newSampleList(env), newSampleDraw(env), newSampleLabel(env))
	return cmd
}

// withMeasures is withBackend for what measures.
func (e *environment) withMeasures(ctx context.Context, fn func(web.Measures) error) error {
	return e.withBackend(ctx, func(b web.Backend) error {
		m, ok := b.(web.Measures)
		if !ok {
			return errors.New("this daemon measures nothing")
		}
		return fn(m)
	})
}

func newSampleReport(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "Recall and precision by the labelled samples, and how the budgets were kept",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withMeasures(cmd.Context(), func(m web.Measures) error {
				rows, err := m.Measures(cmd.Context())
				if err != nil {
					return err
				}
				if env.json {
					return printJSON(env.stdout, rows)
				}
				for i := range rows {
					printMeasure(env.stdout, &rows[i])
				}
				return nil
			})
		},
	}
}

func printMeasure(w io.Writer, m *web.Measure) {
	fmt.Fprintf(w, "%s\n  %s\n  %s\n  %d posts wait for a label\n", m.Brand, m.RecallWords, m.BudgetWords, m.ToLabel)
	if len(m.Recall.Strata) == 0 {
		return
	}
	rows := [][]string{{"  POSTS THAT", "POSTS", "DRAWN", "LABELLED", "COMPLAINTS", "PART"}}
	for _, p := range m.Recall.Strata {
		part := "unknown"
		if p.Labelled > 0 {
			part = fmt.Sprintf("%.2f (%.2f to %.2f)", p.Rate.Value, p.Rate.Low, p.Rate.High)
		}
		rows = append(rows, []string{
			"  " + recall.StratumWords(p.Stratum), strconv.Itoa(p.Posts), strconv.Itoa(p.Drawn), strconv.Itoa(p.Labelled), strconv.Itoa(p.Complaints), part,
		})
	}
	_ = table(w, rows)
}

func newSampleList(env *environment) *cobra.Command {
	var brand string
	cmd := &cobra.Command{
		Use:   "list --brand NAME",
		Short: "Drawn posts that wait for a label",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brand == "" {
				return usageError{errors.New("name the brand: --brand NAME")}
			}
			return env.withMeasures(cmd.Context(), func(m web.Measures) error {
				rows, err := m.SampledPosts(cmd.Context(), brand, sampleList)
				if err != nil {
					return notThere(err, "brand", brand)
				}
				if env.json {
					if rows == nil {
						rows = []record.Sampled{}
					}
					return printJSON(env.stdout, rows)
				}
				for i := range rows {
					p := &rows[i]
					fmt.Fprintf(env.stdout, "%s  %s  %.2f  stands for %.0f\n  %s\n  %s\n",
						p.Mention, recall.StratumWords(p.Stratum), p.Venting, p.Weight, oneLine(p.URL, 300), oneLine(p.Text, 300))
				}
				if len(rows) == 0 {
					fmt.Fprintln(env.stdout, "nothing waits for a label")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the brand")
	return cmd
}

func newSampleDraw(env *environment) *cobra.Command {
	var brand string
	cmd := &cobra.Command{
		Use:   "draw --brand NAME",
		Short: "Draw a sample of what came since the last one, now",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if brand == "" {
				return usageError{errors.New("name the brand: --brand NAME")}
			}
			return env.withMeasures(cmd.Context(), func(m web.Measures) error {
				n, err := m.DrawSample(cmd.Context(), brand)
				if err != nil {
					return notThere(err, "brand", brand)
				}
				if env.json {
					return printJSON(env.stdout, web.Drawn{Drawn: n})
				}
				fmt.Fprintf(env.stdout, "%d posts were drawn\n", n)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the brand")
	return cmd
}

func newSampleLabel(env *environment) *cobra.Command {
	var brand string
	cmd := &cobra.Command{
		Use:   "label ID complaint|none --brand NAME",
		Short: "Say whether a drawn post is a complaint about the brand",
		Args:  args(2, 2),
		RunE: func(cmd *cobra.Command, words []string) error {
			if brand == "" {
				return usageError{errors.New("name the brand: --brand NAME")}
			}
			l := record.Label{Brand: brand, Mention: words[0], Actor: env.who(), Via: "cli", Reason: record.ReasonNotComplaint}
			switch words[1] {
			case "complaint":
				l.Venting, l.Reason = true, record.ReasonComplaint
			case "none":
			default:
				return usageError{fmt.Errorf("%q: write complaint or none", words[1])}
			}
			return env.withMeasures(cmd.Context(), func(m web.Measures) error {
				if err := m.LabelSampled(cmd.Context(), l); err != nil {
					return notThere(err, "such post of brand "+brand+":", words[0])
				}
				return env.done(words[:1], "labelled", "%s is labelled\n")
			})
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the brand")
	return cmd
}
