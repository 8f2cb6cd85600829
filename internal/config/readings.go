package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxReads is how often a config is read again whose files change while it is read.
const maxReads = 5

// readings are the bytes that a config was made of. With them it can be told whether its
// files changed while they were read, one after the other: then it is a config that never
// was. The zero value reads files as they are.
type readings struct {
	files map[string]reading
	dirs  map[string][]string
}

type reading struct {
	data []byte
	err  error
}

func newReadings() *readings {
	return &readings{files: map[string]reading{}, dirs: map[string][]string{}}
}

// file reads a file of at most limit bytes, once: later it is what it was.
func (r *readings) file(path string, limit int64) ([]byte, error) {
	got, ok := r.files[path]
	if !ok {
		got.data, got.err = readFile(path)
		if r.files != nil {
			r.files[path] = got
		}
	}
	if got.err == nil && int64(len(got.data)) > limit {
		return nil, errTooLong(limit)
	}
	return got.data, got.err
}

// brandFiles are the paths of the brand files in a folder.
func (r *readings) brandFiles(dir string) ([]string, error) {
	if got, ok := r.dirs[dir]; ok {
		return got, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); isBrandPath(path, e) {
			out = append(out, path)
		}
	}
	if r.dirs != nil {
		r.dirs[dir] = out
	}
	return out, nil
}

// moved are the files and folders that are not any more what was read of them.
func (r *readings) moved() []string {
	var out []string
	now := &readings{}
	for path, was := range r.files {
		data, err := now.file(path, MaxFile)
		if !bytes.Equal(data, was.data) || errorText(err) != errorText(was.err) {
			out = append(out, path)
		}
	}
	for dir, was := range r.dirs {
		if brands, err := now.brandFiles(dir); err != nil || !slices.Equal(brands, was) {
			out = append(out, dir)
		}
	}
	return out
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// hold refuses what changed while it was read, each time that it was: a brand file by
// itself, anything else the whole config. That a brand file came meanwhile is told by the
// next look.
func (c *Config) hold(moved []string) (ps []Problem) {
	const msg = "the file changes while it is read; write a file beside it and rename that into its place"
	for _, path := range moved {
		if _, dir := c.reads.dirs[path]; dir {
			continue
		}
		i := slices.IndexFunc(c.Units, func(u BrandUnit) bool { return u.File == path })
		if i < 0 {
			ps = append(ps, newSource(path, "", nil).problem(1, 1, msg))
			continue
		}
		u := &c.Units[i]
		u.Problems = append(u.Problems, newSource(path, u.marks.src.unit, nil).problem(1, 1, msg))
		ps = append(ps, u.Problems[len(u.Problems)-1])
	}
	c.gather()
	return ps
}

// fingerprint differs when the bytes or the presence of any file differ. A folder stands for the brand
// files in it.
func fingerprint(files []string) [sha256.Size]byte { return (&readings{}).fingerprint(files) }

func (r *readings) fingerprint(files []string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, f := range files {
		brands, err := r.brandFiles(f)
		if err != nil {
			r.hash(h, f)
			continue
		}
		for _, path := range brands {
			r.hash(h, path)
		}
	}
	h.Sum(sum[:0])
	return sum
}

func (r *readings) hash(h io.Writer, path string) {
	data, err := r.file(path, MaxFile)
	switch {
	case errors.Is(err, os.ErrNotExist):
		data = []byte("gone")
	case err != nil:
		data = []byte("unreadable: " + strings.ToLower(err.Error()))
	}
	_, _ = fmt.Fprintf(h, "%s\x00%d\x00%t\x00", path, len(data), err == nil)
	_, _ = h.Write(data)
}
