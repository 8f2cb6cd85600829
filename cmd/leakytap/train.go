package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/train"
)

func newTrain(env *environment) *cobra.Command {
	var data []string
	var out, name string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "train --data FILE... --out FILE",
		Short: "Train a model on labelled posts",
		Long: `Trains a model on labelled JSONL: "text", and "label" (negative, neutral or
positive), "venting" (true or false), or "irrelevant": true; "brand" is optional.
A folder stands for its .jsonl files. The same input gives the same bytes. A report
is written beside the model: MODEL.report.json and MODEL.report.md.`,
		Args: args(0, many),
		RunE: func(cmd *cobra.Command, words []string) error {
			data = append(data, words...)
			if len(data) == 0 || out == "" {
				return usageError{fmt.Errorf("name the data and the model: %s", cmd.UseLine())}
			}
			files, err := dataFiles(data)
			if err != nil {
				return err
			}
			rep, err := train.Run(cmd.Context(), train.Options{Data: files, Out: out, Version: name, Seed: seed, Progress: env.stderr})
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, rep)
			}
			fmt.Fprintf(env.stdout, "%s: version %s, %d rows, %d features, %d bytes\n", out, rep.Version, rep.Rows, rep.Features, rep.Bytes)
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&data, "data", nil, "labelled JSONL files, or folders of them; further ones may follow as arguments")
	cmd.Flags().StringVar(&out, "out", "", "the model file")
	cmd.Flags().StringVar(&name, "name", "", "the version that the model calls itself (default: made of the data)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "draws the samples that the report's intervals are made of")
	return cmd
}

// dataFiles are the files named, and the .jsonl files of the folders named.
func dataFiles(words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		info, err := os.Stat(w)
		if err != nil {
			return nil, fmt.Errorf("reading data: %w", err)
		}
		if !info.IsDir() {
			out = append(out, w)
			continue
		}
		found, err := filepath.Glob(filepath.Join(w, "*.jsonl"))
		if err != nil {
			return nil, fmt.Errorf("reading data folder %s: %w", w, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("reading data folder %s: it holds no .jsonl file", w)
		}
		slices.Sort(found)
		out = append(out, found...)
	}
	return out, nil
}

func newEval(env *environment) *cobra.Command {
	var modelFile string
	var opt vent.Options
	cmd := &cobra.Command{
		Use:   "eval FILE...",
		Short: "The figures of the model in use on labelled posts",
		Args:  args(1, many),
		RunE: func(_ *cobra.Command, words []string) error {
			scorer, err := loadScorer(modelFile)
			if err != nil {
				return err
			}
			files, err := dataFiles(words)
			if err != nil {
				return err
			}
			rep, err := train.Eval(scorer, files, opt)
			if err != nil {
				return err
			}
			if env.json {
				return printJSON(env.stdout, evalRow{
					rep.Rows, rep.PolarityRows, rep.Complaints,
					rep.MacroRecall, rep.Accuracy, rep.VentingAUC, rep.VentingAP, rep.ECE,
				})
			}
			return printEval(env.stdout, rep)
		},
	}
	cmd.Flags().StringVar(&modelFile, "model", "", "a model file of leakytap train (default: the built-in one)")
	cmd.Flags().BoolVar(&opt.Fast, "fast", false, "the first opinion alone")
	return cmd
}

// evalRow is what `eval --json` prints; the names are fixed. A figure that the rows
// say nothing about is 0: polarity_rows and complaints tell.
type evalRow struct {
	Rows         int     `json:"rows"`
	PolarityRows int     `json:"polarity_rows"`
	Complaints   int     `json:"complaints"`
	MacroRecall  float64 `json:"macro_recall"`
	Accuracy     float64 `json:"accuracy"`
	VentingAUC   float64 `json:"venting_auc"`
	VentingAP    float64 `json:"venting_ap"`
	ECE          float64 `json:"ece"`
}

func printEval(w io.Writer, rep train.EvalReport) error {
	polar, ranked := rep.PolarityRows > 0, rep.Ranked()
	return table(w, [][]string{
		{"rows", strconv.Itoa(rep.Rows)},
		{"rows with a polarity", strconv.Itoa(rep.PolarityRows)},
		{"rows that are venting", strconv.Itoa(rep.Complaints)},
		{"macro recall of the polarity", figure(rep.MacroRecall, polar)},
		{"accuracy of the polarity", figure(rep.Accuracy, polar)},
		{"venting, area under the ROC curve", figure(rep.VentingAUC, ranked)},
		{"venting, average precision", figure(rep.VentingAP, ranked)},
		{"expected calibration error", figure(rep.ECE, true)},
	})
}

// figure prints a share, and a dash where the rows say nothing about it.
func figure(v float64, said bool) string {
	if !said {
		return "-"
	}
	return fmt.Sprintf("%.4f", v)
}
