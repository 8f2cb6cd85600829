package train

import (
	"bytes"
	"path/filepath"

	"github.com/leakytap/leakytap/pkg/vent"
	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// scorerOf makes a scorer of a model that is not on disk.
func scorerOf(h model.Header, entries []model.Entry) (*vent.Scorer, error) {
	var b bytes.Buffer
	if err := model.Write(&b, h, entries); err != nil {
		return nil, err
	}
	return vent.Load(&b)
}

// validate measures the model on files that it did not learn from.
func validate(h model.Header, entries []model.Entry, files []string) (map[string]EvalReport, error) {
	if len(files) == 0 {
		return nil, nil
	}
	scorer, err := scorerOf(h, entries)
	if err != nil {
		return nil, err
	}
	out := map[string]EvalReport{}
	for _, f := range files {
		rows, err := ReadFiles([]string{f})
		if err != nil {
			return nil, err
		}
		out[filepath.Base(f)] = evalRows(scorer, rows, vent.Options{})
	}
	return out, nil
}

// heldout scores each row with the part of the model that never saw its brand or
// domain, and measures each file.
func (c *corpus) heldout(h model.Header, full *weights, parts [folds]*weights, fold []int) (map[string]EvalReport, error) {
	sets := map[string]*tallies{}
	for f, part := range parts {
		for j := range c.keys {
			copy(part.row(uint32(j))[:model.Complaint], full.row(uint32(j))[:model.Complaint])
		}
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
				sets[name].add(scorer, r, vent.Options{})
			}
		}
	}
	out := map[string]EvalReport{}
	for name, t := range sets {
		out[name] = t.report()
	}
	return out, nil
}

// setNames are the sets that a row is counted in.
func setNames(r *Row) []string {
	name := r.File
	if r.Brand != "" {
		name += ", brand given"
	}
	if r.Domain != "" && mixed(r.Domain) {
		return []string{name, name + ", customers only"}
	}
	return []string{name}
}
