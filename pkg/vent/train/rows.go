package train

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/leakytap/leakytap/pkg/vent"
)

// Row is one labelled post.
type Row struct {
	Text  string
	Brand string
	// Label is the polarity: negative, neutral or positive; empty where there is none.
	// In a row with a brand and no Venting it is the polarity towards the brand, else
	// that of the text as a whole.
	Label string
	// Target is the polarity towards the brand, where it is told apart from Label.
	Target string
	// Venting is a person's judgement that the author complains as a customer.
	Venting *bool
	// Severity is how severe a complaint is, empty where nobody judged that.
	Severity vent.Severity
	// Irrelevant says that the post is not about Brand.
	Irrelevant bool
	// Domain, Group, Original and Source say where the row comes from; rows of one
	// group are paraphrases of one post.
	Domain string
	// Category is what a post that was written to teach is an example of.
	Category string
	Group    string
	Original *bool
	Source   string
	Lang     string
	Rating   float64
	// Weight is how much the row counts, 1 where it is not written.
	Weight float64
	// File is the base name of the file the row was read from.
	File string
}

const (
	maxLine   = 4 << 20
	maxWeight = 1000
)

// ReadFiles reads the rows of files in order. A row that is not understood is an
// error that names file and line.
func ReadFiles(files []string) ([]Row, error) {
	var rows []Row
	for _, name := range files {
		more, err := readFile(name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if len(rows) == 0 {
		return nil, errors.New("no labelled rows: give JSONL files with text and label, venting or irrelevant")
	}
	return rows, nil
}

func readFile(name string) (rows []Row, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading labelled rows: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return ReadRows(f, name)
}

// ReadRows reads JSONL from r; name stands for it in errors.
func ReadRows(r io.Reader, name string) ([]Row, error) {
	var rows []Row
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; sc.Scan(); n++ {
		line := bytes.TrimSpace(bytes.TrimPrefix(sc.Bytes(), []byte("\xef\xbb\xbf")))
		if len(line) == 0 {
			continue
		}
		row, err := parseRow(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if err := row.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		row.File = filepath.Base(name)
		rows = append(rows, row)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return rows, nil
}

func (r *Row) check() error {
	for key, label := range map[string]string{"label": r.Label, "target_label": r.Target} {
		switch label {
		case "", "negative", "neutral", "positive":
		default:
			return fmt.Errorf("%q is %q: it must be \"negative\", \"neutral\" or \"positive\"", key, label)
		}
	}
	switch r.Severity {
	case "", vent.SeverityNone, vent.SeverityLow, vent.SeverityMedium, vent.SeverityHigh, vent.SeverityCritical:
	default:
		return fmt.Errorf("%q is %q: it must be \"none\", \"low\", \"medium\", \"high\" or \"critical\"", "severity", r.Severity)
	}
	if r.Label == "" && r.Target == "" && r.Venting == nil && !r.Irrelevant {
		return errors.New("the row has no label: give it label, venting or irrelevant")
	}
	if r.Weight < 0 || r.Weight > maxWeight {
		return fmt.Errorf("weight %v is not from 0 to %d", r.Weight, maxWeight)
	}
	if r.Weight == 0 {
		r.Weight = 1
	}
	return nil
}
