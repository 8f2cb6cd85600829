package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/leakytap/leakytap/pkg/vent/internal/model"
)

// Options say what to train on and where the model goes.
type Options struct {
	// Data are JSONL files of labelled rows.
	Data []string
	// Out is the model file. It appears whole or not at all.
	Out string
	// Version names the model; empty makes one of the data's hash.
	Version string
	// Seed draws the samples that intervals are made of. Nothing else is random.
	Seed uint64
	// Progress is told what is going on; nil is silent.
	Progress io.Writer
}

// Run trains a model on opt.Data and writes it to opt.Out, and the report beside
// it. The same rows give the same bytes.
func Run(ctx context.Context, opt Options) (Report, error) {
	if len(opt.Data) == 0 || opt.Out == "" {
		return Report{}, errors.New("training needs data files and a file for the model")
	}
	learn, check := holdOut(opt.Data)
	rows, err := ReadFiles(learn)
	if err != nil {
		return Report{}, err
	}
	log := opt.Progress
	if log == nil {
		log = io.Discard
	}
	note(log, "%d rows read", len(rows))
	version := opt.Version
	if version == "" {
		version = versionOf(rows)
	}
	h, entries, rep, err := build(ctx, rows, version, opt.Seed, log)
	if err != nil {
		return Report{}, err
	}
	rep.Version, rep.Seed = version, opt.Seed
	polar, err := fitPolar(ctx, &h, entries, check)
	if err != nil {
		return Report{}, err
	}
	if rep.Second != nil {
		rep.Second.Polarity = polar
	}
	if rep.Validation, err = validate(h, entries, check, opt.Seed); err != nil {
		return Report{}, err
	}
	if rep.Files, err = fileReports(learn, check, rows); err != nil {
		return Report{}, err
	}
	var file bytes.Buffer
	if err := model.Write(&file, h, entries); err != nil {
		return Report{}, err
	}
	rep.Bytes, rep.SHA256 = file.Len(), hexSum(file.Bytes())
	return rep, save(opt.Out, file.Bytes(), rep)
}

// save writes the model and, beside it, its report: for programs and for people.
func save(out string, file []byte, rep Report) error {
	told, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for _, f := range []struct {
		name string
		body []byte
	}{
		{out, file}, {out + ".report.json", append(told, '\n')}, {out + ".report.md", []byte(rep.markdown())},
	} {
		if err := atomicWrite(f.name, f.body); err != nil {
			return err
		}
	}
	return nil
}

// holdOut sets files aside whose name ends in _val: they are measured on and
// never learned from, unless there is nothing else.
func holdOut(files []string) (learn, check []string) {
	for _, f := range files {
		name := filepath.Base(f)
		if strings.HasSuffix(strings.TrimSuffix(name, filepath.Ext(name)), "_val") {
			check = append(check, f)
		} else {
			learn = append(learn, f)
		}
	}
	if len(learn) == 0 {
		return check, nil
	}
	return learn, check
}

// versionOf names a model by what it was trained on.
func versionOf(rows []Row) string {
	f := fnv.New32a()
	for i := range rows {
		fmt.Fprintf(f, "%s\x00%s\x00%s\x00%t\n", rows[i].Text, rows[i].Brand, rows[i].Label, rows[i].Irrelevant)
	}
	return fmt.Sprintf("custom-%08x", f.Sum32())
}

// originals leaves paraphrases out, unless there is nothing else: many wordings of
// one post teach the wording, not the post.
func originals(rows []Row) []Row {
	kept := make([]Row, 0, len(rows))
	for _, r := range rows {
		if r.Original == nil || *r.Original {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return rows
	}
	return kept
}

// roughSteps is how long the model is fitted before its features are chosen.
const roughSteps = 12

func build(ctx context.Context, rows []Row, version string, seed uint64, log io.Writer) (model.Header, []model.Entry, Report, error) {
	s := defaults(len(rows))
	plain := len(rows)
	rows = augment(originals(rows))
	c, err := newCorpus(rows, s.least)
	if err != nil {
		return model.Header{}, nil, Report{}, err
	}
	note(log, "%d features in at least %d rows", len(c.keys), s.least)
	none := func(int) bool { return false }
	rough := s
	for i := range rough.fits {
		rough.fits[i].iterations = roughSteps
	}
	full := c.fitHeads(rough, none, log)
	c.prune(full, s.keep)
	note(log, "%d features kept", len(c.keys))
	full = c.fitHeads(s, none, log)
	if err := ctx.Err(); err != nil {
		return model.Header{}, nil, Report{}, fmt.Errorf("training: %w", err)
	}
	fold := assign(rows)
	var ps []point
	var parts [folds]*weights
	for f := range folds {
		w := c.fitHeads(s, func(i int) bool { return fold[i] == f }, log)
		parts[f] = w
		for i := range rows {
			if fold[i] == f {
				ps = append(ps, c.point(w, i, f))
			}
		}
		if err := ctx.Err(); err != nil {
			return model.Header{}, nil, Report{}, fmt.Errorf("training: %w", err)
		}
	}
	entries, scales := quantise(c, full)
	h := model.Header{Version: version, Scales: scales, LengthUnit: lengthUnit, Polar: 1}
	c.blends(&h, ps)
	rep := Report{Rows: plain, Features: len(entries)}
	if rep.Heldout, err = c.heldout(h, parts, fold, seed); err != nil {
		return h, entries, rep, err
	}
	scorers, err := c.foldScorers(h, parts)
	if err != nil {
		return h, entries, rep, err
	}
	h.Grade, rep.Grade = c.grade(scorers, fold)
	h.Second, rep.Second, err = c.second(ctx, scorers, fold, log)
	return h, entries, rep, err
}

// point is row i as the blend sees it, by a model that never saw its domain or brand.
func (c *corpus) point(part *weights, i, fold int) point {
	p := point{z: c.heads(part, i), fold: fold, row: i, weight: 1}
	for _, what := range [...]role{complaint, cases, towards} {
		if class, ok := c.rows[i].teaches(what); ok {
			p.yes = class == 1
			break
		}
	}
	return p
}

// atomicWrite writes a file that appears whole or not at all.
func atomicWrite(out string, body []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(out), ".model-*")
	if err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing the model: %w", err), f.Close(), os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(body); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), out)
}
