package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/pkg/mention"
	"github.com/leakytap/leakytap/pkg/vent"
)

// maxLine is the longest line of JSONL that is read; a longer one is refused in its place.
const maxLine = 4 << 20

// scoreBatch is how many waiting lines are scored side by side; fewer where the second
// opinion may read them, so that answers do not wait long for each other.
const (
	scoreBatch  = 512
	secondBatch = 32
)

func newScore(env *environment) *cobra.Command {
	var brandName, model string
	var opt vent.Options
	cmd := &cobra.Command{
		Use:   "score [FILE or -]",
		Short: "Score texts: JSONL in, JSONL out",
		Long: `Scores each line of JSONL and writes one line for it, in order. A line needs
only "text"; "id" is echoed; "brand", "lang", "rating", "title" and "author" help.`,
		Example: `  echo '{"text":"3 hours on hold with @acme. still waiting."}' | leakytap score --brand acme --explain`,
		Args:    args(0, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			scorer, err := loadScorer(model)
			if err != nil {
				return err
			}
			in, done, err := env.open(cmd.Context(), words)
			if err != nil {
				return err
			}
			defer done()
			job := scoreJob{scorer: scorer, brand: brandName, opt: opt, out: bufio.NewWriterSize(env.stdout, 1<<16)}
			return job.run(cmd.Context(), in)
		},
	}
	cmd.Flags().StringVar(&brandName, "brand", "", "the brand asked about, for rows that name none")
	cmd.Flags().StringVar(&model, "model", "", "a model file of leakytap train (default: the built-in one)")
	cmd.Flags().BoolVar(&opt.Fast, "fast", false, "the first opinion alone")
	cmd.Flags().BoolVar(&opt.Explain, "explain", false, "add the reasons")
	return cmd
}

// loadScorer opens a model file, or the built-in model for an empty path.
func loadScorer(path string) (*vent.Scorer, error) {
	if path == "" {
		return vent.Default()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening model: %w", err)
	}
	defer f.Close()
	s, err := vent.Load(f)
	if err != nil {
		return nil, fmt.Errorf("reading model %s: %w", path, err)
	}
	return s, nil
}

// open gives the file named by the only word, or standard input for none or -.
// Reading ends with ctx, even while it waits for a line that never comes.
func (e *environment) open(ctx context.Context, words []string) (io.Reader, func(), error) {
	if len(words) == 0 || words[0] == "-" {
		return interruptible(ctx, e.stdin), func() {}, nil
	}
	f, err := os.Open(words[0])
	if err != nil {
		return nil, nil, fmt.Errorf("opening input: %w", err)
	}
	return interruptible(ctx, f), func() { _ = f.Close() }, nil
}

type scoreJob struct {
	scorer *vent.Scorer
	brand  string
	opt    vent.Options
	out    *bufio.Writer
}

// run scores line by line: lines that are waiting are scored side by side, and
// what is done is flushed as soon as no more input waits.
func (j *scoreJob) run(ctx context.Context, in io.Reader) error {
	lines := newLineReader(in)
	failed := false
	size := secondBatch
	if j.opt.Fast {
		size = scoreBatch
	}
	for n := 1; ; {
		batch, err := lines.batch(size)
		answers := j.answer(batch, n)
		n += len(batch)
		for _, a := range answers {
			failed = failed || a.bad
			if _, werr := j.out.Write(a.line); werr != nil {
				return fmt.Errorf("writing scores: %w", werr)
			}
		}
		if ferr := j.out.Flush(); ferr != nil {
			return fmt.Errorf("writing scores: %w", ferr)
		}
		switch {
		case ctx.Err() != nil:
			return errors.New("stopped before the end of the input")
		case errors.Is(err, io.EOF) && failed:
			return errSaid
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading input: %w", err)
		}
	}
}

type scoreAnswer struct {
	line []byte
	bad  bool
}

func (j *scoreJob) answer(batch []inputLine, first int) []scoreAnswer {
	out := make([]scoreAnswer, len(batch))
	workers := min(runtime.GOMAXPROCS(0), len(batch))
	if j.opt.Fast {
		workers = min(workers, (len(batch)+15)/16)
	}
	if workers <= 1 {
		for i, l := range batch {
			out[i] = j.one(l, first+i)
		}
		return out
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(batch) {
					return
				}
				out[i] = j.one(batch[i], first+i)
			}
		})
	}
	wg.Wait()
	return out
}

// scoredRow is one line of output.
type scoredRow struct {
	ID json.RawMessage `json:"id,omitempty"`
	vent.Score
}

func (j *scoreJob) one(l inputLine, n int) scoreAnswer {
	if l.err != nil {
		return refuse(n, l.err.Error())
	}
	id, in, err := j.input(l.data)
	if err != nil {
		return refuse(n, err.Error())
	}
	var out bytes.Buffer
	if err := printLine(&out, scoredRow{ID: id, Score: j.scorer.Score(in, j.opt)}); err != nil {
		return refuse(n, err.Error())
	}
	return scoreAnswer{line: out.Bytes()}
}

// input reads one line. Every field but text may be missing or odd.
func (j *scoreJob) input(line []byte) (id json.RawMessage, in vent.Input, err error) {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
		return nil, in, errors.New("line is blank")
	case line[0] != '{':
		return nil, in, errors.New("line is no JSON object")
	case !utf8.Valid(line):
		line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
	}
	var row map[string]json.RawMessage // names as they are written: a struct takes "Text" for text
	if err := json.Unmarshal(line, &row); err != nil {
		return nil, in, fmt.Errorf("line is no JSON object: %w", err)
	}
	var text string
	switch raw := row["text"]; {
	case len(raw) == 0:
		return nil, in, errors.New(`object has no "text"`)
	case raw[0] != '"' || json.Unmarshal(raw, &text) != nil:
		return nil, in, errors.New(`"text" is no string`)
	}
	if id = row["id"]; bytes.Equal(id, []byte("null")) {
		id = nil
	}
	in = vent.Input{
		Text: cut(text, mention.MaxText), Title: cut(word(row["title"]), mention.MaxTitle),
		Brand: word(row["brand"]), Lang: word(row["lang"]),
	}
	if strings.TrimSpace(in.Brand) == "" {
		in.Brand = j.brand
	}
	var rating float64
	if json.Unmarshal(row["rating"], &rating) == nil && rating >= 1 && rating <= 5 {
		in.Rating = int(rating)
	}
	var author struct {
		Handle string `json:"handle"`
	}
	if json.Unmarshal(row["author"], &author) == nil {
		in.Handle = author.Handle
	}
	return id, in, nil
}

// word is a string field, empty where it is missing or no string.
func word(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func refuse(n int, why string) scoreAnswer {
	var out bytes.Buffer
	err := printLine(&out, struct {
		Line  int    `json:"line"`
		Error string `json:"error"`
	}{n, why})
	if err != nil {
		fmt.Fprintf(&out, `{"line":%d,"error":"line cannot be scored"}`+"\n", n)
	}
	return scoreAnswer{line: out.Bytes(), bad: true}
}
