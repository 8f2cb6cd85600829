package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/web"
)

const (
	// importRows and importBytes are what one request of an import brings at most.
	importRows  = 500
	importBytes = 4 << 20
	maxExport   = 1_000_000
)

// lineProblem is why a line was not taken.
type lineProblem struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// importReport is what `label import --json` prints.
type importReport struct {
	Lines   int               `json:"lines"`
	Written int               `json:"written"`
	Known   int               `json:"known"`
	Refused []lineProblem     `json:"refused"`
	Words   map[string]string `json:"words,omitempty"`
}

func newLabelImport(env *environment) *cobra.Command {
	var brandName string
	cmd := &cobra.Command{
		Use:   "import [FILE or -]",
		Short: "Read labels as JSONL: text or id, brand, and venting or irrelevant",
		Long: "Reads labels as JSONL. A line has text, id (of a stored post) or both, brand, and venting (true or false) or irrelevant: true;\n" +
			"reason, actor, lang, url and at may be there. Lines that are not understood are named with their number; the others are kept,\n" +
			"and the exit code is 1. Labels that are there already are passed by.",
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			in, closeIn, err := env.open(cmd.Context(), words)
			if err != nil {
				return err
			}
			defer closeIn()
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				rep, err := importLabels(cmd, b, env, in, brandName)
				if err != nil {
					return err
				}
				return env.imported(rep)
			})
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "the brand of lines that name none")
	env.asFlag(cmd)
	return cmd
}

// labelLine is a line that was understood.
type labelLine struct {
	line int
	row  record.Label
	size int
}

// readLabels reads lines; each is given to take as a label or as what is wrong with it.
func readLabels(in io.Reader, brandName, actor string, take func(l labelLine, err error)) (lines int, err error) {
	r := newLineReader(in)
	for n := 1; ; n++ {
		line, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return lines, fmt.Errorf("reading labels: %w", err)
		}
		text := bytes.TrimSpace(line.data)
		if line.err == nil && len(text) == 0 {
			continue
		}
		lines++
		l, err := labelLine{line: n, size: len(text)}, line.err
		if err == nil {
			l.row, err = parseLabel(text, brandName, actor)
		}
		take(l, err)
	}
}

// parseLabel understands one line.
func parseLabel(text []byte, brandName, actor string) (record.Label, error) {
	if text[0] != '{' {
		return record.Label{}, errors.New("it is no JSON object")
	}
	var l web.ImportedLabel
	if err := json.Unmarshal(text, &l); err != nil {
		return record.Label{}, fmt.Errorf("it is not understood: %w", err)
	}
	if l.Brand == "" {
		l.Brand = brandName
	}
	if l.Brand == "" {
		return record.Label{}, errors.New("it names no brand; --brand stands for lines without one")
	}
	return l.Row(actor, "cli")
}

// importLabels reads all lines and sends what is good in portions.
func importLabels(cmd *cobra.Command, b web.Backend, env *environment, in io.Reader, brandName string) (importReport, error) {
	rep := importReport{Refused: []lineProblem{}, Words: map[string]string{}}
	var good []labelLine
	var err error
	rep.Lines, err = readLabels(in, brandName, env.who(), func(l labelLine, why error) {
		if why != nil {
			rep.Refused = append(rep.Refused, lineProblem{l.line, why.Error()})
			return
		}
		good = append(good, l)
	})
	if err != nil {
		return rep, err
	}
	last := map[string]int{}
	for i, l := range good {
		last[l.row.Brand] = i
	}
	for from := 0; from < len(good); {
		to, size := from, 0
		for to < len(good) && to-from < importRows && (to == from || size+good[to].size < importBytes) {
			size += good[to].size
			to++
		}
		rows := make([]record.Label, 0, to-from)
		learn := false
		for i := from; i < to; i++ {
			rows = append(rows, good[i].row)
			learn = learn || last[good[i].row.Brand] == i
		}
		got, err := b.ImportLabels(cmd.Context(), rows, learn)
		if err != nil {
			return rep, fmt.Errorf("importing lines %d to %d: %w", good[from].line, good[to-1].line, err)
		}
		rep.Written += got.Written
		for _, p := range got.Refused {
			rep.Refused = append(rep.Refused, lineProblem{good[from+p.Index].line, p.Error})
		}
		maps.Copy(rep.Words, got.Words)
		from = to
	}
	slices.SortFunc(rep.Refused, func(a, b lineProblem) int { return a.Line - b.Line })
	rep.Known = rep.Lines - rep.Written - len(rep.Refused)
	return rep, nil
}

// imported prints the report; lines that were refused make it exit 1.
func (e *environment) imported(rep importReport) error {
	for _, p := range rep.Refused {
		fmt.Fprintf(e.stderr, "line %d: %s\n", p.Line, oneLine(p.Error, 500))
	}
	if e.json {
		if err := printJSON(e.stdout, rep); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.stdout, "%d labels written, %d were there already, %d lines refused\n", rep.Written, rep.Known, len(rep.Refused))
		for _, name := range slices.Sorted(maps.Keys(rep.Words)) {
			fmt.Fprintf(e.stdout, "%s: %s\n", name, oneLine(rep.Words[name], 1000))
		}
	}
	if len(rep.Refused) > 0 {
		return errSaid
	}
	return nil
}

// exportedLabel is a line of `label export`.
type exportedLabel struct {
	web.ImportedLabel
	Source string `json:"source,omitempty"`
}

func newLabelExport(env *environment) *cobra.Command {
	var f web.LabelFilter
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the labels that teach as JSONL, oldest first, as label import reads them",
		Args:  args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.withBackend(cmd.Context(), func(b web.Backend) error {
				f.Limit = maxExport
				list, err := allLabels(cmd, b, f)
				if err != nil {
					return err
				}
				out := bufio.NewWriter(env.stdout)
				enc := json.NewEncoder(out)
				enc.SetEscapeHTML(false)
				for _, t := range slices.Backward(list) {
					l := t.Label
					if l.Text == "" {
						continue // its post was taken away
					}
					row := exportedLabel{Source: l.Source, ImportedLabel: web.ImportedLabel{
						ID: l.Mention, Text: l.Text, Brand: l.Brand, Venting: &l.Venting, Irrelevant: l.Reason == record.ReasonWrongCompany,
						Reason: l.Reason, Actor: l.Actor, Lang: l.Lang, URL: l.URL, At: l.At,
					}}
					if err := enc.Encode(row); err != nil {
						return fmt.Errorf("writing labels: %w", err)
					}
				}
				return out.Flush()
			})
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "only this brand")
	return cmd
}
