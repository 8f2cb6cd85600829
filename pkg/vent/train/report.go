package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// Report is what came of a training run. The same rows and seed give the same
// report.
type Report struct {
	Version string `json:"version"`
	// SHA256 and Bytes are of the model file, Features is how many it weighs.
	SHA256   string `json:"sha256"`
	Bytes    int    `json:"bytes"`
	Features int    `json:"features"`
	Rows     int    `json:"rows"`
	Seed     uint64 `json:"seed"`
	// Files are what was read.
	Files []FileReport `json:"files"`
	// Heldout is figures on posts of brands and domains that the model which scored
	// them never saw, rules and calibration included.
	Heldout map[string]SetReport `json:"heldout"`
	// Validation is figures of the model itself on the files that were held out.
	Validation map[string]SetReport `json:"validation,omitempty"`
	// Grade is how near the severity of complaints came, nil where no rows tell.
	Grade *GradeReport `json:"severity,omitempty"`
	// Second is what the second opinion brings, nil where it was not asked.
	Second *SecondReport `json:"second,omitempty"`
}

// FileReport is one file of labelled rows. Learned is false for a file that was
// only measured on.
type FileReport struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256"`
	Rows    int    `json:"rows"`
	Learned bool   `json:"learned"`
}

// SetReport is figures with the intervals of those that have one.
type SetReport struct {
	EvalReport
	Intervals map[string]Interval `json:"intervals,omitempty"`
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func fileReports(learn, check []string, rows []Row) ([]FileReport, error) {
	count := map[string]int{}
	for i := range rows {
		count[rows[i].File]++
	}
	var out []FileReport
	for k, name := range append(append([]string(nil), learn...), check...) {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading labelled rows: %w", err)
		}
		base := filepath.Base(name)
		f := FileReport{Name: base, SHA256: hexSum(body), Rows: count[base], Learned: k < len(learn)}
		if !f.Learned {
			f.Rows = bytes.Count(body, []byte("\n"))
		}
		out = append(out, f)
	}
	return out, nil
}

// scorerOf makes a scorer of a model that is not on disk.
func scorerOf(h model.Header, entries []model.Entry) (*vent.Scorer, error) {
	var b bytes.Buffer
	if err := model.Write(&b, h, entries); err != nil {
		return nil, err
	}
	return vent.Load(&b)
}

// validate measures the model on files that it did not learn from.
func validate(h model.Header, entries []model.Entry, files []string, seed uint64) (map[string]SetReport, error) {
	if len(files) == 0 {
		return nil, nil
	}
	scorer, err := scorerOf(h, entries)
	if err != nil {
		return nil, err
	}
	out := map[string]SetReport{}
	for _, f := range files {
		rows, err := ReadFiles([]string{f})
		if err != nil {
			return nil, err
		}
		var t tallies
		for i := range rows {
			t.add(scorer, &rows[i], vent.Options{Fast: true})
		}
		out[filepath.Base(f)] = SetReport{t.report(), t.intervals(seed)}
	}
	return out, nil
}

// heldout scores each row with the part of the model that never saw its brand or
// domain, and measures each file.
func (c *corpus) heldout(h model.Header, parts [folds]*weights, fold []int, seed uint64) (map[string]SetReport, error) {
	sets := map[string]*tallies{}
	for f, part := range parts {
		var entries []model.Entry
		entries, h.Scales = quantise(c, part)
		scorer, err := scorerOf(h, entries)
		if err != nil {
			return nil, err
		}
		for i := range c.rows {
			if fold[i] != f {
				continue
			}
			r := &c.rows[i]
			for _, name := range setNames(r) {
				if sets[name] == nil {
					sets[name] = &tallies{}
				}
				sets[name].add(scorer, r, vent.Options{Fast: true})
			}
		}
	}
	out := map[string]SetReport{}
	for name, t := range sets {
		out[name] = SetReport{t.report(), t.intervals(seed)}
	}
	return out, nil
}

// setNames are the sets that a row is counted in.
func setNames(r *Row) []string {
	name := r.File
	if r.Brand != "" {
		name += ", brand given"
	}
	out := []string{name}
	if r.Domain == "" {
		return out
	}
	if r.Brand == "" {
		out = append(out, r.File+", domain "+r.Domain)
	}
	if mixed(r.Domain) {
		out = append(out, name+", customers only")
	}
	return out
}
