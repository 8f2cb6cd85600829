package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/pkg/mention"
)

const replayBatch = 256

func newReplay(env *environment) *cobra.Command {
	var dry bool
	var speed string
	cmd := &cobra.Command{
		Use:   "replay FILE or -",
		Short: "Put mentions (JSONL) through match, score and decide",
		Long: `Puts mentions through match, score and decide. With --dry-run it touches no
store, sends nothing, and prints a decision line for each mention and brand. Without
it the cases and messages go into data_dir, as if the mentions had just come; the
daemon must not run meanwhile and sends the messages at its next start.`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error {
			pace, err := parseSpeed(speed)
			if err != nil {
				return usageError{err}
			}
			cfg, err := env.loadWithBrands()
			if err != nil {
				return err
			}
			in, done, err := env.open(cmd.Context(), words)
			if err != nil {
				return err
			}
			defer done()
			st, closeStore, err := env.replayStore(cmd.Context(), cfg, dry)
			if err != nil {
				return err
			}
			defer closeStore()
			r, err := app.NewReplay(cmd.Context(), cfg, st, env.logger())
			if err != nil {
				return err
			}
			job := replayJob{
				replay: r, pace: pacer{speed: pace}, lines: dry || env.json, out: bufio.NewWriter(env.stdout),
				errs: env.stderr, counts: map[record.Outcome]int{},
			}
			err = job.run(cmd.Context(), in)
			if !job.lines {
				job.summary(env.stdout)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "touch no store, send nothing, print the decisions")
	cmd.Flags().StringVar(&speed, "speed", "max", "max, 1x or Nx: how fast against the mentions' own times")
	return cmd
}

// loadWithBrands reads a config that must have a good brand at least.
func (e *environment) loadWithBrands() (*config.Config, error) {
	cfg, problems := config.Load(e.configPath, config.Options{})
	if errs := config.Errors(problems); len(errs) > 0 {
		printProblems(e.stderr, errs, false)
		if config.Fatal(problems) {
			return nil, errSaid
		}
	}
	return cfg, nil
}

// replayStore is a store that is gone afterwards for a dry run, else that of data_dir.
func (e *environment) replayStore(ctx context.Context, cfg *config.Config, dry bool) (*store.Store, func(), error) {
	if !dry {
		b, done, err := app.OpenBackend(ctx, cfg, e.logger())
		if err != nil {
			return nil, nil, err
		}
		return b.Store, done, nil
	}
	dir, err := os.MkdirTemp("", "leakytap-replay-")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for the dry run: %w", err)
	}
	st, err := store.OpenScratch(ctx, store.Default(), dir, e.logger())
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return st, func() { //nolint:contextcheck // closing must not be cut short
		_ = st.Close()
		_ = os.RemoveAll(dir)
	}, nil
}

// parseSpeed reads max (0), 1x or Nx.
func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	n, ok := strings.CutSuffix(s, "x")
	v, err := strconv.ParseFloat(n, 64)
	if !ok || err != nil || !(v > 0) || v > 1e6 {
		return 0, fmt.Errorf("--speed %q: write max, 1x or a multiple such as 10x", s)
	}
	return v, nil
}

type replayJob struct {
	replay *app.Replay
	pace   pacer
	lines  bool
	out    *bufio.Writer
	errs   io.Writer
	counts map[record.Outcome]int
	bad    bool
}

// run replays line by line; a line that cannot be read is named and passed by.
func (j *replayJob) run(ctx context.Context, in io.Reader) error {
	lines := newLineReader(in)
	n := 0
	for {
		limit := replayBatch
		if j.pace.speed > 0 {
			limit = 1
		}
		batch, err := lines.batch(limit)
		mentions := make([]mention.Mention, 0, len(batch))
		for _, l := range batch {
			n++
			m, ok := j.read(l, n)
			if ok {
				mentions = append(mentions, m)
			}
		}
		if len(mentions) > 0 {
			if !j.pace.wait(ctx, mentions[0]) {
				return ctx.Err()
			}
			if err := j.decide(ctx, mentions); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) && j.bad:
			return errSaid
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading mentions: %w", err)
		case ctx.Err() != nil:
			return fmt.Errorf("stopped at line %d: %w", n, ctx.Err())
		}
	}
}

func (j *replayJob) read(l inputLine, n int) (mention.Mention, bool) {
	err := l.err
	var m mention.Mention
	if err == nil {
		if strings.TrimSpace(string(l.data)) == "" {
			return m, false
		}
		m, _, err = mention.Decode(l.data)
	}
	if err != nil {
		j.bad = true
		fmt.Fprintf(j.errs, "line %d: %v\n", n, err)
		return m, false
	}
	return m, true
}

func (j *replayJob) decide(ctx context.Context, mentions []mention.Mention) error {
	all, err := j.replay.Decide(ctx, mentions)
	if err != nil {
		return err
	}
	for _, ds := range all {
		for i := range ds {
			j.counts[ds[i].Outcome]++
			if !j.lines {
				continue
			}
			if err := printLine(j.out, &ds[i]); err != nil {
				return err
			}
		}
	}
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("writing decisions: %w", err)
	}
	return nil
}

func (j *replayJob) summary(w io.Writer) {
	for _, o := range record.Outcomes() {
		if n := j.counts[o]; n > 0 {
			fmt.Fprintf(w, "%6d  %s\n", n, o)
		}
	}
}

// pacer keeps the mentions' own distance in time, divided by speed; 0 is no pause.
type pacer struct {
	speed float64
	last  time.Time
}

func (p *pacer) wait(ctx context.Context, m mention.Mention) bool {
	at := m.ObservedAt
	if at.IsZero() {
		at = m.CreatedAt
	}
	if p.speed <= 0 || at.IsZero() {
		return ctx.Err() == nil
	}
	d := time.Duration(0)
	if !p.last.IsZero() {
		d = time.Duration(float64(at.Sub(p.last)) / p.speed)
	}
	p.last = at
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
