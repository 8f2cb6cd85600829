package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leakytap/leakytap/internal/app"
	"github.com/leakytap/leakytap/internal/brand"
	"github.com/leakytap/leakytap/internal/config"
	"github.com/leakytap/leakytap/internal/record"
	"github.com/leakytap/leakytap/internal/store"
	"github.com/leakytap/leakytap/internal/web"
	"github.com/leakytap/leakytap/pkg/vent"
)

const (
	mustAlert    = "must_alert"
	mustNotAlert = "must_not_alert"
)

// pinRequest is what `brand pin` is told.
type pinRequest struct {
	brand, text, must, severity, route string
}

func newBrandPin(env *environment) *cobra.Command {
	var req pinRequest
	cmd := &cobra.Command{
		Use:   "pin ID or URL",
		Short: "The lines that pin a real decision as an example, in words of your own",
		Long: `Prints the must_alert or must_not_alert lines to add to a brand's file, so that what
was decided about this post, or should have been, holds from now on. The words of a
customer do not belong into a file: say the same in your own with --text, or when asked.
The example is tried against the config first; where it comes out otherwise, as one that
asks for an edit does, that is said on stderr and the exit code is 1.`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, words []string) error { return env.pin(cmd.Context(), words[0], req) },
	}
	f := cmd.Flags()
	f.StringVar(&req.brand, "brand", "", "the brand, where the post matched several")
	f.StringVar(&req.text, "text", "", "the example in your own words")
	f.StringVar(&req.must, "must", "", "alert or not_alert (default: what people said of it, else what was decided)")
	f.StringVar(&req.severity, "severity", "", "the severity that it must get")
	f.StringVar(&req.route, "route", "", "the receiver that it must reach")
	return cmd
}

func (e *environment) pin(ctx context.Context, id string, req pinRequest) error {
	if req.must != "" && req.must != "alert" && req.must != "not_alert" {
		return usageError{fmt.Errorf("--must %q: write alert or not_alert", req.must)}
	}
	if req.severity != "" && vent.Severity(req.severity).Rank() < 0 {
		return usageError{fmt.Errorf("--severity %q: write none, low, medium, high or critical", req.severity)}
	}
	cfg, err := e.loadWithBrands()
	if err != nil {
		return err
	}
	d, err := e.decisionFor(ctx, id, req.brand)
	if err != nil {
		return err
	}
	words, said := original(ctx, cfg, d)
	list := pinList(req.must, d, said)
	fmt.Fprintf(e.stderr, "%s for brand %s came out as %s\n", oneLine(d.ID, 200), d.Brand, d.Outcome)
	if req.text == "" && isTerminal(e.stdin) {
		if words != "" {
			fmt.Fprintf(e.stderr, "  %s\n", oneLine(words, 400))
		}
		if req.text, err = askLine(e.stdin, e.stderr, "The same in your own words"); err != nil {
			return err
		}
	}
	switch req.text = strings.Join(strings.Fields(req.text), " "); {
	case req.text == "":
		return errors.New("say it in your own words with --text: what a customer wrote does not belong into a file")
	case words != "" && copied(req.text, words):
		return errors.New("these are the customer's own words; say the same in yours, names and numbers changed")
	}
	p := brand.Pin{Text: req.text, Severity: vent.Severity(req.severity), Route: req.route}
	got, problems, err := app.CheckPin(cfg, d.Brand, p, list == mustAlert)
	if err != nil {
		return err
	}
	if e.json {
		out := struct {
			Brand    string          `json:"brand"`
			List     string          `json:"list"`
			Pin      brand.Pin       `json:"pin"`
			Holds    bool            `json:"holds"`
			Decision record.Decision `json:"decision"`
		}{d.Brand, list, p, len(problems) == 0, got}
		if err := printJSON(e.stdout, out); err != nil {
			return err
		}
	} else if _, err := e.stdout.Write(config.PinLines(list, p)); err != nil {
		return err
	}
	if len(problems) == 0 {
		fmt.Fprintf(e.stderr, "it holds now: it comes out as %s\n", got.Outcome)
		return nil
	}
	fmt.Fprintf(e.stderr, "it does not hold yet: %s\n", oneLine(problems[0].Msg, 600))
	return errSaid
}

// decisionFor is the newest decision about a post for one brand.
func (e *environment) decisionFor(ctx context.Context, id, brandName string) (d record.Decision, err error) {
	err = e.withBackend(ctx, func(b web.Backend) error {
		ds, err := b.Decisions(ctx, id)
		if err != nil {
			return fmt.Errorf("reading decisions: %w", err)
		}
		var brands []string
		found := false
		for i := range ds {
			if ds[i].Outcome == record.OutcomeRetracted || brandName != "" && !strings.EqualFold(ds[i].Brand, brandName) {
				continue
			}
			if !found || ds[i].Brand != d.Brand {
				brands = append(brands, ds[i].Brand)
			}
			if !found || ds[i].Brand == d.Brand && ds[i].Revision > d.Revision {
				d, found = ds[i], true
			}
		}
		switch {
		case !found && brandName != "" && len(ds) > 0:
			return fmt.Errorf("%s was not decided for brand %s", oneLine(id, 200), brandName)
		case !found:
			return fmt.Errorf("%s was never collected; leakytap why says what would have become of it", oneLine(id, 300))
		case len(brands) > 1:
			return usageError{fmt.Errorf("the post matched %s; name one with --brand", strings.Join(brands, " and "))}
		}
		return nil
	})
	return d, err
}

// original are the post's own words and what people said of it, as far as the store of the
// config has them.
func original(ctx context.Context, cfg *config.Config, d record.Decision) (words string, said *record.Label) {
	r, err := store.OpenReader(ctx, cfg.DataDir)
	if err != nil {
		return "", nil
	}
	defer func() { _ = r.Close() }()
	if m, ok, err := r.Mention(ctx, d.Brand, d.ID); err == nil && ok {
		words = strings.TrimSpace(m.Mention.Title + " " + m.Mention.Text)
	}
	if l, ok, err := r.LabelOf(ctx, d.Brand, d.ID); err == nil && ok {
		said = &l
	}
	return words, said
}

func pinList(must string, d record.Decision, said *record.Label) string {
	alert := d.Outcome == record.OutcomeAlert || d.Outcome == record.OutcomeJoined
	if said != nil {
		alert = said.Venting
	}
	if must != "" {
		alert = must == "alert"
	}
	if alert {
		return mustAlert
	}
	return mustNotAlert
}

// copiedRun is how many words in a row are taken for a copy.
const copiedRun = 8

// copied reports whether a text repeats the words of another.
func copied(text, original string) bool {
	a, b := strings.Fields(strings.ToLower(text)), strings.Fields(strings.ToLower(original))
	if strings.Join(a, " ") == strings.Join(b, " ") {
		return true
	}
	if len(a) < copiedRun {
		return false
	}
	whole := " " + strings.Join(b, " ") + " "
	for i := 0; i+copiedRun <= len(a); i++ {
		if strings.Contains(whole, " "+strings.Join(a[i:i+copiedRun], " ")+" ") {
			return true
		}
	}
	return false
}

// askLine asks one question.
func askLine(in io.Reader, out io.Writer, question string) (string, error) {
	fmt.Fprintf(out, "%s: ", question)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}
